"""A made-up site with seven partners, and everything that it publishes under `statement/`."""

import json
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path

from generator.settings import Links, SiteSettings
from generator.statements.links import LinkSecret, link_secret
from generator.statements.packing import SealedShard, packs_of
from generator.statements.packs import SealedRecord, seal
from generator.statements.page import Shell, StatementRenderer, shell, statement_artifacts
from generator.statements.record import Record
from generator.statements.view import OfferView
from generator.templating.formats import formats
from generator.templating.values import Address
from rewards import (
    Account,
    Credit,
    Fault,
    Partner,
    Policy,
    Rates,
    Rules,
    Sale,
    Source,
    Statement,
    Subscription,
    compute_statement,
    counted_lines,
    monthly_sales,
    parse_offer,
    parse_program,
    rules_on,
)

TEMPLATES = Path(__file__).parents[2] / "templates"
SITE_SECRET = bytes(range(32))
AS_OF = date(2023, 12, 31).toordinal()
SETTINGS = SiteSettings(
    title="Ostrabell Partners",
    base_url="https://partners.example/program",
    languages=("en", "de", "es", "ar"),
    links=Links(contact="mailto:partners@ostrabell.example"),
)
YEAR = {"from": "2023-01-01", "to": "2023-12-31"}
PROGRAM = {
    "currency": "EUR",
    "timezone": "Europe/Athens",
    "refunds_after_period": "ignore",
    "allowance_level": "assigned",
    "base_level": "affiliate",
    "levels": [
        {"id": "bronze", "name": "Bronze", "quota": 1000},
        {"id": "silver", "name": "Silver", "quota": 10_000},
        {"id": "gold", "name": "Gold", "quota": 20_000},
    ],
}
OFFERS: dict[str, dict[str, object]] = {
    "cashback-2023": {
        "kind": "cashback",
        "title": "15 % cashback on all sales of 2023",
        "rate": "15%",
        "period": YEAR,
        "credited_on": "2023-12-31",
    },
    "extension-3-months": {
        "kind": "extension",
        "title": "Three more months on every paid subscription",
        "months": 3,
        "plans": ["paid"],
        "active_on": "2023-04-05",
    },
    "4sc-free": {
        "kind": "free_subscription",
        "title": "4SC FREE until the end of 2023",
        "product": "4SC",
        "allowance": {"affiliate": 2, "bronze": 5, "silver": 10, "gold": 20},
        "register_by": "2023-12-31",
        "expires_on": "2023-12-31",
    },
    "lower-quotas-2023": {
        "kind": "level_quota",
        "title": "Lower quotas for 2023",
        "period": YEAR,
        "quotas": {"silver": 8000},
        "secured_until": "2024-12-31",
    },
}


def day(text: str) -> int:
    """The ordinal of a day such as 2023-12-31."""
    return date.fromisoformat(text).toordinal()


@cache
def policy() -> Policy:
    """The made-up program with its four offers, announced on 5 April 2023."""
    faults: list[Fault] = []
    source = Source("made-up")
    program = parse_program(PROGRAM, source, faults)
    assert program, faults
    common = {"announced_on": "2023-04-05", "summary": "What partners get."}
    offers = [parse_offer(slug, common | raw, program, source, faults) for slug, raw in OFFERS.items()]
    assert not faults, faults
    return Policy(program, tuple(offer for offer in offers if offer))


def offer_words(language: str) -> Mapping[str, OfferView]:
    """The same English titles in every language."""
    announced = formats(language).day(day("2023-04-05"))
    return {
        slug: OfferView(slug, "", str(raw["title"]), "", announced, Address(""))
        for slug, raw in OFFERS.items()
    }


def partner(partner_id: str, name: str, language: str = "en", contact: str = "") -> Partner:
    """A silver partner with an account manager."""
    return Partner(
        partner_id,
        name,
        "post@example.com",
        "EUR",
        "silver",
        language,
        contact_name=contact,
        manager_name="Ada Example",
        manager_email="ada@ostrabell.example",
    )


PARTNERS = {
    "P-1": partner("P-1", "Northwind Traders", contact="Grace Example"),
    "P-2": partner("P-2", "Müller & Söhne GmbH", "de-AT", "Jürgen Müller"),
    "P-3": partner("P-3", "שלום תקשורת בע״מ", "es"),
    "P-4": partner("P-4", '<img src=x onerror="alert(1)"><script>alert(2)</script>\u202e', "en"),
    "P-5": Partner("P-5", "Nothing Yet Ltd", "post@example.com", "EUR", "affiliate"),
    "P-6": partner("P-6", "Many Subscriptions GmbH", "de"),
    "P-7": partner("P-7", "مقسم الخليج", "ar-KW", "سالم العتيبي"),
}


def account_of(partner_id: str) -> Account:
    """P-5 has bought nothing, P-6 has 40 subscriptions; the others have sales in two currencies, a credit and four."""
    row = PARTNERS[partner_id]
    if partner_id == "P-5":
        return Account(row)
    sales: tuple[Sale, ...] = (
        Sale("1", partner_id, day("2023-03-01"), 1_234_567, "EUR", "", "", None),
        Sale("2", partner_id, day("2023-05-01"), 333, "JPY", "", "", None),
    )
    if partner_id == "P-7":
        sales = sales[:1]
    credited = (Credit("c", "cashback-2023", 14_000, "EUR", day("2023-10-01")),)
    if partner_id == "P-6":
        return Account(row, sales, many_subscriptions(40), credited)
    subscriptions = tuple(
        Subscription(number, product, plan, None, day(expiry), "")
        for number, product, plan, expiry in (
            ("S-1", "PRO 8SC", "paid", "2023-11-30"),
            ("S-2", "ENT 16SC", "paid", "2023-12-31"),
            ("S-3", "PRO 4SC", "paid", "2023-05-31"),
            ("S-9", "4SC", "free", "2023-06-30"),
        )
    )
    return Account(row, sales, subscriptions, credited)


def many_subscriptions(count: int) -> tuple[Subscription, ...]:
    """Paid subscriptions of four products, whose days of expiry are in another order than their ids."""
    products = ("PRO 4SC", "PRO 8SC", "PRO 16SC", "ENT 16SC")
    return tuple(
        Subscription(
            f"S-{number:05}",
            products[number * 7 % 4],
            "paid",
            None,
            day("2023-04-05") + number * 7919 % 600,
            "",
        )
        for number in range(1, count + 1)
    )


def rules_as_of(as_of: int) -> Rules:
    """The rules of the day, with one yen worth 0.0064 euro."""
    return rules_on(policy(), Rates([(day("2023-01-01"), "JPY", "EUR", Fraction(Decimal("0.0064")))]), as_of)


def statement_of(partner_id: str, as_of: int = AS_OF) -> Statement:
    """The partner's statement."""
    faults: list[Fault] = []
    statement = compute_statement(account_of(partner_id), rules_as_of(as_of), faults)
    assert not faults, faults
    return statement


def link_of(partner_id: str, epoch: int = 0) -> LinkSecret:
    """A partner's link on the made-up site."""
    return link_secret(SITE_SECRET, partner_id, epoch=epoch)


def renderer() -> StatementRenderer:
    """Renders the made-up site's statements."""
    return StatementRenderer([TEMPLATES], SETTINGS, policy(), offer_words)


def record_of(partner_id: str, reference: str = "K7Q2-9FXM", as_of: int = AS_OF) -> Record:
    """A partner's record."""
    account, statement, rules = account_of(partner_id), statement_of(partner_id, as_of), rules_as_of(as_of)
    lines = counted_lines(account, statement, rules)
    return renderer().record(PARTNERS[partner_id], statement, reference, monthly_sales(account, rules), lines)


def html_of(partner_id: str, partner: Partner | None = None, statement: Statement | None = None) -> str:
    """The statement as its reader sees it, or that of another partner's row or another statement in its place."""
    row, told = partner or PARTNERS[partner_id], statement or statement_of(partner_id)
    months = monthly_sales(account_of(partner_id), rules_as_of(AS_OF))
    record = renderer().record(row, told, "K7Q2-9FXM", months)
    values = json.loads(record.shown)
    return shell_of(str(values["language"])).filled(json.loads(record.figures), values, AS_OF)


def shell_of(language: str) -> Shell:
    """The shell of one of the site's languages."""
    return shell([TEMPLATES], SETTINGS, policy(), offer_words(language), language, AS_OF)


def page_files() -> dict[str, bytes]:
    """The page that opens links and what belongs to it, without packs."""
    return statement_artifacts([TEMPLATES], SETTINGS, policy(), offer_words, AS_OF)


def pack_artifacts(
    records: Iterable[SealedRecord], site_secret: bytes, key_version: int = 1
) -> dict[str, bytes]:
    """Every file under `statement/packs/` for these records."""
    return packs_of([SealedShard.of(records)], site_secret, key_version)


def site_files(epochs: Mapping[str, int] | None = None) -> dict[str, bytes]:
    """Every file of the made-up site; `epochs` says whose links were revoked how often."""
    sealed = []
    for partner_id in PARTNERS:
        link = link_of(partner_id, (epochs or {}).get(partner_id, 0))
        sealed.append(seal(link, record_of(partner_id, link.reference), partner_id))
    return {
        "index.html": b"<!doctype html><title>Home</title><link rel=icon href=data:,>",
        **page_files(),
        **pack_artifacts(sealed, SITE_SECRET),
    }


def many_sales(count: int) -> tuple[Sale, ...]:
    """Sales of a year with four products, every fiftieth of them a refund of 40."""
    products = ("PRO 4SC", "PRO 8SC", "PRO 16SC", "ENT 16SC")
    return tuple(
        Sale(
            f"V-{number:05}",
            "P-1",
            day("2023-01-01") + number * 7919 % 365,
            -4_000 if number % 50 == 0 else 1_000 + number * 104_729 % 900_000,
            "EUR",
            products[number * 7 % 4],
            "",
            None,
        )
        for number in range(1, count + 1)
    )


def many_lines_record(count: int) -> Record:
    """The record of P-1 with that many sales."""
    account, rules = Account(PARTNERS["P-1"], many_sales(count)), rules_as_of(AS_OF)
    statement = compute_statement(account, rules, [])
    lines = counted_lines(account, statement, rules)
    return renderer().record(account.partner, statement, "K7Q2-9FXM", monthly_sales(account, rules), lines)


def many_lines_site() -> dict[str, bytes]:
    """The made-up site with 2,000 sales of P-1."""
    return {**page_files(), **pack_artifacts([seal(link_of("P-1"), many_lines_record(2000))], SITE_SECRET)}

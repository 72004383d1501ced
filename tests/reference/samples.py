"""Short ways to write a program, offers and an account for a test, in the words of the files and tables."""

from fractions import Fraction

from rewards import (
    Account,
    Credit,
    Fault,
    Offer,
    Partner,
    Policy,
    Program,
    Rates,
    Rules,
    Sale,
    Source,
    Statement,
    Subscription,
    compute_statement,
    parse_amount,
    parse_day,
    parse_offer,
    parse_program,
    rules_on,
)

PROGRAM: dict[str, object] = {
    "currency": "EUR",
    "timezone": "Europe/Berlin",
    "refunds_after_period": "ignore",
    "allowance_level": "assigned",
    "base_level": "affiliate",
    "levels": [
        {"id": "bronze", "name": "Bronze", "quota": 1000},
        {"id": "silver", "name": "Silver", "quota": 5000},
        {"id": "gold", "name": "Gold", "quota": 20000},
    ],
}
COMMON: dict[str, object] = {"title": "An offer", "summary": "Something.", "announced_on": "2023-04-01"}
YEAR = {"from": "2023-01-01", "to": "2023-12-31"}
KINDS: dict[str, dict[str, object]] = {
    "cashback": {"rate": "15%", "period": YEAR, "credited_on": "2023-12-31"},
    "extension": {"months": 3, "active_on": "2023-04-01"},
    "free_subscription": {
        "product": "4SC",
        "allowance": {"affiliate": 0, "bronze": 2, "silver": 10, "gold": 20},
        "register_by": "2023-12-31",
        "expires_on": "2023-12-31",
    },
    "level_quota": {"period": YEAR, "quotas": {}, "secured_until": "2024-12-31"},
    "bonus": {"period": YEAR, "level": "silver", "amount": {"EUR": 500}},
}


def raw_offer(kind: str, /, **changes: object) -> dict[str, object]:
    """Front matter of a sound offer with `changes`; a change to None leaves the key out."""
    terms = {"kind": kind, **COMMON, **KINDS[kind], **changes}
    return {key: value for key, value in terms.items() if value is not None}


def program(**changes: object) -> Program:
    """A sound program with `changes`."""
    faults: list[Fault] = []
    parsed = parse_program({**PROGRAM, **changes}, Source("content/program.toml"), faults)
    assert parsed is not None, faults
    return parsed


def program_faults(**changes: object) -> list[str]:
    """The faults of a program with `changes`, as text; a change to None leaves the key out."""
    faults: list[Fault] = []
    raw = {key: value for key, value in {**PROGRAM, **changes}.items() if value is not None}
    assert parse_program(raw, Source("content/program.toml"), faults) is None
    return [str(fault) for fault in faults]


def offer(kind: str, slug: str = "", of: Program | None = None, /, **changes: object) -> Offer:
    """A sound offer with `changes`."""
    faults: list[Fault] = []
    slug = slug or kind
    raw = raw_offer(kind, **changes)
    parsed = parse_offer(slug, raw, of or program(), Source(f"content/offers/{slug}.md"), faults)
    assert parsed is not None, faults
    return parsed


def offer_faults(kind: str, /, **changes: object) -> list[str]:
    """The faults of an offer with `changes`, as text without the file."""
    faults: list[Fault] = []
    assert parse_offer("an-offer", raw_offer(kind, **changes), program(), Source(""), faults) is None
    return [str(fault) for fault in faults]


def rules(
    *offers: Offer, as_of: str = "2023-12-31", rates: Rates | None = None, of: Program | None = None
) -> Rules:
    """The rules of `offers` as of a day."""
    return rules_on(Policy(of or program(), offers), rates or Rates(), parse_day(as_of))


def rates(*rows: tuple[str, str, str]) -> Rates:
    """Rates into EUR of (on, from, rate)."""
    return Rates((parse_day(on), source, "EUR", Fraction(rate)) for on, source, rate in rows)


def sale(
    sale_id: str,
    amount: str,
    currency: str = "EUR",
    on: str = "2023-06-01",
    product: str = "",
    refunded: str = "",
) -> Sale:
    """A sale; `refunded` is the day of the sale that it refunds."""
    named = f"of {sale_id}" if refunded else ""
    minor = parse_amount(amount, currency)
    return Sale(
        sale_id,
        "P-1",
        parse_day(on),
        minor,
        currency,
        product,
        named,
        parse_day(refunded) if refunded else None,
    )


def subscription(
    subscription_id: str, expires_on: str, plan: str = "paid", product: str = "4SC", started_on: str = ""
) -> Subscription:
    """A subscription."""
    began = parse_day(started_on) if started_on else None
    return Subscription(subscription_id, product, plan, began, parse_day(expires_on), "")


def credit(amount: str, currency: str = "EUR", on: str = "2023-11-30", of: str = "cashback") -> Credit:
    """An earlier credit."""
    return Credit(f"C {on} {amount}", of, parse_amount(amount, currency), currency, parse_day(on))


def account(
    *lines: Sale | Subscription | Credit,
    partner: Partner | None = None,
    levels: tuple[tuple[str, str], ...] = (),
) -> Account:
    """An account of a Bronze partner with these lines; `levels` are rows (from, level)."""
    return Account(
        partner or Partner("P-1", "Näme", "a@b.example", "EUR", "bronze", language="de", country="DE"),
        tuple(line for line in lines if isinstance(line, Sale)),
        tuple(line for line in lines if isinstance(line, Subscription)),
        tuple(line for line in lines if isinstance(line, Credit)),
        tuple((parse_day(since), level) for since, level in levels),
    )


def computed(account_: Account, rules_: Rules) -> Statement:
    """The statement of an account that has no faults."""
    faults: list[Fault] = []
    statement = compute_statement(account_, rules_, faults)
    assert not faults, faults
    return statement

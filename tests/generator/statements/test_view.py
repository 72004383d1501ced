"""What templates see of a partner and its statement."""

from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import get_args, get_type_hints

import pytest

from generator.statements.view import ENTRY_VIEWS, StatementView, StatementViews, level_names
from generator.templating.environment import environment
from generator.templating.formats import formats
from generator.templating.values import PartnerText
from rewards import (
    BonusEntry,
    CashbackEntry,
    ExtensionEntry,
    Fault,
    FreeSubscriptionEntry,
    HeldSubscription,
    LevelEntry,
    Partner,
    Policy,
    Program,
    Source,
    Statement,
    parse_program,
    statement_json,
)

DAY = date(2023, 12, 31).toordinal()
PARTNER = Partner("P-1", "Kös & <b>", "a@b.example", "EUR", "bronze", "de-AT", "AT", contact_name="Ann")
STATEMENT = Statement(
    "P-1",
    DAY,
    "silver",
    (
        CashbackEntry(
            "cashback", "EUR", 1234567, Fraction(3, 20), 185185, 185185, 0, 185185, "accruing", DAY
        ),
        CashbackEntry("cashback", "JPY", 333, None, 50, 50, 100, -50, "final", DAY),
    ),
    (ExtensionEntry("extension", "S-1", "PRO 8SC", DAY - 31, DAY + 60),),
    (
        FreeSubscriptionEntry(
            "free", "4SC", 1000, 1, 999, DAY, (HeldSubscription("S-9", DAY - 9, DAY),), "silver"
        ),
    ),
    (
        LevelEntry(
            "quotas",
            "EUR",
            Fraction(1234567),
            1234567,
            "silver",
            "gold",
            2000000,
            765433,
            "silver",
            DAY + 366,
        ),
    ),
    (BonusEntry("bonus", "EUR", 123450, "silver", "gold", "final"),),
)


def program() -> Program:
    """A program with two levels above its base."""
    levels = [
        {"id": "silver", "name": "Silver Star", "quota": 10000},
        {"id": "gold", "name": "Gold Star", "quota": 20000},
    ]
    raw = {
        "currency": "EUR",
        "timezone": "UTC",
        "refunds_after_period": "deduct",
        "allowance_level": "best",
        "base_level": "affiliate",
        "levels": levels,
    }
    faults: list[Fault] = []
    parsed = parse_program(raw, Source("content/program.toml"), faults)
    assert parsed is not None, faults
    return parsed


def view() -> dict[str, object]:
    """The view of the statement above, in German."""
    return statement_view(STATEMENT, "de")


def statement_view(statement: Statement, language: str) -> dict[str, object]:
    """The view of a statement under a program without offers."""
    names = level_names(Policy(program(), ()), statement.as_of)
    return StatementViews(formats(language), names, {}).view(PARTNER, statement)


def rendered(source: str) -> str:
    """A text template over that view."""
    return environment((), "de", kind="text").from_string(source).render(view())


def test_every_attribute_of_the_json_is_there() -> None:
    """The views have the keys of the statement's JSON, at every depth."""
    figures = statement_json(STATEMENT)
    assert set(figures) <= set(get_type_hints(StatementView))
    for key, shape in ENTRY_VIEWS.items():
        entries = figures[key]
        assert isinstance(entries, list | tuple)
        assert set(entries[0]) <= set(get_type_hints(shape)), key
    free = figures["free_subscriptions"]
    assert isinstance(free, list | tuple)
    held = get_args(get_type_hints(ENTRY_VIEWS["free_subscriptions"])["subscriptions"])[0]
    assert set(free[0]["subscriptions"][0]) <= set(get_type_hints(held))


def test_raw_is_the_json_form() -> None:
    """For every amount, day and number of the JSON, `.raw` of the view is that very value."""
    figures = statement_json(STATEMENT)
    shown = view()["statement"]
    for key in ("cashback", "extensions", "free_subscriptions", "levels", "bonuses"):
        entries = figures[key]
        assert isinstance(entries, list | tuple)
        for entry, seen in zip(entries, getattr(shown, key), strict=True):
            for name, value in entry.items():
                if name != "subscriptions":
                    found = getattr(seen, name)
                    assert getattr(found, "raw", found) == value, (key, name)


def test_amounts_days_and_rates_print_in_the_language() -> None:
    """German readers see German amounts, dates, numbers and percentages; codes and ids stay."""
    source = (
        "{% for e in statement.cashback %}"
        "{{ e.offer }} {{ e.currency }} {{ e.to_credit }} {{ e.rate }};{% endfor %}"
        "{{ statement.extensions[0].extended_to }} "
        "{{ statement.free_subscriptions[0].allowed }} {{ statement.level }}"
    )
    expected = "cashback EUR 1.851,85\xa0€ 15\xa0%;cashback JPY -50\xa0¥ ;29. Februar 2024 1.000 silver"
    assert rendered(source) == expected


def test_totals_are_by_currency() -> None:
    """`statement.total` gives what is still to be credited, sorted by currency."""
    source = "{% for c, a in statement.total.items() %}{{ c }} {{ a }} {{ a.raw }};{% endfor %}"
    assert rendered(source) == "EUR 1.851,85\xa0€ 1851.85;JPY -50\xa0¥ -50;"


def test_the_level_is_the_assigned_one_with_its_name() -> None:
    """`partner.level` is the statement's level, not the row's; the name is beside it."""
    assert rendered("{{ partner.level }} {{ partner.level_name }}") == "silver Silver Star"
    assert rendered("{{ statement.levels[0].next_level_name }}") == "Gold Star"
    bonus = "{% for e in statement.bonuses %}{{ e.amount }} {{ e.level_name }} {{ e.attained_level_name }}{% endfor %}"
    assert rendered(bonus) == "1.234,50\xa0€ Silver Star Gold Star"


def test_what_partners_supplied_is_marked() -> None:
    """Names, addresses, ids and products are the partner's text, wherever they appear."""
    partner = view()["partner"]
    statement = view()["statement"]
    texts = [
        getattr(partner, name) for name in ("id", "name", "contact_name", "email", "language", "country")
    ]
    texts += [statement.extensions[0].product, statement.extensions[0].subscription_id, statement.partner_id]  # type: ignore[attr-defined]
    assert all(isinstance(text, PartnerText) for text in texts)


def test_a_total_of_zero_is_no_total() -> None:
    """A loop over the totals leaves it out, it can still be named, and amounts to take back have no sign."""
    zero = STATEMENT.cashback[0]._replace(currency="USD", amount=0, to_credit=0)
    source = (
        "{{ statement.total|length }} {{ statement.total.USD }} {{ statement.total.JPY }} | "
        "{{ statement.to_add|join(' ') }} | {{ statement.to_take_back.JPY }}"
    )
    statement = replace(STATEMENT, cashback=(zero, *STATEMENT.cashback))
    shown = statement_view(statement, "en")
    assert "2 $0.00 -¥50 | EUR | ¥50" == environment((), "en", kind="text").from_string(source).render(shown)


def test_extensions_that_ended_are_not_running() -> None:
    """`running` has the extensions whose new expiry is the day or later."""
    first = STATEMENT.extensions[0]
    ended = first._replace(subscription_id="S-0", extended_to=DAY - 1)
    last = first._replace(subscription_id="S-2", extended_to=DAY)
    statement = replace(STATEMENT, extensions=(ended, first, last))
    shown = statement_view(statement, "en")["statement"]
    assert ["S-1", "S-2"] == [one.subscription_id for one in getattr(shown, "running")]  # noqa: B009


@pytest.mark.parametrize(
    ("attained", "secured", "basis"),
    [("silver", "silver", "reached"), ("affiliate", "silver", "kept"), ("affiliate", "affiliate", "below")],
)
def test_a_level_says_why_it_is_secured(attained: str, secured: str, basis: str) -> None:
    """Sales reached it, or the assigned level is higher, or it is the base level, which is no promise."""
    entry = STATEMENT.levels[0]._replace(attained_level=attained, secured_level=secured)
    assert basis == entry.basis("affiliate")

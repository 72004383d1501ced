"""Who gets a notice, and the reason why someone does not."""

from datetime import date
from fractions import Fraction

import pytest

from generator.content.campaigns import Audience, Campaign
from generator.notices.audience import skip_reason
from rewards import (
    BonusEntry,
    CashbackEntry,
    ExtensionEntry,
    FreeSubscriptionEntry,
    LevelEntry,
    Partner,
    Source,
    Statement,
)

DAY = date(2023, 12, 31).toordinal()
PARTNER = Partner("P-1", "Name", "a@b.example", "EUR", "bronze", "de", "DE")


def cashback(amount: int = 0, to_credit: int = 0, offer: str = "cashback") -> CashbackEntry:
    """An entry with these amounts."""
    return CashbackEntry(
        offer, "EUR", 0, Fraction(1, 10), amount, amount, amount - to_credit, to_credit, "final", DAY
    )


def free(held: int, allowed: int) -> FreeSubscriptionEntry:
    """An entry with these numbers."""
    return FreeSubscriptionEntry("free", "4SC", allowed, held, 0, DAY, (), "silver")


def statement(*entries: CashbackEntry, **lists: tuple[object, ...]) -> Statement:
    """A statement of a silver partner with these entries."""
    return Statement("P-1", DAY, "silver", entries, **lists)  # type: ignore[arg-type]


def campaign(
    audience: dict[str, list[str]] | None = None, *, notice: bool = True, negative: bool = False
) -> Campaign:
    """A campaign for that audience."""
    return Campaign(
        slug="c",
        edition=1,
        category="notice" if notice else "announcement",
        audience=Audience.model_validate(audience or {}),
        send_at=None,
        attach=(),
        include_negative=negative,
        from_=None,
        reply_to=None,
        source=Source("c.md"),
    )


@pytest.mark.parametrize(
    ("audience", "reason"),
    [
        ({}, None),
        ({"levels": ["silver"]}, None),
        ({"levels": ["bronze"]}, "audience"),
        ({"countries": ["AT", "DE"]}, None),
        ({"countries": ["AT"]}, "audience"),
        ({"languages": ["de"], "countries": ["DE"]}, None),
        ({"languages": ["de"], "countries": ["AT"]}, "audience"),
        ({"partners": ["P-1"]}, None),
        ({"partners": ["P-2"]}, "audience"),
        ({"partners": []}, "audience"),
        ({"offers": ["cashback"]}, None),
        ({"offers": ["other"]}, "audience"),
        ({"offers": ["other", "cashback"]}, None),
    ],
)
def test_every_list_given_must_hold_the_partners_value(
    audience: dict[str, list[str]], reason: str | None
) -> None:
    """Assigned level, country, language and id must be in their lists, and an offer must give something."""
    assert skip_reason(campaign(audience), PARTNER, statement(cashback(100, 100))) == reason


def test_an_empty_value_is_in_no_list() -> None:
    """A partner without a country is in no audience that asks for one, not even for an empty one."""
    nowhere = Partner("P-1", "Name", "a@b.example", "EUR", "bronze")
    assert skip_reason(campaign({"countries": [""]}), nowhere, statement(cashback(1, 1))) == "audience"


@pytest.mark.parametrize(
    ("shown", "gives"),
    [
        (statement(cashback(0, 0)), False),
        (statement(cashback(5, 0)), True),
        (statement(cashback(0, 5)), True),
        (statement(cashback(0, -5)), True),
        (statement(extensions=(ExtensionEntry("cashback", "S", "P", DAY, DAY),)), True),
        (statement(free_subscriptions=(free(0, 0)._replace(offer="cashback"),)), False),
        (statement(free_subscriptions=(free(1, 0)._replace(offer="cashback"),)), True),
        (statement(free_subscriptions=(free(0, 1)._replace(offer="cashback"),)), True),
        (
            statement(levels=(LevelEntry("cashback", "EUR", Fraction(), 0, "base", "b", 1, 1, "base", DAY),)),
            True,
        ),
        (statement(bonuses=(BonusEntry("cashback", "EUR", 1, "silver", "gold", "final"),)), True),
    ],
)
def test_what_counts_as_giving_something(shown: Statement, *, gives: bool) -> None:
    """An amount or a rest that is not 0, an extension, a subscription held or allowed, any level entry or bonus."""
    wanted = campaign({"offers": ["cashback"]}, negative=True)
    assert skip_reason(wanted, PARTNER, shown) == (None if gives else "audience")


def test_a_notice_needs_something_to_say() -> None:
    """A statement without any entry gives no notice, but an announcement goes out all the same."""
    assert skip_reason(campaign(), PARTNER, statement()) == "nothing_to_say"
    assert skip_reason(campaign(), PARTNER, statement(cashback())) is None
    assert skip_reason(campaign(notice=False), PARTNER, statement()) is None


def test_bad_addresses_are_skipped() -> None:
    """An address or a copy's address that cannot be written to is a reason; several good copies are none."""
    shown = statement(cashback(1, 1))
    for email, cc, reason in (
        ("", "", "bad_address"),
        ("a@b.example, c@d.example", "", "bad_address"),
        ("a@b.example", "nonsense", "bad_address"),
        ("a@b.example", "c@d.example; e@f.example", None),
    ):
        partner = Partner("P-1", "Name", email, "EUR", "bronze", cc=cc)
        assert skip_reason(campaign(), partner, shown) == reason


def test_negative_rests_are_skipped_unless_included() -> None:
    """One currency below 0 is enough, whatever the others are."""
    shown = statement(cashback(100, 100), cashback(0, -5, "other"))
    assert skip_reason(campaign(), PARTNER, shown) == "negative"
    assert skip_reason(campaign(negative=True), PARTNER, shown) is None


def test_the_reasons_have_an_order() -> None:
    """Audience goes before nothing to say, that before a bad address, that before a negative rest."""
    bad = Partner("P-1", "Name", "", "EUR", "bronze")
    elsewhere = campaign({"levels": ["gold"]})
    assert skip_reason(elsewhere, bad, statement()) == "audience"
    assert skip_reason(campaign(), bad, statement()) == "nothing_to_say"
    assert skip_reason(campaign(), bad, statement(cashback(0, -5))) == "bad_address"

"""The derivation: every figure with the lines, the terms and the steps that lead to it."""

import json
from fractions import Fraction

import pytest

from rewards import Account, Rules, derive
from rewards.offers.entry import rate_text
from tests.reference.samples import account, credit, offer, program, rates, rules, sale, subscription


def offers_of(account_: Account, rules_: Rules) -> list[dict[str, object]]:
    """The items by offer, after a way through JSON."""
    derived = json.loads(json.dumps(derive(account_, rules_)))
    assert isinstance(derived["offers"], list)
    return derived["offers"]


def steps_of(entry: object) -> dict[str, str]:
    """The steps of an entry by their names."""
    assert isinstance(entry, dict)
    return {step["step"]: step["value"] for step in entry["steps"]}


def first_entry(derived: dict[str, object]) -> dict[str, object]:
    """The first entry of an offer."""
    entries = derived["entries"]
    assert isinstance(entries, list)
    found = entries[0]
    assert isinstance(found, dict)
    return found


def test_cashback_shows_each_step() -> None:
    """From the counted sales over rate, rounding and cap to what is still to be credited."""
    lines = (sale("1", "100.00"), sale("2", "23.45", on="2023-07-01"), credit("5.00"))
    (derived,) = offers_of(account(*lines), rules(offer("cashback", cap={"EUR": 18}, minimum={"EUR": 1})))
    assert steps_of(first_entry(derived)) == {
        "sum of the counted sales": "123.45 EUR",
        "base, not below 0": "123.45 EUR",
        "share": "15 % of 123.45 EUR = 18.5175 EUR",
        "rounded": "18.52 EUR",
        "minimum": "1.00 EUR; below it nothing",
        "cap": "at most 18.00 EUR",
        "amount": "18.00 EUR",
        "already credited": "5.00 EUR",
        "to credit": "18.00 EUR - 5.00 EUR = 13.00 EUR",
    }
    assert first_entry(derived)["rounding"] == "once, half away from zero, to the minor unit of EUR"


def test_tiers_show_each_slice() -> None:
    """An incremental tier is a step with its own slice."""
    tiers = [{"from": 100, "rate": "1%"}, {"from": 1000, "rate": "2.5%"}]
    given = rules(offer("cashback", rate=None, tiers=tiers, mode="incremental"))
    (derived,) = offers_of(account(sale("1", "1500.00")), given)
    steps = steps_of(first_entry(derived))
    assert steps["incremental tier from 100"] == "1 % of 900.00 EUR = 9.00 EUR"
    assert steps["incremental tier from 1000"] == "2.5 % of 500.00 EUR = 12.50 EUR"


def test_lines_beyond_twenty_are_counted_and_summed() -> None:
    """The first twenty by day are listed, the rest has its count and total."""
    lines = [sale(f"{index:02}", "1.00", on=f"2023-06-{index:02}") for index in range(25, 0, -1)]
    (derived,) = offers_of(account(*lines), rules(offer("cashback")))
    counted = first_entry(derived)["counted"]
    assert isinstance(counted, dict)
    assert (25, "25.00", {"count": 5, "total": "5.00"}) == (
        counted["count"],
        counted["total"],
        counted["rest"],
    )
    assert [f"{index:02}" for index in range(1, 21)] == [line["sale_id"] for line in counted["lines"]]


def test_excluded_lines_are_summed_by_reason() -> None:
    """Outside the period, after the as-of day, and by product; a refund goes with its sale under `deduct`."""
    lines = (
        sale("1", "1.00", product="PRO"),
        sale("2", "2.00", product="ENT"),
        sale("3", "4.00", product="PRO", on="2022-12-31"),
        sale("4", "-8.00", product="PRO", on="2023-02-01", refunded="2022-12-30"),
        sale("5", "16.00", "USD", product="PRO", on="2023-12-01"),
    )
    given = rules(
        offer("cashback", products={"include": ["PRO"]}),
        as_of="2023-11-30",
        of=program(refunds_after_period="deduct"),
    )
    (derived,) = offers_of(account(*lines), given)
    assert derived["excluded"] == [
        {"reason": "after the as-of day", "currency": "USD", "count": 1, "total": "16.00"},
        {"reason": "excluded product", "currency": "EUR", "count": 1, "total": "2.00"},
        {"reason": "outside the period", "currency": "EUR", "count": 2, "total": "-4.00"},
    ]


def test_who_is_not_eligible_has_all_sales_excluded() -> None:
    """The offer is listed without entries, and says why."""
    (derived,) = offers_of(
        account(sale("1", "1.00")), rules(offer("cashback", eligible={"levels": ["gold"]}))
    )
    assert (False, []) == (derived["eligible"], derived["entries"])
    assert derived["excluded"] == [{"reason": "ineligible", "currency": "EUR", "count": 1, "total": "1.00"}]


def test_the_amendment_in_force_is_named() -> None:
    """The terms say since when they hold and which amendment made them."""
    amended = offer(
        "cashback", amendments=[{"effective_on": "2023-06-01", "note": "More time.", "rate": "20%"}]
    )
    (before,) = offers_of(account(), rules(amended, as_of="2023-05-31"))
    (after,) = offers_of(account(), rules(amended))
    assert before["terms"] == {"title": "An offer", "in_force_from": "2023-04-01", "amendment": None}
    assert after["terms"] == {
        "title": "An offer",
        "in_force_from": "2023-06-01",
        "amendment": {"effective_on": "2023-06-01", "note": "More time."},
    }


def test_levels_show_the_rates_used_and_the_exact_sum() -> None:
    """Each rate row that converts a counted sale, what is missing exactly and as shown."""
    table = rates(
        ("2023-01-01", "USD", "0.93333"), ("2023-07-01", "USD", "0.9"), ("2022-01-01", "JPY", "0.0065")
    )
    lines = (sale("1", "100.01", "USD"), sale("2", "10.00", "USD", on="2023-08-01"), sale("3", "1.00"))
    (derived,) = offers_of(account(*lines), rules(offer("level_quota"), rates=table))
    entry = first_entry(derived)
    assert entry["rates"] == [
        {
            "from": "USD",
            "to": "EUR",
            "on": "2023-01-01",
            "rate": "0.93333",
            "count": 1,
            "total": "100.01",
            "converted": "93.3423333 EUR",
        },
        {
            "from": "USD",
            "to": "EUR",
            "on": "2023-07-01",
            "rate": "0.9",
            "count": 1,
            "total": "10.00",
            "converted": "9.00 EUR",
        },
    ]
    assert steps_of(entry) == {
        "exact sum": "103.3423333 EUR",
        "shown": "103.34 EUR",
        "attained level": "affiliate",
        "next level": "bronze at 1000.00 EUR",
        "missing": "896.6576667 EUR, shown as 896.66 EUR",
        "secured level": "bronze until 2024-12-31",
    }


def test_extensions_and_free_subscriptions_show_their_days() -> None:
    """Both dates of an extension; the level that decides an allowance, and why nothing remains."""
    lines = (subscription("1", "2023-11-30"), sale("1", "6000.00"))
    given = rules(
        offer("extension"),
        offer("free_subscription"),
        as_of="2023-12-31",
        of=program(allowance_level="attained"),
    )
    extension, free = offers_of(account(*lines), given)
    assert steps_of(first_entry(extension))["extended to"] == "2024-02-29"
    assert steps_of(first_entry(free)) == {
        "level that decides": "silver (attained)",
        "sales of the calendar year": "6000.00 EUR",
        "allowed": "10",
        "run at least until": "2023-12-31",
        "held": "0",
        "remaining": "10",
    }
    (late,) = offers_of(account(), rules(offer("free_subscription"), as_of="2024-01-01"))
    assert steps_of(first_entry(late))["remaining"] == "0, because registering ended on 2023-12-31"


def test_the_assigned_level_names_its_table() -> None:
    """A row of the levels table is named by its day."""
    derived = derive(account(levels=(("2023-06-01", "gold"),)), rules())
    assert derived["level"] == {"assigned": "gold", "table": "levels", "from": "2023-06-01"}
    assert derive(account(), rules())["level"] == {"assigned": "bronze", "table": "partners", "from": None}


@pytest.mark.parametrize(
    ("share", "text"),
    [("3/20", "0.15"), ("1", "1"), ("0", "0"), ("1/8", "0.125"), ("1/800", "0.00125"), ("10", "10")],
)
def test_a_rate_has_no_trailing_zeros(share: str, text: str) -> None:
    """A share is shown with the decimal places that it needs."""
    assert text == rate_text(Fraction(share))


def test_a_share_without_an_end_is_refused() -> None:
    """A third has no decimal form."""
    with pytest.raises(ValueError, match="1/3"):
        rate_text(Fraction(1, 3))

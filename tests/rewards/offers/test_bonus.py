"""Bonuses: an amount paid once for a level that sales attain, by hand."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rewards import (
    Account,
    BonusEntry,
    Fault,
    Partner,
    Rates,
    Rules,
    Sale,
    canonical_json,
    compute_statement,
    derive,
    statement_json,
)
from rewards.offers.entry import public_form
from tests.reference.samples import account, computed, offer, program, rates, rules, sale

SOME = settings(max_examples=60, deadline=None, database=None)
DOLLARS = rates(("2023-01-01", "USD", "0.9"))


def bonuses(
    *lines: Sale, currency: str = "EUR", of: Rules | None = None, level: str = "bronze"
) -> tuple[BonusEntry, ...]:
    """The bonuses of a partner with these sales and that currency, by default of 500 EUR for Silver."""
    partner = Partner("P-1", "Näme", "a@b.example", currency, level, country="DE")
    return computed(account(*lines, partner=partner), of or rules(offer("bonus"))).bonuses


def test_who_attains_the_level_gets_the_amount_once() -> None:
    """Silver needs 5,000: 3,000 + 1,999.99 is short of it, and one cent more is enough, as is any larger sum."""
    first, second = sale("1", "3000.00"), sale("2", "1999.99")  # 4,999.99
    assert bonuses(first, second) == ()
    (entry,) = bonuses(first, second, sale("3", "0.01"))  # 5,000.00
    assert entry == BonusEntry("bonus", "EUR", 50000, "silver", "silver", "accruing")
    (higher,) = bonuses(first, second, sale("3", "95000.01"))  # 100,000.00
    assert higher == entry._replace(attained_level="gold")


def test_the_sum_is_not_rounded() -> None:
    """A converted sum a hundredth of a cent below the quota attains nothing, though it is shown as the quota."""
    table = rates(("2023-01-01", "USD", "0.499999"))
    given_ = rules(offer("bonus"), offer("level_quota"), rates=table)
    line = sale("1", "10000.00", "USD")  # 10,000.00 x 0.499999 = 4,999.99
    rest = sale("2", "0.00"), sale("3", "0.02", "USD")  # + 0.02 x 0.499999 = 4,999.99999998 + ...
    statement = computed(account(line, *rest), given_)
    assert ("5000.00", "bronze") == (
        json.loads(canonical_json(statement_json(statement)))["levels"][0]["attained_sales"],
        statement.levels[0].attained_level,
    )
    assert statement.bonuses == ()


@pytest.mark.parametrize(
    ("policy", "as_of", "status"),
    [
        ("ignore", "2024-02-01", "final"),  # 6,000: the refund is one of 2024
        ("deduct", "2024-01-09", "final"),  # 6,000: the refund is not yet there
        ("deduct", "2024-01-10", None),  # 6,000 - 2,000 = 4,000
    ],
)
def test_a_refund_after_the_period_counts_as_the_program_says(
    policy: str, as_of: str, status: str | None
) -> None:
    """Under `deduct` it takes the bonus away on its own day, under `ignore` never."""
    lines = (
        sale("1", "6000.00", on="2023-12-20"),
        sale("2", "-2000.00", on="2024-01-10", refunded="2023-12-20"),
    )
    given_ = rules(offer("bonus"), as_of=as_of, of=program(refunds_after_period=policy))
    assert [entry.status for entry in bonuses(*lines, of=given_)] == ([status] if status else [])


def test_the_period_and_the_day_decide_what_counts() -> None:
    """A sale outside the period or after the as-of day does not; after the last day the bonus is final."""
    lines = sale("1", "4000.00", on="2022-12-31"), sale("2", "5000.00", on="2023-12-31")
    for as_of, status in (("2023-12-30", []), ("2023-12-31", ["accruing"]), ("2024-01-01", ["final"])):
        found = bonuses(*lines, of=rules(offer("bonus"), as_of=as_of))
        assert status == [entry.status for entry in found]


def test_the_amount_is_that_of_the_partners_own_currency() -> None:
    """Whatever currency the sales are in; who has one that is not named gets none, and needs no rate."""
    given_ = rules(offer("bonus", amount={"USD": 550, "KWD": "0.150", "JPY": 80000}), rates=DOLLARS)
    lines = sale("1", "5000.00"), sale("2", "0.01", "USD")
    shown = {
        currency: [public_form(entry)["amount"] for entry in bonuses(*lines, currency=currency, of=given_)]
        for currency in ("USD", "KWD", "JPY", "EUR")
    }
    assert shown == {"USD": ["550.00"], "KWD": ["0.150"], "JPY": ["80000"], "EUR": []}
    assert bonuses(*lines, of=rules(offer("bonus", amount={"USD": 1}), rates=Rates())) == ()


def test_the_programs_quotas_decide() -> None:
    """Lower quotas of another offer attain a level, and no bonus; nor does an assigned level give one."""
    lowered = offer("level_quota", quotas={"silver": 2000})
    statement = computed(account(sale("1", "3000.00")), rules(offer("bonus"), lowered))
    assert ("silver", ()) == (statement.levels[0].attained_level, statement.bonuses)
    assert bonuses(sale("1", "3000.00"), level="gold") == ()


def test_bonuses_are_sorted_by_offer() -> None:
    """Each offer pays for itself; one that is for others, or not announced yet, pays nothing."""
    given_ = rules(
        offer("bonus", "b-bonus"),
        offer("bonus", "Z-bonus", level="bronze", amount={"EUR": "100"}),
        offer("bonus", "for-others", eligible={"countries": ["NO"]}),
        offer("bonus", "later", announced_on="2024-01-01"),
    )
    found = bonuses(sale("1", "5000.00"), of=given_)
    assert [("Z-bonus", 10000, "bronze"), ("b-bonus", 50000, "silver")] == [
        (entry.offer, entry.amount, entry.level) for entry in found
    ]


def test_an_amendment_holds_from_its_day() -> None:
    """Level, period and amount of the as-of day decide."""
    amended = offer(
        "bonus", amendments=[{"effective_on": "2023-10-01", "level": "bronze", "amount": {"EUR": 100}}]
    )
    before, after = (
        bonuses(sale("1", "1000.00"), of=rules(amended, as_of=day)) for day in ("2023-09-30", "2023-10-01")
    )
    assert ((), [("bronze", 10000)]) == (before, [(entry.level, entry.amount) for entry in after])


def derived(account_: Account, rules_: Rules) -> dict[str, object]:
    """The one entry of a bonus's derivation, after a way through JSON, its steps by name."""
    (found,) = json.loads(json.dumps(derive(account_, rules_)))["offers"]
    (entry,) = found["entries"]
    return {**entry, "steps": {step["step"]: step["value"] for step in entry["steps"]}}


def test_the_derivation_leads_from_the_lines_to_the_amount() -> None:
    """The lines, the rate rows, the exact sum, both levels and what is paid."""
    lines = sale("1", "5000.00", "USD"), sale("2", "500.00"), sale("3", "9.00", on="2022-12-31")
    found = derived(account(*lines), rules(offer("bonus"), rates=DOLLARS))  # 4,500 + 500
    assert found["steps"] == {
        "exact sum": "5000.00 EUR",
        "attained level": "silver",
        "level of the bonus": "silver at 5000.00 EUR",
        "bonus": "500.00 EUR, accruing",
    }
    assert found["quotas"] == {"bronze": "1000.00", "silver": "5000.00", "gold": "20000.00"}
    assert isinstance(found["counted"], list)
    assert [("EUR", 1, "500.00"), ("USD", 1, "5000.00")] == [
        (group["currency"], group["count"], group["total"]) for group in found["counted"]
    ]
    assert isinstance(found["rates"], list)
    assert found["rates"][0]["converted"] == "4500.00 EUR"


def test_the_derivation_says_why_there_is_none() -> None:
    """The level is not reached, or the partner's currency has no amount."""
    short, unnamed = (
        derived(account(sale("1", amount)), rules(offer("bonus", amount={currency: 1})))["steps"]
        for amount, currency in (("4999.99", "EUR"), ("5000.00", "USD"))
    )
    assert isinstance(short, dict)
    assert isinstance(unnamed, dict)
    assert short["bonus"] == "none, because silver is not reached"
    assert unnamed["bonus"] == "none, because the offer names no amount in EUR"


@SOME
@given(st.integers(-100, 700_000), st.integers(0, 700_000), st.integers(0, 700_000))
def test_more_sales_and_split_sales_never_lose_a_bonus(before: int, sold: int, part: int) -> None:
    """A bonus that a sum earns stays with any larger one, and a sale counts like its two parts."""

    def line(name: str, minor: int) -> Sale:
        return sale(name, "0.00")._replace(amount=minor)

    earned = bonuses(line("1", before))
    whole = bonuses(line("1", before), line("2", sold))
    assert len(earned) <= len(whole)
    assert whole == bonuses(line("1", before), line("2", part), line("3", sold - part))


@SOME
@given(st.integers(0, 3_000_000), st.sampled_from(["bronze", "silver", "gold"]))
def test_a_lower_level_pays_whoever_a_higher_one_pays(sold: int, level: str) -> None:
    """Lowering the level of a bonus takes it from nobody."""
    line = sale("1", "0.00")._replace(amount=sold)
    higher, lower = (bonuses(line, of=rules(offer("bonus", level=one))) for one in (level, "bronze"))
    assert len(higher) <= len(lower)


def test_a_sale_without_a_rate_is_one_fault() -> None:
    """A counted sale that nothing converts is told once, however many offers ask for it; others need no rate."""
    lines = sale("1", "10.00", "USD"), sale("2", "10", "JPY", on="2022-12-31")
    faults: list[Fault] = []
    compute_statement(account(*lines), rules(offer("bonus"), offer("level_quota")), faults)
    assert ["sale '1' has no rate from USD to EUR on 2023-06-01 or before"] == [one.what for one in faults]

"""Cashback by hand: each expected figure has its sum beside it."""

import pytest

from rewards import Sale, Statement, statement_json, totals
from tests.reference.samples import account, computed, credit, offer, program, rates, rules, sale


def entry(statement: Statement, index: int = 0) -> dict[str, object]:
    """One cashback entry in its public form."""
    cashback = statement_json(statement)["cashback"]
    assert isinstance(cashback, list)
    found = cashback[index]
    assert isinstance(found, dict)
    return found


def amount_of(sales: list[Sale], **terms: object) -> object:
    """The cashback amount on these sales under an offer with these terms."""
    return entry(computed(account(*sales), rules(offer("cashback", **terms))))["amount"]


@pytest.mark.parametrize(
    ("amounts", "currency", "expected"),
    [
        (["12345.67"], "EUR", "1851.85"),  # 1851.8505
        (["0.10"] * 3, "EUR", "0.05"),  # 0.045 on the sum; 0.06 by line
        (["0.03"] * 100, "EUR", "0.45"),  # 0.45 on the sum; 0.00 by line
        (["333"], "JPY", "50"),  # 49.95
        (["1.001"], "KWD", "0.150"),  # 0.15015
        (["100.00", "-30.00"], "EUR", "10.50"),  # 70.00 x 0.15
        (["10.00", "-30.00"], "EUR", "0.00"),  # the base is not below 0
        (["0.0001"], "CLF", "0.0000"),  # 0.000015
    ],
)
def test_the_sum_is_rounded_once(amounts: list[str], currency: str, expected: str) -> None:
    """15 % of the sum, rounded once, half away from zero, to the currency's minor unit."""
    sales = [sale(str(index), amount, currency) for index, amount in enumerate(amounts)]
    assert expected == amount_of(sales)


def test_a_negative_sum_is_shown_with_its_sign() -> None:
    """`eligible_sales` keeps the sign that the base loses."""
    statement = computed(account(sale("1", "-20.00")), rules(offer("cashback")))
    assert ("-20.00", "0.00") == (entry(statement)["eligible_sales"], entry(statement)["amount"])


RETROACTIVE = {"rate": None, "mode": "retroactive"}
INCREMENTAL = {"rate": None, "mode": "incremental"}
TIERS = [{"from": 1000, "rate": "2%"}, {"from": 10000, "rate": "4%"}]


@pytest.mark.parametrize(
    ("terms", "total", "expected"),
    [
        (RETROACTIVE, "999.99", "0.00"),  # below the first tier
        (RETROACTIVE, "1000.00", "20.00"),  # 1000 x 0.02
        (RETROACTIVE, "9999.99", "200.00"),  # 199.9998
        (RETROACTIVE, "27000.00", "1080.00"),  # 27000 x 0.04, the year's total in a published example
        (INCREMENTAL, "999.99", "0.00"),
        (INCREMENTAL, "1500.00", "10.00"),  # 500 x 0.02
        (INCREMENTAL, "27000.00", "860.00"),  # 9000 x 0.02 + 17000 x 0.04 = 180 + 680
    ],
)
def test_tiers(terms: dict[str, object], total: str, expected: str) -> None:
    """Retroactive tiers apply to everything, incremental ones to their slice."""
    assert expected == amount_of([sale("1", total)], tiers=TIERS, **terms)


def test_a_tier_is_the_same_number_in_each_currency() -> None:
    """`from: 1000` is 1,000 yen as well as 1,000 euros; the rate is null in the statement."""
    statement = computed(
        account(sale("1", "1000", "JPY"), sale("2", "999.99")),
        rules(offer("cashback", tiers=TIERS, **RETROACTIVE)),
    )
    assert [("EUR", "0.00", None), ("JPY", "20", None)] == [
        (
            entry(statement, index)["currency"],
            entry(statement, index)["amount"],
            entry(statement, index)["rate"],
        )
        for index in (0, 1)
    ]


@pytest.mark.parametrize(
    ("total", "expected"),
    [
        ("66.63", "0.00"),  # 9.9945 rounds to 9.99, below the minimum
        ("66.64", "10.00"),  # 9.996 rounds to 10.00 before it is compared
        ("333.33", "50.00"),  # 49.9995
        ("500.00", "50.00"),  # 75.00, capped
    ],
)
def test_minimum_and_cap_follow_the_rounding(total: str, expected: str) -> None:
    """Below the minimum there is nothing, above the cap there is the cap, both after rounding."""
    assert expected == amount_of([sale("1", total)], minimum={"EUR": 10}, cap={"EUR": 50})


def test_a_currency_that_is_not_named_has_no_limits() -> None:
    """A minimum in EUR says nothing about USD."""
    assert amount_of([sale("1", "1.00", "USD")], minimum={"EUR": 10}, cap={"EUR": 50}) == "0.15"


@pytest.mark.parametrize(
    ("products", "expected"),
    [
        ({}, "1110.00"),
        ({"include": ["PRO*"]}, "10.00"),
        ({"include": ["pro*"]}, "100.00"),
        ({"include": ["*"], "exclude": ["?*"]}, "1000.00"),
        ({"exclude": ["PRO*", "pro*"]}, "1000.00"),
        ({"include": ["[pP]*"], "exclude": ["PRO 8SC"]}, "100.00"),
        ({"include": [""]}, "1000.00"),
        ({"include": ["", "PRO*"]}, "1010.00"),
        ({"exclude": [""]}, "110.00"),
    ],
)
def test_products_are_patterns_and_case_matters(products: dict[str, list[str]], expected: str) -> None:
    """Patterns are shell-style and case-sensitive, exclude wins, a missing product is empty text."""
    sales = [
        sale("1", "10.00", product="PRO 8SC"),
        sale("2", "100.00", product="pro 8sc"),
        sale("3", "1000.00", product=""),
    ]
    statement = computed(account(*sales), rules(offer("cashback", products=products)))
    assert expected == entry(statement)["eligible_sales"]


def test_earlier_credits_are_taken_off() -> None:
    """140 credited in November of 1,080 for the year leave 940; a later credit does not count yet."""
    lines = (
        sale("1", "27000.00"),
        credit("140.00"),
        credit("1.00", on="2024-01-01"),
        credit("7.00", of="another"),
    )
    statement = computed(account(*lines), rules(offer("cashback", rate="4%")))
    assert ("1080.00", "140.00", "940.00") == (
        entry(statement)["amount"],
        entry(statement)["already_credited"],
        entry(statement)["to_credit"],
    )
    assert totals(statement) == {"EUR": 94000}


def test_a_credit_alone_makes_an_entry() -> None:
    """Without a counted sale an earlier credit is to be taken back; a reversal is a negative credit."""
    lines = (credit("140.00", "USD"), credit("-40.00", "USD", on="2023-12-01"))
    statement = computed(account(*lines), rules(offer("cashback")))
    assert ("USD", "0.00", "0.00", "100.00", "-100.00") == tuple(
        entry(statement)[key]
        for key in ("currency", "eligible_sales", "amount", "already_credited", "to_credit")
    )


def test_without_sale_and_credit_there_is_no_entry() -> None:
    """A sale that is excluded by its product makes no entry either."""
    products = {"include": ["ENT*"]}
    statement = computed(
        account(sale("1", "5.00", product="PRO")), rules(offer("cashback", products=products))
    )
    assert statement.cashback == ()


@pytest.mark.parametrize(("as_of", "status"), [("2023-12-31", "accruing"), ("2024-01-01", "final")])
def test_the_status_is_final_after_the_last_day(as_of: str, status: str) -> None:
    """On the period's last day more sales can come."""
    statement = computed(account(sale("1", "5.00")), rules(offer("cashback"), as_of=as_of))
    assert status == entry(statement)["status"]


@pytest.mark.parametrize(
    ("day", "counts"), [("2022-12-31", 0), ("2023-01-01", 1), ("2023-12-31", 1), ("2024-01-01", 0)]
)
def test_both_days_of_the_period_belong_to_it(day: str, counts: int) -> None:
    """The days before and after do not."""
    statement = computed(account(sale("1", "5.00", on=day)), rules(offer("cashback"), as_of="2024-06-30"))
    assert counts == len(statement.cashback)


@pytest.mark.parametrize(
    ("policy", "as_of", "expected"),
    [
        ("ignore", "2024-06-30", "100.00"),  # the refund of 2024 is outside the period
        ("deduct", "2024-06-30", "70.00"),  # 100 - 30: it counts where its sale lies
        ("deduct", "2024-01-31", "100.00"),  # its own day has not come yet
    ],
)
def test_refunds_after_the_period(policy: str, as_of: str, expected: str) -> None:
    """Under `deduct` a refund that names its sale counts in that sale's period, once its own day has come."""
    program_ = program(refunds_after_period=policy)
    lines = (
        sale("1", "100.00", on="2023-12-01"),
        sale("2", "-30.00", on="2024-02-01", refunded="2023-12-01"),
    )
    statement = computed(account(*lines), rules(offer("cashback"), as_of=as_of, of=program_))
    assert expected == entry(statement)["eligible_sales"]


@pytest.mark.parametrize(("policy", "expected"), [("ignore", "-30.00"), ("deduct", None)])
def test_a_refund_of_an_earlier_sale(policy: str, expected: str | None) -> None:
    """Under `ignore` a refund counts on its own day, though its sale does not; under `deduct` neither does."""
    lines = (sale("2", "-30.00", on="2023-02-01", refunded="2022-12-01"),)
    statement = computed(account(*lines), rules(offer("cashback"), of=program(refunds_after_period=policy)))
    shown = [entry(statement)["eligible_sales"]] if statement.cashback else [None]
    assert [expected] == shown


def test_amendments_hold_from_their_day() -> None:
    """A build as of a day sees the terms of that day, though the sales are older."""
    amended = offer(
        "cashback",
        cap={"EUR": 5, "USD": 5},
        amendments=[
            {"effective_on": "2023-10-01", "note": "More.", "rate": "20%"},
            {"effective_on": "2023-07-01", "note": "No cap in USD.", "cap": {"EUR": 12}},
        ],
    )
    lines = (sale("1", "100.00", on="2023-05-01"),)
    amounts = [
        entry(computed(account(*lines), rules(amended, as_of=day)))["amount"]
        for day in ("2023-06-30", "2023-07-01", "2023-10-01")
    ]
    assert amounts == ["5.00", "12.00", "12.00"]


def test_an_offer_does_not_exist_before_its_announcement() -> None:
    """As of an earlier day a statement says nothing of it; sales before the announcement count."""
    lines = (sale("1", "100.00", on="2023-02-01"),)
    assert computed(account(*lines), rules(offer("cashback"), as_of="2023-03-31")).cashback == ()
    assert len(computed(account(*lines), rules(offer("cashback"), as_of="2023-04-01")).cashback) == 1


def test_foreign_sales_need_no_rate_for_cashback() -> None:
    """Cashback stays in the currency of the sale."""
    statement = computed(account(sale("1", "100", "JPY")), rules(offer("cashback"), rates=rates()))
    assert entry(statement)["amount"] == "15"

"""Extensions, free subscriptions, levels and whom an offer is for, by hand."""

import pytest

from rewards import (
    Fault,
    Partner,
    Rates,
    canonical_json,
    compute_statement,
    day_text,
    statement_json,
)
from tests.reference.samples import account, computed, offer, program, rates, rules, sale, subscription


def test_the_public_form_of_a_whole_statement() -> None:
    """Keys, money, rates and days as text, exactly as other systems read them."""
    silver = Partner("P-1001", "Näme", "a@b.example", "EUR", "silver")
    lines = (
        sale("1", "12345.67"),
        subscription("S-1", "2023-11-30", product="PRO 8SC"),
        subscription("S-9", "2023-06-30", plan="free"),
    )
    given = [
        offer("cashback", "cashback-2023"),
        offer("extension", "extension-3-months"),
        offer("free_subscription", "4sc-free"),
        offer("level_quota", "lower-quotas-2023"),
        offer("bonus", "silver-bonus"),
    ]
    statement = computed(account(*lines, partner=silver), rules(*given))
    assert statement_json(statement) == {
        "partner_id": "P-1001",
        "as_of": "2023-12-31",
        "level": "silver",
        "cashback": [
            {
                "offer": "cashback-2023",
                "currency": "EUR",
                "eligible_sales": "12345.67",
                "rate": "0.15",
                "amount": "1851.85",
                "already_credited": "0.00",
                "to_credit": "1851.85",
                "status": "accruing",
                "credited_on": "2023-12-31",
            }
        ],
        "extensions": [
            {
                "offer": "extension-3-months",
                "subscription_id": "S-1",
                "product": "PRO 8SC",
                "expires_on": "2023-11-30",
                "extended_to": "2024-02-29",
            }
        ],
        "free_subscriptions": [
            {
                "offer": "4sc-free",
                "product": "4SC",
                "allowed": 10,
                "held": 1,
                "remaining": 9,
                "register_by": "2023-12-31",
                "subscriptions": [
                    {"subscription_id": "S-9", "expires_on": "2023-06-30", "extended_to": "2023-12-31"}
                ],
            }
        ],
        "levels": [
            {
                "offer": "lower-quotas-2023",
                "currency": "EUR",
                "attained_sales": "12345.67",
                "attained_level": "silver",
                "next_level": "gold",
                "next_quota": "20000.00",
                "remaining": "7654.33",
                "secured_level": "silver",
                "secured_until": "2024-12-31",
            }
        ],
        "bonuses": [
            {
                "offer": "silver-bonus",
                "currency": "EUR",
                "amount": "500.00",
                "level": "silver",
                "attained_level": "silver",
                "status": "accruing",
            }
        ],
    }


def test_canonical_json_is_one_text_for_equal_values() -> None:
    """Keys are sorted, no space is spent, and every character stands for itself."""
    assert canonical_json({"b": ["ü", None], "a": "1"}) == '{"a":"1","b":["ü",null]}'


@pytest.mark.parametrize(
    ("plan", "expires_on", "extended"),
    [
        ("paid", "2023-03-31", []),
        ("paid", "2023-04-01", ["2023-07-01"]),
        ("free", "2023-06-01", []),
        ("paid", "9999-12-31", ["9999-12-31"]),
    ],
)
def test_what_was_active_is_extended(plan: str, expires_on: str, extended: list[str]) -> None:
    """Without `plans` only paid subscriptions that expire on the day or later get the months."""
    statement = computed(account(subscription("1", expires_on, plan)), rules(offer("extension")))
    assert extended == [day_text(entry.extended_to) for entry in statement.extensions]


def test_two_extensions_count_from_the_ledger_each() -> None:
    """The date in the ledger is the one before any extension, so offers do not add up."""
    given = [offer("extension", "one"), offer("extension", "two", months=1)]
    statement = computed(account(subscription("1", "2023-11-30")), rules(*given))
    assert [day_text(entry.extended_to) for entry in statement.extensions] == ["2024-02-29", "2023-12-30"]


@pytest.mark.parametrize(("started_on", "count"), [("2023-03-31", 1), ("2023-04-01", 0)])
def test_bought_before_excludes_its_day(started_on: str, count: int) -> None:
    """Only what was bought before the day is extended."""
    lines = (subscription("1", "2023-11-30", started_on=started_on),)
    statement = computed(account(*lines), rules(offer("extension", bought_before="2023-04-01")))
    assert count == len(statement.extensions)


def test_bought_before_needs_a_start() -> None:
    """A subscription without `started_on` is a fault only where the offer would ask for it."""
    faults: list[Fault] = []
    lines = (
        subscription("S-1", "2023-11-30"),
        subscription("S-2", "2023-03-31"),
        subscription("S-3", "2024-01-01", "free"),
    )
    compute_statement(account(*lines), rules(offer("extension", bought_before="2023-04-01")), faults)
    (found,) = map(str, faults)
    assert found == (
        "subscriptions.started_on: subscription 'S-1' has no started_on, which offer 'extension' needs; "
        "add the day on which it was bought"
    )


@pytest.mark.parametrize(
    ("as_of", "held", "remaining"),
    [
        ("2023-12-31", ["A", "B"], 8),  # 10 - 2
        ("2024-01-01", ["B"], 0),  # registering is over
        ("2024-06-30", ["B"], 0),
        ("2024-07-01", [], 0),
    ],
)
def test_free_subscriptions_are_held_until_they_expire(as_of: str, held: list[str], remaining: int) -> None:
    """One that expires earlier runs to the offer's day; one that had expired before the announcement is lost."""
    silver = Partner("P-1", "", "", "EUR", "silver")
    lines = (
        subscription("B", "2024-06-30", "free"),
        subscription("A", "2023-04-01", "free"),
        subscription("C", "2023-03-31", "free"),
        subscription("D", "2024-06-30", "free", product="PRO"),
        subscription("E", "2024-06-30", "paid"),
    )
    found = computed(account(*lines, partner=silver), rules(offer("free_subscription"), as_of=as_of))
    (entry,) = found.free_subscriptions
    assert (held, remaining) == ([one.subscription_id for one in entry.subscriptions], entry.remaining)


def test_more_held_than_allowed_leaves_none() -> None:
    """`remaining` is never below 0."""
    lines = tuple(subscription(str(index), "2023-12-31", "free") for index in range(3))
    (entry,) = computed(account(*lines), rules(offer("free_subscription"))).free_subscriptions
    assert (2, 3, 0) == (entry.allowed, entry.held, entry.remaining)


@pytest.mark.parametrize(
    ("allowance_level", "quotas", "allowed"),
    [
        ("assigned", None, 2),  # bronze
        ("attained", None, 10),  # 6,000 of the calendar year is silver by the program's quotas
        ("best", None, 10),
        ("attained", {"gold": 6000}, 20),  # the level entry's own quotas
        ("attained", {"bronze": 7000, "silver": 8000}, 0),  # below the first quota
        ("best", {"bronze": 7000, "silver": 8000}, 2),  # assigned is higher
    ],
)
def test_the_level_that_decides_an_allowance(
    allowance_level: str, quotas: dict[str, int] | None, allowed: int
) -> None:
    """Attained is that of the level entries; without any, by the program's quotas over the calendar year."""
    program_ = program(allowance_level=allowance_level)
    given = [offer("free_subscription")] + ([] if quotas is None else [offer("level_quota", quotas=quotas)])
    lines = (sale("1", "6000.00"), sale("2", "90000.00", on="2022-12-31"))
    (entry,) = computed(account(*lines), rules(*given, of=program_)).free_subscriptions
    assert allowed == entry.allowed


def test_the_highest_of_several_level_entries_decides() -> None:
    """With two level offers the better attained level gives the allowance."""
    given = [
        offer("free_subscription"),
        offer("level_quota", "one"),
        offer("level_quota", "two", quotas={"gold": 6000}),
    ]
    statement = computed(account(sale("1", "6000.00")), rules(*given, of=program(allowance_level="attained")))
    assert [entry.attained_level for entry in statement.levels] == ["silver", "gold"]
    assert statement.free_subscriptions[0].allowed == 20


@pytest.mark.parametrize(
    ("amount", "attained", "remaining"),
    [
        ("-5.00", "affiliate", 100500),  # 1000 + 5
        ("0.00", "affiliate", 100000),
        ("999.99", "affiliate", 1),
        ("1000.00", "bronze", 400000),  # 5000 - 1000
        ("20000.00", "gold", None),
    ],
)
def test_a_quota_is_reached_at_its_amount(amount: str, attained: str, remaining: int | None) -> None:
    """The attained level is the highest whose quota is not above the sum; at the top nothing is missing."""
    (entry,) = computed(account(sale("1", amount)), rules(offer("level_quota"))).levels
    assert (attained, remaining) == (entry.attained_level, entry.remaining)


def test_levels_follow_from_the_exact_sum() -> None:
    """999.996 EUR is shown as 1000.00, does not reach 1,000, and one cent is still missing, never none."""
    (entry,) = computed(
        account(sale("1", "100.00", "USD")),
        rules(offer("level_quota"), rates=rates(("2023-01-01", "USD", "9.99996"))),
    ).levels
    assert ("affiliate", 100000, 1) == (entry.attained_level, entry.attained_sales, entry.remaining)


def test_a_sale_converts_at_the_latest_rate_up_to_its_day() -> None:
    """The row of the day itself counts, later rows do not, and a refund converts on its own day."""
    table = rates(("2023-01-01", "USD", "0.5"), ("2023-06-01", "USD", "2"), ("2023-06-02", "USD", "9"))
    lines = (
        sale("1", "1000.00", "USD", on="2023-06-01"),
        sale("2", "-100.00", "USD", on="2023-05-31", refunded="2023-06-01"),
    )
    (entry,) = computed(account(*lines), rules(offer("level_quota"), rates=table)).levels
    assert entry.attained_sales == 195000  # 1000 x 2 - 100 x 0.5


def test_minor_units_of_both_currencies_enter_a_conversion() -> None:
    """150000 JPY at 0.0065 are 975.00 EUR, and 1.500 KWD at 3 are 4.50 EUR."""
    table = rates(("2023-01-01", "JPY", "0.0065"), ("2023-01-01", "KWD", "3"))
    lines = (sale("1", "150000", "JPY"), sale("2", "1.500", "KWD"))
    (entry,) = computed(account(*lines), rules(offer("level_quota"), rates=table)).levels
    assert entry.attained_sales == 97950


def test_a_missing_rate_is_a_fault_that_names_the_sale() -> None:
    """Only a sale that a level computation counts needs a rate; two offers complain once."""
    faults: list[Fault] = []
    lines = (sale("S-7", "5.00", "USD", on="2023-05-01"), sale("S-8", "5.00", "USD", on="2022-05-01"))
    given = [offer("level_quota", "one"), offer("level_quota", "two")]
    compute_statement(account(*lines), rules(*given, rates=rates(("2023-05-02", "USD", "1"))), faults)
    (found,) = map(str, faults)
    assert found == (
        "sales.currency: sale 'S-7' has no rate from USD to EUR on 2023-05-01 or before; "
        "add a row to rates with from USD, to EUR and that day or an earlier one"
    )


def test_there_are_no_inverse_rates() -> None:
    """A rate from EUR to USD does not convert USD to EUR."""
    table = Rates([(1, "EUR", "USD", rates(("2023-01-01", "USD", "2")).rows[0].rate)])
    assert table.on("USD", 800000, "EUR") is None
    assert table.on("EUR", 800000, "EUR") == 1
    assert table.on("EUR", 800000, "USD") == 2


@pytest.mark.parametrize(
    ("as_of", "level"), [("2023-05-31", "bronze"), ("2023-06-01", "gold"), ("2023-12-31", "silver")]
)
def test_the_assigned_level_is_the_latest_row(as_of: str, level: str) -> None:
    """A row of the levels table holds from its day, before the first the partner's own level does."""
    listed = (("2023-06-01", "gold"), ("2023-07-01", "silver"))
    assert level == computed(account(levels=listed), rules(as_of=as_of)).level


@pytest.mark.parametrize(
    ("eligible", "expected"),
    [
        ({"levels": ["bronze"]}, 1),
        ({"levels": ["silver", "gold"]}, 0),
        ({"countries": ["DE", "NO"], "languages": ["de"]}, 1),
        ({"countries": ["DE"], "languages": ["en"]}, 0),
        ({"languages": ["DE"]}, 0),
        ({}, 1),
    ],
)
def test_each_list_of_eligible_must_hold_the_partner(eligible: dict[str, list[str]], expected: int) -> None:
    """Whoever is left out has no entry for the offer, of whatever kind."""
    given = [
        offer(kind, eligible=eligible)
        for kind in ("cashback", "extension", "free_subscription", "level_quota")
    ]
    found = computed(account(sale("1", "5.00"), subscription("1", "2023-12-31")), rules(*given))
    counts = [len(found.cashback), len(found.extensions), len(found.free_subscriptions), len(found.levels)]
    assert [expected] * 4 == counts


def test_an_empty_field_matches_nothing() -> None:
    """A partner without a country is not eligible where countries are named."""
    nobody = Partner("P-1", "", "", "EUR", "bronze")
    given = rules(offer("level_quota", eligible={"countries": ["DE"]}))
    assert computed(account(partner=nobody), given).levels == ()

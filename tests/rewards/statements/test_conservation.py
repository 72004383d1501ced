"""Conservation: what is counted and what is excluded for a reason are together the ledger, line by line."""

from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest

from rewards import (
    Account,
    LedgerTotals,
    NotConserved,
    Partner,
    Rules,
    Tally,
    Total,
    compute_statement,
    conserved_json,
    equations,
    parse_amount,
    require_conserved,
)
from tests.reference.naive import Row
from tests.reference.opening import opened
from tests.reference.samples import account, credit, offer, program, rates, rules, sale
from tests.reference.worlds import World, worlds

MANY = 300
EMPTY: dict[tuple[str, str], Total] = {}


def sums(rows: list[Row], key: Callable[[Row], object]) -> dict[object, Total]:
    """Lines and amounts of table rows, as simply as it can be said."""
    found: dict[object, Total] = {}
    for row in rows:
        before = found.get(key(row), Total(0, 0))
        found[key(row)] = Total(
            before.lines + 1, before.amount + parse_amount(row["amount"], row["currency"])
        )
    return found


def ledger_of(world: World) -> LedgerTotals:
    """What the tables add up to; a closed partner is not merged into another in these worlds."""
    closed = {row["partner_id"] for row in world.tables["partners"] if row["status"] == "closed"}
    parts = []
    for table, key in (("sales", currency_of), ("credits", offer_and_currency)):
        rows = world.tables[table]
        parts += [sums(rows, key), sums([row for row in rows if row["partner_id"] in closed], key)]
    return LedgerTotals(*parts)  # type: ignore[arg-type]


def currency_of(row: Row) -> str:
    """The currency of a sale."""
    return row["currency"]


def offer_and_currency(row: Row) -> tuple[str, str]:
    """What credits are added up by."""
    return row["offer"], row["currency"]


def tally_of(accounts: list[Account], rules_: Rules) -> Tally:
    """The tally of all statements."""
    tally = Tally()
    for one in accounts:
        tally.add(one, compute_statement(one, rules_, []), rules_)
    return tally


def test_nothing_is_left_out() -> None:
    """Counted and excluded lines are the ledger, per offer and currency, for every ledger and policy."""
    for seed, world in worlds(MANY):
        rules_, accounts = opened(world)
        found = equations(tally_of(accounts, rules_), ledger_of(world), rules_)
        require_conserved(found)
        currencies = {row["currency"] for row in world.tables["sales"]}
        assert len(found) >= len(rules_.cashback) * len(currencies), seed


def test_a_lost_line_is_found() -> None:
    """A sale that never reached its account breaks the equations of every offer in its currency, and no other."""
    tried = 0
    for seed, world in worlds(MANY):
        rules_, accounts = opened(world)
        random = Random(seed)
        selling = [index for index, one in enumerate(accounts) if one.sales]
        counting = sorted(rule.offer for _, rule in rules_.counting)
        if not selling or not counting:
            continue
        index = random.choice(selling)
        robbed = accounts[index]
        lost = random.choice(robbed.sales)
        accounts[index] = replace(robbed, sales=tuple(one for one in robbed.sales if one != lost))
        with pytest.raises(NotConserved) as caught:
            require_conserved(equations(tally_of(accounts, rules_), ledger_of(world), rules_))
        assert [("sales", slug, lost.currency, Total(1, lost.amount)) for slug in counting] == [
            (one.table, one.offer, one.currency, one.difference) for one in caught.value.broken
        ], seed
        tried += 1
    assert tried > MANY / 3


def test_parts_add_up_in_any_split() -> None:
    """Tallies of shards, merged, are the tally of all accounts."""
    for seed, world in worlds(MANY):
        rules_, accounts = opened(world)
        cut = seed % 5
        merged = tally_of(accounts[:cut], rules_)
        merged.merge(tally_of(accounts[cut:], rules_))
        whole = tally_of(accounts, rules_)
        totals = ledger_of(world)
        assert equations(whole, totals, rules_) == equations(merged, totals, rules_), seed


def test_each_reason_has_its_sum() -> None:
    """Every sale and credit stands under the first reason that applies, with its lines and its amount."""
    cashback = offer(
        "cashback",
        period={"from": "2023-01-01", "to": "2023-12-31"},
        products={"exclude": ["4SC"]},
        eligible={"countries": ["DE"]},
    )
    rules_ = rules(cashback, offer("cashback", "later", announced_on="2023-11-01"), as_of="2023-10-31")
    german = account(
        sale("1", "100.00"),
        sale("2", "7.00", product="4SC"),
        sale("3", "30.00", on="2022-12-31"),
        sale("4", "2.50", on="2023-11-01"),
        credit("5.00", on="2023-10-31"),
        credit("0.50", on="2023-11-01"),
        credit("0.25", of="later"),
    )
    abroad = Partner("P-2", "Näme", "c@d.example", "EUR", "bronze", country="NO")
    foreign = account(sale("5", "1000.00"), credit("40.00"), partner=abroad)
    ledger = LedgerTotals(
        {"EUR": Total(6, 114950)},
        {"EUR": Total(1, 1000)},
        {("cashback", "EUR"): Total(3, 4550), ("later", "EUR"): Total(1, 25)},
        {},
    )
    of_sales, of_credits, of_later = equations(tally_of([german, foreign], rules_), ledger, rules_)
    assert conserved_json(of_sales) == {
        "table": "sales",
        "offer": "cashback",
        "currency": "EUR",
        "counted": {"lines": 1, "amount": "100.00"},
        "excluded": {
            "after the as-of day": {"lines": 1, "amount": "2.50"},
            "closed": {"lines": 1, "amount": "10.00"},
            "excluded product": {"lines": 1, "amount": "7.00"},
            "ineligible": {"lines": 1, "amount": "1000.00"},
            "outside the period": {"lines": 1, "amount": "30.00"},
        },
        "ledger": {"lines": 6, "amount": "1149.50"},
        "difference": {"lines": 0, "amount": "0.00"},
    }
    assert of_credits.parts == {
        "after the as-of day": Total(1, 50),
        "counted": Total(1, 500),
        "ineligible": Total(1, 4000),
    }
    assert of_later.parts == {"not announced": Total(1, 25)}
    require_conserved([of_sales, of_credits, of_later])


def test_levels_count_in_the_currency_of_each_sale() -> None:
    """A quota's sum is converted; its sales are conserved in the currencies they were made in."""
    rules_ = rules(offer("level_quota"), rates=rates(("2023-01-01", "JPY", "0.0063")))
    mixed = account(sale("1", "100.00"), sale("2", "1001", "JPY"), sale("3", "-7", "JPY"))
    ledger = LedgerTotals({"EUR": Total(1, 10000), "JPY": Total(2, 994)}, {}, EMPTY, EMPTY)
    found = equations(tally_of([mixed], rules_), ledger, rules_)
    assert {one.currency: dict(one.parts) for one in found} == {
        "EUR": {"counted": Total(1, 10000)},
        "JPY": {"counted": Total(2, 994)},
    }
    require_conserved(found)


def test_a_refund_deducted_later_is_counted_where_its_sale_is() -> None:
    """Under `deduct` a refund of the next year is counted with the sale of the period, and the sums still hold."""
    rules_ = rules(offer("cashback"), as_of="2024-06-30", of=program(refunds_after_period="deduct"))
    refunded = account(sale("1", "100.00"), sale("2", "-40.00", on="2024-02-01", refunded="2023-06-01"))
    (found,) = equations(
        tally_of([refunded], rules_), LedgerTotals({"EUR": Total(2, 6000)}, {}, EMPTY, EMPTY), rules_
    )
    assert (found.parts, found.difference) == ({"counted": Total(2, 6000)}, Total(0, 0))


def test_what_is_missing_is_said() -> None:
    """The error names the table, the offer, the currency, by how much and in how many lines."""
    rules_ = rules(offer("cashback"))
    tally = tally_of([account(sale("1", "100.00"), credit("3.00"))], rules_)
    ledger = LedgerTotals({"EUR": Total(2, 10550)}, {}, {("cashback", "EUR"): Total(1, 200)}, EMPTY)
    with pytest.raises(NotConserved) as caught:
        require_conserved(equations(tally, ledger, rules_))
    text = str(caught.value)
    assert "sales of cashback in EUR: 5.50 EUR (lines: 1) are in no statement" in text
    assert "credits of cashback in EUR: -1.00 EUR (lines: 0)" in text
    assert "report it" in text

"""What of a statement is a correction of what was told, and what changed by itself."""

import json
from pathlib import Path

import pytest

from rewards import (
    Difference,
    Policy,
    differences,
    parse_day,
    running_offers,
    statement_json,
    told_statement,
)
from tests.reference.samples import offer, program

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "statements-2023-12-31.jsonl"
CASHBACK = {
    "offer": "cash",
    "currency": "EUR",
    "eligible_sales": "1000.00",
    "rate": "0.15",
    "amount": "150.00",
    "already_credited": "20.00",
    "to_credit": "130.00",
    "status": "accruing",
    "credited_on": "2023-12-31",
}
HELD = {"subscription_id": "S-9", "expires_on": "2023-06-30", "extended_to": "2023-12-31"}
FREE = {
    "offer": "free",
    "product": "4SC",
    "allowed": 10,
    "held": 1,
    "remaining": 9,
    "register_by": "2023-12-31",
    "subscriptions": [HELD],
}


def statement(
    as_of: str = "2023-12-31", cashback: object = CASHBACK, free: object = FREE
) -> dict[str, object]:
    """The JSON form of a statement with up to one cashback and one free subscription."""
    return {
        "partner_id": "P",
        "as_of": as_of,
        "level": "base",
        "cashback": [cashback] if cashback else [],
        "extensions": [],
        "free_subscriptions": [free] if free else [],
        "levels": [],
    }


def test_the_same_figures_differ_in_nothing() -> None:
    """Nor do another day and the status that follows from it."""
    later = statement("2024-01-15", {**CASHBACK, "status": "final"})
    assert [] == differences(statement(), statement()) == differences(statement(), later)


def test_every_changed_figure_is_named_with_both_values() -> None:
    """In the order of the statement's lists."""
    now = {**CASHBACK, "eligible_sales": "1100.00", "amount": "165.00", "to_credit": "145.00"}
    assert differences(statement(), statement(cashback=now)) == [
        Difference("cashback", ("cash", "EUR"), "eligible_sales", "1000.00", "1100.00", "Sales that count"),
        Difference("cashback", ("cash", "EUR"), "amount", "150.00", "165.00", "Amount"),
        Difference("cashback", ("cash", "EUR"), "to_credit", "130.00", "145.00", "Still to credit"),
    ]


@pytest.mark.parametrize(
    ("already", "rest", "corrects"),
    [
        ("150.00", "0.00", False),  # 20.00 + 130.00 posted, as it was told
        ("20.00", "130.00", False),  # nothing posted yet
        ("149.99", "0.01", True),  # one cent too little was posted
        ("150.01", "-0.01", True),  # one cent too much
        ("120.00", "30.00", True),  # another credit than the one that was told
    ],
)
def test_a_credit_posted_as_it_was_told_corrects_nothing(already: str, rest: str, corrects: bool) -> None:  # noqa: FBT001
    """To the last unit: anything else is another figure than the partner was told."""
    now = {**CASHBACK, "already_credited": already, "to_credit": rest}
    found = differences(statement(), statement(cashback=now))
    assert corrects == bool(found)
    assert all(one.figure == "to_credit" for one in found)


def test_an_entry_that_is_gone_or_new_differs_in_every_figure() -> None:
    """None stands for the figures of the statement that has no such entry."""
    gone = differences(statement(), statement(cashback=None))
    new = differences(statement(cashback=None), statement())
    assert [one.figure for one in gone] == [one.figure for one in new]
    assert all(one.now is None and one.told is not None for one in gone)
    assert all(one.told is None and one.now is not None for one in new)


def test_what_ran_out_by_itself_corrects_nothing() -> None:
    """A free subscription whose day is over, and an allowance that nobody can use any more, need no message."""
    after = {**FREE, "allowed": 0, "held": 0, "remaining": 0, "subscriptions": []}
    assert [] == differences(statement(), statement("2024-01-01", free=after))
    before = differences(statement(), statement(free=after))
    assert [
        ("free_subscriptions", "allowed"),
        ("subscriptions", "expires_on"),
        ("subscriptions", "extended_to"),
    ] == [(one.table, one.figure) for one in before]


@pytest.mark.parametrize("line", GOLDEN.read_text(encoding="utf-8").splitlines()[::7])
def test_a_told_statement_reads_back_as_it_was_told(line: str) -> None:
    """From the JSON in a frozen message comes a statement with that JSON again."""
    assert json.loads(line) == statement_json(told_statement(line))


@pytest.mark.parametrize(
    ("as_of", "sales", "amount", "running", "corrects"),
    [
        ("2024-01-15", "1100.00", "165.00", ["cash"], False),  # it grew, as it was told that it would
        ("2024-01-15", "900.00", "135.00", ["cash"], True),  # it fell
        ("2024-01-15", "1100.00", "140.00", ["cash"], True),  # a part of it fell
        ("2024-01-15", "1100.00", "165.00", [], True),  # the period was over, or the terms changed
        ("2023-12-31", "1100.00", "165.00", ["cash"], True),  # what was told of that day was wrong
    ],
)
def test_growth_of_what_was_running_is_no_correction(
    as_of: str, sales: str, amount: str, running: list[str], *, corrects: bool
) -> None:
    """A sum that was told while its period was running may grow later without a correction."""
    now = {**CASHBACK, "eligible_sales": sales, "amount": amount, "to_credit": amount}
    assert corrects == bool(differences(statement(), statement(as_of, now), running))


def test_a_new_entry_of_what_was_running_is_growth() -> None:
    """Who had no sale when the statement was told, and has one later, needs no correction; who lost it does."""
    assert [] == differences(statement(cashback=None), statement("2024-01-15"), ["cash"])
    assert [] != differences(statement(), statement("2024-01-15", cashback=None), ["cash"])


@pytest.mark.parametrize(
    ("changes", "told_on", "running"),
    [
        ({}, "2023-06-01", {"cashback", "level_quota", "bonus", "free_subscription"}),
        ({}, "2024-01-01", set()),
        ({"rate": "16%"}, "2023-06-01", {"level_quota", "bonus", "free_subscription"}),
        ({"title": "Another"}, "2023-06-01", {"cashback", "level_quota", "bonus", "free_subscription"}),
    ],
)
def test_running_offers_are_those_before_their_deadline_with_the_same_terms(
    changes: dict[str, object], told_on: str, running: set[str]
) -> None:
    """Offers without a deadline, and those whose terms differ on both days, are not among them."""
    kinds = ("level_quota", "bonus", "free_subscription", "extension")
    told_by = Policy(program(), (offer("cashback"), *map(offer, kinds)))
    policy = Policy(program(), (offer("cashback", **changes), *map(offer, kinds)))
    assert running == running_offers(policy, parse_day("2024-01-15"), told_by, parse_day(told_on))


def test_an_amended_program_changes_the_terms_of_levels() -> None:
    """Only offers that use the quotas of the program, and only if they change before the deadline."""
    amended = program(amendments=[{"effective_on": "2023-10-01", "quotas": {"silver": 6000}}])
    kinds = ("cashback", "level_quota", "bonus")
    told_by = Policy(program(), tuple(map(offer, kinds)))
    policy = Policy(amended, tuple(offer(kind, "", amended) for kind in kinds))
    assert {"cashback"} == running_offers(policy, parse_day("2023-11-01"), told_by, parse_day("2023-06-01"))
    later = program(amendments=[{"effective_on": "2024-01-01", "quotas": {"silver": 6000}}])
    policy = Policy(later, tuple(offer(kind, "", later) for kind in kinds))
    assert set(kinds) == running_offers(policy, parse_day("2024-02-01"), told_by, parse_day("2023-06-01"))

"""The credit journal: the amounts that finance still has to credit for one offer, a line per partner and currency.

Its lines are rows of the credits table. Once they are appended to that table, the journal is empty. Signed-off lines
stay as they were signed, and later changes get lines of their own.
"""

from collections.abc import Iterable
from typing import NamedTuple

from rewards.account import Account
from rewards.faults import RewardsError
from rewards.statements.statement import Statement

Triple = tuple[str, str, str]
"""Offer, partner id, currency."""


class JournalLine(NamedTuple):
    """A row of the credits table; `amount` in minor units, `credited_on` an ordinal."""

    credit_id: str
    partner_id: str
    offer: str
    amount: int
    currency: str
    credited_on: int


class CreditIdTaken(RewardsError):
    """A new line would have the id of a credit that is dated later than the journal; `credit_id` holds it."""

    def __init__(self, credit_id: str) -> None:
        self.credit_id = credit_id
        super().__init__(
            f"credit id taken: {credit_id}: the credits table has it with a day after the journal's; "
            "make the journal as of that day or later"
        )


def journal_lines(
    offer: str, statements: Iterable[tuple[Account, Statement]], as_of: int, signed: Iterable[JournalLine]
) -> list[JournalLine]:
    """Return the lines of `offer` as of a day, by partner id and currency; signed-off lines of a pair come first.

    A line of `signed` that the ledger does not hold yet is due as it was signed, with or without an entry.
    `credit_id` is `OFFER:PARTNER:CURRENCY:N`, where N - 1 is the number of earlier credits of that triple.
    """
    frozen: dict[str, dict[str, list[JournalLine]]] = {}
    for line in signed:
        frozen.setdefault(line.partner_id, {}).setdefault(line.currency, []).append(line)
    found: list[JournalLine] = []
    for account, statement in sorted(statements, key=lambda pair: pair[1].partner_id):
        partner = statement.partner_id
        rests = {entry.currency: entry.to_credit for entry in statement.cashback if entry.offer == offer}
        mine = frozen.get(partner, {})
        for currency in sorted(rests.keys() | mine.keys()):
            due = mine.get(currency, [])
            found += _lines(account, (offer, partner, currency), rests.get(currency), as_of, due)
    return found


def _lines(
    account: Account, triple: Triple, to_credit: int | None, as_of: int, signed: Iterable[JournalLine]
) -> list[JournalLine]:
    offer, partner, currency = triple
    rows = [one for one in account.credits if (one.offer, one.currency) == (offer, currency)]
    posted = {one.credit_id for one in rows if one.credited_on <= as_of}
    due = [line for line in signed if line.credit_id not in posted]
    rest = 0 if to_credit is None else to_credit - sum(line.amount for line in due)
    if not rest:
        return due
    credit_id = f"{offer}:{partner}:{currency}:{len(posted) + len(due) + 1}"
    if any(one.credit_id == credit_id for one in rows):
        raise CreditIdTaken(credit_id)
    return [*due, JournalLine(credit_id, partner, offer, rest, currency, as_of)]


def journal_sums(lines: Iterable[JournalLine]) -> dict[str, int]:
    """Return the net sum of the lines by currency, in minor units, sorted by currency."""
    sums: dict[str, int] = {}
    for line in lines:
        sums[line.currency] = sums.get(line.currency, 0) + line.amount
    return dict(sorted(sums.items()))

"""The credit journal: what finance still has to credit for one offer, a line for each partner and currency.

Its lines are rows of the credits table, so that they can be appended to it, after which there are none. What was signed
off stays as it was signed; whatever changed since is a line of its own.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rewards.account import Account
from rewards.faults import RewardsError
from rewards.statement import Statement

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


@dataclass(frozen=True, slots=True)
class Signed:
    """The lines that were signed off, by offer, partner and currency, each in the order of their numbers."""

    lines: Mapping[Triple, Sequence[JournalLine]]

    @classmethod
    def of(cls, lines: Iterable[JournalLine]) -> "Signed":
        """Signed lines in any order that keeps those of a triple in theirs."""
        found: dict[Triple, list[JournalLine]] = {}
        for line in lines:
            found.setdefault((line.offer, line.partner_id, line.currency), []).append(line)
        return cls(found)

    def currencies(self, offer: str, partner_id: str) -> set[str]:
        """The currencies in which lines of that offer and partner were signed off."""
        return {one[2] for one in self.lines if one[:2] == (offer, partner_id)}


class CreditIdTaken(RewardsError):
    """A new line would have the id of a credit that is dated later than the journal; `credit_id` holds it."""

    def __init__(self, credit_id: str) -> None:
        self.credit_id = credit_id
        super().__init__(
            f"credit id taken: {credit_id}: the credits table has it with a day after the journal's; "
            "make the journal as of that day or later"
        )


def journal_lines(
    offer: str, statements: Iterable[tuple[Account, Statement]], as_of: int, signed: Signed
) -> list[JournalLine]:
    """The lines of `offer` as of a day, by partner id and currency; signed ones that are not in the ledger yet first.

    `credit_id` is `OFFER:PARTNER:CURRENCY:N`, N - 1 the number of credits of that triple before it.
    """
    found: list[JournalLine] = []
    for account, statement in sorted(statements, key=lambda pair: pair[1].partner_id):
        partner = statement.partner_id
        rests = {entry.currency: entry.to_credit for entry in statement.cashback if entry.offer == offer}
        # A signed line stands even if the partner has no entry any more.
        for currency in sorted(rests.keys() | signed.currencies(offer, partner)):
            found += _lines(account, (offer, partner, currency), rests.get(currency), as_of, signed)
    return found


def _lines(
    account: Account, triple: Triple, to_credit: int | None, as_of: int, signed: Signed
) -> list[JournalLine]:
    offer, partner, currency = triple
    rows = [one for one in account.credits if (one.offer, one.currency) == (offer, currency)]
    posted = {one.credit_id for one in rows if one.credited_on <= as_of}
    due = [line for line in signed.lines.get(triple, ()) if line.credit_id not in posted]
    rest = 0 if to_credit is None else to_credit - sum(line.amount for line in due)
    if not rest:
        return due
    credit_id = f"{offer}:{partner}:{currency}:{len(posted) + len(due) + 1}"
    if any(one.credit_id == credit_id for one in rows):
        raise CreditIdTaken(credit_id)
    return [*due, JournalLine(credit_id, partner, offer, rest, currency, as_of)]


def journal_sums(lines: Iterable[JournalLine]) -> dict[str, int]:
    """The net sum of the lines by currency, in minor units, sorted by currency."""
    sums: dict[str, int] = {}
    for line in lines:
        sums[line.currency] = sums.get(line.currency, 0) + line.amount
    return dict(sorted(sums.items()))

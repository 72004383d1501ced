"""The amounts that partners are due: summed, grouped and compared, as integers of minor units.

Sums of unlike currencies are never added; currencies are ordered by code.
"""

from collections.abc import Callable, Iterable, Mapping
from itertools import groupby
from typing import NamedTuple

from rewards import Account, Statement, minor_units

OF_INTEREST = 5
"""How many partners a list of the report names for one currency."""


class Due(NamedTuple):
    """One partner's cashback of all offers in one currency."""

    partner_id: str
    name: str
    level: str
    country: str
    currency: str
    amount: int
    already_credited: int
    to_credit: int


class Liability(NamedTuple):
    """The number of partners with an entry, and their sums: earned, credited, still to credit and to pay back."""

    partners: int
    amount: int
    already_credited: int
    credit: int
    debit: int

    @property
    def to_credit(self) -> int:
        """The net sum."""
        return self.credit + self.debit


class Jump(NamedTuple):
    """A partner who was told `before` (minor units) and is due another amount now."""

    due: Due
    before: int


def dues(statements: Iterable[tuple[Account, Statement]]) -> list[Due]:
    """Return the dues of each partner and currency with a cashback entry, in the statements' order."""
    found = []
    for account, statement in statements:
        partner = account.partner
        sums: dict[str, list[int]] = {}
        for entry in statement.cashback:
            row = sums.setdefault(entry.currency, [0, 0, 0])
            row[0] += entry.amount
            row[1] += entry.already_credited
            row[2] += entry.to_credit
        for currency, (amount, credited, to_credit) in sorted(sums.items()):
            particulars = (partner.partner_id, partner.name, statement.level, partner.country)
            found.append(Due(*particulars, currency, amount, credited, to_credit))
    return found


def liability(rows: Iterable[Due], key: Callable[[Due], str]) -> dict[tuple[str, str], Liability]:
    """Return the sums by (currency, key), sorted by them."""
    sums: dict[tuple[str, str], Liability] = {}
    for due in rows:
        place = (due.currency, key(due))
        before = sums.get(place, Liability(0, 0, 0, 0, 0))
        sums[place] = Liability(
            before.partners + 1,
            before.amount + due.amount,
            before.already_credited + due.already_credited,
            before.credit + max(due.to_credit, 0),
            before.debit + min(due.to_credit, 0),
        )
    return dict(sorted(sums.items()))


def largest(rows: Iterable[Due], number: int = OF_INTEREST) -> list[Due]:
    """Return the partners of each currency who are due most, at most `number` of each, by currency."""
    return _first_of_each((due for due in rows if due.to_credit > 0), lambda due: -due.to_credit, number)


def negative(rows: Iterable[Due]) -> list[Due]:
    """Return every partner who was credited more than is due, by currency, the largest debt first."""
    return sorted(
        (due for due in rows if due.to_credit < 0),
        key=lambda due: (due.currency, due.to_credit, due.partner_id),
    )


def jumped(rows: Iterable[Due], before: Mapping[tuple[str, str], int]) -> list[Jump]:
    """Return the partners whose sum changed by at least half, by currency, the largest difference first.

    `before` has the sums by (partner id, currency) of the earlier plan's partners; others cannot jump. If nothing was
    due before, every amount is a jump.
    """
    known = {partner_id for partner_id, _ in before}
    found = []
    for due in rows:
        then = before.get((due.partner_id, due.currency), 0)
        change = abs(due.to_credit - then)
        if due.partner_id in known and change and change * 2 >= abs(then):
            found.append(Jump(due, then))
    return sorted(
        found,
        key=lambda one: (one.due.currency, -abs(one.due.to_credit - one.before), one.due.partner_id),
    )


def _first_of_each(rows: Iterable[Due], order: Callable[[Due], int], number: int) -> list[Due]:
    ordered = sorted(rows, key=lambda due: (due.currency, order(due), due.partner_id))
    groups = groupby(ordered, key=lambda due: due.currency)
    return [due for _, group in groups for due in list(group)[:number]]


class Bin(NamedTuple):
    """The number of partners that are due at least `low` and less than `high` whole units; None is no limit."""

    low: int | None
    high: int | None
    partners: int


def distribution(rows: Iterable[Due]) -> dict[str, list[Bin]]:
    """Group the partners of each currency by size of `to_credit`, in steps of 1, 2, 5, 10 and so on, without a gap.

    Negative amounts are one bin; an amount of 0 is the bin from 0 to 0.
    """
    amounts: dict[str, list[int]] = {}
    for due in rows:
        amounts.setdefault(due.currency, []).append(due.to_credit)
    return {currency: _bins(sums, 10 ** minor_units(currency)) for currency, sums in sorted(amounts.items())}


def _bins(sums: list[int], unit: int) -> list[Bin]:
    found = []
    if below := sum(amount < 0 for amount in sums):
        found.append(Bin(None, 0, below))
    if nothing := sums.count(0):
        found.append(Bin(0, 0, nothing))
    positive = sorted(amount for amount in sums if amount > 0)
    low, step = 0, 0
    started = False
    while positive:
        high = (1, 2, 5)[step % 3] * 10 ** (step // 3)
        inside = sum(amount < high * unit for amount in positive)
        started = started or bool(inside)
        if started:
            found.append(Bin(low, high, inside))
        positive = positive[inside:]
        low, step = high, step + 1
    return found

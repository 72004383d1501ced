"""Conservation: every ledger line is either counted in a statement or excluded for one reason.

Counted amounts are taken from the statements, excluded ones from the lines, the whole from the ledger: three
computations that meet only here. Amounts are minor units of their currency.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Self

from rewards.account import Account
from rewards.faults import RewardsError
from rewards.money import format_amount
from rewards.offers.kind import Case, CountingRule
from rewards.offers.steps import AFTER_AS_OF, EXCLUDED_PRODUCT, NOT_ELIGIBLE, OUTSIDE_THE_PERIOD
from rewards.statements.policy import Rules
from rewards.statements.statement import Statement

COUNTED = "counted"
CLOSED = "closed"
NOT_ANNOUNCED = "not announced"

LineTable = Literal["sales", "credits"]
_Heap = defaultdict[str, list[int]]
_Heaps = defaultdict[tuple[str, str], _Heap]
"""By (offer, reason): lines and amount by currency. Plain lists, because a heap changes with every ledger line."""


def _empty() -> list[int]:
    return [0, 0]


def _heap() -> _Heap:
    return defaultdict(_empty)


def _heaps() -> _Heaps:
    return defaultdict(_heap)


class Total(NamedTuple):
    """The number of lines, and their sum in minor units of one currency."""

    lines: int
    amount: int


NOTHING = Total(0, 0)


class LedgerTotals(NamedTuple):
    """The sums of the ledger's own lines: sales by currency, credits by (offer, currency).

    `closed_*` are those of them that belong to closed partners, who have no statement.
    """

    sales: Mapping[str, Total]
    closed_sales: Mapping[str, Total]
    credits: Mapping[tuple[str, str], Total]
    closed_credits: Mapping[tuple[str, str], Total]


@dataclass(frozen=True, slots=True)
class Tally:
    """Lines and amounts by offer, reason and currency over the statements added so far."""

    sales: _Heaps = field(default_factory=_heaps)
    credits: _Heaps = field(default_factory=_heaps)

    def add(self, account: Account, statement: Statement, rules: Rules) -> None:
        """Add an account with its statement by `rules`."""
        partner, level = account.partner, statement.level
        case = Case(account, level, rules)
        for name, rule in rules.counting:
            if rule.terms.is_for(partner, level):
                self._add_sales(rule, case)
                counted = self.sales[rule.offer, COUNTED]
                mine = [entry for entry in statement.entries(name) if entry.offer == rule.offer]
                for currency, amount in rule.tallied(mine, case):
                    _put(counted, currency, 0, amount)
            else:
                ineligible = self.sales[rule.offer, NOT_ELIGIBLE]
                for sale in account.sales:
                    _put(ineligible, sale[4], 1, sale[3])
        for entry in statement.cashback:
            _put(self.credits[entry.offer, COUNTED], entry.currency, 0, entry.already_credited)
        if account.credits:
            self._add_credits(account, level, rules)

    def merge(self, other: "Tally") -> None:
        """Add the figures of `other`, whose accounts are not in this tally."""
        for mine, theirs in ((self.sales, other.sales), (self.credits, other.credits)):
            for key, heap in theirs.items():
                for currency, (lines, amount) in heap.items():
                    _put(mine[key], currency, lines, amount)

    def rows(self) -> list[list[str | int]]:
        """Return plain values from which `of_rows` restores the tally."""
        return [
            [table, offer, reason, currency, lines, amount]
            for table, heaps in (("sales", self.sales), ("credits", self.credits))
            for (offer, reason), heap in heaps.items()
            for currency, (lines, amount) in heap.items()
        ]

    @classmethod
    def of_rows(cls, rows: Iterable[Sequence[Any]]) -> Self:
        """Return the tally that gave these rows."""
        made = cls()
        for table, offer, reason, currency, lines, amount in rows:
            heaps = made.sales if table == "sales" else made.credits
            _put(heaps[offer, reason], currency, lines, amount)
        return made

    def _add_sales(self, rule: CountingRule[Any], case: Case) -> None:
        """Add every sale under its reason; for counted sales add only their number."""
        first, last, products = rule.first, rule.last, rule.products
        as_of, deduct = case.basis.as_of, case.basis.deduct
        counted, outside, later, other = (
            self.sales[rule.offer, reason]
            for reason in (COUNTED, OUTSIDE_THE_PERIOD, AFTER_AS_OF, EXCLUDED_PRODUCT)
        )
        # As `lines.exclusion` says, without a call: this runs for every sale of every partner at every build.
        for _, _, day, amount, currency, product, _, refunded_day in case.account.sales:
            if not first <= (refunded_day if deduct and refunded_day is not None else day) <= last:
                total = outside[currency]
            elif day > as_of:
                total = later[currency]
            elif products is not None and not products.counts(product):
                total = other[currency]
            else:
                counted[currency][0] += 1
                continue
            total[0] += 1
            total[1] += amount

    def _add_credits(self, account: Account, level: str, rules: Rules) -> None:
        eligible = {rule.offer: rule.terms.is_for(account.partner, level) for rule in rules.cashback}
        for credit in account.credits:
            if credit.offer not in eligible:
                reason = NOT_ANNOUNCED
            elif not eligible[credit.offer]:
                reason = NOT_ELIGIBLE
            else:
                reason = AFTER_AS_OF if credit.credited_on > rules.as_of else COUNTED
            amount = 0 if reason == COUNTED else credit.amount
            _put(self.credits[credit.offer, reason], credit.currency, 1, amount)


def _put(heap: _Heap, currency: str, lines: int, amount: int) -> None:
    total = heap[currency]
    total[0] += lines
    total[1] += amount


class Conserved(NamedTuple):
    """One equation: the parts by reason, and what the ledger says they must add up to."""

    table: LineTable
    offer: str
    currency: str
    parts: Mapping[str, Total]
    ledger: Total

    @property
    def difference(self) -> Total:
        """The ledger less all parts: zero, or what was lost (below zero: counted twice)."""
        lines = self.ledger.lines - sum(part.lines for part in self.parts.values())
        return Total(lines, self.ledger.amount - sum(part.amount for part in self.parts.values()))

    def __str__(self) -> str:
        lines, amount = self.difference
        of_them = f"{format_amount(amount, self.currency)} {self.currency} (lines: {lines})"
        return f"{self.table} of {self.offer} in {self.currency}: {of_them} are in no statement and under no reason"


class NotConserved(RewardsError):
    """Lines were lost or doubled; `broken` are the equations that do not hold."""

    def __init__(self, broken: Sequence[Conserved]) -> None:
        self.broken = tuple(broken)
        listed = "; ".join(map(str, broken[:5]))
        rest = f"; and {len(broken) - 5} more" if len(broken) > 5 else ""  # noqa: PLR2004 - as many as listed
        super().__init__(
            f"the figures do not add up to the ledger: {listed}{rest}; nothing was written: "
            "this is a defect of the rules, report it with the statement of a partner who is concerned"
        )


def equations(tally: Tally, ledger: LedgerTotals, rules: Rules) -> list[Conserved]:
    """Return an equation for each counting offer and ledger currency, then one for each sum of credits.

    The equations are sorted by offer and currency. A part without lines and amount is left out.
    """
    offers = sorted(rule.offer for _, rule in rules.counting)
    currencies = sorted({*ledger.sales, *(currency for heap in tally.sales.values() for currency in heap)})
    pairs = {(offer, currency) for (offer, _), heap in tally.credits.items() for currency in heap}
    return [
        Conserved("sales", offer, currency, parts, ledger.sales.get(currency, NOTHING))
        for offer in offers
        for currency in currencies
        for parts in [_parts(tally.sales, offer, currency, ledger.closed_sales.get(currency, NOTHING))]
    ] + [
        Conserved("credits", *pair, parts, ledger.credits.get(pair, NOTHING))
        for pair in sorted({*ledger.credits, *pairs})
        for parts in [_parts(tally.credits, *pair, ledger.closed_credits.get(pair, NOTHING))]
        if parts or pair in ledger.credits
    ]


def _parts(heaps: _Heaps, offer: str, currency: str, closed: Total) -> dict[str, Total]:
    found = {
        reason: Total(*heap[currency])
        for (slug, reason), heap in heaps.items()
        if slug == offer and currency in heap
    }
    found[CLOSED] = closed
    return {reason: total for reason, total in sorted(found.items()) if total != NOTHING}


def require_conserved(found: Iterable[Conserved]) -> None:
    """Raise `NotConserved` with the equations that do not hold."""
    broken = [one for one in found if one.difference != NOTHING]
    if broken:
        raise NotConserved(broken)


def conserved_json(one: Conserved) -> dict[str, object]:
    """Return the public form, with amounts as text; `difference` has no lines and no amount if nothing was lost."""

    def text(total: Total) -> dict[str, object]:
        return {"lines": total.lines, "amount": format_amount(total.amount, one.currency)}

    parts = dict(one.parts)
    counted = parts.pop(COUNTED, NOTHING)
    return {
        "table": one.table,
        "offer": one.offer,
        "currency": one.currency,
        "counted": text(counted),
        "excluded": {reason: text(total) for reason, total in parts.items()},
        "ledger": text(one.ledger),
        "difference": text(one.difference),
    }

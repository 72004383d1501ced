"""Exchange rates as the ledger states them: one `source` is `rate` times `target`, until the next row."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from fractions import Fraction
from functools import cached_property
from math import lcm
from typing import NamedTuple

from rewards.account import Sale
from rewards.money import scale


class RateRow(NamedTuple):
    """A ledger line of `rates`; `rate` is above 0. `source` and `target` are its columns `from` and `to`."""

    on: int
    source: str
    target: str
    rate: Fraction


class Rates:
    """All rows of the `rates` table, in any order. There are no inverse and no cross rates."""

    def __init__(self, rows: Iterable[tuple[int, str, str, Fraction]] = ()) -> None:
        """Take `rows` as `RateRow`s or plain tuples of the same shape; they are read when a rate is first used."""
        self._given = rows
        self._conversions: dict[str, Conversion] = {}

    @cached_property
    def rows(self) -> tuple[RateRow, ...]:
        """The rows, sorted; equal rows count once."""
        return tuple(sorted({RateRow(*row) for row in self._given}))

    def into(self, currency: str) -> "Conversion":
        """Return the rates whose target is `currency`; they are prepared once per currency."""
        if currency not in self._conversions:
            self._conversions[currency] = Conversion(currency, self)
        return self._conversions[currency]

    def on(self, source: str, day: int, target: str) -> Fraction | None:
        """Return the worth of one `source` in `target` by the day's row, else by the latest row before, else None."""
        return self.into(target).on(source, day)


class Conversion:
    """Exact sums of sales in one target currency."""

    def __init__(self, target: str, rates: Rates) -> None:
        self.target = target
        self._rates = rates

    @cached_property
    def _prepared(self) -> "tuple[dict[str, _Table], int]":
        """The rows by source, and the denominator of all their numerators."""
        by_source: dict[str, list[RateRow]] = defaultdict(list)
        for row in self._rates.rows:
            if row.target == self.target:
                by_source[row.source].append(row)
        tables = {source: _Table(source, self.target, listed) for source, listed in by_source.items()}
        denominator = lcm(*(one.denominator for table in tables.values() for one in table.exact))
        for table in tables.values():
            table.numerators = [int(one * denominator) for one in table.exact]
        return tables, denominator

    def on(self, source: str, day: int) -> Fraction | None:
        """Return the rate as `Rates.on` does; the target currency itself is worth 1."""
        row = self.row(source, day)
        if row is None:
            return Fraction(1) if source == self.target else None
        return row.rate

    def row(self, source: str, day: int) -> RateRow | None:
        """Return the row in force on `day`; None for the target itself, and where no row is early enough."""
        table = self._prepared[0].get(source)
        if table is None or source == self.target:
            return None
        index = bisect_right(table.days, day)
        return table.rows[index - 1] if index else None

    def total(self, sales: Iterable[Sale], missing: list[Sale]) -> Fraction:
        """Sum `sales` in minor units of the target; one without a rate is left out and added to `missing`."""
        tables, denominator = self._prepared
        own = foreign = 0
        for sale in sales:
            source = sale[4]
            if source == self.target:
                own += sale[3]
                continue
            table = tables.get(source)
            index = bisect_right(table.days, sale[2]) if table else 0
            if table is None or not index:
                missing.append(sale)
            else:
                foreign += sale[3] * table.numerators[index - 1]
        return Fraction(own * denominator + foreign, denominator)


class _Table:
    """The rows of one source by day; `exact` are their rates in minor units, `numerators` over the conversion's."""

    def __init__(self, source: str, target: str, rows: list[RateRow]) -> None:
        self.rows = sorted(rows)
        self.days = [row.on for row in self.rows]
        self.exact = [row.rate * Fraction(scale(target), scale(source)) for row in self.rows]
        self.numerators: list[int] = []

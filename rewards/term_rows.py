"""What terms say, as rows of plain values; whoever shows them formats the values and names the rows."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import NamedTuple

from rewards.money import Money


class OnDay(NamedTuple):
    """A day, as an ordinal."""

    day: int


class LevelId(NamedTuple):
    """A level, which people know by its name."""

    level: str


class Word(NamedTuple):
    """A word of ours, such as a subscription's plan, which is put into the reader's language."""

    code: str


Cell = str | int | Fraction | Money | LevelId
"""Text of staff, a number, a share, an amount or a level."""
Value = Cell | OnDay | Word
"""The same, a day or a word."""


class TermRow(NamedTuple):
    """One line of the terms under a code; `table` holds rows of cells."""

    name: str
    values: tuple[Value, ...] = ()
    table: tuple[tuple[Cell, ...], ...] = ()


class Headline(NamedTuple):
    """The figure that says most about an offer; `highest`: of several."""

    value: Cell
    highest: bool = False


def amount_rows(name: str, amounts: Mapping[str, str]) -> Iterator[TermRow]:
    """A row of the amounts by currency; none without amounts."""
    if amounts:
        yield TermRow(
            name, tuple(Money.parse(number, currency) for currency, number in sorted(amounts.items()))
        )

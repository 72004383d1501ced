"""Reads separated text exactly: the row of every record, and every record that breaks the format.

This is slower than the database's own reader: it serves files in which a line is not always a row, or with faults.
"""

import csv
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple


class Record(NamedTuple):
    """One row as a spreadsheet counts it (an empty line is a row): its fields, or what breaks the format."""

    row: int
    fields: tuple[str, ...]
    broken: str = ""


class _Replay:
    """Lines that can be taken back: those of the current record after its first."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._again: deque[str] = deque()
        self._taken: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        self._taken.append(line)
        return line

    def begin(self) -> None:
        self._taken.clear()

    def take_back(self) -> int:
        self._again.extendleft(reversed(self._taken[1:]))
        return len(self._taken)


def records(lines: Iterator[str], delimiter: str) -> Iterator[Record]:
    """Every record of `lines`, empty ones left out. After a broken one the reading goes on at the next line."""
    source = _Replay(lines)
    reader = csv.reader(source, delimiter=delimiter, strict=True)
    row = 0
    while True:
        row += 1
        source.begin()
        try:
            fields = next(reader, None)
        except csv.Error as error:
            yield Record(row, (), _reason(str(error), source.take_back()))
            reader = csv.reader(source, delimiter=delimiter, strict=True)
            continue
        if fields is None:
            return
        if fields:
            yield Record(row, tuple(fields))


def _reason(message: str, lines: int) -> str:
    if lines > 1 or "unexpected end of data" in message:
        return "a quote opens that is not closed"
    if "field larger" in message:
        return f"a field is longer than {csv.field_size_limit():,} characters"
    return "text follows a closing quote"

"""Values that come with a type (from workbooks, Parquet and databases) as the text that a table of texts would hold."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal

from ledger.csv_rows import Record


@dataclass(frozen=True, slots=True)
class TypedRows:
    """The column names of a source, and its rows with their numbers (the header is row 1)."""

    names: list[str]
    rows: Iterator[tuple[int, Sequence[object]]]


@dataclass(frozen=True, slots=True)
class Unusable:
    """In the place of a value that is none, such as the error of a formula."""

    what: str
    remedy: str


Refuse = Callable[[int, int, Unusable], None]


def as_records(rows: Iterable[tuple[int, Sequence[object]]], width: int, refuse: Refuse) -> Iterator[Record]:
    """The rows as texts, filled up to `width`; rows without a single value are left out.

    `refuse` takes the row, position and reason of what is no value; it is read as empty.
    """
    for number, values in rows:
        if all(value is None for value in values):
            continue
        fields = []
        for position, value in enumerate(values):
            text = value if type(value) is str else cell_text(value)
            if isinstance(text, Unusable):
                refuse(number, position, text)
                text = ""
            fields.append(text)
        while len(fields) > width and not fields[-1]:
            fields.pop()
        yield Record(number, (*fields, *[""] * (width - len(fields))))


def cell_text(value: object) -> str | Unusable:
    """A typed value as text: none as empty, numbers without exponent or superfluous zeros, days as `YYYY-MM-DD`.

    A number in binary is meant with at most 15 significant digits. A time at midnight without an offset is a day.
    """
    if value is None:
        return ""
    if isinstance(value, Unusable):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        return Unusable("binary data", "give it as text")
    if isinstance(value, float | Decimal):
        return _plain(Decimal(f"{value:.15g}") if isinstance(value, float) else value)
    if isinstance(value, datetime):
        is_day = value.tzinfo is None and value.time() == time()
        return value.date().isoformat() if is_day else value.isoformat()
    return value.isoformat() if isinstance(value, date) else str(value)


def _plain(number: Decimal) -> str:
    if not number.is_finite():
        return str(number)
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text

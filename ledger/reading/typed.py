"""Values that come with a type (from workbooks, Parquet and databases) as the text that a table of texts would hold."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from math import isfinite
from pathlib import Path
from typing import NamedTuple, Protocol
from uuid import UUID

from ledger.database import Database
from ledger.errors import SourceUnreadable, TablesUnreadable
from ledger.reading.csv_text import TextRow
from ledger.settings import POSTGRESQL
from ledger.tables import file_literal, identifier, whole
from rewards import Severity


class SourceNote(NamedTuple):
    """A fault or remark about a source, or about cells of its rows in `columns` (positions from 0).

    `row` is the first of the rows, `until` the last.
    """

    what: str
    remedy: str
    severity: Severity
    row: int | None = None
    columns: range | None = None
    until: int | None = None


@dataclass(frozen=True, slots=True)
class TypedRows:
    """The column names of a source, the row in which they stand, and the rows below it with their numbers.

    `notes` are complete once the rows are read. `others` are the headers of other tables in the same file, by name.
    `from_1904` tells that numbers of days count from then.
    """

    names: list[str]
    rows: Iterator[tuple[int, Sequence[object]]]
    notes: list[SourceNote] = field(default_factory=list)
    others: Mapping[str, Sequence[str]] = field(default_factory=dict)
    row: int = 1
    from_1904: bool = False


@dataclass(frozen=True, slots=True)
class Unusable:
    """In the place of a value that is none, such as the error of a formula."""

    what: str
    remedy: str


Refuse = Callable[[int, int, Unusable], None]


def as_records(rows: Iterable[tuple[int, Sequence[object]]], width: int, refuse: Refuse) -> Iterator[TextRow]:
    """Yield the rows as texts, filled up to `width`.

    `refuse` takes the row, position and reason of a value that is unusable, which is then read as empty.
    """
    for number, values in rows:
        fields, typed = [], []
        for position, value in enumerate(values):
            text: str | Unusable
            if type(value) is str:
                text = value
            else:
                text = cell_text(value)
                typed.append(position)
            if isinstance(text, Unusable):
                refuse(number, position, text)
                text = ""
            fields.append(text)
        while len(fields) > width and not fields[-1]:
            fields.pop()
        yield TextRow(number, (*fields, *[""] * (width - len(fields))), "", typed)


_MOST_DIGITS = 15
_UNSURE = 10**_MOST_DIGITS


def cell_text(value: object) -> str | Unusable:  # noqa: PLR0911 - a case for each type
    """Return a typed value as text: none as empty, numbers without exponent, days as `YYYY-MM-DD`.

    A number in binary has 15 sure digits (IEEE 754 double precision), and one that would need more is unusable. A time
    at midnight without an offset is a day.
    """
    match value:
        case None:
            return ""
        case bool():
            return str(value).upper()
        case str() | Unusable():
            return value
        case float():
            return _binary(value)
        case Decimal() if value.is_finite():
            return _plain(value)
        case datetime():
            is_day = value.tzinfo is None and value.time() == time()
            return value.date().isoformat() if is_day else value.isoformat()
        case date() | time():
            return value.isoformat()
        case int() | UUID():
            return str(value)
        case bytes() | bytearray() | memoryview():
            return Unusable("binary data", "give it as text")
    return Unusable(f"a value of the type {type(value).__name__}", "give it as text")


def _binary(number: float) -> str | Unusable:
    if not isfinite(number):
        return Unusable(f"the number is {number}", "leave the cell empty, or give a number")
    if abs(number) > _UNSURE:
        what = f"the number {number:.0f} has more digits than the {_MOST_DIGITS} that such a cell keeps"
        return Unusable(what, "give the column as text before the values are entered, and export again")
    return _plain(Decimal(f"{number:.{_MOST_DIGITS}g}"))


def _plain(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


# A table in a Parquet file, whose columns have types.

_AS_TEXT = {
    "DATE": "CAST({0} AS VARCHAR)",
    "FLOAT": "CAST(CAST({0} AS VARCHAR) AS DOUBLE)",
    "TIMESTAMP WITH TIME ZONE": "strftime({0} AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ')",
}
_TIME_AS_TEXT = (
    "CASE WHEN {0} = date_trunc('day', {0}) THEN CAST(CAST({0} AS DATE) AS VARCHAR) "
    "ELSE strftime({0}, '%Y-%m-%dT%H:%M:%S.%f') END"
)


@contextmanager
def open_parquet(path: Path) -> Iterator[TypedRows]:
    """Open the rows of a Parquet file; its first row is row 2, as under a header. Raises `SourceUnreadable`."""
    database = Database(threads=1)
    try:
        file = file_literal(path)
        relation = f"read_parquet({file})"
        columns = [(str(row[0]), str(row[1])) for row in database.rows(f"DESCRIBE SELECT * FROM {relation}")]
        selected = ", ".join(_selected(name, kind) for name, kind in columns)
        batches = database.objects(f"SELECT {selected} FROM {relation}")
        yield TypedRows(
            _written_names(database, file, columns), enumerate((row for batch in batches for row in batch), 2)
        )
    except TablesUnreadable as error:
        raise SourceUnreadable(f"cannot be read as Parquet: {error}", "export it again") from error
    finally:
        database.close()


def _written_names(database: Database, file: str, columns: Sequence[tuple[str, str]]) -> list[str]:
    """Return the columns' names as the file has them: the database gives a repeated name another one."""
    nodes = database.rows(f"SELECT name, num_children FROM parquet_schema({file})")
    written: list[str] = []
    skip = 0
    for name, children in nodes[1:]:
        if not skip:
            written.append(str(name))
        skip = max(skip - 1, 0) + (whole(children) if isinstance(children, int) else 0)
    return written if len(written) == len(columns) else [name for name, _ in columns]


def _selected(name: str, kind: str) -> str:
    pattern = _TIME_AS_TEXT if kind.startswith("TIMESTAMP") else "{0}"
    return _AS_TEXT.get(kind, pattern).format(identifier(name))


# A table as the result of a query: SQLite through the standard library, PostgreSQL through psycopg.

_SQLITE = "sqlite:///"


def is_url(path: str) -> bool:
    """Whether `path` is the address of a database rather than that of a file."""
    return path.startswith(("sqlite:", *POSTGRESQL))


@contextmanager
def open_query(url: str, query: str, site: Path) -> Iterator[TypedRows]:
    """The rows of `query`; the first is row 2, as under a header. Nothing can be written by it.

    `sqlite:///data/ledger.db` is relative to `site`, `sqlite:////` absolute. Raises `SourceUnreadable`.
    """
    if not query:
        raise SourceUnreadable("a database needs a query", 'write {path = "…", query = "SELECT …"} in [data]')
    opening = _open_postgresql(url, query)
    if not url.startswith(POSTGRESQL):
        if not url.startswith(_SQLITE):
            raise SourceUnreadable(
                f"{url!r} names no database", f"write {_SQLITE}PATH or postgresql://HOST/NAME"
            )
        opening = _open_sqlite(site / url.removeprefix(_SQLITE), query)
    with opening as rows:
        yield rows


@contextmanager
def _open_sqlite(path: Path, query: str) -> Iterator[TypedRows]:
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            cursor = connection.execute(query)
            yield _result(cursor, cursor.description)
    except sqlite3.Error as error:
        raise SourceUnreadable(
            f"the query failed: {error}", "check the path and the query in [data]"
        ) from error


@contextmanager
def _open_postgresql(url: str, query: str) -> Iterator[TypedRows]:
    try:
        import psycopg  # noqa: PLC0415 - an optional part, which most sites do not install
    except ImportError as error:
        raise SourceUnreadable("needs psycopg to be read", "install offerpress[postgresql]") from error
    try:
        with psycopg.connect(url, connect_timeout=10) as connection:
            connection.read_only = True
            connection.execute("SET LOCAL TimeZone = 'UTC'")
            # A named cursor stays on the server: a ledger of any size comes over in parts.
            with connection.cursor("ledger") as cursor:
                cursor.itersize = 10_000
                cursor.execute(query.encode())
                yield _result(cursor, cursor.description)
    except psycopg.Error as error:
        text = " ".join(str(error).split())
        raise SourceUnreadable(
            f"the query failed: {text}", "check the address and the query in [data]"
        ) from error


class _Cursor(Protocol):
    def __iter__(self) -> Iterator[tuple[object, ...]]: ...


def _result(cursor: _Cursor, description: Sequence[Sequence[object]] | None) -> TypedRows:
    if description is None:
        raise SourceUnreadable("the query selects nothing", "write a SELECT")
    return TypedRows([str(column[0]) for column in description], enumerate(cursor, 2))

"""Values that come with a type (from workbooks, Parquet and databases) as the text that a table of texts would hold."""

import sqlite3
import warnings
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Protocol
from zipfile import BadZipFile

from ledger.csv_text import TextRow
from ledger.database import Database, file_literal
from ledger.errors import SourceUnreadable, TablesUnreadable
from ledger.settings import POSTGRESQL
from ledger.tables import quoted


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


def as_records(rows: Iterable[tuple[int, Sequence[object]]], width: int, refuse: Refuse) -> Iterator[TextRow]:
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
        yield TextRow(number, (*fields, *[""] * (width - len(fields))))


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
    """The rows of a Parquet file; its first row is row 2, as under a header. Raises `SourceUnreadable`."""
    database = Database(threads=1)
    try:
        relation = f"read_parquet({file_literal(path)})"
        columns = [(str(row[0]), str(row[1])) for row in database.rows(f"DESCRIBE SELECT * FROM {relation}")]
        selected = ", ".join(_selected(name, kind) for name, kind in columns)
        batches = database.objects(f"SELECT {selected} FROM {relation}")
        yield TypedRows(
            [name for name, _ in columns], enumerate((row for batch in batches for row in batch), 2)
        )
    except TablesUnreadable as error:
        raise SourceUnreadable(f"cannot be read as Parquet: {error}", "export it again") from error
    finally:
        database.close()


def _selected(name: str, kind: str) -> str:
    pattern = _TIME_AS_TEXT if kind.startswith("TIMESTAMP") else "{0}"
    return _AS_TEXT.get(kind, pattern).format(quoted(name))


# A table in a workbook (XLSX), as office programs and finance systems write them.

_ERRORS = {"#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A"}
_NO_WORKBOOK = ("cannot be read as a workbook", "save it again as .xlsx")


class _Sheet(Protocol):
    def reset_dimensions(self) -> None: ...

    def iter_rows(self, *, values_only: bool) -> Iterable[tuple[object, ...]]: ...


class _Workbook(Protocol):
    sheetnames: list[str]

    def __getitem__(self, name: str) -> _Sheet: ...

    def close(self) -> None: ...


@contextmanager
def open_workbook(path: Path, sheet: str) -> Iterator[TypedRows]:
    """The rows of a sheet ("" for the first) below the first row that is not empty, with the sheet's row numbers.

    Formulas stand for the values that the office program stored with them. Raises `SourceUnreadable`.
    """
    # The library warns about styles and validations that it does not keep; values are not concerned.
    with warnings.catch_warnings(action="ignore"), closing(_open(path)) as book:
        if sheet and sheet not in book.sheetnames:
            remedy = f"its sheets are: {', '.join(book.sheetnames)}"
            raise SourceUnreadable(f"there is no sheet {sheet!r}", remedy)
        found = book[sheet or book.sheetnames[0]]
        found.reset_dimensions()
        rows = _rows(found)
        _, header = next(rows, (1, ()))
        names = [str(cell_text(value)).strip(" ") for value in header]
        while names and not names[-1]:
            names.pop()
        try:
            yield TypedRows(names, rows)
        except (BadZipFile, EOFError, SyntaxError, zlib.error) as error:
            raise SourceUnreadable(*_NO_WORKBOOK) from error


def _rows(sheet: _Sheet) -> Iterator[tuple[int, Sequence[object]]]:
    for number, row in enumerate(sheet.iter_rows(values_only=True), 1):
        if any(isinstance(value, str) and value in _ERRORS for value in row):
            yield number, [_usable(value) for value in row]
        elif any(value is not None for value in row):
            yield number, row


def _usable(value: object) -> object:
    if isinstance(value, str) and value in _ERRORS:
        return Unusable(f"the formula gives {value}", "correct the formula")
    return value


def _open(path: Path) -> _Workbook:
    try:
        library = import_module("openpyxl")
    except ImportError as error:
        raise SourceUnreadable("needs openpyxl to be read", "install offerpress[xlsx]") from error
    try:
        book: _Workbook = library.load_workbook(path, read_only=True, data_only=True)
    except (BadZipFile, KeyError, ValueError, EOFError, SyntaxError, zlib.error) as error:
        raise SourceUnreadable(*_NO_WORKBOOK) from error
    return book


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

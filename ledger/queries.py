"""A table as the result of a query: SQLite through the standard library, PostgreSQL through psycopg."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from ledger.cells import TypedRows
from ledger.errors import SourceUnreadable

_SQLITE = "sqlite:///"
_POSTGRESQL = ("postgresql://", "postgres://")


def is_url(path: str) -> bool:
    """Whether `path` is the address of a database rather than that of a file."""
    return path.startswith(("sqlite:", *_POSTGRESQL))


def label_of(url: str) -> str:
    """A database as it is named to people: without user, password and options."""
    if not url.startswith(_POSTGRESQL):
        return url
    parts = urlsplit(url)
    return f"postgresql://{parts.netloc.rpartition('@')[2]}{parts.path}"


@contextmanager
def open_query(url: str, query: str, site: Path) -> Iterator[TypedRows]:
    """The rows of `query`; the first is row 2, as under a header. Nothing can be written by it.

    `sqlite:///data/ledger.db` is relative to `site`, `sqlite:////` absolute. Raises `SourceUnreadable`.
    """
    if not query:
        raise SourceUnreadable("a database needs a query", 'write {path = "…", query = "SELECT …"} in [data]')
    opening = _open_postgresql(url, query)
    if not url.startswith(_POSTGRESQL):
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

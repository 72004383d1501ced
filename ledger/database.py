"""The columnar database that reads, checks and sorts tables. No other module of the package knows which one it is."""

import glob
import os
import re
import threading
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import cast

import duckdb

from ledger.errors import NotWritten, TablesUnreadable

SqlValue = str | int | None
Row = tuple[SqlValue, ...]

MEMORY = "1GB"
"""The memory limit of one database; beyond it, the database spills into its scratch folder."""

_PART = 20_000
FEW_ROWS = 50_000
"""A result of fewer rows reaches Python faster without numpy, which takes longer to import than the rows take."""
_ERRNO = re.compile(r'"errno":"(\d+)"')


class Database:
    """An empty database of its own, in memory, that spills into `scratch` and loads no extension from anywhere.

    Statements run on one connection, one at a time; `lock` serves threads that share an instance.
    """

    def __init__(self, scratch: Path | None = None, threads: int | None = None) -> None:
        self.lock = threading.Lock()
        self._connection = duckdb.connect(":memory:", config=_settings(scratch, threads))
        self.run("SET parquet_metadata_cache = true")

    def run(self, statement: str, parameters: Sequence[SqlValue] = ()) -> None:
        """Run `statement` and drop its result. Raises `TablesUnreadable`."""
        self._execute(statement, parameters)

    def rows(self, statement: str, parameters: Sequence[SqlValue] = ()) -> list[Row]:
        """Return all rows of a small result."""
        rows: list[Row] = self._execute(statement, parameters).fetchall()
        return rows

    def number(self, statement: str, parameters: Sequence[SqlValue] = ()) -> int:
        """Return the one integer that `statement` selects."""
        return whole(self.rows(statement, parameters)[0][0])

    def batches(
        self, statement: str, parameters: Sequence[SqlValue] = (), size: int = 10_000
    ) -> Iterator[list[Row]]:
        """Stream a large result, `size` rows at a time."""
        result = self._execute(statement, parameters)
        try:
            while rows := result.fetchmany(size):
                yield rows
        except duckdb.Error as error:
            raise TablesUnreadable(_one_line(error)) from error

    def columns(self, statement: str, *, few: bool = False) -> list[list[SqlValue]]:
        """Return a result as lists of integers and strings, one for each column, the fastest way into Python.

        A result of a `few` rows is fetched without loading numpy.
        """
        result = self._execute(statement, ())
        try:
            if few:
                rows = result.fetchall()
                return [[row[place] for row in rows] for place in range(len(result.description))]
            return [column.tolist() for column in result.fetchnumpy().values()]
        except duckdb.Error as error:
            raise TablesUnreadable(_one_line(error)) from error

    def objects(self, statement: str, size: int = 10_000) -> Iterator[list[tuple[object, ...]]]:
        """Stream a result as `batches` does, with values of every type that a column can have."""
        yield from cast("Iterator[list[tuple[object, ...]]]", self.batches(statement, size=size))

    def write(self, query: str, path: Path, form: str) -> None:
        """Write the result of `query` to the file `path`, in a form that `COPY` knows; raise `NotWritten`."""
        try:
            self._connection.execute(f"COPY ({query}) TO {literal(path)} ({form})")
        except duckdb.IOException as error:
            number = _ERRNO.search(str(error))
            raise NotWritten(path, os.strerror(int(number[1])) if number else _one_line(error)) from error
        except duckdb.Error as error:
            raise TablesUnreadable(_one_line(error)) from error

    def append(self, table: str, rows: Iterable[Sequence[SqlValue]]) -> None:
        """Add rows, one value for each column of `table`, with only a part of them in memory at a time.

        Raises `TablesUnreadable`, and whatever `rows` raises.
        """
        rest = iter(rows)
        while part := list(islice(rest, _PART)):
            try:
                appender = self._connection.appender(table)
                appender.append_rows(part)
                appender.flush()
            except duckdb.Error as error:
                raise TablesUnreadable(_one_line(error)) from error

    def close(self) -> None:
        """Close the database and drop its tables."""
        self._connection.close()

    def _execute(self, statement: str, parameters: Sequence[SqlValue]) -> duckdb.DuckDBPyConnection:
        try:
            return self._connection.execute(statement, list(parameters))
        except duckdb.Error as error:
            raise TablesUnreadable(_one_line(error)) from error


def whole(value: SqlValue) -> int:
    """Return `value` of a column that holds integers only."""
    assert isinstance(value, int)
    return value


def literal(value: str | Path) -> str:
    """Return `value` as a quoted text of a statement."""
    return "'" + str(value).replace("'", "''") + "'"


def file_literal(path: Path) -> str:
    """Return `path` as a quoted text that names one file, even if its name looks like a pattern."""
    return literal(glob.escape(str(path)))


def _settings(scratch: Path | None, threads: int | None) -> dict[str, str | bool | int | float | list[str]]:
    settings: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        # A checkpoint writes a database into its file. This one has none, and copying its tables about would only
        # cost time: half a second for a million lines.
        "checkpoint_threshold": "1TB",
        "memory_limit": MEMORY,
        "preserve_insertion_order": "true",
    }
    if scratch is not None:
        settings["temp_directory"] = str(scratch)
    if threads is not None:
        settings["threads"] = str(threads)
    return settings


def _one_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]

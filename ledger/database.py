"""The columnar database that reads, checks and sorts tables. No other module of the package knows which one it is."""

import hashlib
import os
import re
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib import import_module
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, cast

from ledger.errors import NotWritten, TablesUnreadable
from ledger.tables import TABLES, SqlValue, Table, identifier, literal, whole

if TYPE_CHECKING:
    import duckdb
else:
    # The engine of the package. What surrounds it there, queries built in Python, is not used here, and takes longer to
    # load than a statement's rows take to read. A version that calls its engine otherwise is loaded whole.
    duckdb = import_module("_duckdb" if find_spec("_duckdb") else "duckdb")

Row = tuple[SqlValue, ...]

MEMORY = "1GB"
"""The memory limit of one database; beyond it, the database spills into its scratch folder."""

_PART = 20_000
_FEW_ROWS = 50_000  # reach Python faster without numpy, which takes longer to import than the rows take
_FORMAT = b"offerpress ledger 1"
_LINES = "FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER '\x01'"
"""Texts of one column as they are, a line each: a writer of CSV that quotes nothing and has nothing to part."""
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

    def columns(self, statement: str, most: int) -> list[list[SqlValue]]:
        """Return a result of at most so many rows as lists of integers and strings, one for each column.

        It takes the fastest way into Python, which needs numpy for many rows.
        """
        result = self._execute(statement, ())
        try:
            if most < _FEW_ROWS:
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

    def digest(self, relation: Callable[[Table], str]) -> str:
        """Return a SHA-256 over all rows of the six tables, each sorted by its key, whatever they were read from.

        `relation` says where a table is. Fields are separated by U+001F and rows by a line feed, which no field can
        hold. The rows go through a file: the database writes it with all its threads while Python is free for other
        work. Raises `NotWritten` where there is no room for them.
        """
        total = hashlib.sha256(_FORMAT)
        with tempfile.TemporaryDirectory(prefix="offerpress-digest-") as scratch:
            path = Path(scratch, "rows")
            for table in TABLES:
                fields = ", ".join(
                    f"coalesce(CAST({identifier(name)} AS VARCHAR), '')" for name in table.names
                )
                order = ", ".join(map(identifier, table.key))
                query = f"SELECT concat_ws(chr(31), {fields}) FROM {relation(table)} ORDER BY {order}"
                self.write(query, path, _LINES)
                with path.open("rb") as lines:
                    rows = hashlib.file_digest(lines, "sha256")
                path.unlink()
                total.update(f"\n{table.name} {rows.hexdigest()}".encode())
        return total.hexdigest()

    def close(self) -> None:
        """Close the database and drop its tables."""
        self._connection.close()

    def _execute(self, statement: str, parameters: Sequence[SqlValue]) -> duckdb.DuckDBPyConnection:
        try:
            return self._connection.execute(statement, list(parameters))
        except duckdb.Error as error:
            raise TablesUnreadable(_one_line(error)) from error


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

"""One digest over what the tables say: the parsed rows, whatever file, format, order or shard they are in."""

import hashlib
import tempfile
from collections.abc import Callable
from pathlib import Path

from ledger.database import Database
from ledger.tables import TABLES, Table, quoted

_FORMAT = b"offerpress ledger 1"
_LINES = "FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER '\x01'"
"""Texts of one column as they are, a line each: a writer of CSV that quotes nothing and has nothing to part."""


def digest_of(database: Database, relation: Callable[[Table], str]) -> str:
    """SHA-256 (hexadecimal) over all rows of the six tables, each sorted by its key; `relation` says where a table is.

    Fields are separated by U+001F and rows by a line feed, which no field can hold. The rows go through a file: the
    database writes it with all its threads while Python is free for other work. Raises
    `NotWritten` where there is no room for them.
    """
    total = hashlib.sha256(_FORMAT)
    with tempfile.TemporaryDirectory(prefix="offerpress-digest-") as scratch:
        path = Path(scratch, "rows")
        for table in TABLES:
            fields = ", ".join(f"coalesce(CAST({quoted(name)} AS VARCHAR), '')" for name in table.names)
            order = ", ".join(map(quoted, table.key))
            statement = f"SELECT concat_ws(chr(31), {fields}) FROM {relation(table)} ORDER BY {order}"
            database.write(statement, path, _LINES)
            with path.open("rb") as lines:
                rows = hashlib.file_digest(lines, "sha256")
            path.unlink()
            total.update(f"\n{table.name} {rows.hexdigest()}".encode())
    return total.hexdigest()

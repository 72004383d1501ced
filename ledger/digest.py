"""One digest over what the tables say: the parsed rows, whatever file, format, order or shard they are in."""

import hashlib
from collections.abc import Callable
from itertools import chain

from ledger.database import Database
from ledger.tables import TABLES, Table, quoted

_FORMAT = b"offerpress ledger 1"


def digest_of(database: Database, relation: Callable[[Table], str]) -> str:
    """SHA-256 (hexadecimal) over all rows of the six tables, each sorted by its key; `relation` says where a table is.

    Fields are separated by U+001F and rows by a line feed, which no field can hold.
    """
    total = hashlib.sha256(_FORMAT)
    for table in TABLES:
        rows = hashlib.sha256()
        fields = ", ".join(f"coalesce(CAST({quoted(name)} AS VARCHAR), '')" for name in table.names)
        order = ", ".join(map(quoted, table.key))
        statement = f"SELECT concat_ws(chr(31), {fields}) || chr(10) FROM {relation(table)} ORDER BY {order}"
        for batch in database.batches(statement):
            rows.update("".join(map(str, chain.from_iterable(batch))).encode())
        total.update(f"\n{table.name} {rows.hexdigest()}".encode())
    return total.hexdigest()

"""A table in a Parquet file, whose columns have types."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ledger.cells import TypedRows
from ledger.database import Database, file_literal
from ledger.errors import SourceUnreadable, TablesUnreadable
from ledger.tables import quoted

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

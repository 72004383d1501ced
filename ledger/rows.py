"""Rows of a source as the database takes them: in our order of columns, even, and without control characters."""

from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter

from ledger.csv_rows import Record
from ledger.database import Database, Row, Value
from ledger.findings import Findings, Place, quote
from ledger.header import Header
from ledger.inspection import CONTROL
from ledger.tables import Table, quoted

FIRST_ROW = 2
"""The number of the row after the header."""


def create_raw(database: Database, table: Table) -> None:
    """An empty `raw_NAME` with the file's number, the row's number and every known column as text.

    A value is NULL where a required column or field does not exist, so that no check complains about it again. So is
    the row's number in a file that came first and in one piece: there it follows from where the row lies. Readers
    take `rows_NAME`, which knows every number.
    """
    columns = ", ".join(f"{quoted(name)} VARCHAR" for name in table.names)
    database.run(
        f"CREATE OR REPLACE TABLE raw_{table.name} (file_number INTEGER, row_number INTEGER, {columns})"
    )
    database.run(
        f"CREATE OR REPLACE VIEW rows_{table.name} AS SELECT "
        f"* REPLACE (coalesce(row_number, CAST(rowid + {FIRST_ROW} AS INTEGER)) AS row_number) FROM raw_{table.name}"
    )


def raw_rows(
    findings: Findings, table: Table, records: Iterable[Record], number: int, header: Header
) -> Iterator[Row]:
    """The rows of `raw_NAME` that `records` of file `number` give; their mistakes are added to `findings`."""
    width = len(header.names)
    absent: tuple[Value, ...] = (None, "")
    places = [header.places.get(column.name, width + (not column.required)) for column in table.columns]
    ordered = itemgetter(*places)
    for row, fields, broken in records:
        values: Sequence[Value] = fields
        if broken:
            findings.add("format", Place(number, row), broken, "close the quote, and double quotes inside")
            continue
        text = "".join(fields)
        if not text.isprintable() and CONTROL.search(text):
            values = _without_controls(findings, fields, Place(number, row), header)
        if len(fields) != width:
            values = _refuse_ragged(findings, table, values, Place(number, row), header)
        yield (number, row, *ordered((*values, *absent)))


def _without_controls(findings: Findings, fields: Sequence[str], row: Place, header: Header) -> list[str]:
    for position, field in enumerate(fields):
        control = CONTROL.search(field)
        if control:
            what = f"control character U+{ord(control.group()):04X} in {quote(field)}"
            place = Place(row.file, row.row, header.column(position))
            findings.add("control character", place, what, "remove it")
    return [CONTROL.sub("", field) for field in fields]


def _refuse_ragged(
    findings: Findings, table: Table, fields: Sequence[Value], place: Place, header: Header
) -> list[Value]:
    """A row whose fields may stand under wrong names: only what identifies it is kept, so that others can name it."""
    width = len(header.names)
    what = f"{len(fields)} fields where the header has {width}"
    findings.add(
        "ragged row", place, what, "give a field for each column, and quote fields that hold a delimiter"
    )
    kept = header.places.get(table.key[0], width)
    return [fields[at] if at == kept and at < len(fields) else None for at in range(width)]

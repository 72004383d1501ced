"""Rows of a source as the database takes them: in our order of columns, even, and without control characters."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

from ledger.csv_text import CONTROL, TextRow, is_blank
from ledger.database import Database, Row, SqlValue
from ledger.findings import Findings, Place, quote
from ledger.tables import Table, quoted
from rewards import suggestion

# The names above the columns of a source, and where the columns of a table stand among them.


@dataclass(frozen=True, slots=True)
class Header:
    """The names of a source's columns, and where each known column that it has stands."""

    names: tuple[str, ...]
    places: dict[str, int]

    def column(self, position: int) -> str:
        """What the column at `position` is called in a fault: our name where it is known."""
        ours = next((name for name, place in self.places.items() if place == position), "")
        return ours or CONTROL.sub("", self.names[position] if position < len(self.names) else "")


def check_header(
    findings: Findings, table: Table, names: Sequence[str], number: int, renamed: Mapping[str, str]
) -> Header:
    """Where each known column of `table` stands; missing, repeated and unknown ones are added to `findings`.

    `renamed` gives the source's name for some of our columns.
    """
    theirs = {column: renamed.get(column, column) for column in table.names}
    unknown = [name for name in names if name not in theirs.values()]
    for column in (*table.required, *(column for column in renamed if column not in table.required)):
        if theirs[column] not in names:
            remedy = suggestion(theirs[column], unknown) if unknown else f"the header has: {', '.join(names)}"
            of = f" for {column}" if column in renamed else ""
            what = f"the column {quote(theirs[column])}{of} is missing"
            findings.add("missing column", Place(number, 1, column), what, f"add it; {remedy}")
    for position, name in enumerate(names):
        place = Place(number, 1, CONTROL.sub("", name))
        if name in names[:position] and name not in unknown:
            what = f"the column {quote(name)} stands twice in the header"
            findings.add("repeated column", place, what, "remove one")
        elif name in unknown:
            what = (
                f"the column {quote(name)} is unknown and ignored"
                if name
                else f"column {position + 1} has no name"
            )
            findings.add("unknown column", place, what, suggestion(name, table.names), "remark")
    places = {column: names.index(name) for column, name in theirs.items() if name in names}
    return Header(tuple(names), places)


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
    findings: Findings, table: Table, records: Iterable[TextRow], number: int, header: Header
) -> Iterator[Row]:
    """The rows of `raw_NAME` that `records` of file `number` give; their mistakes are added to `findings`."""
    width = len(header.names)
    absent: tuple[SqlValue, ...] = (None, "")
    places = [header.places.get(column.name, width + (not column.required)) for column in table.columns]
    ordered = itemgetter(*places)
    for row, fields, broken in records:
        values: Sequence[SqlValue] = fields
        if broken:
            what, _, remedy = broken.partition("; ")
            findings.add("format", Place(number, row), what, remedy)
            continue
        if is_blank(fields):
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
    findings: Findings, table: Table, fields: Sequence[SqlValue], place: Place, header: Header
) -> list[SqlValue]:
    """A row whose fields may stand under wrong names: only what identifies it is kept, so that others can name it."""
    width = len(header.names)
    what = f"{len(fields)} fields where the header has {width}"
    findings.add(
        "ragged row", place, what, "give a field for each column, and quote fields that hold a delimiter"
    )
    kept = header.places.get(table.key[0], width)
    return [fields[at] if at == kept and at < len(fields) else None for at in range(width)]

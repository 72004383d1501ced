"""Brings the files of a table into the database as texts, each row with the number of its file and its row there."""

import glob
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ledger.csv_rows import Record, records
from ledger.database import Database, Row, Value, literal
from ledger.errors import TablesUnreadable
from ledger.findings import Findings, Place, quote
from ledger.inspection import CONTROL, Inspection, header_of, inspect
from ledger.tables import Table, quoted
from rewards import suggestion

_NAMES = {",": "a comma", ";": "a semicolon", "\t": "a tab"}


@dataclass(frozen=True, slots=True)
class Header:
    """The names above the columns of a file, and where each known column stands (absent ones are missing)."""

    names: tuple[str, ...]
    delimiter: str
    places: dict[str, int]


def create_raw(database: Database, table: Table) -> None:
    """An empty `raw_NAME` with the columns `file`, `row` and every known column as text.

    A value is NULL where a required column or field does not exist, so that no check complains about it again.
    """
    columns = ", ".join(f"{quoted(name)} VARCHAR" for name in table.names)
    database.run(f"CREATE TABLE raw_{table.name} (file_number INTEGER, row_number INTEGER, {columns})")


def load(database: Database, findings: Findings, table: Table, pattern: str, site: Path) -> None:
    """Read every file that `pattern` names into `raw_NAME`; `partners` must exist, another missing table is empty."""
    create_raw(database, table)
    paths = matches(site, pattern)
    if not paths and table.name == "partners":
        number = findings.register(table, pattern)
        findings.add(
            "missing file",
            Place(number),
            "the file does not exist",
            "export the partners to it, or name it in [data]",
        )
    for path in paths:
        number = findings.register(table, _label(path, site))
        try:
            _load_file(database, findings, table, path, number)
        except OSError as error:
            findings.add("unreadable", Place(number), f"cannot be read: {error.strerror}", "make it readable")


def matches(site: Path, pattern: str) -> list[Path]:
    """The files that a path or glob names, sorted by path."""
    path = site / pattern
    if path.exists() or not glob.has_magic(pattern):
        return [path] if path.exists() else []
    return sorted(
        site / found
        for found in glob.glob(pattern, root_dir=site, recursive=True)
        if (site / found).is_file()
    )


def _label(path: Path, site: Path) -> str:
    return (path.relative_to(site) if path.is_relative_to(site) else path).as_posix()


def _load_file(database: Database, findings: Findings, table: Table, path: Path, number: int) -> None:
    names, delimiter = header_of(path, table.names)
    inspection = inspect(path, delimiter)
    if inspection.empty or inspection.wide:
        _refuse(findings, inspection, number)
        return
    header = check_header(findings, table, names, delimiter, number)
    if inspection.undecodable is not None:
        at = inspection.undecodable
        what = f"not UTF-8: byte 0x{at.byte:02X} at position {at.position}"
        findings.add("encoding", Place(number, line=at.line), what, "save the file as UTF-8")
    is_exact = inspection.plain and inspection.undecodable is None
    if not (is_exact and _load_fast(database, table, path, number, header, inspection.lines)):
        _load_exactly(database, findings, table, path, number, header)


def _refuse(findings: Findings, inspection: Inspection, number: int) -> None:
    if inspection.empty:
        findings.add("empty file", Place(number), "the file is empty", "give it a header row, or remove it")
    else:
        findings.add(
            "encoding",
            Place(number),
            f"not UTF-8: it begins as {inspection.wide} does",
            "save the file as UTF-8",
        )


def check_header(
    findings: Findings, table: Table, names: Sequence[str], delimiter: str, number: int
) -> Header:
    """Where each known column stands; missing, repeated and unknown ones are added to `findings`."""
    unknown = [name for name in names if name not in table.names]
    for name in table.required:
        if name not in names:
            remedy = suggestion(name, unknown) if unknown else f"the header has: {', '.join(names)}"
            place = Place(number, 1, name)
            findings.add("missing column", place, f"the column {name!r} is missing", f"add it; {remedy}")
    for position, name in enumerate(names):
        place = Place(number, 1, CONTROL.sub("", name))
        if name in table.names and name in names[:position]:
            findings.add(
                "repeated column", place, f"the column {name!r} stands twice in the header", "remove one"
            )
        elif name in unknown:
            what = (
                f"the column {quote(name)} is unknown and ignored"
                if name
                else f"column {position + 1} has no name"
            )
            findings.add("unknown column", place, what, suggestion(name, table.names), "remark")
    return Header(tuple(names), delimiter, {name: names.index(name) for name in table.names if name in names})


def _load_fast(database: Database, table: Table, path: Path, number: int, header: Header, lines: int) -> bool:
    """Let the database read a file in which every line is a row; False, with nothing kept, where it is not such a file."""
    columns = ", ".join(f"'c{position}': 'VARCHAR'" for position in range(len(header.names)))
    raw = f"raw_{table.name}"
    selected = ", ".join(_selected(table, header))
    try:
        database.run(
            f"INSERT INTO {raw} SELECT {number}, (row_number() OVER ()) + 1, {selected} FROM read_csv("
            f"{literal(glob.escape(str(path)))}, auto_detect = false, header = true, delim = {literal(header.delimiter)}, "
            f"quote = '\"', escape = '\"', strict_mode = true, null_padding = false, columns = {{{columns}}})"
        )
    except TablesUnreadable:
        return False
    if database.number(f"SELECT count(*) FROM {raw} WHERE file_number = {number}") == lines - 1:
        return True
    database.run(f"DELETE FROM {raw} WHERE file_number = {number}")
    return False


def _selected(table: Table, header: Header) -> Iterator[str]:
    for column in table.columns:
        if column.name in header.places:
            yield f"coalesce(c{header.places[column.name]}, '')"
        else:
            yield "NULL" if column.required else "''"


def _load_exactly(
    database: Database, findings: Findings, table: Table, path: Path, number: int, header: Header
) -> None:
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
        found = records(iter(stream), header.delimiter)
        next(found, None)
        database.append(f"raw_{table.name}", checked_rows(findings, table, found, number, header))


def checked_rows(
    findings: Findings, table: Table, found: Iterable[Record], number: int, header: Header
) -> Iterator[Row]:
    """The rows of `found` as `raw_NAME` holds them, without control characters; mistakes are added to `findings`."""
    width = len(header.names)
    places = [(column, header.places.get(column.name, width)) for column in table.columns]
    for record in found:
        if record.broken:
            findings.add(
                "format",
                Place(number, record.row),
                record.broken,
                "close the quote, and double quotes inside",
            )
            continue
        fields: Sequence[Value] = record.fields
        if CONTROL.search("".join(record.fields)):
            fields = _without_controls(findings, record, number, header)
        if len(fields) != width:
            fields = _refuse_ragged(findings, table, fields, Place(number, record.row), header)
        absent = [None if column.required else "" for column, _ in places]
        yield (
            number,
            record.row,
            *(fields[at] if at < width else none for (_, at), none in zip(places, absent, strict=True)),
        )


def _without_controls(findings: Findings, record: Record, number: int, header: Header) -> list[str]:
    for name, field in zip((*header.names, *[""] * len(record.fields)), record.fields, strict=False):
        control = CONTROL.search(field)
        if control:
            what = f"control character U+{ord(control.group()):04X} in {quote(field)}"
            findings.add(
                "control character", Place(number, record.row, CONTROL.sub("", name)), what, "remove it"
            )
    return [CONTROL.sub("", field) for field in record.fields]


def _refuse_ragged(
    findings: Findings, table: Table, fields: Sequence[Value], place: Place, header: Header
) -> list[Value]:
    """A row whose fields may stand under wrong names: only what identifies it is kept, so that others can name it."""
    width = len(header.names)
    remedy = f"give a field for each column, with {_NAMES[header.delimiter]} between them, and quote fields that contain one"
    findings.add("ragged row", place, f"{len(fields)} fields where the header has {width}", remedy)
    kept = header.places.get(table.key[0], width)
    return [fields[at] if at == kept and at < len(fields) else None for at in range(width)]

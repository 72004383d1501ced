"""Brings what `[data]` names into the database as texts, each row with the number of its file and its row there."""

import codecs
import glob
import re
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from itertools import chain, dropwhile, islice
from pathlib import Path

from ledger.database import Database, file_literal, literal
from ledger.errors import SourceUnreadable, TablesUnreadable
from ledger.findings import Findings, Place
from ledger.reading.csv_text import BLOCK, Layout, TextRow, inspect, is_blank, layout_of, records
from ledger.reading.rows import FIRST_ROW, Header, check_header, create_raw, raw_rows
from ledger.reading.typed import TypedRows, Unusable, as_records, is_url, open_parquet, open_query
from ledger.reading.workbook import open_workbook
from ledger.settings import TableSource, label_of
from ledger.tables import Table

# Separated text (CSV): the database reads a file in which every line is a row; any other file is read row by row.

_UTF8 = {"utf-8", "utf-8-sig", "ascii"}


def load_text(
    database: Database,
    findings: Findings,
    table: Table,
    path: Path,
    number: int,
    source: TableSource,
    scratch: Path,
) -> None:
    """Add the rows of `path` to `raw_NAME`, and what is wrong with its form to `findings`. Raises `OSError`."""
    if source.encoding not in _UTF8:
        path = _as_utf8(findings, path, number, source.encoding, scratch / f"{number}.csv")
    known = (*table.names, *source.columns.values())
    layout = layout_of(path, known, source.delimiter, source.header_row or 1)
    inspection = inspect(path, layout)
    if inspection.empty:
        findings.add("empty file", Place(number), "the file is empty", "give it a header row, or remove it")
        return
    if inspection.foreign is not None:
        what, remedy = inspection.foreign
        findings.add("encoding", Place(number), f"not UTF-8: it begins as {what} does", remedy)
        return
    header = check_header(findings, table, layout.names, number, source.columns, source.constant)
    if inspection.undecodable is not None:
        at = inspection.undecodable
        what = f"not UTF-8: byte 0x{at.byte:02X} at position {at.position}"
        remedy = "save the file as UTF-8, or name its encoding in [data]"
        findings.add("encoding", Place(number, line=at.line), what, remedy)
    is_even = inspection.even and inspection.undecodable is None and not source.is_reshaped
    if is_even and _load_lines(database, table, path, number, header, layout, inspection.lines):
        return
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
        for _ in range(layout.skipped):
            next(stream)
        found = records(iter(stream), layout.delimiter)
        first = source.header_row or 1
        below = (record for record in found if record.row >= first)
        rows = islice(dropwhile(_is_before_header, below), 1, None)
        database.append(f"raw_{table.name}", raw_rows(findings, table, rows, number, header, source))


def _is_before_header(record: TextRow) -> bool:
    return not record.broken and is_blank(record.fields)


def _as_utf8(findings: Findings, path: Path, number: int, encoding: str, copy: Path) -> Path:
    """A copy of `path` in UTF-8, in which what cannot be decoded is replaced."""
    try:
        _decode(path, encoding, "strict", copy)
    except _Undecoded as error:
        what = f"not {encoding}: byte 0x{error.byte:02X} at position {error.position}"
        findings.add("encoding", Place(number), what, "name the encoding that the file has in [data]")
        _decode(path, "utf-8" if error.position == 1 else encoding, "replace", copy)
    return copy


class _Undecoded(Exception):
    def __init__(self, position: int, byte: int) -> None:
        self.position, self.byte = position, byte
        super().__init__(position, byte)


def _decode(path: Path, encoding: str, errors: str, copy: Path) -> None:
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    with path.open("rb") as stream, copy.open("w", encoding="utf-8", newline="") as written:
        position = 0
        for block in chain(iter(partial(stream.read, BLOCK), b""), [b""]):
            start = position - len(decoder.getstate()[0])
            try:
                written.write(decoder.decode(block, final=not block))
            except UnicodeDecodeError as error:
                raise _Undecoded(start + error.start + 1, error.object[error.start]) from error
            except UnicodeError as error:  # UTF-16 or UTF-32 that does not say in which order its bytes are
                raise _Undecoded(1, block[0]) from error
            position += len(block)


def _load_lines(
    database: Database, table: Table, path: Path, number: int, header: Header, layout: Layout, lines: int
) -> bool:
    """Let the database read a file in which every line is a row; return False, with nothing kept, if it does not."""
    columns = ", ".join(f"'c{position}': 'VARCHAR'" for position in range(len(header.names)))
    raw = f"raw_{table.name}"
    is_first = not database.number(f"SELECT count(*) FROM {raw}")
    # To number the rows while they are read takes as long as reading them.
    row_number = "NULL" if is_first else f"(row_number() OVER ()) + {FIRST_ROW - 1}"
    try:
        database.run(f"""
            INSERT INTO {raw} SELECT {number}, {row_number}, {", ".join(_selected(table, header))}
            FROM read_csv({file_literal(path)}, auto_detect = false, header = true,
                skip = {layout.skipped}, delim = {literal(layout.delimiter)},
                quote = '"', escape = '"', strict_mode = true, null_padding = false, columns = {{{columns}}})
        """)
        if database.number(f"SELECT count(*) FROM {raw} WHERE file_number = {number}") == lines - 1:
            return True
    except TablesUnreadable:
        pass  # Then it is read row by row, which says what is wrong.
    if is_first:
        create_raw(database, table)
    else:
        database.run(f"DELETE FROM {raw} WHERE file_number = {number}")
    return False


def _selected(table: Table, header: Header) -> Iterator[str]:
    for column in table.columns:
        if column.name in header.places:
            yield f"coalesce(c{header.places[column.name]}, '')"
        else:
            absent = "NULL" if column.required else "''"
            yield literal(header.constant[column.name]) if column.name in header.constant else absent


_LOCK = "~$"
"""How the names of the files begin that Excel writes beside a workbook that is open."""
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The inputs of reading besides the settings: the site folder, the environment, and room for copies."""

    site: Path
    environment: Mapping[str, str]
    scratch: Path


def load(
    database: Database, findings: Findings, table: Table, source: TableSource, around: Surroundings
) -> None:
    """Read everything that `source` names into `raw_NAME`; what is wrong with its form is added to `findings`.

    `partners` must exist; another missing table is empty.
    """
    create_raw(database, table)
    missing = sorted(
        {name for name in _VARIABLE.findall(source.path + source.query) if name not in around.environment}
    )
    for name in missing:
        number = findings.register(table, "offerpress.toml", f"data.{table.name}")
        findings.add("unreadable", Place(number), f"{name} is not in the environment", f"set {name}")
    if missing:
        return
    path, query = (
        _VARIABLE.sub(lambda found: around.environment[found[1]], text)
        for text in (source.path, source.query)
    )
    if is_url(path):
        number = findings.register(table, label_of(path))
        _load_typed(database, findings, table, number, source, open_query(path, query, around.site))
    else:
        _load_files(database, findings, table, path, source, around)


def _load_files(
    database: Database,
    findings: Findings,
    table: Table,
    pattern: str,
    source: TableSource,
    around: Surroundings,
) -> None:
    paths = matches(around.site, pattern)
    for path in [path for path in paths if path.name.startswith(_LOCK)]:
        paths.remove(path)
        number = findings.register(table, pattern)
        what = f"{path.name.removeprefix(_LOCK)!r} is open in a spreadsheet program, and read as it was saved last"
        findings.add("open workbook", Place(number), what, "save and close it, then try again", "remark")
    if not paths and table.name == "partners":
        number = findings.register(table, pattern)
        remedy = "export the partners to it, or name it in [data]"
        findings.add("missing file", Place(number), "the file does not exist", remedy)
    for path in paths:
        inside = path.is_relative_to(around.site)
        number = findings.register(table, (path.relative_to(around.site) if inside else path).as_posix())
        try:
            if path.suffix.lower() in {".xlsx", ".xlsm"}:
                _load_typed(
                    database,
                    findings,
                    table,
                    number,
                    source,
                    open_workbook(path, source.sheet, source.header_row or 1),
                )
            elif path.suffix.lower() == ".parquet":
                _load_typed(database, findings, table, number, source, open_parquet(path))
            else:
                load_text(database, findings, table, path, number, source, around.scratch)
        except OSError as error:
            findings.add("unreadable", Place(number), f"cannot be read: {error.strerror}", "make it readable")


def _load_typed(
    database: Database,
    findings: Findings,
    table: Table,
    number: int,
    source: TableSource,
    opening: AbstractContextManager[TypedRows],
) -> None:
    try:
        with opening as typed:
            if not typed.names:
                findings.add(
                    "empty file", Place(number), "there is no header", "give it a header row, or remove it"
                )
                return
            header = check_header(findings, table, typed.names, number, source.columns, source.constant)

            _remark_others(findings, table, number, source, typed)
            used = {place: name for name, place in header.places.items()}

            def refuse(row: int, position: int, value: Unusable) -> None:
                if position in used:
                    findings.add(
                        "unusable value", Place(number, row, used[position]), value.what, value.remedy
                    )

            texts = as_records(typed.rows, len(header.names), refuse)
            database.append(f"raw_{table.name}", raw_rows(findings, table, texts, number, header, source))
            for note in typed.notes:
                if note.columns is None or not used.keys().isdisjoint(note.columns):
                    findings.add("source", Place(number, note.row), note.what, note.remedy, note.severity)
    except SourceUnreadable as error:
        findings.add("unreadable", Place(number), error.what, error.remedy)


def _remark_others(
    findings: Findings, table: Table, number: int, source: TableSource, typed: TypedRows
) -> None:
    """Add a remark for each other visible sheet that has all columns of the table, because it could be meant."""
    wanted = {source.columns.get(name, name) for name in table.required}
    for name, header in typed.others.items():
        if wanted <= set(header):
            what = f"the sheet {name!r} has the same columns and is not read"
            findings.add("source", Place(number), what, "name the sheet that is meant in [data]", "remark")


def matches(site: Path, pattern: str) -> list[Path]:
    """The files that a path or glob names, sorted by path."""
    path = site / pattern
    if path.exists() or not glob.has_magic(pattern):
        return [path] if path.exists() else []
    # Path.glob refuses absolute patterns.
    found = glob.glob(pattern, root_dir=site, recursive=True)  # noqa: PTH207
    return sorted(site / each for each in found if (site / each).is_file())

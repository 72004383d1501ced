"""Brings what `[data]` names into the database as texts, each row with the number of its file and its row there."""

import glob
import re
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from ledger.database import Database
from ledger.errors import SourceUnreadable, TablesUnreadable
from ledger.findings import Findings, Place
from ledger.reading.csv_text import Layout, TextRow, inspect, layout_of, records
from ledger.reading.encodings import UTF8, copy_as_utf8, probable
from ledger.reading.headers import Header, check_header, completeness, judge_of
from ledger.reading.kept import KeptFile, KeptTables
from ledger.reading.rows import FIRST_ROW, Watched, create_raw, raw_rows
from ledger.reading.typed import TypedRows, Unusable, as_records, is_url, open_parquet, open_query
from ledger.reading.workbook import open_workbook
from ledger.settings import TableSource, label_of
from ledger.tables import Table, file_literal, literal

# Separated text (CSV): the database reads a file in which every line is a row; any other file is read row by row.


def load_text(
    database: Database,
    findings: Findings,
    table: Table,
    path: Path,
    number: int,
    source: TableSource,
    scratch: Path,
    watched: Watched | None = None,
    kept: KeptFile | None = None,
) -> None:
    """Add the rows of `path` to `raw_NAME`, and what is wrong with its form to `findings`. Raises `OSError`.

    Of a text that is kept only the lines are added that changed.
    """
    if kept is not None and _load_changed(database, table, path, number, source, scratch, kept):
        return
    text = _open_text(findings, table, path, number, source, scratch)
    if text is None:
        return
    header = check_header(findings, table, text.layout.names, number, source, text.layout.row)
    is_even = text.even_lines is not None and not source.is_reshaped and watched is None
    if is_even and _load_lines(database, table, text, number, header):
        if kept is not None and text.path == path:
            kept.is_lines(text.layout)
        return
    with text.path.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
        rows = text.rows(stream)
        if watched is not None:
            watched.header, rows = header, watched.seen(rows)
        database.append(f"raw_{table.name}", raw_rows(findings, table, rows, number, header, source))


@dataclass(frozen=True, slots=True)
class _Text:
    """A text file that can be read, as UTF-8; `even_lines` is the number of its lines if each of them is a row."""

    path: Path
    layout: Layout
    even_lines: int | None

    def rows(self, stream: Iterator[str]) -> Iterator[TextRow]:
        """The rows below the header."""
        lines = islice(stream, self.layout.skipped, None)
        return (record for record in records(lines, self.layout.delimiter) if record.row > self.layout.row)


def _open_text(
    findings: Findings, table: Table, path: Path, number: int, source: TableSource, scratch: Path
) -> _Text | None:
    """Find encoding and layout of a file; what is wrong with its bytes is added to `findings`."""
    where = f"in [data.{table.name}]"
    copy = scratch / f"{number}.csv"
    if source.encoding not in UTF8:
        wrong = copy_as_utf8(path, source.encoding, copy)
        if wrong:
            remedy = f'declare encoding = "{probable(path)}" {where}, if the text is right with it'
            findings.add("encoding", Place(number), wrong, remedy)
        path = copy
    judge = judge_of(table, source)
    layout = layout_of(path, judge, source.delimiter, source.header_row)
    inspection = inspect(path, layout)
    if inspection.empty:
        findings.add("empty file", Place(number), "the file is empty", "give it a header row, or remove it")
        return None
    if inspection.foreign is not None:
        what, remedy = inspection.foreign
        remedy = f"{remedy} {where}, or save the file as UTF-8" if " = " in remedy else remedy
        findings.add("encoding", Place(number), f"not UTF-8: it begins as {what} does", remedy)
        return None
    if inspection.undecodable is not None:
        at = inspection.undecodable
        encoding = probable(path)
        what = f"not UTF-8: byte 0x{at.byte:02X} at position {at.position}"
        remedy = f'declare encoding = "{encoding}" {where} if that is what it is, or save the file as UTF-8'
        findings.add("encoding", Place(number, line=at.line), what, remedy)
        copy_as_utf8(path, encoding, copy)  # so that the faults below are not consequences of this one
        return _Text(copy, layout_of(copy, judge, source.delimiter, source.header_row), None)
    return _Text(path, layout, inspection.lines if inspection.even else None)


def _load_changed(
    database: Database,
    table: Table,
    path: Path,
    number: int,
    source: TableSource,
    scratch: Path,
    kept: KeptFile,
) -> bool:
    """Add the lines that differ from the kept ones; return False, with nothing added, if that is not possible."""
    layout = layout_of(path, judge_of(table, source), source.delimiter, source.header_row)
    changed = kept.changed(layout)
    if changed is None:
        return False
    if changed.lines:
        part = scratch / f"{number}-changed.csv"
        part.write_bytes(changed.text)
        found = inspect(part, layout)
        text = _Text(part, layout, changed.lines + 1)
        # The header is that of the kept rows, about which there was nothing to say.
        header = check_header(Findings(), table, layout.names, number, source, layout.row)
        first = FIRST_ROW + changed.before
        if not found.even or not _load_lines(database, table, text, number, header, first):
            return False
    kept.take(changed)
    return True


def _load_lines(
    database: Database, table: Table, text: _Text, number: int, header: Header, first: int = FIRST_ROW
) -> bool:
    """Let the database read a file in which every line is a row; return False, with nothing kept, if it does not."""
    columns = ", ".join(f"'c{position}': 'VARCHAR'" for position in range(len(header.names)))
    raw = f"raw_{table.name}"
    is_first = not database.number(f"SELECT count(*) FROM {raw}")
    # To number the rows while they are read takes as long as reading them.
    row_number = "NULL" if is_first and first == FIRST_ROW else f"(row_number() OVER ()) + {first - 1}"
    try:
        database.run(f"""
            INSERT INTO {raw} SELECT {number}, {row_number}, {", ".join(_selected(table, header))}
            FROM read_csv({file_literal(text.path)}, auto_detect = false, header = true,
                skip = {text.layout.skipped}, delim = {literal(text.layout.delimiter)},
                quote = '"', escape = '"', strict_mode = true, null_padding = false, columns = {{{columns}}})
        """)
        if database.number(f"SELECT count(*) FROM {raw} WHERE file_number = {number}") + 1 == text.even_lines:
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
    """The inputs of reading besides the settings: the site folder, the environment, and room for copies.

    `watched` is a row that is to be explained; what is `kept` of files then serves nobody.
    """

    site: Path
    environment: Mapping[str, str]
    scratch: Path
    watched: Watched | None = None
    kept: KeptTables | None = None

    def watching(self, table: Table, number: int, label: str) -> Watched | None:
        """Return the row to explain if it is one of this file, and no file of the same name came before."""
        found = self.watched
        if found is None or found.table is not None or not found.asks_for(table, label):
            return None
        found.table, found.number, found.label = table, number, label
        return found


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
        watched = around.watching(table, number, label_of(path))
        opening = open_query(path, query, around.site)
        _load_typed(database, findings, table, number, source, opening, watched)
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
        remedy = 'export the partners to it, or name it in [data], such as partners = "exports/partners.csv"'
        findings.add("missing file", Place(number), "the file does not exist", remedy)
    for path in paths:
        inside = path.is_relative_to(around.site)
        label = (path.relative_to(around.site) if inside else path).as_posix()
        number = findings.register(table, label)
        watched = around.watching(table, number, label)
        try:
            kept = around.kept.file(path, table, number, label, source) if around.kept else None
            if kept is not None and kept.holds_all(findings):
                continue
            if path.suffix.lower() in {".xlsx", ".xlsm"}:
                opening = open_workbook(path, source.sheet, judge_of(table, source), source.header_row)
                _load_typed(database, findings, table, number, source, opening, watched)
            elif path.suffix.lower() == ".parquet":
                _load_typed(database, findings, table, number, source, open_parquet(path), watched)
            else:
                load_text(database, findings, table, path, number, source, around.scratch, watched, kept)
        except OSError as error:
            findings.add("unreadable", Place(number), f"cannot be read: {error.strerror}", "make it readable")


def _load_typed(
    database: Database,
    findings: Findings,
    table: Table,
    number: int,
    source: TableSource,
    opening: AbstractContextManager[TypedRows],
    watched: Watched | None,
) -> None:
    try:
        with opening as typed:
            if not typed.names:
                findings.add(
                    "empty file", Place(number), "there is no header", "give it a header row, or remove it"
                )
                return
            header = check_header(findings, table, typed.names, number, source, typed.row)
            if typed.from_1904 and "serial" in source.dates:
                what = "the workbook counts its days from 1904, and dates declares those from 1900"
                remedy = f'declare dates = "serial-1904" in [data.{table.name}]'
                findings.add("other serials", Place(number), what, remedy)
            _remark_others(findings, table, number, source, typed)
            used = {place: name for name, place in header.places.items()}
            used |= {place: name for name, parts in header.joined.items() for place in parts}

            def refuse(row: int, position: int, value: Unusable) -> None:
                if position in used:
                    findings.add(
                        "unusable value", Place(number, row, used[position]), value.what, value.remedy
                    )

            texts = as_records(typed.rows, len(header.names), refuse)
            if watched is not None:
                watched.header, texts = header, watched.seen(texts)
            database.append(f"raw_{table.name}", raw_rows(findings, table, texts, number, header, source))
            for note in typed.notes:
                above = note.until is not None and note.until <= typed.row
                if not above and (note.columns is None or not used.keys().isdisjoint(note.columns)):
                    findings.add("source", Place(number, note.row), note.what, note.remedy, note.severity)
    except SourceUnreadable as error:
        findings.add("unreadable", Place(number), error.what, error.remedy)


def _remark_others(
    findings: Findings, table: Table, number: int, source: TableSource, typed: TypedRows
) -> None:
    """Add a remark for each other visible sheet that has all columns of the table, because it could be meant."""
    for name, header in typed.others.items():
        if completeness(table, source, header)[0]:
            what = f"the sheet {name!r} has the same columns and is not read"
            findings.add("source", Place(number), what, f"declare sheet in [data.{table.name}]", "remark")


def matches(site: Path, pattern: str) -> list[Path]:
    """The files that a path or glob names, sorted by path."""
    path = site / pattern
    if path.exists() or not glob.has_magic(pattern):
        return [path] if path.exists() else []
    # Path.glob refuses absolute patterns.
    found = glob.glob(pattern, root_dir=site, recursive=True)  # noqa: PTH207
    return sorted(site / each for each in found if (site / each).is_file())

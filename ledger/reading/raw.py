"""A file as it stands: whether it holds a table at all, its rows as texts, and which of its columns are probably ours.

What is found here is shown to a person who connects an export. Figures are read by the settings alone.
"""

import re
import tempfile
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from ledger.errors import SourceUnreadable
from ledger.reading.csv_text import TextRow, is_blank, layout_of, records
from ledger.reading.encodings import copy_as_utf8, probable, wide
from ledger.reading.forms import USUAL_FORMS, date_reader, number_reader
from ledger.reading.headers import as_names, called, is_like, judge_of, plain_name
from ledger.reading.typed import TypedRows, as_records, open_parquet
from ledger.reading.workbook import open_workbook, sheet_names
from ledger.settings import TableSource
from ledger.tables import BY_NAME, PLANS, STATUSES, Column, Table
from rewards import MINOR_UNITS

MOST_UNPACKED = 1 << 29
_MOST_TIMES = 200
_SMALL = 64 << 20
_HEAD_ROWS = 1000
_TAIL_ROWS = 20
_MOST_WORDS = 200
_LOOKED_AT = 1 << 16
_OTHERS = {
    b"\xd0\xcf\x11\xe0": "a workbook of an older format, or one with a password; save it as .xlsx without a password",
    b"\x1f\x8b": "a compressed file; unpack it first",
    b"%PDF": "a PDF; export the table as a workbook or as CSV",
    b"\x89PNG": "a picture; export the table as a workbook or as CSV",
    b"GIF8": "a picture; export the table as a workbook or as CSV",
    b"\xff\xd8\xff": "a picture; export the table as a workbook or as CSV",
    b"\x7fELF": "a program; export the table as a workbook or as CSV",
    b"MZ\x90": "a program; export the table as a workbook or as CSV",
    b"SQLite format 3": "a database; export the table as a workbook or as CSV",
}
_MARKUP = (b"<!doctype", b"<html", b"<?xml", b"<svg")


def file_suffix(path: Path) -> str:
    """Return the suffix that fits what the file holds; raises `SourceUnreadable` if that is no table.

    The name of a file that came from elsewhere says nothing about it.
    """
    with path.open("rb") as stream:
        head = stream.read(_LOOKED_AT)
    if not head.strip():
        raise SourceUnreadable("is empty", "export it again")
    if head.startswith(b"PK\x03\x04"):
        _refuse_bomb(path)
        sheet_names(path)
        return ".xlsx"
    if head.startswith(b"PAR1"):
        with open_parquet(path) as rows:
            next(rows.rows, None)
        return ".parquet"
    other = next((said for mark, said in _OTHERS.items() if head.startswith(mark)), "")
    if not other and head.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_MARKUP):
        other = "a web page or XML; export the table as a workbook or as CSV"
    if not other and b"\0" in head and not (head.startswith((b"\xff\xfe", b"\xfe\xff")) or wide(head)):
        other = "no table; export it as a workbook or as CSV"
    if other:
        what, _, remedy = other.partition("; ")
        raise SourceUnreadable(f"is {what}", remedy)
    return ".csv"


def _refuse_bomb(path: Path) -> None:
    """Refuse an archive that would become far larger than any workbook. Reading never goes beyond the stated sizes."""
    try:
        with ZipFile(path) as archive:
            unpacked = sum(info.file_size for info in archive.infolist())
    except (BadZipFile, NotImplementedError, ValueError) as error:
        raise SourceUnreadable("is damaged, or was cut off", "export it again") from error
    packed = path.stat().st_size
    if unpacked > MOST_UNPACKED or (unpacked > _SMALL and unpacked > packed * _MOST_TIMES):
        what = f"would become {unpacked >> 20:,} MiB when it is unpacked"
        raise SourceUnreadable(what, "export the table as CSV")


@dataclass(frozen=True, slots=True)
class RawFile:
    """The rows of a file that say something, as they stand.

    `header_row` and `names` are of the row that looks most like a header of the table. `head` are the first thousand
    rows, `tail` the last twenty; `words` counts, for each column, the values below the header, up to 200 of them.
    """

    encoding: str
    delimiter: str
    sheets: tuple[str, ...]
    header_row: int
    names: tuple[str, ...]
    head: tuple[TextRow, ...]
    tail: tuple[TextRow, ...]
    words: tuple[Counter[str], ...]
    row_count: int
    sheet: str = ""
    from_1904: bool = False
    others: tuple[str, ...] = field(default=())

    @property
    def rows(self) -> tuple[TextRow, ...]:
        """The rows below the header that are kept, each once."""
        last = self.head[-1].row if self.head else 0
        found = (*self.head, *(row for row in self.tail if row.row > last))
        return tuple(row for row in found if row.row > self.header_row)


def open_raw(table: str, path: Path, source: TableSource | None = None) -> RawFile:
    """Look at a file of that table by what `source` says of its form; without it, the encoding is guessed.

    Raises `SourceUnreadable` and `OSError`.
    """
    with tempfile.TemporaryDirectory(prefix="offerpress-raw-") as scratch:
        return _raw_file(path, BY_NAME[table], source, Path(scratch))


def _raw_file(path: Path, table: Table, source: TableSource | None, scratch: Path) -> RawFile:
    if path.suffix.lower() not in {".xlsx", ".parquet"}:
        return _raw_text(path, table, source, scratch)
    asked = source or TableSource(path="")
    with _opened(path, table, asked) as typed:
        first = TextRow(typed.row, tuple(typed.names))
        head = list(_above(path, asked, typed.row)) if path.suffix.lower() == ".xlsx" else []
        rows = as_records(typed.rows, len(typed.names), lambda *_: None)
        sheets = sheet_names(path) if path.suffix.lower() == ".xlsx" else ()
        found = _gathered([*head, first], rows, typed.names)
        return RawFile("", "", sheets, typed.row, tuple(typed.names), *found, asked.sheet, typed.from_1904)


@contextmanager
def _opened(path: Path, table: Table, source: TableSource) -> Iterator[TypedRows]:
    if path.suffix.lower() == ".parquet":
        with open_parquet(path) as typed:
            yield typed
    else:
        with open_workbook(path, source.sheet, judge_of(table, source), source.header_row) as typed:
            yield typed


def _above(path: Path, source: TableSource, row: int) -> Iterator[TextRow]:
    """Yield the rows of a sheet above its header."""
    with open_workbook(path, source.sheet, header_row=1) as typed:
        if typed.row < row:
            yield TextRow(typed.row, tuple(typed.names))
            for record in as_records(typed.rows, len(typed.names), lambda *_: None):
                if record.row >= row:
                    return
                yield record


def _raw_text(path: Path, table: Table, source: TableSource | None, scratch: Path) -> RawFile:
    copy = scratch / "raw.csv"
    encoding = source.encoding if source is not None else probable_encoding(path, copy)
    copy_as_utf8(path, encoding, copy)
    asked = source or TableSource(path="")
    layout = layout_of(copy, judge_of(table, asked), asked.delimiter, asked.header_row)
    with copy.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
        said = (
            one
            for one in records(islice(stream, layout.skipped, None), layout.delimiter)
            if one.broken or not is_blank(one.fields)
        )
        head = []
        for record in said:
            head.append(record)
            if record.row >= layout.row:
                break
        found = _gathered(head, said, layout.names)
    return RawFile(encoding, layout.delimiter, (), layout.row, layout.names, *found)


def probable_encoding(path: Path, copy: Path) -> str:
    """Return the encoding that a text file probably has. `copy` is a file that may be overwritten."""
    with path.open("rb") as stream:
        head = stream.read(_LOOKED_AT)
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if named := wide(head):
        return named
    return probable(path) if copy_as_utf8(path, "utf-8", copy) else "utf-8"


def _gathered(
    head: Sequence[TextRow], rows: Iterator[TextRow], names: Sequence[str]
) -> tuple[tuple[TextRow, ...], tuple[TextRow, ...], tuple[Counter[str], ...], int]:
    first, last, count = list(head), deque[TextRow](maxlen=_TAIL_ROWS), 0
    words = [Counter[str]() for _ in as_names(names)]
    for record in rows:
        if is_blank(record.fields) and not record.broken:
            continue
        count += 1
        if len(first) < _HEAD_ROWS:
            first.append(record)
        last.append(record)
        for counted, text in zip(words, record.fields, strict=False):
            if text and (text in counted or len(counted) < _MOST_WORDS):
                counted[text] += 1
    return tuple(first), tuple(last), tuple(words), count


# Which column of a file probably holds what ours hold: by its name in several languages, else by its values.

_FIRST = ("first name", "vorname", "prénom", "prenom", "given name", "الاسم الأول")
_LAST = ("last name", "nachname", "surname", "nom", "apellido", "apellidos", "family name", "اسم العائلة")
_MOST_SEEN = 200
_NEARLY = 0.9
_LEAST_WORD = 4
_PARTS = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class LikelyColumns:
    """The names in the file by our columns, and those of which one of ours is joined."""

    columns: dict[str, str] = field(default_factory=dict)
    joined: dict[str, tuple[str, str]] = field(default_factory=dict)


def likely_columns(
    table: Table, raw: RawFile, levels: Mapping[str, str], partner_ids: Collection[str]
) -> LikelyColumns:
    """Return the likely columns; each name in the file stands for one column of ours at most.

    Sure signs come first: our own name, a usual name, one that is nearly so, one that has a usual name among its words.
    Then required columns take what has the right values.
    """
    found = LikelyColumns()
    free = [name for name in dict.fromkeys(raw.names) if name]
    for test in (str.__eq__, _is_called, is_like):
        _take(table, found, free, test)
    if "name" in table.names and "name" not in found.columns:
        parts = [
            next((one for one in free if plain_name(one) in _plain(words)), "") for words in (_FIRST, _LAST)
        ]
        if all(parts):
            found.joined["name"] = (parts[0], parts[1])
            free = [one for one in free if one not in parts]
    _take(table, found, free, _has_word)
    for column in table.columns:
        if column.required and column.name not in {*found.columns, *found.joined}:
            fits = [one for one in free if _holds(column, _values(raw, one), levels, partner_ids)]
            if fits:
                found.columns[column.name] = fits[0]
                free.remove(fits[0])
    return found


def _take(table: Table, found: LikelyColumns, free: list[str], test: Callable[[str, str], bool]) -> None:
    for column in table.columns:
        if column.name not in {*found.columns, *found.joined}:
            fits = [name for name in free if test(column.name, name)]
            if fits:
                found.columns[column.name] = fits[0]
                free.remove(fits[0])


def _is_called(column: str, name: str) -> bool:
    return plain_name(name) in called(column)


def _has_word(column: str, name: str) -> bool:
    """Return whether a word of a longer name is one that programs give to the column; `id` and the like say nothing."""
    words = {plain_name(word) for word in _PARTS.split(name)}
    return len(words) > 1 and not {one for one in words if len(one) >= _LEAST_WORD}.isdisjoint(called(column))


def _plain(names: Collection[str]) -> frozenset[str]:
    return frozenset(map(plain_name, names))


def _values(raw: RawFile, name: str) -> list[str]:
    at = raw.names.index(name)
    seen = (row.fields[at].strip() for row in raw.rows[:_MOST_SEEN] if at < len(row.fields))
    return [text for text in seen if text]


def _holds(
    column: Column, values: list[str], levels: Mapping[str, str], partner_ids: Collection[str]
) -> bool:
    """Return whether nearly all values are such as the column holds; rows of totals hold others."""
    known: dict[str, Callable[[str], bool]] = {
        "currency": lambda text: text in MINOR_UNITS,
        "level": lambda text: text.casefold() in {one.casefold() for pair in levels.items() for one in pair},
        "partner": lambda text: text in partner_ids,
        "plan": lambda text: text.casefold() in PLANS,
        "status": lambda text: text.casefold() in STATUSES,
        "day": _is_day,
        "instant": _is_day,
        "amount": _is_number,
        "rate": _is_number,
    }
    test = (lambda text: "@" in text) if column.name == "email" else known.get(column.kind)
    return bool(values) and test is not None and sum(map(test, values)) >= _NEARLY * len(values)


def _is_day(text: str) -> bool:
    return any(_read(date_reader((form,)), text) for form in USUAL_FORMS)


def _is_number(text: str) -> bool:
    """Return whether it is a number with a mark in it; digits alone are as often an id."""
    forms: Iterator[tuple[str, str]] = iter(((".", ","), (",", "."), (",", " "), (".", "'")))
    return not text.isdigit() and any(_read(number_reader(*form), text) for form in forms)


def _read(reader: Callable[[str], object], text: str) -> bool:
    try:
        return bool(reader(text))
    except ValueError:
        return False

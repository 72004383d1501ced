"""Reads the table of a sheet from a workbook (XLSX, ECMA-376 part 1), with everything that its cells do not surely say.

Only sheets, strings and number formats are read. Fills, fonts and drawings may be written in any way. Names of elements
count without their namespace, because the strict and the transitional form differ in nothing else that matters here.
"""

import posixpath
import re
import struct
import zlib
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import chain, islice
from pathlib import Path
from typing import IO
from xml.parsers import expat
from zipfile import BadZipFile, ZipFile

from ledger.errors import SourceUnreadable
from ledger.reading.csv_text import LOOKED_AT, HeaderJudge
from ledger.reading.typed import SourceNote, TypedRows, Unusable, cell_text

_LARGEST_PART = 1 << 30
_CHUNK = 1 << 16
_DEEPEST = 50
_LARGEST_COLUMN = 16_384
_DAY_MS = 86_400_000
_LEAP_BUG = 60
"""Serial 60 is 1900-02-29, which never was; the serials before it are one day off (ECMA-376 part 1, 18.17.4.1)."""
_LAST_SERIAL = 2_958_466
_DATE_FORMATS = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
"""The built-in number formats that show a date or time (ECMA-376 part 1, 18.8.30)."""
_NOT_SHOWN = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
_DURATION = re.compile(r"\[[hms]+\]", re.IGNORECASE)
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
_REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_BROKEN = (
    BadZipFile,
    EOFError,
    IndexError,
    KeyError,
    NotImplementedError,
    OverflowError,
    expat.ExpatError,
    RuntimeError,
    ValueError,
    struct.error,
    zlib.error,
)
_NO_WORKBOOK = ("cannot be read as a workbook", "save it again as .xlsx")
_ENCRYPTED = b"\xd0\xcf\x11\xe0"
_NO_STORED_VALUE = Unusable(
    "the formula has no stored value",
    "open the workbook in a spreadsheet program and save it, or put the values in the place of the formulas",
)


@contextmanager
def open_workbook(
    path: Path, sheet: str, judge: HeaderJudge | None = None, header_row: int | None = None
) -> Iterator[TypedRows]:
    """Open the rows of a sheet below its header: the first row from `header_row` on, or that which `judge` finds.

    Without a name (`""`) the first visible sheet is read. Formulas stand for the values that are stored with them.
    Raises `SourceUnreadable`.
    """
    try:
        with ZipFile(path) as archive:
            book = _Book(archive)
            notes: list[SourceNote] = []
            part = book.part_of(sheet)
            look = Look(judge, header_row)
            row, names, rows = look.below_header(_sound(book.rows(part, notes)))
            yield TypedRows(names, rows, notes, book.others(sheet, part, look), row, book.from_1904)
    except BadZipFile as error:
        with path.open("rb") as stream:
            if stream.read(len(_ENCRYPTED)) == _ENCRYPTED:
                what = "is encrypted, or a workbook of an older format"
                raise SourceUnreadable(what, "save it again as .xlsx without a password") from error
        raise SourceUnreadable(*_NO_WORKBOOK) from error


def sheet_names(path: Path) -> tuple[str, ...]:
    """Return the names of the visible sheets of a workbook, in their order. Raises `SourceUnreadable`."""
    try:
        with ZipFile(path) as archive:
            return _Book(archive).visible_names
    except BadZipFile as error:
        raise SourceUnreadable(*_NO_WORKBOOK) from error


def _name(value: object) -> str:
    text = cell_text(value)
    return " ".join(text.split()) if isinstance(text, str) else ""


_Rows = Iterator[tuple[int, list[object]]]


@dataclass(frozen=True, slots=True)
class Look:
    """How the header of a sheet is found."""

    judge: HeaderJudge | None = None
    header_row: int | None = None

    def below_header(self, rows: _Rows) -> tuple[int, list[str], _Rows]:
        """Return the row of the header, its names, and the rows below it."""
        asked = (found for found in rows if found[0] >= (self.header_row or 1))
        first = list(islice(asked, 1 if self.header_row or not self.judge else LOOKED_AT))
        cells = [[_name(value) for value in values] for _, values in first]
        place = self.judge(cells)[0] if self.judge else 0
        names = cells[place] if cells else []
        while names and not names[-1]:
            names.pop()
        return first[place][0] if first else 1, names, chain(first[place + 1 :], asked)


def _sound(rows: Iterator[tuple[int, list[object]]]) -> Iterator[tuple[int, list[object]]]:
    """The rows, with what a damaged file raises as `SourceUnreadable`."""
    try:
        yield from rows
    except _BROKEN as error:
        raise SourceUnreadable(*_NO_WORKBOOK) from error


@dataclass(slots=True)
class _Element:
    """An element; names of elements and attributes are without their prefix."""

    name: str
    attributes: dict[str, str]
    text: str = ""
    children: list["_Element"] = field(default_factory=list)

    def get(self, name: str, default: str = "") -> str:
        return self.attributes.get(name, default)


class _Parser:
    """Finds the outermost elements of some names. A document type, which could hold entities, is refused."""

    def __init__(self, names: Collection[str]) -> None:
        self._names = names
        self._open: list[_Element] = []
        self._complete: list[_Element] = []
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.StartDoctypeDeclHandler = self._refuse

    def elements(self, stream: IO[bytes]) -> Iterator[_Element]:
        """Yield the elements while the stream is read."""
        while data := stream.read(_CHUNK):
            self._parser.Parse(data, False)
            yield from self._complete
            self._complete.clear()
        self._parser.Parse(b"", True)
        yield from self._complete

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        if not self._open and name not in self._names:
            return
        if len(self._open) > _DEEPEST:
            raise ValueError(f"{name} lies too deep")
        made = _Element(name, {key.rpartition(":")[2]: value for key, value in attributes.items()})
        if self._open:
            self._open[-1].children.append(made)
        self._open.append(made)

    def _end(self, _: str) -> None:
        if self._open:
            element = self._open.pop()
            if not self._open:
                self._complete.append(element)

    def _text(self, data: str) -> None:
        if self._open:
            self._open[-1].text += data

    def _refuse(self, *_: object) -> None:
        raise ValueError("there is a document type")


@dataclass(frozen=True, slots=True)
class _Sheet:
    name: str
    part: str
    visible: bool


class _Book:
    """The parts of an open workbook that rows depend on."""

    def __init__(self, archive: ZipFile) -> None:
        self._archive = archive
        self._names = {_plain_name(info.filename): info for info in archive.infolist()}
        try:
            main = self._target("", "officeDocument", default="xl/workbook.xml")
            self._sheets, self.from_1904 = self._workbook(main)
            self._strings = list(self._shared_strings(main))
            self._formats = self._number_formats()
        except _BROKEN as error:
            raise SourceUnreadable(*_NO_WORKBOOK) from error

    @property
    def visible_names(self) -> tuple[str, ...]:
        """The names of the visible sheets."""
        return tuple(sheet.name for sheet in self._sheets if sheet.visible)

    def part_of(self, name: str) -> str:
        """Return the part of the sheet of that name, or of the first visible one."""
        listed = ", ".join(sheet.name for sheet in self._sheets)
        if name:
            for sheet in self._sheets:
                if sheet.name == name:
                    return sheet.part
            raise SourceUnreadable(
                f"there is no sheet {name!r}", f"correct sheet in [data]; its sheets are: {listed}"
            )
        visible = [sheet for sheet in self._sheets if sheet.visible]
        if not visible:
            raise SourceUnreadable(
                "the workbook has no visible sheet", "name the sheet in [data], or show it"
            )
        return visible[0].part

    def others(self, name: str, part: str, look: Look) -> dict[str, list[str]]:
        """Return the headers of the visible sheets that are not read, if none was asked for by name."""
        unread = [sheet for sheet in self._sheets if sheet.visible and sheet.part != part and not name]
        return {sheet.name: look.below_header(_sound(self.rows(sheet.part, [])))[1] for sheet in unread}

    def rows(self, part: str, notes: list[SourceNote]) -> Iterator[tuple[int, list[object]]]:
        """Yield the rows that are not empty; add a note for merged cells, which say a value for one row only."""
        number, hidden = 0, 0
        for element in self._elements(part, "row", "mergeCell"):
            if element.name == "mergeCell":
                _note_merged(element.get("ref"), notes)
                continue
            number = int(element.get("r") or number + 1)
            values = self._values(element)
            if all(value is None for value in values):
                continue
            hidden += element.get("hidden") in {"1", "true"}
            yield number, values
        if hidden:
            what = f"{hidden:,} rows are hidden in the sheet, and count nevertheless"
            notes.append(SourceNote(what, "show them, and remove those that are not to count", "remark"))

    def _values(self, row: _Element) -> list[object]:
        values: list[object] = []
        for cell in row.children:
            reference = _REFERENCE.fullmatch(cell.get("r"))
            place = _column_of(reference[1]) if reference else len(values)
            if place >= _LARGEST_COLUMN:
                raise ValueError(place)
            values.extend([None] * (place - len(values)))
            values[place:] = [self._value(cell)]
        return values

    def _value(self, cell: _Element) -> object:  # noqa: PLR0911 - a case for each type of cell
        kind = cell.get("t", "n")
        parts = {child.name: child for child in cell.children}
        if kind == "inlineStr":
            return _text(parts["is"]) if "is" in parts else None
        text = parts["v"].text if "v" in parts else ""
        if not text and not (kind == "str" and "v" in parts):
            return _NO_STORED_VALUE if "f" in parts else None
        match kind:
            case "s":
                return self._strings[int(text)]
            case "str":
                return _unescaped(text)
            case "b":
                return "TRUE" if text.strip() in {"1", "true"} else "FALSE"
            case "e":
                return Unusable(f"the formula gives {text}", "correct the formula")
            case "d":
                return _dated(datetime.fromisoformat(text.strip()))
        return self._number(float(text), cell.get("s", "0"))

    def _number(self, number: float, style: str) -> object:
        form = self._formats[int(style)] if int(style) < len(self._formats) else ""
        if form == "duration":
            return Unusable("the cell holds a duration", "give it as a date, a number or text")
        return _from_serial(number, from_1904=self.from_1904) if form == "date" else number

    def _workbook(self, main: str) -> tuple[list[_Sheet], bool]:
        relations = self._relations(main)
        sheets = []
        from_1904 = False
        for element in self._elements(main, "sheet", "workbookPr"):
            if element.name == "workbookPr":
                from_1904 = element.get("date1904") in {"1", "true"}
                continue
            type_, target = relations[element.get("id")]
            if type_ == "worksheet":
                visible = element.get("state", "visible") == "visible"
                sheets.append(_Sheet(element.get("name"), target, visible))
        return sheets, from_1904

    def _target(self, part: str, wanted: str, default: str = "") -> str:
        """Return the first part of the `wanted` type that `part` refers to, or `default`."""
        return next((target for kind, target in self._relations(part).values() if kind == wanted), default)

    def _relations(self, part: str) -> dict[str, tuple[str, str]]:
        """Return, by its id, the type and the part of everything that `part` refers to."""
        folder, name = posixpath.split(part)
        listed = posixpath.join(folder, "_rels", f"{name}.rels")
        if _plain_name(listed) not in self._names:
            return {}
        return {
            element.get("Id"): (
                element.get("Type").rpartition("/")[2],
                posixpath.normpath(posixpath.join("/", folder, element.get("Target"))).lstrip("/"),
            )
            for element in self._elements(listed, "Relationship")
        }

    def _shared_strings(self, main: str) -> Iterator[str]:
        part = self._target(main, "sharedStrings")
        if _plain_name(part) in self._names:
            yield from map(_text, self._elements(part, "si"))

    def _number_formats(self) -> list[str]:
        """Return, for each cell format, whether it shows a `date`, a `duration` or neither ("")."""
        part = "xl/styles.xml"
        if part not in self._names:
            return []
        custom: dict[str, str] = {}
        found: list[str] = []
        for element in self._elements(part, "numFmt", "cellXfs"):
            if element.name == "numFmt":
                custom[element.get("numFmtId")] = element.get("formatCode")
            else:
                found = [_shows(one.get("numFmtId", "0"), custom) for one in element.children]
        return found

    def _elements(self, part: str, *names: str) -> Iterator[_Element]:
        info = self._names[_plain_name(part)]
        if info.file_size > _LARGEST_PART:
            raise SourceUnreadable("the workbook holds more than 1 GiB", "split it, or export it as CSV")
        with self._archive.open(info) as stream:
            yield from _Parser(frozenset(names)).elements(stream)


def _plain_name(name: str) -> str:
    """Part names differ by case and kind of slash in some writers' files (ECMA-376 part 2, 9.1.1.1)."""
    return name.replace("\\", "/").lstrip("/").lower()


def _text(element: _Element) -> str:
    """The text of a string item without its phonetic hints."""
    parts = []
    for child in element.children:
        if child.name == "t":
            parts.append(child.text)
        elif child.name == "r":
            parts += [one.text for one in child.children if one.name == "t"]
    return _unescaped("".join(parts))


def _unescaped(text: str) -> str:
    """Control characters are written as `_x000D_`, an underscore before such a text as `_x005F_`."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


def _column_of(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _shows(number: str, custom: Mapping[str, str]) -> str:
    code = custom.get(number)
    if code is None:
        return "date" if number.isdigit() and int(number) in _DATE_FORMATS else ""
    shown = _NOT_SHOWN.sub("", code.partition(";")[0])
    if _DURATION.search(shown):
        return "duration"
    return "date" if shown.lower() != "general" and re.search("[dmyhs]", shown, re.IGNORECASE) else ""


def _from_serial(serial: float, *, from_1904: bool) -> object:
    """The day or instant of a serial number, rounded to the millisecond; a time alone where it is below 1."""
    if not 0 <= serial < _LAST_SERIAL:
        return Unusable("the cell holds no date of the calendar", "correct the date")
    day, part = divmod(round(serial * _DAY_MS), _DAY_MS)
    moment = timedelta(milliseconds=part)
    if not day and not from_1904:
        return (datetime.combine(date.min, time()) + moment).time()
    if day == _LEAP_BUG and not from_1904:
        return Unusable("the cell holds 1900-02-29, which is no day", "correct the date")
    epoch = date(1904, 1, 1) if from_1904 else date(1899, 12, 31) if day < _LEAP_BUG else date(1899, 12, 30)
    return _dated(datetime.combine(epoch + timedelta(days=day), time()) + moment)


def _dated(moment: datetime) -> object:
    is_day = moment.tzinfo is None and moment.time() == time()
    return moment.date() if is_day else moment


def _note_merged(reference: str, notes: list[SourceNote]) -> None:
    """Add a fault for cells that are merged over several rows."""
    ends = [found for end in reference.split(":") if (found := _REFERENCE.fullmatch(end))]
    rows = sorted(int(found[2]) for found in ends)
    columns = sorted(_column_of(found[1]) for found in ends)
    if rows and rows[-1] > rows[0]:
        what = f"the cells {reference} are merged, so only the first of their rows has the value"
        remedy = "split them, and write the value in each row"
        of = range(columns[0], columns[-1] + 1)
        notes.append(SourceNote(what, remedy, "fault", rows[0], of, rows[-1]))

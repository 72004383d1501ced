"""Reads separated text exactly: the row of every record, and every record that breaks the format (RFC 4180).

The database reads such a file faster. It may do so only where both readers surely agree: see `Inspection.even`.
"""

import csv
import re
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from ledger.reading.encodings import BLOCK, wide


class TextRow(NamedTuple):
    """One row as a spreadsheet counts it (an empty line is a row): its fields, or what breaks the format.

    `broken` is "what; remedy". `typed` are the positions of values that came with a type of their own.
    """

    row: int
    fields: tuple[str, ...]
    broken: str = ""
    typed: Collection[int] = ()


class _Replay:
    """Lines that can be taken back: those of the current record after its first."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._again: deque[str] = deque()
        self._taken: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        self._taken.append(line)
        return line

    def begin(self) -> None:
        self._taken.clear()

    def has(self, pattern: re.Pattern[str]) -> bool:
        """Return whether a line of the current record has a match."""
        return any(pattern.search(line) for line in self._taken)

    def take_back(self) -> int:
        self._again.extendleft(reversed(self._taken[1:]))
        return len(self._taken)


def records(lines: Iterator[str], delimiter: str) -> Iterator[TextRow]:
    """Yield every record of `lines` but empty lines; after a broken record the reading goes on at the next line."""
    source = _Replay(lines)
    reader = csv.reader(source, delimiter=delimiter, strict=True)
    misplaced = re.compile(rf'(?:^|{re.escape(delimiter)})[ \u00a0]+"')
    row = 0
    while True:
        row += 1
        source.begin()
        try:
            fields = next(reader, None)
        except csv.Error as error:
            yield TextRow(row, (), _reason(str(error), source.take_back()))
            reader = csv.reader(source, delimiter=delimiter, strict=True)
            continue
        if fields is None:
            return
        if any(one[:1] in _SPACES and one.lstrip(" \u00a0")[:1] == '"' for one in fields) and source.has(
            misplaced
        ):
            yield TextRow(row, (), "a space stands before an opening quote; remove the space")
        elif fields:
            yield TextRow(row, tuple(fields))


_SPACES = (" ", "\u00a0")


def _reason(message: str, lines: int) -> str:
    if lines > 1 or "unexpected end of data" in message:
        return f"a quote opens that is not closed; {_QUOTES}"
    if "field larger" in message:
        return f"a field is longer than {csv.field_size_limit():,} characters; shorten it"
    return f"text follows a closing quote; {_QUOTES}"


_QUOTES = "close the quote, and double quotes inside"


def is_blank(fields: Collection[str]) -> bool:
    """Return whether a row says nothing: spreadsheets write rows of delimiters below and between their data."""
    return not "".join(fields).strip(" \u00a0")


# The bytes of a text file before it is parsed: encoding, line ends, header.

CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
"""Unicode's category Cc."""

_PRINTED = bytes(set(range(0x20, 0x100)) - {0x7F}) + b"\r\n"
_CONTROL_BYTES = re.compile(rb"\xc2[\x80-\x9f]")
_MARK = b"\xef\xbb\xbf"
_FOREIGN = {
    b"\xff\xfe": ("UTF-16", 'declare encoding = "utf-16"'),
    b"\xfe\xff": ("UTF-16", 'declare encoding = "utf-16"'),
    b"PK\x03\x04": ("a workbook or an archive", "name a workbook NAME.xlsx, or export it as CSV"),
    b"\xd0\xcf\x11\xe0": ("a workbook of an older format", "save it as .xlsx or as CSV"),
    b"\x1f\x8b": ("a compressed file", "unpack it"),
    b"PAR1": ("Parquet", "name the file NAME.parquet"),
}
_HEAD = 1 << 16
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\r?\n?', re.IGNORECASE)
DELIMITERS = ",;\t|"
LOOKED_AT = 50
"""In how many rows a header is looked for."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The header's names and row, the delimiter, and how many lines do not count: one that names the delimiter."""

    names: tuple[str, ...]
    delimiter: str
    skipped: int
    row: int = 1


@dataclass(frozen=True, slots=True)
class Undecodable:
    """The first byte that is no UTF-8: its line and its place in the file, both counted from 1."""

    line: int
    position: int
    byte: int


@dataclass(frozen=True, slots=True)
class Inspection:
    """The result of a scan of a file's bytes.

    `foreign` says what the file is instead of text, and the remedy. `lines` counts the lines of the table without the
    empty ones at the end. `even`: every line is a row of as many fields as the header, with quotes, if any, around
    whole fields, without control characters, and says something. All readers of CSV agree on such a file.
    """

    empty: bool
    lines: int
    even: bool
    foreign: tuple[str, str] | None
    undecodable: Undecodable | None


def inspect(path: Path, layout: Layout) -> Inspection:
    """Scan the bytes of `path` once. Raises `OSError`."""
    lines, position, blank, even, foreign = 0, 0, True, True, None
    undecodable: Undecodable | None = None
    shape = _Shape(layout.delimiter, len(layout.names))
    rest = b""
    for block in _blocks(path):
        if position == 0:
            foreign = next((said for mark, said in _FOREIGN.items() if block.startswith(mark)), None)
            if foreign is None and (name := wide(block[:_HEAD])):
                foreign = ("UTF-16 without a mark", f'declare encoding = "{name}"')
        undecodable = undecodable or _first_undecodable(block, lines, position)
        rows = block.split(b"\n", layout.skipped)[-1] if position == 0 else block
        even = even and shape.holds(rows.removeprefix(_MARK) if position == 0 else rows)
        blank = blank and not block.removeprefix(_MARK).strip()
        lines += block.count(b"\n")
        position += len(block)
        rest = block
    content = rest.rstrip(b"\r\n")
    lines += bool(content) - rest.count(b"\n", len(content)) - layout.skipped
    return Inspection(blank, lines, even and layout.row == 1, foreign, undecodable)


class _Shape:
    """The form of lines that all readers read alike. Every step goes over a block at the speed of C."""

    def __init__(self, delimiter: str, width: int) -> None:
        mark = delimiter.encode()
        self._printed = _PRINTED + (b"\t" if delimiter == "\t" else b"")
        self._row = mark * (width - 1) + b"\n"
        self._other = bytes(set(range(0x100)) - {mark[0], ord("\n")}) if len(mark) == 1 else None
        self._says_nothing = mark + b' "\r'
        found = re.escape(mark)
        text = rb'(?:"[^"\n]*+(?:""[^"\n]*+)*+"|[^"\n' + found + rb"]*+)"
        line = text + (rb"(?:" + found + text + rb"){%d}" % (width - 1)) + rb"\r?+\n"
        self._quoted = re.compile(rb"(?:" + line + rb")*+")

    def holds(self, block: bytes) -> bool:
        """Return whether all lines of a block have the form."""
        if self._other is None or not _is_plain(block, self._printed):
            return False
        content = block.rstrip(b"\r\n") + b"\n"
        if self._has_blank(content) or not _has_short_lines(content):
            return False
        if b'"' in content:
            return self._quoted.fullmatch(content) is not None
        marks = content.translate(None, self._other)
        return marks == self._row * (len(marks) // len(self._row))

    def _has_blank(self, content: bytes) -> bool:
        """Return whether a line says nothing: it is empty once all that says nothing is gone."""
        rest = content.replace(b"\xc2\xa0", b"") if b"\xc2\xa0" in content else content
        rest = rest.translate(None, self._says_nothing)
        return rest.startswith(b"\n") or b"\n\n" in rest


def _has_short_lines(content: bytes) -> bool:
    """Return whether each part of half the longest field has a line's end, so that no field can be too long."""
    half = csv.field_size_limit() // 2
    return all(content.find(b"\n", start, start + half) >= 0 for start in range(0, len(content), half))


HeaderJudge = Callable[[Sequence[Sequence[str]]], tuple[int, tuple[bool, int]]]
"""The place of the header among the first rows, and how well it fits: whether it is complete, and its known names."""


def layout_of(path: Path, judge: HeaderJudge, delimiter: str = "", header_row: int | None = None) -> Layout:
    """Find the header and the delimiter: those given or named, or those that `judge` finds to fit best."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
        lines = stream.readlines(_HEAD)
    named = _SEPARATOR_LINE.fullmatch(lines[0]) if lines else None
    if named:
        lines = lines[1:]
        delimiter = delimiter or named[1]
    best: tuple[tuple[bool, int, bool], Layout] | None = None
    for choice in delimiter or DELIMITERS:
        rows = list(_first_rows(lines, choice, header_row))
        place, fit = judge([fields for _, fields in rows])
        row, fields = rows[place] if rows else (1, ())
        names = tuple(" ".join(name.split()) for name in fields)
        if best is None or best[0] < (*fit, len(names) > 1):
            best = (*fit, len(names) > 1), Layout(names, choice, bool(named), row)
    assert best is not None
    return best[1]


def _first_rows(
    lines: list[str], delimiter: str, header_row: int | None
) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield the first rows that say something; from `header_row` on only one."""
    said = (
        record for record in records(iter(lines), delimiter) if record.broken or not is_blank(record.fields)
    )
    asked = (record for record in said if record.row >= (header_row or 1))
    for record in islice(asked, 1 if header_row else LOOKED_AT):
        yield record.row, record.fields


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while block := stream.read(BLOCK):
            yield block + stream.readline()


def _is_plain(block: bytes, printed: bytes) -> bool:
    if block.translate(None, printed) or (b"\r" in block and block.count(b"\r") != block.count(b"\r\n")):
        return False
    return b"\xc2" not in block or _CONTROL_BYTES.search(block) is None


def _first_undecodable(block: bytes, lines: int, position: int) -> Undecodable | None:
    try:
        block.decode()
    except UnicodeDecodeError as error:
        line = lines + block.count(b"\n", 0, error.start) + 1
        return Undecodable(line, position + error.start + 1, block[error.start])
    return None

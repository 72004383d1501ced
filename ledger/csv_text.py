"""Reads separated text exactly: the row of every record, and every record that breaks the format.

This is slower than the database's own reader: it serves files in which a line is not always a row, or with faults.
"""

import csv
import re
from collections import deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple


class TextRow(NamedTuple):
    """One row as a spreadsheet counts it (an empty line is a row): its fields, or what breaks the format."""

    row: int
    fields: tuple[str, ...]
    broken: str = ""


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

    def take_back(self) -> int:
        self._again.extendleft(reversed(self._taken[1:]))
        return len(self._taken)


def records(lines: Iterator[str], delimiter: str) -> Iterator[TextRow]:
    """Every record of `lines`, empty ones left out. After a broken one the reading goes on at the next line."""
    source = _Replay(lines)
    reader = csv.reader(source, delimiter=delimiter, strict=True)
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
        if fields:
            yield TextRow(row, tuple(fields))


def _reason(message: str, lines: int) -> str:
    if lines > 1 or "unexpected end of data" in message:
        return "a quote opens that is not closed"
    if "field larger" in message:
        return f"a field is longer than {csv.field_size_limit():,} characters"
    return "text follows a closing quote"


# What the bytes of a text file say before anyone parses it: its encoding, its line ends, its header.

BLOCK = 1 << 24
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
"""Unicode's category Cc."""

_PRINTED = bytes(set(range(0x20, 0x100)) - {0x7F}) + b"\r\n"
_CONTROL_BYTES = re.compile(rb"\xc2[\x80-\x9f]")
_MARK = b"\xef\xbb\xbf"
_WIDE = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}
DELIMITERS = ",;\t"


@dataclass(frozen=True, slots=True)
class Undecodable:
    """The first byte that is no UTF-8: its line and its place in the file, both counted from 1."""

    line: int
    position: int
    byte: int


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a scan of a file's bytes found.

    `lines` counts the lines without the empty ones at the end. `plain`: there are no control characters (but tabs, if
    they separate) and no lone carriage returns.
    """

    empty: bool
    lines: int
    plain: bool
    wide: str
    undecodable: Undecodable | None


def inspect(path: Path, delimiter: str) -> Inspection:
    """Scan the bytes of `path` once. Raises `OSError`."""
    newlines, position, blank, plain, wide, block = 0, 0, True, True, "", b""
    undecodable: Undecodable | None = None
    printed = _PRINTED + (b"\t" if delimiter == "\t" else b"")
    for block in _blocks(path):
        wide = _WIDE.get(block[:2], "") if position == 0 else wide
        undecodable = undecodable or _first_undecodable(block, newlines, position)
        plain = plain and _is_plain(block, printed)
        blank = blank and not block.removeprefix(_MARK).strip()
        newlines += block.count(b"\n")
        position += len(block)
    content = block.rstrip(b"\r\n")
    lines = newlines - block.count(b"\n", len(content)) + bool(content)
    return Inspection(blank, lines, plain, wide, undecodable)


def header_of(path: Path, known: Collection[str], delimiter: str = "") -> tuple[list[str], str]:
    """The header's names and the delimiter: the one given, or of `, ; TAB` that which finds most `known` names."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
        line = next((line for line in stream if line.strip()), "")
    choices = [(_split(line, choice), choice) for choice in delimiter or DELIMITERS]
    return max(choices, key=lambda choice: (len(set(choice[0]) & set(known)), len(choice[0]) > 1))


def _split(line: str, delimiter: str) -> list[str]:
    try:
        return [name.strip(" ") for name in next(csv.reader([line.rstrip("\r\n")], delimiter=delimiter), [])]
    except csv.Error:
        return []


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

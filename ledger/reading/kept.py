"""Files of tables as an earlier command read them, so that only lines that differ since are read and checked again.

Of each file the parsed rows are kept, with a note of the bytes and settings that they follow from and of the remarks
about them. What is missing, foreign, older or damaged is not used: then the file is read whole.
"""

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, NamedTuple

from ledger.database import Database
from ledger.errors import NotWritten
from ledger.findings import Findings, Remarks
from ledger.reading.csv_text import Layout
from ledger.reading.rows import FIRST_ROW
from ledger.settings import TableSource
from ledger.tables import Table, file_literal, identifier

_BLOCK = 1 << 14
_MOST_REMARKS = 1000
_AGAIN = 8
"""The rows of a file are kept anew once more than this part of its bytes differs."""
_FORM = "FORMAT parquet, COMPRESSION zstd"


@dataclass(frozen=True, slots=True)
class _Note:
    """What is noted of a file: its size, digests of its blocks from the start and from the end, and its rows.

    `layout` and `head` are those of a text in which every line is a row, and empty for all other files. `stored` is the
    digest of the file that holds the parsed rows.
    """

    size: int
    front: list[str]
    back: list[str]
    layout: str
    head: str
    rows: int
    stored: str
    remarks: Remarks


@dataclass(frozen=True, slots=True)
class Changed:
    """A header with the lines of a text that differ from the kept ones; `before` and `after` count the kept rows."""

    text: bytes
    lines: int
    before: int
    after: int


class KeptFile:
    """A file of a table, and what is kept of an earlier state of it."""

    def __init__(self, place: Path, ground: str, path: Path, table: Table, number: int) -> None:
        self.table = table
        self.number = number
        self.place = place
        self.is_stale = True
        self.query = ""
        """Selects the kept rows that still stand; empty where the file is read whole."""
        self._ground = ground
        self._path = path
        self._stamp = _stamp(path)
        self._layout, self._head = "", b""
        with path.open("rb") as stream:
            self._front = _digests(stream, 0)
        self._note = self._known()

    def _known(self) -> _Note | None:
        """Return the note; its first line is the digest of what it was made from and of itself."""
        with suppress(OSError):
            digest, _, told = self._place_of_note.read_text("utf-8", "replace").partition("\n")
            if digest == _digest(self._ground, told):
                note = _Note(**json.loads(told))
                return note if note.stored == sha256(self.place.read_bytes()).hexdigest() else None
        return None

    @property
    def _place_of_note(self) -> Path:
        return self.place.with_suffix(".json")

    def holds_all(self, findings: Findings) -> bool:
        """Return whether the file is as it was kept; then its rows stand, and its remarks are added again."""
        note = self._note
        if note is None or note.front != self._front:
            return False
        findings.repeat(self.number, note.remarks)
        self._take("true", 0)
        self.is_stale = False
        return True

    def changed(self, layout: Layout) -> Changed | None:
        """Return what differs in a text that was kept without a remark; None if the lines cannot be told apart."""
        note = self._note
        if note is None or note.remarks or note.layout != repr(layout):
            return None
        with self._path.open("rb") as stream:
            head = _head(stream, layout)
            if note.head != head.hex():
                return None
            start, end = self._bounds(stream, note, len(head))
            text = b"".join(_blocks(stream, start, end))
            before = _lines(_blocks(stream, len(head), start))
            after = _lines(_blocks(stream, end, self._stamp.size))
        return Changed(head + text, _lines([text]), before, after)

    def _bounds(self, stream: BinaryIO, note: _Note, head: int) -> tuple[int, int]:
        """Return where the lines begin that differ, and where they end."""
        size = self._stamp.size
        start = max(_same(self._front, note.front) * _BLOCK, head)
        most = max((min(size, note.size) - start) // _BLOCK, 0)
        end = size - min(_same(_digests(stream, size % _BLOCK)[::-1], note.back), most) * _BLOCK
        begin = max(start - _BLOCK, head)
        last = b"".join(_blocks(stream, begin, start)).rfind(b"\n")
        first = b"".join(_blocks(stream, end, min(end + _BLOCK, size))).find(b"\n")
        return (begin + last + 1 if last >= 0 else head), (end + first + 1 if first >= 0 else size)

    def take(self, changed: Changed) -> None:
        """Let the kept rows stand around the changed lines, which were read."""
        note = self._note
        assert note is not None
        self._layout, self._head = note.layout, bytes.fromhex(note.head)
        self.is_stale = len(changed.text) * _AGAIN > self._stamp.size
        after = FIRST_ROW + note.rows - changed.after
        moved = changed.before + changed.lines + changed.after - note.rows
        self._take(f"row_number < {FIRST_ROW + changed.before} OR row_number >= {after}", moved, after)

    def _take(self, condition: str, moved: int, after: int = 0) -> None:
        row = f"CAST(row_number + CASE WHEN row_number >= {after} THEN {moved} ELSE 0 END AS INTEGER)"
        fields = ", ".join(map(identifier, self.table.names))
        rows = f"read_parquet({file_literal(self.place)})"
        self.query = f"SELECT {self.number}, {row}, {fields} FROM {rows} WHERE {condition}"

    def is_lines(self, layout: Layout) -> None:
        """Note that every line of the file below its header is a row."""
        with self._path.open("rb") as stream:
            self._layout, self._head = repr(layout), _head(stream, layout)

    def store(self, rows: Path, count: int, remarks: Remarks) -> None:
        """Keep the file of rows and a note; not if the table was changed since it was first looked at."""
        with self._path.open("rb") as stream:
            if count != _lines(_blocks(stream, len(self._head), self._stamp.size)):
                self._layout, self._head = "", b""
            back = _digests(stream, self._stamp.size % _BLOCK)[::-1] if self._head else []
        data, size = rows.read_bytes(), self._stamp.size
        stored = sha256(data).hexdigest()
        note = _Note(size, self._front, back, self._layout, self._head.hex(), count, stored, remarks)
        told = json.dumps(asdict(note))
        if _stamp(self._path) == self._stamp:
            _put(self.place, data)
            _put(self._place_of_note, f"{_digest(self._ground, told)}\n{told}".encode())


class KeptTables:
    """What `folder` keeps of all `files` of a reading.

    `ground` changes with everything that parsed rows follow from besides a file and its source.
    """

    def __init__(self, folder: Path, ground: str) -> None:
        self._folder = folder
        self._ground = ground
        self.files: list[KeptFile] = []
        self._stale: list[tuple[KeptFile, Path, int, Remarks]] = []

    @property
    def is_used(self) -> bool:
        """Whether kept rows stand in a table."""
        return any(file.query for file in self.files)

    def file(self, path: Path, table: Table, number: int, label: str, source: TableSource) -> KeptFile:
        """Return what is kept of a file of that label. Raises `OSError`."""
        place = self._folder / f"{table.name}-{_digest(label)[:16]}.parquet"
        self.files.append(KeptFile(place, _digest(self._ground, repr(source)), path, table, number))
        return self.files[-1]

    def complete(self, database: Database, findings: Findings, table: Table, scratch: Path) -> None:
        """Add the kept rows to a parsed table, and write the rows of files that were read anew to `scratch`."""
        files = [file for file in self.files if file.table is table]
        for file in files:
            if file.query:
                database.run(f"INSERT INTO {table.name} {file.query}")
        for file in files:
            remarks = findings.remarks_of(file.number)
            if file.is_stale and not findings.faulty and len(remarks) < _MOST_REMARKS:
                fields = ", ".join(map(identifier, table.names))
                rows = f"FROM {table.name} WHERE file_number = {file.number}"
                with suppress(NotWritten):
                    database.write(f"SELECT row_number, {fields} {rows}", scratch / file.place.name, _FORM)
                    count = database.number(f"SELECT count(*) {rows}")
                    self._stale.append((file, scratch / file.place.name, count, remarks))

    def store(self) -> None:
        """Keep what was read anew, and drop what belongs to no file any more. No error of a disk ends a command."""
        with suppress(OSError):
            self._folder.mkdir(mode=0o700, exist_ok=True)
            for file, rows, count, remarks in self._stale:
                file.store(rows, count, remarks)
            wanted = {file.place.stem for file in self.files}
            for path in self._folder.iterdir():
                if path.stem not in wanted:
                    path.unlink()


class _Stamp(NamedTuple):
    """What changes with a file that is written meanwhile."""

    size: int
    modified: int
    inode: int


def _stamp(path: Path) -> _Stamp:
    facts = path.stat()
    return _Stamp(facts.st_size, facts.st_mtime_ns, facts.st_ino)


def _put(path: Path, data: bytes) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_bytes(data)
    beside.replace(path)


def _digest(*parts: str) -> str:
    return sha256(repr(parts).encode()).hexdigest()


def _blocks(stream: BinaryIO, start: int, end: int, size: int = 1 << 20) -> Iterator[bytes]:
    """Yield the bytes from `start` to before `end` in parts."""
    stream.seek(start)
    while start < end and (block := stream.read(min(size, end - start))):
        yield block
        start += len(block)


def _digests(stream: BinaryIO, start: int) -> list[str]:
    blocks = _blocks(stream, start, os.fstat(stream.fileno()).st_size, _BLOCK)
    return [sha256(block).hexdigest()[:32] for block in blocks]


def _same(some: list[str], others: list[str]) -> int:
    """Return how many entries at the start are equal."""
    pairs = enumerate(zip(some, others, strict=False))
    return next((place for place, (one, other) in pairs if one != other), min(len(some), len(others)))


def _lines(blocks: Iterable[bytes]) -> int:
    """Return the number of lines, the last of which may lack its end."""
    count, last = 0, b"\n"
    for block in blocks:
        count, last = count + block.count(b"\n"), block[-1:] or last
    return count + (last != b"\n")


def _head(stream: BinaryIO, layout: Layout) -> bytes:
    """Return the header's line, and the one that names the delimiter."""
    stream.seek(0)
    return b"".join(stream.readline() for _ in range(layout.skipped + 1))

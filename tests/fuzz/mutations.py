"""Small damages to a site's files, each decided by a seed: what exports, editors, mergers and people do to them."""

import csv
import io
import random
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

Rows = list[list[str]]
_LISTED: dict[str, list[str]] = tomllib.loads(
    Path(__file__).with_name("values.toml").read_text(encoding="utf-8")
)
CELLS = [*_LISTED["cells"], "9" * 300, "x" * 300]
VALUES = [*_LISTED["values"], "é" * 200]
LINES = [*_LISTED["lines"], "x" * 5000, "* " * 300, "> " * 300, "[" * 500]


@dataclass(frozen=True)
class Mutation:
    """A file of the site with its new bytes, and in words what was done to it."""

    path: str
    data: bytes
    what: str


def mutation(folder: Path, seed: int) -> Mutation:
    """The damage of that seed; the same for the same files."""
    chance = random.Random(seed)
    path = _file(folder, chance)
    data = path.read_bytes()
    where = path.relative_to(folder).as_posix()
    if chance.random() < 0.2:
        new, what = _bytes(data, chance)
    elif path.suffix == ".csv":
        new, what = _table(data.decode(), chance)
    else:
        new, what = _text(data.decode(), chance)
    return Mutation(where, new, what)


def _file(folder: Path, chance: random.Random) -> Path:
    """Half of the damages go to the tables, the others to everything else that is read as text."""
    tables = sorted((folder / "data").glob("*.csv"))
    texts = [
        folder / "offerpress.toml",
        *sorted(p for p in (folder / "content").rglob("*") if p.suffix in {".md", ".toml"}),
    ]
    return chance.choice(tables if chance.random() < 0.5 else texts)


def _bytes(data: bytes, chance: random.Random) -> tuple[bytes, str]:
    at = chance.randrange(len(data))
    end = min(len(data), at + chance.randint(1, 40))

    def put(*new: bytes) -> bytes:
        return b"".join((data[:at], *new, data[end:]))

    flipped = bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 : end]
    ways: Sequence[Callable[[], tuple[bytes, str]]] = (
        lambda: (put(flipped), f"a bit of byte {at} flipped"),
        lambda: (put(bytes([chance.randrange(256)]), data[at:end]), f"a byte put in at {at}"),
        lambda: (data[:at], f"cut short at byte {at}"),
        lambda: (put(), f"bytes {at} to {end} taken out"),
        lambda: (put(data[at:end], data[at:end]), f"bytes {at} to {end} doubled"),
        lambda: (b"\xef\xbb\xbf" + data, "a byte order mark in front"),
        lambda: (put(b"\xef\xbb\xbf", data[at:end]), f"a byte order mark at {at}"),
        lambda: (data.decode().encode("utf-16"), "saved as UTF-16"),
        lambda: (data.decode().encode("latin-1", "replace"), "saved as Latin-1"),
        lambda: (data.replace(b"\n", b"\r\n"), "lines end in CR LF"),
        lambda: (data.replace(b"\n", b"\r"), "lines end in CR"),
        lambda: (data.rstrip(b"\n"), "no line end at the end"),
        lambda: (data + b"\n\n", "empty lines at the end"),
        lambda: (b"", "emptied"),
    )
    return chance.choice(ways)()


def _table(text: str, chance: random.Random) -> tuple[bytes, str]:
    rows = list(csv.reader(io.StringIO(text)))
    if chance.random() < 0.6:
        return _cell(rows, chance)
    new, what = _rows(rows, chance) if chance.random() < 0.6 else _columns(rows, chance)
    separator = chance.choice([",", ",", ",", ";", "\t"])
    return _written(new, separator), what + ("" if separator == "," else f", separated by {separator!r}")


def _cell(rows: Rows, chance: random.Random) -> tuple[bytes, str]:
    row, column = chance.randrange(1, len(rows)), chance.randrange(len(rows[0]))
    before = rows[row][column]
    rows[row][column] = (
        chance.choice(CELLS) if chance.random() < 0.8 else rows[chance.randrange(1, len(rows))][column]
    )
    return _written(rows), f"row {row + 1}, {rows[0][column]}: {before!r} → {rows[row][column]!r}"


def _rows(rows: Rows, chance: random.Random) -> tuple[Rows, str]:
    at = chance.randrange(1, len(rows))
    row = rows[at]

    def put(*new: list[str]) -> Rows:
        return [*rows[:at], *new, *rows[at + 1 :]]

    again = list(row)
    again[chance.randrange(1, len(again))] = chance.choice(CELLS)
    ways: Sequence[Callable[[], tuple[Rows, str]]] = (
        lambda: (put(row, row), f"row {at + 1} repeated"),
        lambda: (put(), f"row {at + 1} taken out"),
        lambda: (put([], row), f"an empty row before row {at + 1}"),
        lambda: (put(row[:-1]), f"row {at + 1} without its last cell"),
        lambda: (put([*row, "x"]), f"row {at + 1} with a cell too many"),
        lambda: (put(rows[0], row), f"the header again before row {at + 1}"),
        lambda: (put(row, again), f"row {at + 1} again with another value"),
        lambda: ([rows[0], *chance.sample(rows[1:], len(rows) - 1)], "rows shuffled"),
        lambda: (rows[:1], "only the header left"),
    )
    return chance.choice(ways)()


def _columns(rows: Rows, chance: random.Random) -> tuple[Rows, str]:
    header = rows[0]
    column, other = chance.randrange(len(header)), chance.randrange(len(header))
    name = header[column]
    names = ("", name.upper(), f" {name}", header[other], "x", f"{name}s")
    order = list(range(len(header)))
    order[column], order[other] = order[other], order[column]
    ways: Sequence[Callable[[], tuple[Rows, str]]] = (
        lambda: ([row[:column] + row[column + 1 :] for row in rows], f"without column {name}"),
        lambda: ([[*row, "more"] for row in rows], "a column more"),
        lambda: (
            [[*header[:column], chance.choice(names), *header[column + 1 :]], *rows[1:]],
            f"another header for {name}",
        ),
        lambda: ([[row[n] for n in order] for row in rows], f"{name} and {header[other]} exchanged"),
    )
    return chance.choice(ways)()


def _written(rows: Rows, separator: str = ",") -> bytes:
    table = io.StringIO(newline="")
    csv.writer(table, delimiter=separator, lineterminator="\n").writerows(rows)
    return table.getvalue().encode()


def _text(text: str, chance: random.Random) -> tuple[bytes, str]:
    lines = text.split("\n")
    at, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    line = lines[at]
    key, mark, _ = line.partition(":") if ":" in line else line.partition("=")
    ways: Sequence[Callable[[], tuple[list[str], str]]] = (
        lambda: ([], "taken out"),
        lambda: ([line, line], "repeated"),
        lambda: ([lines[other]], f"replaced by line {other + 1}"),
        lambda: ([chance.choice((" ", "\t", "    ")) + line], "indented"),
        lambda: ([line.strip()], "without indentation"),
        lambda: ([chance.choice(LINES), line], "after a new line"),
        lambda: ([f"{key}{mark} {chance.choice(VALUES)}"], "with another value"),
        lambda: ([f"{key}{mark} {chance.choice(VALUES)}"], "with another value"),
        lambda: ([_slip(line, chance)], "with a slip of the keyboard"),
        lambda: ([line[: chance.randrange(len(line) + 1)]], "broken off"),
    )
    new, what = chance.choice(ways)()
    whole = "\n".join([*lines[:at], *new, *lines[at + 1 :]])
    return whole.encode(), f"line {at + 1} {what}: {' / '.join(new)[:120]!r}"


def _slip(line: str, chance: random.Random) -> str:
    at = chance.randrange(len(line) + 1)
    kept = line[at : at + 1]
    return line[:at] + chance.choice(("", kept * 2, chance.choice(":{}|<>%'\"#- ") + kept)) + line[at + 1 :]

"""Filters and the last step of text parts: lists, tables and lines laid out once the values are known."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache

WIDTH = 76
CELL, FIXED, NUMBER = "\x01", "\x02", "\x03"
_ZERO_WIDTH = re.compile("[\u200b-\u200f\u2066-\u2069\u202a-\u202e\ufe0f]")
_NARROW = re.compile("[\\x00-\u02ff\u2010-\u2027\u20a0-\u20bf\u2190-\u21ff]*")
_HANGING = re.compile(r"\s*(?:[-*>] |\d+\. )*\s*")
_BLANKS = re.compile(r"\n{3,}")


def width(text: str) -> int:
    """The columns that `text` takes in a fixed-width font."""
    if text.isascii() or _NARROW.fullmatch(text):
        return len(text)
    plain = _ZERO_WIDTH.sub("", text)
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in plain
    )


def underlined(text: str, mark: str) -> str:
    """A heading with a line of `mark` below it."""
    line = " ".join(text.split())
    return f"{FIXED}{line}\n{FIXED}{mark * width(line)}\n"


def hanging(text: str, lead: str) -> str:
    """A block whose first line begins with `lead` and whose other lines are indented as far."""
    first, *others = text.strip("\n").split("\n")
    indent = "> " if lead == "> " else " " * (len(lead) + (NUMBER in lead))
    return "\n".join(
        [_led(lead, first), *(_led(indent, line) if line or lead == "> " else "" for line in others)]
    )


def _led(lead: str, line: str) -> str:
    return f"{FIXED}{lead}{line[1:]}" if line.startswith(FIXED) else f"{lead}{line}"


def numbered(text: str, start: int = 1) -> str:
    """Numbers the items of a list, however often a loop has repeated them."""
    parts = text.split(NUMBER)
    return "".join([parts[0], *(f"{start + index}.{part}" for index, part in enumerate(parts[1:]))])


def aligned(text: str, sides: str) -> str:
    """A table from rows of cells, a letter of `sides` (`l`, `r`, `c`) a column; a wide one becomes records."""
    rows = [
        [" ".join(cell.split()) for cell in row.split(CELL)[:-1]] for row in text.split("\n") if CELL in row
    ]
    if not rows:
        return ""
    widths = [max(width(row[column]) for row in rows if column < len(row)) for column in range(len(rows[0]))]
    if sum(widths) + 2 * (len(widths) - 1) > WIDTH:
        return _records(rows)
    lines = [_row(row, widths, sides) for row in rows]
    rule = "  ".join("-" * column for column in widths)
    return "\n".join(f"{FIXED}{line}" for line in [lines[0], rule, *lines[1:]]) + "\n"


def _row(row: Sequence[str], widths: Sequence[int], sides: str) -> str:
    cells = []
    for cell, room, side in zip(row, widths, sides, strict=False):
        space = room - width(cell)
        before = space if side == "r" else space // 2 if side == "c" else 0
        cells.append(" " * before + cell + " " * (space - before))
    return "  ".join(cells).rstrip()


def _records(rows: Sequence[Sequence[str]]) -> str:
    heads, *others = rows
    records = (
        "\n".join(f"{head}: {cell}" if head else cell for head, cell in zip(heads, row, strict=False))
        for row in others
    )
    return "\n\n".join(records) + "\n"


FILTERS: Mapping[str, object] = {
    "text_underlined": underlined,
    "text_hanging": hanging,
    "text_numbered": numbered,
    "text_aligned": aligned,
}


def finished(text: str) -> str:
    """The text as sent: lines of at most 76 columns unless a word is longer, single blank lines."""
    lines = []
    for raw in text.split("\n"):
        line = raw.rstrip()
        if line[:1] == FIXED:
            lines.append(line[1:])
        elif len(line) <= WIDTH:
            lines.append(line)
        else:
            lines.extend(_wrapped(line))
    whole = "\n".join(lines)
    return (_BLANKS.sub("\n\n", whole) if "\n\n\n" in whole else whole).strip("\n") + "\n"


@lru_cache(maxsize=1024)  # most long lines are the same in every message of a campaign
def _wrapped(line: str) -> tuple[str, ...]:
    lead = _HANGING.match(line)
    start = lead.group() if lead else ""
    indent = start if start.strip() == ">" else " " * len(start)
    lines, current, used = [], start, len(start)
    empty = True
    measure = len if _NARROW.fullmatch(line) else width
    for word in line[len(start) :].split(" "):
        length = measure(word)
        if not empty and used + 1 + length > WIDTH:
            lines.append(current)
            current, used, empty = indent, len(indent), True
        current = current + word if empty else f"{current} {word}"
        used += length + (0 if empty else 1)
        empty = False
    lines.append(current)
    return tuple(lines)

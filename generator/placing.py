"""Block tags alone on their line are given a place in the Markdown text that the conversion keeps.

Around list items a tag becomes an item of its own, around table rows a row, anywhere else a paragraph. After
the conversion an item, row or paragraph that holds nothing but such tags is replaced by them: so a loop
around a list item
repeats the item and not the list.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from generator.tags import Marked

Place = Literal["item", "row", "paragraph", "continuation"]
_ITEM = re.compile(r"(?P<indent>\s*)(?P<bullet>[-*+]|\d+\.)\s+\S")
_RULE = re.compile(r"\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*")
_PIPE = re.compile(r"(?<!\\)\|")


@dataclass(slots=True)
class _Line:
    """A line of text, or with `number` a block tag that stands alone; the rest is decided later."""

    text: str
    number: int | None = None
    role: str = ""
    place: Place | None = None
    indent: str = ""
    bullet: str = "-"

    @property
    def is_blank(self) -> bool:
        return self.number is None and not self.text.strip()

    @property
    def is_row(self) -> bool:
        return self.number is None and bool(_PIPE.search(self.text))


@dataclass(slots=True)
class _Construct:
    """An own-line tag pair such as `for` … `endfor`, its branches between; values are indexes of lines."""

    tags: list[int]
    inside: list["_Construct"] = field(default_factory=list)


def placed(marked: Marked) -> str:
    """The Markdown text with every block tag that stands alone put where it survives."""
    lines = list(_lines(marked))
    for construct in _constructs(lines):
        _decide(construct, lines, None)
    for line in lines:
        if line.number is not None and line.place is None:
            line.place, line.indent = "paragraph", _indent(line.text)
    return "\n".join(_laid_out(lines, marked))


def alone(text: str, marked: Marked) -> bool:
    """Whether `text` holds at least one block tag and nothing else."""
    numbers = marked.numbers(text)
    return (
        bool(numbers)
        and not marked.pattern.sub("", text).strip()
        and all(marked.tags[n].is_block for n in numbers)
    )


def _lines(marked: Marked) -> Iterator[_Line]:
    for text in marked.text.split("\n"):
        if alone(text, marked):
            for number in marked.numbers(text):
                yield _Line(_indent(text), number, marked.tags[number].role)
        else:
            yield _Line(text)


def _constructs(lines: Sequence[_Line]) -> list[_Construct]:
    top: list[_Construct] = []
    opened: list[_Construct] = []
    for index, line in enumerate(lines):
        if line.role == "open":
            construct = _Construct([index])
            (opened[-1].inside if opened else top).append(construct)
            opened.append(construct)
        elif line.role in {"branch", "close", "single"} and opened:
            opened[-1].tags.append(index)
            if line.role == "close":
                opened.pop()
    return top


def _decide(construct: _Construct, lines: Sequence[_Line], around: Place | None) -> None:
    content = [line for line in lines[construct.tags[0] : construct.tags[-1]] if line.number is None]
    filled = [line for line in content if not line.is_blank]
    place: Place
    if _is_rows(filled) and (around == "row" or _follows_row(lines, construct.tags[0])):
        place = "row"
    elif _is_items(content):
        place = "item"
    elif around in {"row", "item"}:
        place = "continuation" if filled else around
    else:
        place = "paragraph"
    first = _ITEM.match(filled[0].text) if filled else None
    for index in construct.tags:
        line = lines[index]
        line.place = place
        line.indent = (
            _indent(filled[0].text) if filled and place in {"item", "paragraph"} else _indent(line.text)
        )
        line.bullet = first["bullet"] if first else "-"
    for inner in construct.inside:
        _decide(inner, lines, place)


def _is_rows(filled: Sequence[_Line]) -> bool:
    return bool(filled) and all(line.is_row and not _RULE.fullmatch(line.text) for line in filled)


def _follows_row(lines: Sequence[_Line], index: int) -> bool:
    before = [line for line in lines[:index] if line.number is None]
    while before and before[-1].is_blank:
        before.pop()
    return bool(before) and before[-1].is_row


def _is_items(content: Sequence[_Line]) -> bool:
    """Whether the lines are nothing but list items of one indentation, and what belongs to them."""
    filled = [line for line in content if not line.is_blank]
    first = _ITEM.match(filled[0].text) if filled else None
    if first is None:
        return False
    depth = len(first["indent"])
    after_blank = False
    for line in content:
        if line.is_blank:
            after_blank = True
            continue
        item = _ITEM.match(line.text)
        deeper = len(_indent(line.text)) > depth
        if not deeper and not (item and len(item["indent"]) == depth) and (after_blank or item):
            return False
        after_blank = False
    return True


def _indent(text: str) -> str:
    return text[: len(text) - len(text.lstrip())]


def _laid_out(lines: Sequence[_Line], marked: Marked) -> Iterator[str]:
    """The lines, with blank ones around paragraphs and none between tags and what they enclose."""
    written: list[_Line] = []
    pending_blank = False
    for line in lines:
        if line.is_blank:
            pending_blank = True
            continue
        gap = _gap(written[-1], line, blank=pending_blank) if written else False
        if gap:
            yield ""
        yield line.text if line.number is None else _tag_text(line, marked.word(line.number))
        written.append(line)
        pending_blank = False


def _gap(before: _Line, line: _Line, *, blank: bool) -> bool:
    """Whether a blank line goes between two lines; `blank`: there was one in the source."""
    if "paragraph" in {before.place, line.place}:
        return True
    if "row" in {before.place, line.place}:
        left_table = before.place == "row" and not line.is_row and line.place != "row"
        return left_table or (blank and before.role == "close" and line.number is None)
    if "item" in {before.place, line.place}:
        return _gap_at_item(before, line, blank=blank)
    return blank


def _gap_at_item(before: _Line, line: _Line, *, blank: bool) -> bool:
    if before.number is not None and line.number is not None:
        return False
    if before.number is None:
        return line.role == "open" and not _ITEM.match(before.text) and not _indent(before.text)
    if before.role != "close" or _ITEM.match(line.text):
        return False
    return blank or not _indent(line.text)


def _tag_text(line: _Line, word: str) -> str:
    if line.place == "item":
        return f"{line.indent}{line.bullet} {word}"
    return f"| {word} |" if line.place == "row" else f"{line.indent}{word}"

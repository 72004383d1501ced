"""Markdown as a reader of its source sees it: lines without code, and the blocks that say something together."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from generator.front_matter import Document

_FENCE = re.compile(r"\s{0,3}(?P<mark>`{3,}|~{3,})")
_CODE = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_BEGINS = re.compile(r"\s*([-*+]|\d+[.)])\s|\s*\||\s{0,3}#|\s{0,3}>|:\s")


class Line(NamedTuple):
    """A line of the file with its number; what stood in code or a comment is left out."""

    number: int
    text: str


class Block(NamedTuple):
    """A paragraph, a list item or a table row, with its first line."""

    line: int
    text: str

    def line_at(self, place: int) -> int:
        """The line of the file on which that character of the text stands."""
        return self.line + self.text.count("\n", 0, place)


def prose_lines(document: Document) -> list[Line]:
    """The lines of the body; those of fenced code are empty."""
    body = _COMMENT.sub(lambda comment: "\n" * comment[0].count("\n"), document.body)
    found, fence = [], ""
    for number, text in enumerate(body.split("\n"), document.body_line):
        mark = _FENCE.match(text)
        if mark and (not fence or mark["mark"].startswith(fence)):
            fence = "" if fence else mark["mark"]
            found.append(Line(number, ""))
        else:
            found.append(Line(number, "" if fence else _CODE.sub("", text)))
    return found


def blocks(lines: list[Line]) -> Iterator[Block]:
    """The body in pieces, each of which is about one thing."""
    gathered: list[Line] = []
    for line in lines:
        if gathered and (not line.text.strip() or _BEGINS.match(line.text)):
            yield _block(gathered)
            gathered = []
        if line.text.strip():
            gathered.append(line)
    if gathered:
        yield _block(gathered)


def _block(lines: list[Line]) -> Block:
    return Block(lines[0].number, "\n".join(line.text for line in lines))

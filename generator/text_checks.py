"""What readers stumble over in a text: headings that skip, pictures without a word, placeholders."""

import re
from collections.abc import Iterator
from itertools import pairwise

from generator.front_matter import Document
from generator.prose import Line, prose_lines
from rewards.faults import Fault

_ATX = re.compile(r"\s{0,3}(?P<marks>#{1,6})\s+\S")
_UNDERLINE = re.compile(r"\s{0,3}(?P<mark>=+|-+)\s*")
_NO_UNDERLINED = re.compile(r"\s*([-*+>|#]|\d+[.)]\s|$)")
_PICTURE = re.compile(r"!\[\s*\](\(|\[)")
_ELEMENT = re.compile(r"<img\b(?P<attributes>[^>]*)>", re.IGNORECASE)
_ALT = re.compile(r"\balt\s*=", re.IGNORECASE)
_PLACEHOLDER = re.compile(
    r"\blorem ipsum\b|\b(?:TODO|FIXME|TBD)\b|\bXXX\b|\[\s*(?:…|\.\.\.)\s*\]|\[(?:TEXT|NAME|DATE|LINK)\]",
    re.IGNORECASE,
)


def text_remarks(document: Document, *, under_title: bool) -> Iterator[Fault]:
    """The remarks of one file; `under_title`: its title is a heading of the first level that stands above the body."""
    lines = prose_lines(document)
    yield from _heading_remarks(document.source.file, lines, under_title=under_title)
    for line in lines:
        yield from _picture_remarks(document.source.file, line)
        yield from _placeholder_remarks(document.source.file, line.number, line.text)
    for key in ("title", "summary", "subject", "preheader"):
        value = document.raw.get(key)
        if isinstance(value, str):
            line_number = document.source.lines.get((key,), 1)
            yield from _placeholder_remarks(document.source.file, line_number, value, key)


def _heading_remarks(file: str, lines: list[Line], *, under_title: bool) -> Iterator[Fault]:
    above = 1 if under_title else 0
    for number, level in _headings(lines):
        if under_title and level == 1:
            what = "the title is the page's heading of the first level already"
            yield Fault(what, "begin this one with ##", file, number, severity="remark")
        elif level > above + 1:
            what = f"a heading of level {level} follows one of level {above}"
            remedy = f"write it with {'#' * (above + 1)}: readers with a screen reader go from level to level"
            yield Fault(what, remedy, file, number, severity="remark")
        above = level


def _headings(lines: list[Line]) -> Iterator[tuple[int, int]]:
    """Line and level of each heading."""
    for line, after in pairwise([*lines, Line(0, "")]):
        marks = _ATX.match(line.text)
        under = _UNDERLINE.fullmatch(after.text)
        if marks:
            yield line.number, len(marks["marks"])
        elif under and not _NO_UNDERLINED.match(line.text):
            yield line.number, 1 if under["mark"].startswith("=") else 2


def _picture_remarks(file: str, line: Line) -> Iterator[Fault]:
    undescribed = len(_PICTURE.findall(line.text))
    undescribed += sum(not _ALT.search(found["attributes"]) for found in _ELEMENT.finditer(line.text))
    if undescribed:
        remedy = 'say between the brackets what it shows; if it only decorates, write <img alt="" src="…">'
        yield Fault("a picture has no alternative text", remedy, file, line.number, severity="remark")


def _placeholder_remarks(file: str, line: int, text: str, field: str = "") -> Iterator[Fault]:
    for found in _PLACEHOLDER.finditer(text):
        word = found[0]
        if word.isupper() or word.startswith("[") or word.casefold() == "lorem ipsum":
            what = f"{word!r} looks like a placeholder"
            yield Fault(what, "write what is to stand there", file, line, field=field, severity="remark")

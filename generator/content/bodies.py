"""Markdown bodies as HTML with separate links, which are resolved for each place that shows the body."""

import html
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from generator.errors import UnreadableMarkdownError
from generator.templating.markup import WIDE_TABLE, Attributes, MarkupParser
from rewards.faults import Fault

_ELEMENTS = frozenset(
    re.findall(
        r"\w+",
        "a abbr aside audio b bdi bdo blockquote br caption cite code col colgroup dd del details dfn div dl"
        " dt em figcaption figure h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q rp rt ruby s samp"
        " section small source span strong sub summary sup table tbody td tfoot th thead time tr track u ul"
        " var video wbr",
    )
)
_HEADINGS = {"h2": 2, "h3": 3}
# The ids of templates/site begin so, which no heading of a text does.
_LAYOUT_ID = "site:"
_WORD = re.compile(r"[^\W_]+(?:['\u2019-][^\W_]+)*")
_UNSPACED = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]")
_VOID = frozenset({"br", "col", "hr", "img", "source", "track", "wbr"})
_ADDRESSES = frozenset({"href", "src", "poster"})
_JOINED = ("_", ".", "/", "#", "-")
_JOINED_AFTER = ("_", "/", "-")
_REFUSED = re.compile(r"on.*|style|srcset|srcdoc|ping|formaction|background")


@dataclass(frozen=True, slots=True)
class Reference:
    """An address as written: the attribute that holds it, its text, and the line of the file."""

    attribute: str
    address: str
    line: int


class PicturePlace(NamedTuple):
    """The place for attributes of a picture; `picture` is its address, `width` and `height` are the author's."""

    picture: Reference
    width: str | None
    height: str | None


class Heading(NamedTuple):
    """A heading for the table of contents; `level` is 2 for `<h2>`."""

    level: int
    anchor: str
    text: str


@dataclass(frozen=True, slots=True)
class Body:
    """HTML in parts: texts with references between them. `anchors` are the ids that a fragment may name.

    `words` is the number of words; a character of a script without spaces counts as half a word.
    """

    parts: tuple[str | Reference | PicturePlace, ...] = ()
    anchors: frozenset[str] = frozenset()
    headings: tuple[Heading, ...] = ()
    words: int = 0

    @property
    def references(self) -> tuple[Reference, ...]:
        """Return the references in the order of the text."""
        return tuple(part for part in self.parts if isinstance(part, Reference))

    def html(
        self,
        address: Callable[[Reference], str | None],
        picture: Callable[[PicturePlace], Mapping[str, str]] = lambda _: {},
    ) -> str:
        """Return the body with `address` applied to each reference; None omits the attribute.

        `picture` returns further attributes of a picture.
        """
        written = []
        for part in self.parts:
            if isinstance(part, Reference):
                written.append(_attribute(part, address(part)))
            elif isinstance(part, PicturePlace):
                written += [f' {name}="{html.escape(value)}"' for name, value in picture(part).items()]
            else:
                written.append(part)
        return "".join(written)


def _attribute(reference: Reference, address: str | None) -> str:
    return "" if address is None else f' {reference.attribute}="{html.escape(address)}"'


def compile_page_body(text: str, file: str, first_line: int, faults: list[Fault]) -> Body:
    """Compile the Markdown `text`, which begins at `first_line` of `file`; adds a fault for refused HTML."""
    from generator.content.markdown import markdown_html  # noqa: PLC0415 - texts that did not change are not converted

    try:
        converted = markdown_html(text)
    except UnreadableMarkdownError as error:
        faults.append(error.fault(text, file, first_line))
        return Body()
    parser = _BodyParser(text, file, first_line, faults)
    parser.feed(converted)
    parser.close()
    return parser.body()


class _BodyParser(MarkupParser):
    """Reads the converter's HTML, which may contain the author's own HTML."""

    def __init__(self, source: str, file: str, first_line: int, faults: list[Fault]) -> None:
        super().__init__()
        self._source = SourceLines(source, first_line)
        self._file = file
        self._faults = faults
        self._parts: list[str | Reference | PicturePlace] = []
        self._anchors: set[str] = set()
        self._open: list[str] = []
        self._headings: list[Heading] = []
        self._heading: tuple[int, str, list[str]] | None = None
        self._in_note = False
        self._tables: list[_Table] = []
        self._text: list[str] = []

    def body(self) -> Body:
        """Return the body; called once, at the end."""
        for tag in self._open:
            self._fault(f"<{tag}> is never closed", f"add </{tag}>", self._line(f"<{tag}"))
        words = _words(" ".join(self._text))
        return Body(tuple(_joined(self._parts)), frozenset(self._anchors), tuple(self._headings), words)

    def start_tag(self, tag: str, attributes: Attributes, *, closed: bool) -> None:
        if tag == "table":
            self._tables.append(_Table(len(self._parts)))
        self._start(tag, attributes)
        if self._tables:
            self._tables[-1].count(tag)
        if closed and tag not in _VOID:
            self._parts.append(f"</{tag}>")
        if closed or tag in _VOID:
            return
        self._open.append(tag)
        self._in_note = self._in_note or attributes.get("class") == "footnote-ref"
        anchor = attributes.get("id")
        if tag in _HEADINGS and anchor:
            self._heading = (_HEADINGS[tag], anchor, [])

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID:
            return
        if self._open and self._open[-1] == tag:
            self._open.pop()
            self._parts.append(f"</{tag}>")
            if tag == "table":
                self._frame(self._tables.pop())
            self._in_note = self._in_note and tag != "a"
            if self._heading and tag in _HEADINGS:
                level, anchor, parts = self._heading
                self._headings.append(Heading(level, anchor, " ".join("".join(parts).split())))
                self._heading = None
        else:
            remedy = f"close <{self._open[-1]}> before it" if self._open else "remove it"
            self._fault(f"</{tag}> closes nothing here", remedy, self._line(f"</{tag}"))

    def _frame(self, table: "_Table") -> None:
        """Put a wide table into a box that scrolls, also by keyboard, as the converter does with its own tables."""
        before = "".join(str(part) for part in self._parts[max(0, table.place - 6) : table.place])
        if table.columns >= WIDE_TABLE and not before.rstrip().endswith(' class="scroll" tabindex="0">'):
            self._parts.insert(table.place, '<div class="scroll" tabindex="0">')
            self._parts.append("</div>")

    def handle_data(self, data: str) -> None:
        self._parts.append(html.escape(data, quote=False))
        self._text.append(data)
        if self._heading and not self._in_note:
            self._heading[2].append(data)

    def _start(self, tag: str, attributes: Attributes) -> None:
        if tag not in _ELEMENTS:
            remedy = "leave it out: pages hold text, tables and images, no scripts, styles or frames"
            self._fault(f"the element <{tag}> may not be used", remedy, self._line(f"<{tag}"))
        found: list[str | Reference | PicturePlace] = [f"<{tag}"]
        for name, value in attributes.items():
            if _REFUSED.fullmatch(name):
                self._fault(f"the attribute {name!r} may not be used", "leave it out", self._line(name))
            elif name in _ADDRESSES:
                reference = Reference(name, value or "", self._line(value or name))
                found.append(reference)
                if name == "src" and tag == "img":
                    found.append(PicturePlace(reference, attributes.get("width"), attributes.get("height")))
            else:
                found.append(f' {name}="{html.escape(value)}"' if value is not None else f" {name}")
            if name == "id" and value:
                self._anchor(value)
        self._parts.extend([*found, ">"])

    def _anchor(self, anchor: str) -> None:
        if anchor in self._anchors:
            what = f"the id {anchor!r} stands twice, and links lead to the first"
            line = self._line(anchor)
            self._faults.append(Fault(what, "choose another id", self._file, line, severity="remark"))
        if anchor.startswith(_LAYOUT_ID):
            self._fault(f"the id {anchor!r} belongs to the layout", "choose another id", self._line(anchor))
        self._anchors.add(anchor)

    def _fault(self, what: str, remedy: str, line: int) -> None:
        self._faults.append(Fault(what, remedy, self._file, line))

    def _line(self, needle: str) -> int:
        return self._source.line_of(needle)


@dataclass(slots=True)
class _Table:
    """An open table: its place among the parts, and the most cells in a row so far."""

    place: int
    columns: int = 0
    cells: int = 0

    def count(self, tag: str) -> None:
        self.cells = 0 if tag == "tr" else self.cells + (tag in {"th", "td"})
        self.columns = max(self.columns, self.cells)


class SourceLines:
    """Finds the lines of a source text on which addresses and tags stand, in the order of the text."""

    def __init__(self, text: str, first_line: int) -> None:
        self._text, self._first_line = text, first_line
        self._found: dict[str, int] = {}

    def line_of(self, needle: str) -> int:
        """Return the line of the next occurrence of `needle`, else of the last, else the first line."""
        before = self._found.get(needle, -1)
        place = self._text.find(needle, before + 1)
        while place >= 0 and not self._stands_alone(needle, place):
            place = self._text.find(needle, place + 1)
        if place < 0:
            place = max(before, 0)
        self._found[needle] = place
        return self._first_line + self._text.count("\n", 0, place)

    def _stands_alone(self, needle: str, place: int) -> bool:
        before, after = self._text[place - 1 : place], self._text[place + len(needle) :][:1]
        return not (before.isalnum() or before in _JOINED) and not (after.isalnum() or after in _JOINED_AFTER)


def _words(text: str) -> int:
    spaced, unspaced = _UNSPACED.subn(" ", text)
    return len(_WORD.findall(spaced)) + unspaced // 2


def _joined(parts: Sequence[str | Reference | PicturePlace]) -> list[str | Reference | PicturePlace]:
    found: list[str | Reference | PicturePlace] = []
    for part in parts:
        if isinstance(part, str) and found and isinstance(found[-1], str):
            found[-1] += part
        else:
            found.append(part)
    return found

"""The text part of a mail as a template; each address stands once, in brackets behind the words that link to it."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from generator.notices.tags import Emitter, MarkedText
from generator.notices.tree import Element, Node
from generator.templating.formats import Direction

# The filters of text parts, which lay out lists, tables and lines when the values are known.

WIDTH = 76
CELL, FIXED, NUMBER = "\x01", "\x02", "\x03"
_ZERO_WIDTH = re.compile("[\u200b-\u200f\u2066-\u2069\u202a-\u202e\ufe0f]")
_NARROW = re.compile("[\\x00-\u02ff\u2010-\u2027\u20a0-\u20bf\u2190-\u21ff]*")
_HANGING = re.compile(r"\s*+(?:[-*>] |\d+\. )*+\s*+")


def width(text: str) -> int:
    """Return the number of columns of `text` in a fixed-width font."""
    if text.isascii() or _NARROW.fullmatch(text):
        return len(text)
    plain = _ZERO_WIDTH.sub("", text)
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in plain
    )


def underlined(text: str, mark: str) -> str:
    """Return a heading with a line of `mark` below it."""
    line = " ".join(text.split())
    return f"{FIXED}{line}\n{FIXED}{mark * min(width(line), WIDTH)}\n"


def hanging(text: str, lead: str) -> str:
    """Return a block with `lead` before its first line and as much indentation before its other lines."""
    first, *others = text.strip("\n").split("\n")
    indent = "> " if lead == "> " else " " * (len(lead) + (NUMBER in lead))
    return "\n".join(
        [_led(lead, first), *(_led(indent, line) if line or lead == "> " else "" for line in others)]
    )


def _led(lead: str, line: str) -> str:
    return f"{FIXED}{lead}{line[1:]}" if line.startswith(FIXED) else f"{lead}{line}"


def numbered(text: str, start: int = 1) -> str:
    """Number the items of a list, including items that a loop has repeated."""
    parts = text.split(NUMBER)
    return "".join([parts[0], *(f"{start + index}.{part}" for index, part in enumerate(parts[1:]))])


def aligned(text: str, sides: str) -> str:
    """Lay out rows of cells as a table; `sides` has `l`, `r` or `c` per column. A wide table becomes records."""
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
    """Return the final text: lines of at most 76 columns unless a word is longer, and single blank lines."""
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
    while "\n\n\n" in whole:  # a regular expression takes five times as long
        whole = whole.replace("\n\n\n", "\n\n")
    return whole.strip("\n") + "\n"


def _wrapped(line: str) -> Sequence[str]:
    lead = _HANGING.match(line)
    start = lead.group() if lead else ""
    indent = start if start.strip() == ">" else " " * len(start)
    return (_wrapped_narrow if _NARROW.fullmatch(line) else _wrapped_wide)(line, len(start), indent)


def _wrapped_narrow(line: str, begin: int, indent: str) -> Sequence[str]:
    """Wrap a line of which each character takes one column, as `_wrapped_wide` does."""
    lines = []
    while len(line) > WIDTH:
        at = line.rfind(" ", begin, WIDTH + 1)
        at = line.find(" ", max(begin, WIDTH + 1)) if at < 0 else at
        if at < 0:
            break
        lines.append(line[:at])
        line = indent + line[at + 1 :]
    return (*lines, line)


@lru_cache(maxsize=1024)  # most long lines are equal in all messages of a campaign
def _wrapped_wide(line: str, begin: int, indent: str) -> Sequence[str]:
    lines, current, used = [], line[:begin], begin
    empty = True
    for word in line[begin:].split(" "):
        length = width(word)
        if not empty and used + 1 + length > WIDTH:
            lines.append(current)
            current, used, empty = indent, len(indent), True
        current = current + word if empty else f"{current} {word}"
        used += length + (0 if empty else 1)
        empty = False
    return (*lines, current)


_NAMES = "blockquote dd div dl dt figcaption figure h1 h2 h3 h4 h5 h6 hr ol p pre table ul"
_BLOCKS = frozenset(_NAMES.split())
_HEADINGS = {"h1": "=", "h2": "-"}
_AROUND = {"del": ("~", "~"), "s": ("~", "~"), "footnote-ref": ("[", "]")}
_LEFT_TO_RIGHT, _POP = "\u2066", "\u2069"
_SPACE = re.compile(r"\s+")
_SIDES = {"right": "r", "center": "c"}


@dataclass(frozen=True, slots=True)
class TextWriter:
    """Writes a tree as text; filters lay out lists and tables when the values are known.

    With `link_below` the layout shows the private link, so that the body's words need no address.
    """

    marked: MarkedText
    direction: Direction = "ltr"
    link_below: bool = False

    def write(self, root: Element) -> Emitter:
        """Return the template of the whole tree."""
        emitter = Emitter(self.marked.tags)
        self._blocks(root, emitter)
        return emitter

    def _blocks(self, parent: Element, emitter: Emitter) -> None:
        """Write the children of a container: each block, and the content between blocks as paragraphs."""
        holds_text = any(self._is_text(child) for child in parent.children)
        run: list[Node] = []
        for child in [*parent.children, None]:
            if child is None or (isinstance(child, Element) and child.name in _BLOCKS):
                self._paragraph(run, emitter, tight=parent.name == "li")
                run = []
                if child is not None:
                    self._block(child, emitter)
            elif isinstance(child, int) and not holds_text:
                emitter.tag(child)
            elif holds_text or not isinstance(child, str):
                run.append(child)

    def _is_text(self, node: Node) -> bool:
        if isinstance(node, Element):
            return node.name not in _BLOCKS
        return bool(node.strip()) if isinstance(node, str) else not self.marked.tags[node].is_block

    def _block(self, element: Element, emitter: Emitter) -> None:
        match element.name:
            case "ul" | "ol":
                self._list(element, emitter)
            case "table":
                self._table(element, emitter)
            case "blockquote":
                self._quoted(element, emitter)
            case "hr":
                emitter.code(f"{FIXED}{'-' * 20}\n\n")
            case "pre":
                self._verbatim(element, emitter)
            case "h1" | "h2":
                self._heading(element, emitter)
            case "dd":
                self._filtered('text_hanging("    ")', element, emitter)
            case "dt":
                self._paragraph(element.children, emitter, tight=True)
            case "div" | "dl" | "figure":
                is_callout = "admonition" in element.attribute("class").split()
                (self._quoted if is_callout else self._blocks)(element, emitter)
            case _:
                self._paragraph(element.children, emitter)

    def _quoted(self, element: Element, emitter: Emitter) -> None:
        self._filtered('text_hanging("> ")', element, emitter)
        emitter.code("\n")

    def _heading(self, element: Element, emitter: Emitter) -> None:
        emitter.code(f'{{% filter text_underlined("{_HEADINGS[element.name]}") %}}')
        self._inline(element.children, emitter)
        emitter.code("{% endfilter %}\n")

    def _paragraph(self, nodes: list[Node], emitter: Emitter, *, tight: bool = False) -> None:
        if not nodes or all(isinstance(node, str) and not node.strip() for node in nodes):
            return
        self._inline(nodes, emitter)
        emitter.code("\n" if tight else "\n\n")

    def _filtered(self, filter_call: str, element: Element, emitter: Emitter) -> None:
        emitter.code(f"{{% filter {filter_call} %}}")
        self._blocks(element, emitter)
        emitter.code("{% endfilter %}\n")

    def _list(self, element: Element, emitter: Emitter) -> None:
        lead = "- "
        if element.name == "ol":
            lead = f"{NUMBER} "
            start = element.attribute("start")
            emitter.code(f"{{% filter text_numbered({int(start) if start.isdecimal() else 1}) %}}")
        for child in element.children:
            if isinstance(child, int):
                emitter.tag(child)
            elif isinstance(child, Element):
                self._filtered(f'text_hanging("{lead}")', child, emitter)
        emitter.code("{% endfilter %}\n" if element.name == "ol" else "\n")

    def _table(self, table: Element, emitter: Emitter) -> None:
        sides = "".join(_SIDES.get(cell.attribute("align"), "l") for cell in _cells(table))
        emitter.code(f'{{% filter text_aligned("{sides}") %}}')
        self._rows(table, emitter)
        emitter.code("{% endfilter %}\n")

    def _rows(self, parent: Element, emitter: Emitter) -> None:
        for child in parent.children:
            if isinstance(child, int):
                emitter.tag(child)
            elif isinstance(child, Element) and child.name in {"td", "th"}:
                self._inline(child.children, emitter)
                emitter.code(CELL)
            elif isinstance(child, Element):
                self._rows(child, emitter)
                if child.name == "tr":
                    emitter.code("\n")

    def _verbatim(self, element: Element, emitter: Emitter) -> None:
        emitter.code(FIXED)
        self._raw(element, emitter)
        emitter.code("\n")

    def _raw(self, element: Element, emitter: Emitter) -> None:
        for child in element.children:
            if isinstance(child, Element):
                self._raw(child, emitter)
            elif isinstance(child, str):
                emitter.text(child.replace("\n", f"\n{FIXED}"))
            else:
                emitter.tag(child)

    def _inline(self, nodes: list[Node], emitter: Emitter) -> None:
        for node in nodes:
            if isinstance(node, str):
                emitter.text(_SPACE.sub(" ", node))
            elif isinstance(node, int):
                emitter.tag(node)
            elif node.name == "br":
                emitter.code("\n")
            elif node.name == "img":
                emitter.text(node.attribute("alt"))
            elif node.name == "a":
                self._link(node, emitter)
            else:
                before, after = _AROUND.get(node.name, _AROUND.get(node.attribute("class"), ("", "")))
                emitter.text(before)
                self._inline(node.children, emitter)
                emitter.text(after)

    def _link(self, link: Element, emitter: Emitter) -> None:
        """Write the words and then the address, unless the words are the address or the layout shows it."""
        address = link.attribute("href")
        self._inline(link.children, emitter)
        if link.children == [address.removeprefix("mailto:")] or self._stands_below(address):
            return
        # Isolated as a whole: within right-to-left text an address would otherwise be torn apart at its marks.
        before, after = (f" {_LEFT_TO_RIGHT}<", f">{_POP}") if self.direction == "rtl" else (" <", ">")
        emitter.text(before)
        for part in self.marked.parts(address):
            if isinstance(part, int):
                emitter.tag(part, "({}) | href")
            else:
                emitter.text(part.removeprefix("mailto:"))
        emitter.text(after)

    def _stands_below(self, address: str) -> bool:
        numbers = self.marked.numbers(address)
        is_private = [self.marked.tags[number].inner.strip() for number in numbers] == ["link"]
        return self.link_below and is_private


def _cells(table: Element) -> list[Element]:
    """Return the cells of the first row."""
    for child in table.children:
        if isinstance(child, Element):
            if child.name == "tr":
                return [cell for cell in child.children if isinstance(cell, Element)]
            found = _cells(child)
            if found:
                return found
    return []

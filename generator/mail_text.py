"""A mail's body as a text template: each address stands after the paragraph that links to it."""

import re
from dataclasses import dataclass, field

from generator.mail_tree import Element, Node
from generator.tags import Emitter, Marked
from generator.wrapping import CELL, FIXED, NUMBER

_NAMES = "blockquote dd div dl dt h1 h2 h3 h4 h5 h6 hr ol p pre table ul"
_BLOCKS = frozenset(_NAMES.split())
_HEADINGS = {"h1": "=", "h2": "-"}
_SPACE = re.compile(r"\s+")
_SIDES = {"right": "r", "center": "c"}


@dataclass(slots=True)
class _Links:
    """A paragraph's links, to be written after it; `depth` counts the template blocks open within it."""

    found: list[Element] = field(default_factory=list)
    depth: int = 0
    in_place: bool = False


@dataclass(frozen=True, slots=True)
class TextWriter:
    """Writes a tree as text; lists and tables are laid out by filters when the values are known."""

    marked: Marked

    def write(self, root: Element) -> Emitter:
        """The template of the whole tree."""
        emitter = Emitter(self.marked.tags)
        self._blocks(root, emitter)
        return emitter

    def _blocks(self, parent: Element, emitter: Emitter) -> None:
        """The children of a container: blocks one by one, what stands between them as paragraphs."""
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
                self._filtered('text_hanging("> ")', element, emitter)
                emitter.code("\n")
            case "hr":
                emitter.code(f"{FIXED}{'-' * 20}\n\n")
            case "pre":
                self._verbatim(element, emitter)
            case "h1" | "h2":
                emitter.code(f'{{% filter text_underlined("{_HEADINGS[element.name]}") %}}')
                links = self._inline(element.children, emitter)
                emitter.code("{% endfilter %}")
                self._addresses(links, emitter)
                emitter.code("\n")
            case "div" | "dl":
                self._blocks(element, emitter)
            case _:
                self._paragraph(element.children, emitter)

    def _paragraph(self, nodes: list[Node], emitter: Emitter, *, tight: bool = False) -> None:
        if not nodes or all(isinstance(node, str) and not node.strip() for node in nodes):
            return
        links = self._inline(nodes, emitter)
        emitter.code("\n")
        self._addresses(links, emitter)
        emitter.code("" if tight else "\n")

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
                self._inline(child.children, emitter, _Links(in_place=True))
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

    def _inline(self, nodes: list[Node], emitter: Emitter, links: _Links | None = None) -> _Links:
        links = links or _Links()
        for node in nodes:
            if isinstance(node, str):
                emitter.text(_SPACE.sub(" ", node))
            elif isinstance(node, int):
                role = self.marked.tags[node].role
                links.depth += (role == "open") - (role == "close")
                emitter.tag(node)
            elif node.name == "br":
                emitter.code("\n")
            elif node.name == "img":
                emitter.text(node.attribute("alt"))
            elif node.name == "a":
                self._link(node, emitter, links)
            else:
                self._inline(node.children, emitter, links)
        return links

    def _link(self, link: Element, emitter: Emitter, links: _Links) -> None:
        address = link.attribute("href")
        self._inline(link.children, emitter, links)
        if link.children == [address.removeprefix("mailto:")]:
            return
        if links.in_place or links.depth:
            emitter.code(": ")
            self._address(address, emitter)
            emitter.code(" ")
        else:
            links.found.append(link)

    def _addresses(self, links: _Links, emitter: Emitter) -> None:
        """`text: address` a line; our own addresses, which are long, stand whole on a line of their own."""
        for link in links.found:
            address = link.attribute("href")
            self._inline(link.children, emitter, _Links(in_place=True))
            emitter.code(":\n" if self.marked.numbers(address) else ": ")
            self._address(address, emitter)
            emitter.code("\n")

    def _address(self, address: str, emitter: Emitter) -> None:
        for part in self.marked.parts(address):
            if isinstance(part, int):
                emitter.tag(part, "({}) | href")
            else:
                emitter.text(part.removeprefix("mailto:"))


def _cells(table: Element) -> list[Element]:
    """The cells of the first row."""
    for child in table.children:
        if isinstance(child, Element):
            if child.name == "tr":
                return [cell for cell in child.children if isinstance(cell, Element)]
            found = _cells(child)
            if found:
                return found
    return []

"""The tree of a mail's converted Markdown, with template tags as nodes and a check that none was lost."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from generator.notices.tags import MarkedText, TemplateTag
from generator.templating.markup import Attributes, MarkupParser
from rewards import Fault

VOID = frozenset({"br", "col", "hr", "img"})
_CONTENT = """
    a abbr b bdi bdo blockquote caption cite code del dd div dl dt em h1 h2 h3 h4 h5 h6 i ins kbd li mark ol p pre q
    s samp small span strong sub sup table tbody td tfoot th thead tr u ul var
"""
_ALLOWED = "align alt class colspan dir height href id lang rowspan scope src start title width"
_ELEMENTS = VOID | frozenset(_CONTENT.split())
_ATTRIBUTES = frozenset(_ALLOWED.split())
_ADDRESS = re.compile(r"(https?://[^\s/]|mailto:[^\s])\S*", re.IGNORECASE)
_SPLICED = frozenset({"p", "li", "tr"})
TRUSTED = "link, site.base_url, the addresses of site.links, or an offer's url"


@dataclass(slots=True)
class Element:
    """An HTML element; a child is an element, a text, or the number of a template tag."""

    name: str
    attributes: list[tuple[str, str]] = field(default_factory=list)
    children: list["Element | str | int"] = field(default_factory=list)

    def attribute(self, name: str) -> str:
        """Return the attribute's value; empty if it is missing."""
        return next((value for key, value in self.attributes if key == name), "")


Node = Element | str | int


def mail_tree(
    html: str, marked: MarkedText, file: str, first_line: int, faults: list[Fault], images_from: str = ""
) -> Element:
    """Return the tree of a fragment; adds a fault for refused HTML and for each lost or torn tag."""
    reader = _Reader(marked, file, first_line, faults, images_from)
    reader.feed(html)
    reader.close()
    root = reader.root()
    _splice(root, marked)
    found = list(_numbers(root, marked))
    if found != list(range(len(marked.tags))):
        faults.append(_lost(found, marked, file))
    else:
        faults.extend(_torn(root, marked, file))
    return root


class _Reader(MarkupParser):
    """Builds the tree."""

    def __init__(
        self, marked: MarkedText, file: str, first_line: int, faults: list[Fault], images_from: str
    ) -> None:
        super().__init__()
        self._marked = marked
        self._file = file
        self._first_line = first_line
        self._faults = faults
        self._images_from = f"{images_from.rstrip('/')}/" if images_from else ""
        self._open = [Element("")]

    def root(self) -> Element:
        """Return the whole tree; called once, at the end."""
        for element in self._open[1:]:
            self._fault(f"<{element.name}> is never closed", f"add </{element.name}>", f"<{element.name}")
        return self._open[0]

    def start_tag(self, tag: str, attributes: Attributes, *, closed: bool) -> None:
        element = Element(tag)
        if tag not in _ELEMENTS:
            known = self._marked.numbers(tag)
            name = str(self._marked.tags[known[0]]) if known else tag
            remedy = (
                "write the address without < and >"
                if known
                else "use Markdown; mails hold text, tables and images"
            )
            self._fault(f"the element <{name}> may not be used in a mail", remedy, f"<{tag}")
        for name, value in attributes.items():
            self._attribute(element, name, value or "")
        self._open[-1].children.append(element)
        if not closed and tag not in VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        if self._open[-1].name == tag and len(self._open) > 1:
            self._open.pop()
        elif tag not in VOID:
            self._fault(f"</{tag}> closes nothing here", "remove it", f"</{tag}")

    def handle_data(self, data: str) -> None:
        self._open[-1].children.extend(self._marked.parts(data))

    def handle_comment(self, data: str) -> None:
        if self._marked.numbers(data):
            self._fault("an HTML comment holds template tags", "remove it, or write {# a comment #}", "<!--")

    def _attribute(self, element: Element, name: str, value: str) -> None:
        numbers = self._marked.numbers(value)
        if name not in _ATTRIBUTES:
            self._fault(f"the attribute {name!r} may not be used in a mail", "leave it out", name)
            return
        if name in {"href", "src"} and not numbers and not _ADDRESS.fullmatch(value):
            remedy = "write the whole address, https://… or mailto:…, or a relative path to a content file"
            self._fault(f"the address {value!r} cannot be used in a mail", remedy, value)
            return
        if name == "src" and not numbers and not self._is_own(value):
            remedy = "put the file into content/static/ and name it by its relative path"
            self._fault(f"the image {value!r} would be loaded from another site", remedy, value)
            return
        if numbers and (name != "href" or not self._leads(value, numbers)):
            tag = self._marked.tags[numbers[0]]
            what = (
                f"{tag} may not stand in the attribute {name!r}"
                if name != "href"
                else f"{tag} may not stand in a link"
            )
            remedy = f"an address is written out, or begins with one expression of: {TRUSTED}"
            self._faults.append(Fault(what, remedy, self._file, tag.line))
        element.attributes.append((name, value))

    def _is_own(self, address: str) -> bool:
        return bool(self._images_from) and address.startswith(self._images_from)

    def _leads(self, value: str, numbers: Sequence[int]) -> bool:
        is_expression = not self._marked.tags[numbers[0]].is_block
        return len(numbers) == 1 and is_expression and value.startswith(self._marked.word(numbers[0]))

    def _fault(self, what: str, remedy: str, needle: str) -> None:
        before = self._marked.text.partition(needle)[0] if needle in self._marked.text else ""
        self._faults.append(Fault(what, remedy, self._file, self._first_line + before.count("\n")))


def _splice(element: Element, marked: MarkedText) -> None:
    """Replace paragraphs, items and rows that hold only block tags by these tags."""
    children: list[Node] = []
    for child in element.children:
        if isinstance(child, Element):
            _splice(child, marked)
            tags = _only_tags(child, marked) if child.name in _SPLICED else None
            children.extend([child] if tags is None else tags)
        else:
            children.append(child)
    element.children = children


def _only_tags(element: Element, marked: MarkedText) -> list[int] | None:
    tags: list[int] = []
    for child in element.children:
        if isinstance(child, int) and marked.tags[child].is_block:
            tags.append(child)
        elif isinstance(child, Element) and child.name in {"p", "td"}:
            inner = _only_tags(child, marked)
            if inner is None and child.children:
                return None
            tags.extend(inner or ())
        elif not isinstance(child, str) or child.strip():
            return None
    return tags or None


def _numbers(element: Element, marked: MarkedText) -> Iterator[int]:
    """Yield the tags in the order of the source, in which a link's text stands before its address."""
    for child in element.children:
        if isinstance(child, int):
            yield child
        elif isinstance(child, Element):
            yield from _numbers(child, marked)
    for _, value in element.attributes:
        yield from marked.numbers(value)


def _lost(found: Sequence[int], marked: MarkedText, file: str) -> Fault:
    number = next((n for n in range(len(marked.tags)) if found.count(n) != 1), None)
    if number is None:
        number = next(wanted for wanted, got in enumerate(found) if wanted != got)
        what = f"{marked.tags[number]} ends up in another place than it was written"
    elif number in found:
        what = f"{marked.tags[number]} would appear {found.count(number)} times"
    else:
        what = f"{marked.tags[number]} is lost when the Markdown is converted"
    remedy = "move it: text after the last cell of a row, in a link definition or in raw HTML keeps no place"
    return Fault(what, remedy, file, marked.tags[number].line)


def _torn(element: Element, marked: MarkedText, file: str) -> Iterator[Fault]:
    """Yield a fault for each block whose tags are not all children of one element."""
    opened: list[TemplateTag] = []
    for child in element.children:
        if isinstance(child, Element):
            yield from _torn(child, marked, file)
        elif isinstance(child, int):
            tag = marked.tags[child]
            if tag.role == "open":
                opened.append(tag)
            elif tag.role in {"branch", "close"} and not opened:
                yield _torn_fault(tag, file)
            elif tag.role == "close":
                opened.pop()
    for tag in opened:
        yield _torn_fault(tag, file)


def _torn_fault(tag: TemplateTag, file: str) -> Fault:
    remedy = "put its tags on lines of their own around whole paragraphs, list items or table rows"
    return Fault(
        f"{tag} and the tags that belong to it stand in different places of the page", remedy, file, tag.line
    )

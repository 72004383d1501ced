"""The tree of a mail's converted Markdown, with template tags as nodes and a check that none was lost."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from generator.content.bodies import Reference, SourceLines
from generator.content.references import Index, resolve, shortened
from generator.notices.tags import MarkedText, TemplateTag
from generator.templating.markup import Attributes, MarkupParser
from rewards import Fault

VOID = frozenset({"br", "col", "hr", "img"})
_CONTENT = """
    a abbr b bdi bdo blockquote caption cite code del dd div dl dt em figcaption figure h1 h2 h3 h4 h5 h6 i ins kbd
    li mark ol p pre q s samp small span strong sub sup table tbody td tfoot th thead tr u ul var
"""
_ALLOWED = "align alt class colspan dir height href id lang rowspan scope src start title width"
_ELEMENTS = VOID | frozenset(_CONTENT.split())
_ATTRIBUTES = frozenset(_ALLOWED.split())
_WITHOUT_ID = frozenset({"h1", "h2", "h3", "h4", "h5", "h6", "li", "sup"})
"""The elements that Markdown gives an id, to which nothing in a mail can lead."""
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
LinkAddress = Callable[[Reference, str], "str | Fault"]
"""Gives the absolute address for a reference in a file, or its fault."""


def mail_tree(
    html: str,
    marked: MarkedText,
    file: str,
    first_line: int,
    faults: list[Fault],
    images_from: str = "",
    address: LinkAddress | None = None,
) -> Element:
    """Return the tree of a fragment; adds a fault for refused HTML and for each lost or torn tag."""
    reader = _Reader(marked, file, first_line, faults, images_from, address or _whole_address)
    reader.feed(html)
    reader.close()
    root = reader.root()
    _splice(root, marked)
    found = list(_numbers(root, marked))
    if sorted(found) != list(range(len(marked.tags))) or _nesting(found, marked) != _nesting(
        sorted(found), marked
    ):
        faults.append(_lost(found, marked, file))
    else:
        faults.extend(_torn(root, marked, file))
    return root


class _Reader(MarkupParser):
    """Builds the tree."""

    def __init__(
        self,
        marked: MarkedText,
        file: str,
        first_line: int,
        faults: list[Fault],
        images_from: str,
        address: LinkAddress,
    ) -> None:
        super().__init__()
        self._address = address
        self._lines = SourceLines(marked.text, first_line)
        self._marked = marked
        self._file = file
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
        kind = attributes.get("class") or ""
        if kind in {"footnote-ref", "footnote-backref"}:
            element = Element("span", [("class", kind)])  # nothing leads from place to place in a mail
        else:
            for name, value in attributes.items():
                self._attribute(element, name, value or "")
        if kind != "footnote-backref":
            self._open[-1].children.append(element)
        if not closed and tag not in VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        is_note = tag == "a" and self._open[-1].attribute("class").startswith("footnote-")
        if (self._open[-1].name == tag or is_note) and len(self._open) > 1:
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
        if name == "id" and element.name in _WITHOUT_ID:
            return
        if name in {"href", "src"} and not numbers and not (name == "src" and self._is_own(value)):
            reference = Reference(name, value, self._lines.line_of(value or name))
            found = self._address(reference, self._file)
            if isinstance(found, Fault):
                self._faults.append(found)
                return
            value = found
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
        self._faults.append(Fault(what, remedy, self._file, self._lines.line_of(needle)))


def _whole_address(reference: Reference, file: str) -> str | Fault:
    """Return the address of a reference where only absolute addresses are allowed."""
    target = resolve(reference, file, Index({}, ()))
    if isinstance(target, Fault):
        return target
    return target.path if target.kind == "outside" else place_fault(reference, file)


def place_fault(reference: Reference, file: str) -> Fault:
    """Return the fault of a link to a place in the same mail, which mail programs do not follow."""
    what = f"the link {shortened(reference.address)!r} leads to a place in the mail itself"
    return Fault(
        what, "link to a page, or leave it out: mail programs do not follow such links", file, reference.line
    )


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


def _nesting(numbers: Sequence[int], marked: MarkedText) -> dict[int, tuple[int, ...]]:
    """Return the block tags around each tag and their order; a moved tag may only change its place among equals."""
    found: dict[int, tuple[int, ...]] = {}
    opened: list[int] = []
    blocks = 0
    for number in numbers:
        tag = marked.tags[number]
        if tag.role == "close" and opened:
            opened.pop()
        if tag.role == "branch" and opened:
            opened[-1] = number
        blocks += tag.is_block
        found[number] = (*opened, blocks if tag.is_block else -1)
        if tag.role == "open":
            opened.append(number)
    return found


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

"""Shells: HTML with places that values fill, by the reader's browser or, for a plain page, here.

A place is an element with one of these attributes, which templates/assets/viewer.js fills in the same way:

`data-each="list"` repeats the element for each item, whose keys come before those around it; `data-if="key"`,
`"!key"` or `"key=value"` leaves it out where that does not hold; `data-text="key"` is its text;
`data-name="kind:key"` is its text, as the word `kind:VALUE` of the language or else the value itself;
`data-set="attribute:key"`, parted by spaces, sets attributes. A key may lead into a value: `raw.expires_on`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser

from generator.errors import GeneratorError

# A shell folded once into constant HTML and the places between, so that filling it costs what its values cost.

Scope = Mapping[str, object]
Words = Mapping[str, str]
Write = Callable[[str], object]
Key = tuple[str, ...]
"""The way to a value: its name, and what leads on into it."""


@dataclass(frozen=True, slots=True)
class Text:
    """A value as text."""

    key: Key

    def fill(self, scope: Scope, words: Words, write: Write) -> None:
        """Writes the value, escaped."""
        del words
        write(escape(_text(_value(scope, self.key))))


@dataclass(frozen=True, slots=True)
class Name:
    """A value as the word of its kind, or else as it is."""

    kind: str
    key: Key

    def fill(self, scope: Scope, words: Words, write: Write) -> None:
        """Writes the word, escaped."""
        value = _text(_value(scope, self.key))
        write(escape(words.get(f"{self.kind}:{value}", value)))


@dataclass(frozen=True, slots=True)
class Condition:
    """Whether a value is there, or is `value` if that is not None; or the opposite."""

    key: Key
    value: str | None
    opposite: bool

    def holds(self, scope: Scope) -> bool:
        """Whether it holds for those values."""
        found = _value(scope, self.key)
        return (bool(found) if self.value is None else _text(found) == self.value) is not self.opposite


@dataclass(frozen=True, slots=True)
class Block:
    """Pieces that are left out where the condition does not hold, or are repeated for each item of a list."""

    each: Key | None
    condition: Condition | None
    pieces: "Pieces"

    def fill(self, scope: Scope, words: Words, write: Write) -> None:
        """Writes the pieces as often as they are wanted; an item's own values come before those around it."""
        if self.each is None:
            self._once(scope, words, write)
            return
        items = _value(scope, self.each)
        for item in items if isinstance(items, list) else ():
            self._once({**scope, **item}, words, write)

    def _once(self, scope: Scope, words: Words, write: Write) -> None:
        if self.condition is None or self.condition.holds(scope):
            fill(self.pieces, scope, words, write)


Piece = str | Text | Name | Block
Pieces = tuple[Piece, ...]


def joined(pieces: Iterator[Piece]) -> Pieces:
    """The pieces, with HTML beside HTML made one."""
    found: list[Piece] = []
    for piece in pieces:
        last = found[-1] if found else None
        if isinstance(piece, str) and isinstance(last, str):
            found[-1] = last + piece
        else:
            found.append(piece)
    return tuple(found)


def fill(pieces: Pieces, scope: Scope, words: Words, write: Write) -> None:
    """Writes the pieces with those values in their places."""
    for piece in pieces:
        if isinstance(piece, str):
            write(piece)
        else:
            piece.fill(scope, words, write)


def key_of(text: str) -> Key:
    """The way to a value as a shell names it: `raw.expires_on`."""
    return tuple(text.split("."))


def condition_of(text: str) -> Condition:
    """A condition as a shell writes it: `key`, `key=value`, either after `!`."""
    rest = text.lstrip("!")
    key, wanted, value = rest.partition("=")
    return Condition(key_of(key), value if wanted else None, (len(text) - len(rest)) % 2 == 1)


def _value(scope: Scope, key: Key) -> object:
    found: object = scope
    for part in key:
        found = found.get(part) if isinstance(found, dict) else None
    return found


def _text(value: object) -> str:
    return "" if value is None else str.__str__(value) if isinstance(value, str) else str(value)


PLACES = frozenset({"data-each", "data-if", "data-text", "data-name", "data-set"})
SETTABLE = frozenset(
    {"aria-label", "class", "d", "data-sort", "height", "href", "value", "viewBox", "width", "x", "y"}
)
_VOID = frozenset({"area", "br", "col", "hr", "img", "input", "link", "meta", "source", "track", "wbr"})


class BrokenShell(GeneratorError):
    """A statement template that no browser could fill; `place` is the element."""

    def __init__(self, place: str, why: str) -> None:
        self.place = place
        super().__init__(f"templates/statement: {place}: {why}")


@dataclass(slots=True)
class Element:
    """An element of a shell; `children` are elements and text as it stands in HTML."""

    tag: str
    attributes: dict[str, str | None]
    children: list["Element | str"] = field(default_factory=list)


def parsed_shell(html: str) -> Pieces:
    """The shell's constant HTML and the places in it. Raises `BrokenShell` for one that cannot be filled."""
    parser = _Parser()
    parser.feed(html)
    parser.close()
    if len(parser.open) > 1:
        raise BrokenShell(f"<{parser.open[-1].tag}>", "the element is not closed")
    return joined(_children(parser.open[0]))


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.open = [Element("", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, dict(attrs))
        _check(element)
        self.open[-1].children.append(element)
        if tag not in _VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if self.open[-1].tag != tag:
            raise BrokenShell(f"</{tag}>", f"it closes <{self.open[-1].tag}>")
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)

    def handle_entityref(self, name: str) -> None:
        self.handle_data(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self.handle_data(f"&#{name};")


def _check(element: Element) -> None:
    places = [name for name in element.attributes if name.startswith("data-") and name in PLACES]
    for name in places:
        value = element.attributes[name] or ""
        shown = f'<{element.tag} {name}="{value}">'
        if not value:
            raise BrokenShell(shown, "it names no value")
        if name == "data-name" and ":" not in value:
            raise BrokenShell(shown, "write the kind of word and the value, as in level:next_level")
        if name == "data-set" and not {pair.partition(":")[0] for pair in value.split()} <= SETTABLE:
            raise BrokenShell(shown, f"only these attributes can be set: {', '.join(sorted(SETTABLE))}")


def merged(raw: object, shown: object) -> object:
    """The figures with their form for people in place of each; an item's own figures stay below `raw`."""
    if isinstance(raw, list):
        of_items = shown if isinstance(shown, list) else []
        return [
            merged(item, of_items[index] if index < len(of_items) else None) for index, item in enumerate(raw)
        ]
    if not isinstance(raw, dict):
        return raw if shown is None else shown
    values = shown if isinstance(shown, dict) else {}
    lists = {key: merged(item, values.get(key)) for key, item in raw.items() if isinstance(item, list)}
    return {**raw, **values, **lists, "raw": raw}


def merged_values(figures: Mapping[str, object], values: Mapping[str, object]) -> Mapping[str, object]:
    """A statement's JSON with the values of its record, as a shell names them."""
    found = merged(dict(figures), dict(values))
    return found if isinstance(found, dict) else {}


def filled(shell: Pieces, values: Mapping[str, object], words: Mapping[str, str]) -> str:
    """The shell as HTML, filled with values; every value is escaped."""
    written: list[str] = []
    fill(shell, dict(values), words, written.append)
    return "".join(written)


def _children(element: Element) -> Iterator[Piece]:
    for child in element.children:
        if isinstance(child, str):
            yield child
        else:
            yield from _settled(child)


def _settled(element: Element) -> Iterator[Piece]:
    each, condition = (element.attributes.get(name) for name in ("data-each", "data-if"))
    if each or condition:
        yield Block(
            key_of(each) if each else None,
            condition_of(condition) if condition else None,
            joined(_written(element)),
        )
    else:
        yield from _written(element)


def _written(element: Element) -> Iterator[Piece]:
    yield f"<{element.tag}"
    yield from _attributes(element)
    yield ">"
    if element.tag in _VOID:
        return
    if key := element.attributes.get("data-text"):
        yield Text(key_of(key))
    elif place := element.attributes.get("data-name"):
        kind, _, key = place.partition(":")
        yield Name(kind, key_of(key))
    else:
        yield from _children(element)
    yield f"</{element.tag}>"


def _attributes(element: Element) -> Iterator[Piece]:
    for name, value in element.attributes.items():
        if name not in PLACES:
            yield f" {name}" if value is None else f' {name}="{escape(value)}"'
    for pair in (element.attributes.get("data-set") or "").split():
        name, _, key = pair.partition(":")
        yield f' {name}="'
        yield Text(key_of(key))
        yield '"'

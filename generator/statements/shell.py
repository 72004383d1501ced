"""Shells: HTML with places that values fill, in the reader's browser or, for a plain page, here.

A place is an element with one of these attributes, which templates/assets/viewer.js fills in the same way:

`data-each="list"` repeats the element for each item, whose keys come before those around it; `data-if="key"`,
`"!key"` or `"key=value"` leaves it out where that does not hold; `data-stop="key"` where the value, which stands before
it, ends with a full stop; `data-text="key"` is its text;
`data-name="kind:key"` is its text, as the word `kind:VALUE` of the language or else the value itself;
`data-set="attribute:key"`, parted by spaces, sets attributes. A key may lead into a value: `raw.expires_on`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from operator import methodcaller
from typing import NamedTuple

from generator.errors import GeneratorError
from generator.templating.markup import Attributes, MarkupParser

_Scope = Mapping[str, object]
_Write = Callable[[str], object]
_Holds = Callable[[_Scope], bool]
_MARKUP = re.compile("[&<>\"']")
_PLACES = frozenset({"data-each", "data-if", "data-text", "data-name", "data-set", "data-stop"})
_CHOOSING = ("data-each", "data-if", "data-stop")
_SETTABLE = frozenset(
    {"aria-label", "class", "d", "data-sort", "height", "href", "value", "viewBox", "width", "x", "y"}
)
_VOID = frozenset({"area", "br", "col", "hr", "img", "input", "link", "meta", "source", "track", "wbr"})


class BrokenShell(GeneratorError):
    """A statement template that no browser could fill; `place` is the element."""

    def __init__(self, place: str, why: str) -> None:
        self.place = place
        super().__init__(f"templates/statement: {place}: {why}")


@dataclass(frozen=True, slots=True)
class ParsedShell:
    """A shell whose constant HTML is in one string up to the next place, so that filling it costs what values cost."""

    _parts: "_Parts"

    def fill(self, values: Mapping[str, object], words: Mapping[str, str]) -> str:
        """Return the shell as HTML with every value escaped; `words` has the words of kinds as `level:gold`."""
        written: list[str] = []
        _fill(self._parts, values, words, written.append)
        return "".join(written)


def parse_shell(html: str) -> ParsedShell:
    """Parse a shell. Raises `BrokenShell` for one that cannot be filled."""
    parser = _Parser()
    parser.feed(html)
    parser.close()
    if len(parser.open) > 1:
        raise BrokenShell(f"<{parser.open[-1].tag}>", "the element is not closed")
    return ParsedShell(_joined(parser.open[0].content))


def merged_values(figures: Mapping[str, object], values: Mapping[str, object]) -> Mapping[str, object]:
    """Return a statement's JSON with the values of its record in place of its figures, as a shell names them.

    An item's own figures stay below `raw`.
    """
    found = _merged(dict(figures), dict(values))
    return found if isinstance(found, dict) else {}


def _merged(raw: object, shown: object) -> object:
    if isinstance(raw, list):
        of_items = shown if isinstance(shown, list) else []
        return [
            _merged(item, of_items[index] if index < len(of_items) else None)
            for index, item in enumerate(raw)
        ]
    if not isinstance(raw, dict):
        return raw if shown is None else shown
    values = shown if isinstance(shown, dict) else {}
    lists = {key: _merged(item, values.get(key)) for key, item in raw.items() if isinstance(item, list)}
    return {**raw, **values, **lists, "raw": raw}


_Fill = Callable[[_Scope, Mapping[str, str], _Write], None]
"""Writes what values of a scope give, with the words of kinds."""
_Part = str | _Fill
_Parts = tuple[_Part, ...]


def _fill(parts: _Parts, scope: _Scope, words: Mapping[str, str], write: _Write) -> None:
    for part in parts:
        if isinstance(part, str):
            write(part)
        else:
            part(scope, words, write)


def _value_at(key: str, kind: str = "") -> _Fill:
    """Fill in the text of a value, or the word of its `kind`."""
    value_in = _reader(key)

    def fill(scope: _Scope, words: Mapping[str, str], write: _Write) -> None:
        text = _text(value_in(scope))
        if kind:
            text = words.get(f"{kind}:{text}", text)
        write(escape(text) if _MARKUP.search(text) else text)

    return fill


def _block(each: str | None, holds: _Holds | None, parts: _Parts) -> _Fill:
    """Fill parts that are left out where the condition does not hold, and repeated for each item of a list."""
    items_in = _reader(each) if each else None

    def fill(scope: _Scope, words: Mapping[str, str], write: _Write) -> None:
        if items_in is None:
            if holds is None or holds(scope):
                _fill(parts, scope, words, write)
            return
        found = items_in(scope)
        for item in found if isinstance(found, list) else ():
            inner = {**scope, **item}
            if holds is None or holds(inner):
                _fill(parts, inner, words, write)

    return fill


def _condition(text: str) -> _Holds:
    """Return whether a value is there, or is the one after `=`; or the opposite of it after `!`."""
    rest = text.lstrip("!")
    key, wanted, value = rest.partition("=")
    value_in, opposite = _reader(key), (len(text) - len(rest)) % 2 == 1
    if wanted:
        return lambda scope: (_text(value_in(scope)) == value) is not opposite
    return lambda scope: bool(value_in(scope)) is not opposite


def _unstopped(key: str) -> _Holds:
    """Return whether a value does not end with a full stop; a mark of direction may follow the stop."""
    value_in = _reader(key)
    return lambda scope: not _text(value_in(scope)).rstrip("\u200e\u200f").endswith(".")


def _reader(key: str) -> Callable[[_Scope], object]:
    """Return what reads a value: its name, and after points what leads on into it."""
    name, *further = key.split(".")
    first: Callable[[_Scope], object] = methodcaller("get", name)
    if not further:
        return first

    def read(scope: _Scope) -> object:
        found = first(scope)
        for part in further:
            found = found.get(part) if isinstance(found, dict) else None
        return found

    return read


def _text(value: object) -> str:
    return "" if value is None else str.__str__(value) if isinstance(value, str) else str(value)


class _Open(NamedTuple):
    """An element that is not closed yet: where it stands, its own parts with its tags, and what is inside."""

    tag: str
    attributes: Mapping[str, str | None]
    around: list[_Part]
    own: list[_Part]
    content: list[_Part]


class _Parser(MarkupParser):
    def __init__(self) -> None:
        super().__init__()
        parts: list[_Part] = []
        self.open = [_Open("", {}, parts, parts, parts)]

    def start_tag(self, tag: str, attributes: Attributes, *, closed: bool) -> None:
        _check(tag, attributes)
        around = self.open[-1].content
        own: list[_Part] = [] if attributes.keys() & set(_CHOOSING) else around
        own += _start_tag(tag, attributes)
        place = _place(attributes)
        if place:
            own.append(place)
        # Whatever stands inside a place gives way to its value.
        self.open.append(_Open(tag, attributes, around, own, [] if place else own))
        if closed or tag in _VOID:
            self._close()

    def handle_endtag(self, tag: str) -> None:
        if self.open[-1].tag != tag:
            raise BrokenShell(f"</{tag}>", f"it closes <{self.open[-1].tag}>")
        self._close()

    def handle_data(self, data: str) -> None:
        self.open[-1].content.append(escape(data, quote=False))

    def _close(self) -> None:
        element = self.open.pop()
        if element.tag not in _VOID:
            element.own.append(f"</{element.tag}>")
        if element.own is not element.around:
            each, condition, stop = (element.attributes.get(name) for name in _CHOOSING)
            holds = _condition(condition) if condition else _unstopped(stop) if stop else None
            element.around.append(_block(each, holds, _joined(element.own)))


def _check(tag: str, attributes: Mapping[str, str | None]) -> None:
    for name in attributes.keys() & _PLACES:
        value = attributes[name] or ""
        shown = f'<{tag} {name}="{value}">'
        if not value:
            raise BrokenShell(shown, "it names no value")
        if name == "data-name" and ":" not in value:
            raise BrokenShell(shown, "write the kind of word and the value, as in level:next_level")
        if name == "data-set" and not {pair.partition(":")[0] for pair in value.split()} <= _SETTABLE:
            raise BrokenShell(shown, f"only these attributes can be set: {', '.join(sorted(_SETTABLE))}")


def _start_tag(tag: str, attributes: Mapping[str, str | None]) -> list[_Part]:
    parts: list[_Part] = [f"<{tag}"]
    for name, value in attributes.items():
        if name not in _PLACES:
            parts.append(f" {name}" if value is None else f' {name}="{escape(value)}"')
    for pair in (attributes.get("data-set") or "").split():
        name, _, key = pair.partition(":")
        parts += [f' {name}="', _value_at(key), '"']
    return [*parts, ">"]


def _place(attributes: Mapping[str, str | None]) -> _Fill | None:
    if key := attributes.get("data-text"):
        return _value_at(key)
    kind, _, key = (attributes.get("data-name") or "").partition(":")
    return _value_at(key, kind) if key else None


def _joined(parts: list[_Part]) -> _Parts:
    """Join HTML beside HTML into one string."""
    found: list[_Part] = []
    for part in parts:
        last = found[-1] if found else None
        if isinstance(part, str) and isinstance(last, str):
            found[-1] = last + part
        else:
            found.append(part)
    return tuple(found)

"""A shell folded once into constant HTML and the places between, so that filling it costs what its values cost."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from html import escape

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

"""The lines of YAML front matter: tabs between tokens, words lost in comments, values that need quotes.

The YAML library works on the whole text. This module looks at single lines, because a person has to correct those.
"""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

_KEY = re.compile(
    r"(?P<indent>[ ]*(?:-[ \t]+)*)(?P<key>[^\s:#'\"\[\]{},&*!|>%@`-][^:#'\"\[\]{}]{0,80}):(?:[ \t]+|$)"
)
_BLOCK = re.compile(r"[|>][+-]?[0-9]?[+-]?[ \t]*(?:#.*)?")
_NO_SPACE = re.compile(r"(?P<key>[A-Za-z_]{1,40}):(?P<value>\S.*)")
_TEXTS = frozenset({"title", "summary", "subject", "preheader", "author", "note", "name", "description"})
_OPENING = frozenset(":,[{-?")


class YamlLine(NamedTuple):
    """A line with its number from 0: the key of its entry, its value, and whether it lies in a block of literal text.

    `starts` tells that the key stands on this line; otherwise the line continues the entry.
    """

    number: int
    text: str
    key: str
    value: str
    starts: bool
    is_literal: bool


class _Quotes:
    """Follows quotes from character to character. A quote opens only where a value may begin."""

    def __init__(self) -> None:
        self.open = ""
        self._before = ""
        self._escaped = False

    def next_is_outside(self, character: str) -> bool:
        """Take the next character and return whether it stands outside quotes."""
        if self.open:
            if self._escaped:
                self._escaped = False
            elif character == "\\" and self.open == '"':
                self._escaped = True
            elif character == self.open:
                self.open, self._before = "", character
            return False
        if character in "'\"" and (not self._before or self._before in _OPENING):
            self.open = character
            return False
        if not character.isspace():
            self._before = character
        return True

    def end_line(self) -> None:
        """Forget what stood before, because a value may begin on the next line."""
        if not self.open:
            self._before = ""


def yaml_lines(text: str) -> Iterator[YamlLine]:
    """Yield every line with its entry."""
    key, deepest = "", -1
    for number, line in enumerate(text.split("\n")):
        indent = len(line) - len(line.lstrip(" "))
        if deepest >= 0 and (not line.strip() or indent > deepest):
            yield YamlLine(number, line, key, line.strip(), starts=False, is_literal=True)
            continue
        deepest = -1
        match = _KEY.match(line)
        if match:
            key = match["key"].strip()
        value = line[match.end() :].rstrip() if match else line.strip()
        if match and _BLOCK.fullmatch(value):
            deepest = indent
        yield YamlLine(number, line, key, value, starts=match is not None, is_literal=False)


def without_tabs(text: str) -> str:
    """Replace the tabs that separate tokens by spaces: YAML 1.2 allows them (6.2), the library does not.

    Tabs in quotes, in blocks of literal text and in the indentation stay.
    """
    if "\t" not in text:
        return text
    quotes = _Quotes()
    lines = []
    for line in yaml_lines(text):
        if line.is_literal:
            lines.append(line.text)
            continue
        body = line.text.lstrip(" \t") if not quotes.open else line.text
        start = line.text[: len(line.text) - len(body)]
        found = [
            " " if quotes.next_is_outside(character) and character == "\t" else character
            for character in body
        ]
        quotes.end_line()
        lines.append(start + "".join(found).rstrip(" "))
    return "\n".join(lines)


def lost_words(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield line number, key and comment wherever a comment probably holds words of a value.

    In a text for people that is any comment; elsewhere only one without a space after `#`.
    """
    if "#" not in text:
        return
    quotes = _Quotes()
    for line in yaml_lines(text):
        if line.is_literal or line.text.lstrip().startswith("#"):
            continue
        before = " "
        for place, character in enumerate(line.text):
            outside = quotes.next_is_outside(character)
            if outside and character == "#" and before.isspace():
                comment = line.text[place:].rstrip()
                is_text = line.key in _TEXTS and not line.value.startswith(("'", '"'))
                if is_text or not comment[1:2].isspace():
                    yield line.number, line.key, comment
                break
            before = character
        quotes.end_line()


def missing_quotes(text: str, fails: Callable[[str], bool]) -> tuple[int, str] | None:
    """Return number and quoted form of the first line whose value is invalid without quotes; None if there is none.

    `fails` tells whether a text is invalid YAML.
    """
    lines = list(yaml_lines(text))
    starts = [line.number for line in lines if line.starts and not line.text.startswith((" ", "-"))]
    for first, after in zip(starts, [*starts[1:], len(lines)], strict=True):
        if not fails("\n".join(line.text for line in lines[first:after]) + "\n"):
            continue
        for line in lines[first:after]:
            if line.starts and line.value and not line.is_literal and fails(f"key: {line.value}\n"):
                return line.number, f"{line.key}: {quoted(line.value)}"
    return None


def missing_space(text: str) -> tuple[int, str] | None:
    """Return number and corrected form of the first line with a key whose colon lacks a space; None without one."""
    for line in yaml_lines(text):
        found = _NO_SPACE.fullmatch(line.text)
        if found and not line.is_literal and not line.starts:
            return line.number, f"{found['key']}: {found['value']}"
    return None


def quoted(value: str) -> str:
    """Return a value in quotes. A quote at only one end of the value belongs to its words."""
    if '"' not in value and "\\" not in value:
        return f'"{value}"'
    return "'" + value.replace("'", "''") + "'"

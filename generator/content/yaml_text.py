"""YAML 1.2 as staff write it: plain values with the line of each key, and the lines that a person has to correct.

The YAML library works on the whole text. Tabs between tokens, words lost in comments and values that need quotes are
found by single lines.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Literal, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceStartEvent,
)
from ruamel.yaml.nodes import (
    MappingNode,
    Node,
    ScalarNode,
    SequenceNode,
)

from generator.content.files import without_forbidden
from rewards import Fault, KeyPath

_NULL = re.compile(r"~|null|Null|NULL|")
_TRUE = re.compile(r"true|True|TRUE")
_FALSE = re.compile(r"false|False|FALSE")
_INTEGER = re.compile(r"[-+]?\d+", re.ASCII)
_DECIMAL = re.compile(r"[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?", re.ASCII)
_SURROGATE = re.compile("[\ud800-\udfff]")
_LONGEST_SHOWN = 120
_YAML = "tag:yaml.org,2002:"
_PLAIN_TAGS = {
    f"{_YAML}{kind}" for kind in ("str", "int", "float", "bool", "null", "timestamp", "value", "merge")
}
_BRACKET = re.compile(r"[\[\]{}]")
_DEEPEST = 50
_MOST_NODES = 10_000
_LONGEST_NUMBER = 100


class _Refused(Exception):
    def __init__(self, what: str, remedy: str, line: int) -> None:
        super().__init__(what)
        self.what, self.remedy, self.line = what, remedy, line


def parse_yaml(
    text: str, file: str, first_line: int, faults: list[Fault]
) -> tuple[dict[str, object], dict[KeyPath, int]] | None:
    """Return the mapping that `text` writes, which begins at `first_line` of `file`, with the line of each key.

    Returns None after adding faults.
    """
    text = without_tabs(text)
    reader = _Reader(file, first_line, faults, text)
    try:
        _check_depth(text, first_line)
        node = YAML(typ="safe", pure=True).compose(text)
        raw = {} if node is None else reader.document(node)
    except MarkedYAMLError as error:
        faults.append(_invalid(error, text, file, first_line))
    except YAMLError as error:
        line = first_line + text.count("\n", 0, getattr(error, "position", 0))
        faults.append(
            Fault(f"not valid YAML: {getattr(error, 'reason', error)}", "correct this line", file, line)
        )
    except RecursionError:
        faults.append(Fault("the front matter is nested too deeply", "write it flat", file, first_line))
    except _Refused as refused:
        faults.append(Fault(refused.what, refused.remedy, file, refused.line))
    else:
        faults.extend(_lost(text, file, first_line))
        return raw, reader.lines
    return None


@dataclass(frozen=True, slots=True)
class YamlPiece:
    """A piece of YAML as it stands in the text: `start` and `end` are offsets, `style` is a scalar's quote or `|`, `>`.

    A collection has a piece where it starts and one of the kind `end`. `is_flow` tells that it has brackets.
    """

    kind: Literal["scalar", "alias", "mapping", "sequence", "end"]
    start: int
    end: int
    style: str = ""
    anchor: str = ""
    is_flow: bool = False


def yaml_pieces(text: str) -> Iterator[YamlPiece]:
    """Yield the pieces of valid YAML, whose line ends are line feeds, in the order of the text."""
    plain = without_tabs(text)
    offset = _same_place(text, plain)
    for event in YAML(typ="safe", pure=True).parse(plain):
        start, end = offset(event.start_mark.index), offset(event.end_mark.index)
        anchor = str(event.anchor or "") if isinstance(event, NodeEvent) else ""
        if isinstance(event, AliasEvent):
            yield YamlPiece("alias", start, end, anchor=anchor)
        elif isinstance(event, ScalarEvent):
            yield YamlPiece("scalar", start, end, str(event.style or ""), anchor)
        elif isinstance(event, MappingStartEvent | SequenceStartEvent):
            kind: Literal["mapping", "sequence"] = (
                "mapping" if isinstance(event, MappingStartEvent) else "sequence"
            )
            yield YamlPiece(kind, start, end, anchor=anchor, is_flow=bool(event.flow_style))
        elif isinstance(event, CollectionEndEvent):
            yield YamlPiece("end", start, end)


def _same_place(text: str, plain: str) -> Callable[[int], int]:
    """Return the function from an offset in `plain` to the same place of `text`, whose lines may end in more blanks."""
    if text == plain:
        return lambda offset: offset
    begins = [0]
    for line in text.split("\n"):
        begins.append(begins[-1] + len(line) + 1)

    def place(offset: int) -> int:
        line = plain.count("\n", 0, offset)
        return begins[line] + offset - (plain.rfind("\n", 0, offset) + 1)

    return place


def _invalid(error: MarkedYAMLError, text: str, file: str, first_line: int) -> Fault:
    """Return the fault of invalid YAML, at the line that a person has to correct."""
    found = missing_quotes(text, _is_invalid)
    if found:
        what = f"not valid YAML without quotes: {error.problem or error.context}"
        return Fault(what, f"put the value in quotes: {_shortened(found[1])}", file, first_line + found[0])
    found = missing_space(text)
    if found:
        what = "not valid YAML: there is no space after the colon"
        return Fault(what, f"write {_shortened(found[1])}", file, first_line + found[0])
    mark = error.problem_mark or error.context_mark
    number = mark.line if mark else 0
    line = text.split("\n")[min(number, text.count("\n"))]
    indented = line[: len(line) - len(line.lstrip())]
    remedy = "indent it by spaces, not by a tab" if "\t" in indented else "correct this line"
    return Fault(f"not valid YAML: {error.problem or error.context}", remedy, file, first_line + number)


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def _is_invalid(text: str) -> bool:
    try:
        YAML(typ="safe", pure=True).compose(text)
    except (YAMLError, RecursionError):
        return True
    return False


def _lost(text: str, file: str, first_line: int) -> Iterator[Fault]:
    """Yield a remark for each value whose last words are a comment."""
    for number, key, comment in lost_words(text):
        what = f"{_shortened(comment)!r} is a comment and not part of {key or 'the value'}"
        remedy = "put the value in quotes if it belongs to it"
        yield Fault(what, remedy, file, first_line + number, field=key, severity="remark")
    for line in yaml_lines(text):
        if line.starts and line.value.startswith("! "):
            what = f"'!' has a meaning in YAML and is not part of {line.key}"
            remedy = "put the value in quotes if it belongs to it"
            yield Fault(what, remedy, file, first_line + line.number, field=line.key, severity="remark")


def _check_depth(text: str, first_line: int) -> None:
    """Refuse deep nesting before parsing, because the parser's time grows with the square of the depth."""
    depth = 0
    for match in _BRACKET.finditer(text):
        depth += 1 if match[0] in "[{" else -1
        if depth > _DEEPEST:
            line = first_line + text.count("\n", 0, match.start())
            raise _Refused("the front matter is nested too deeply", "write it flat", line)


class _Reader:
    """Turns composed nodes into plain values and records the line of each key."""

    def __init__(self, file: str, first_line: int, faults: list[Fault], text: str) -> None:
        self._text = text
        self.lines: dict[KeyPath, int] = {}
        self._file, self._first, self._faults = file, first_line, faults
        self._open: list[Node] = []
        self._count = 0

    def document(self, node: Node) -> dict[str, object]:
        """Return the whole front matter."""
        raw = self.value(node, ())
        if not isinstance(raw, dict):
            raise _Refused("the front matter is no mapping", "write it as 'key: value' lines", self._first)
        return raw

    def value(self, node: Node, path: KeyPath) -> object:
        line = self._first + node.start_mark.line
        self._count += 1
        if self._count > _MOST_NODES or any(node is outer for outer in self._open):
            raise _Refused(
                "the front matter is too large, or contains itself",
                "write values out instead of aliases",
                line,
            )
        self.lines.setdefault(path, line)
        if isinstance(node, ScalarNode):
            value = _scalar(node, line)
            self._check_anchor(node, line, path)
            return (
                without_forbidden(value, self._file, self._faults, line) if isinstance(value, str) else value
            )
        self._open.append(node)
        try:
            if isinstance(node, SequenceNode):
                return [self.value(child, (*path, n)) for n, child in enumerate(node.value)]
            return self._mapping(node, path) if isinstance(node, MappingNode) else None
        finally:
            self._open.pop()

    def _check_anchor(self, node: ScalarNode, line: int, path: KeyPath) -> None:
        """Add a remark for an anchor that no alias names: it is probably a part of the text."""
        if node.anchor and not re.search(rf"(?<!\S)\*{re.escape(node.anchor)}(?![\w-])", self._text):
            field = ".".join(map(str, path))
            what = f"'&{node.anchor}' has a meaning in YAML and is not part of {field or 'the value'}"
            remedy = "put the value in quotes if it belongs to it"
            self._faults.append(Fault(what, remedy, self._file, line, field=field, severity="remark"))

    def _mapping(self, node: MappingNode, path: KeyPath) -> dict[str, object]:
        found: dict[str, object] = {}
        for key_node, value_node in node.value:
            line = self._first + key_node.start_mark.line
            if not isinstance(key_node, ScalarNode):
                remedy = "use a word as the key, or put a value with {{ in quotes"
                raise _Refused("a key is a list or mapping", remedy, line)
            key = str(key_node.value)
            if key in found:
                raise _Refused(f"key {key!r} stands twice", "keep one of them", line)
            self.lines[(*path, key)] = line
            found[key] = self.value(value_node, (*path, key))
        return found


def _scalar(node: ScalarNode, line: int) -> object:
    text, tag = _joined(str(node.value)), str(node.tag)
    if tag not in _PLAIN_TAGS and tag != "!":
        raise _Refused(f"the tag {tag} is not supported", "put the value in quotes if it begins with !", line)
    is_text = node.style in {"'", '"', "|", ">"} and tag.removeprefix(_YAML) not in {
        "int",
        "float",
        "bool",
        "null",
    }
    if is_text or (tag == f"{_YAML}str" and _is_resolved(text)):
        return text
    if _NULL.fullmatch(text):
        return None
    if _TRUE.fullmatch(text) or _FALSE.fullmatch(text):
        return text.lower() == "true"
    if len(text) > _LONGEST_NUMBER:
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    return Decimal(text) if _DECIMAL.fullmatch(text) else text


def _joined(text: str) -> str:
    """Join two escapes that are the halves of one character, as JSON writes an emoji."""
    if not _SURROGATE.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _is_resolved(text: str) -> bool:
    """Return whether a plain scalar would be something else than text, had it not the tag `!!str`."""
    patterns = (_NULL, _TRUE, _FALSE, _INTEGER, _DECIMAL)
    return any(pattern.fullmatch(text) for pattern in patterns)


# The lines of YAML.

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
    for first, after in pairwise([*starts, len(lines)]):
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

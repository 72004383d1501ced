"""Edits of YAML at the places of single values.

A value that stays keeps its text, also inside a list. A new value keeps the quotes of the old one where they can hold
it. `REMOVED` takes an entry out with its line; comments on lines of their own stay.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from enum import Enum
from typing import Final, Literal

from generator.content.yaml_text import YamlPiece, yaml_pieces


class Removed(Enum):
    """The type of `REMOVED`, which takes a key out of the front matter."""

    REMOVED = "removed"


REMOVED: Final = Removed.REMOVED
FrontMatter = Mapping[str, object]

_SPECIAL: Final = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")
_PLAIN: Final = re.compile(r"[^\s\-?:,\[\]{}#&*!|>'\"%@`=<~.+\d][^\x00-\x1f\[\]{},]*|\d{4}-\d\d-\d\d")
_NOT_PLAIN: Final = re.compile(r": | #|:$|\s$|\t|[\x7f-\x9f\u2028\u2029\ufeff]")
_WORDS: Final = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}


class CannotEdit(Exception):
    """The YAML has a form in which a value cannot be replaced where it stands."""


@dataclass(frozen=True, slots=True)
class Edit:
    """The text from `start` to `end` is replaced."""

    start: int
    end: int
    text: str


@dataclass(slots=True)
class YamlNode:
    """A value in the text. `end` of a block collection is that of its last value; an alias has the kind `alias`."""

    piece: YamlPiece
    start: int
    end: int
    children: list["YamlNode"] = field(default_factory=list)

    @property
    def kind(self) -> Literal["scalar", "alias", "mapping", "sequence", "end"]:
        """The kind of its piece."""
        return self.piece.kind

    @property
    def entries(self) -> list[tuple["YamlNode", "YamlNode"]]:
        """Key and value of each entry of a mapping."""
        return list(zip(self.children[::2], self.children[1::2], strict=True))

    def walk(self) -> Iterator["YamlNode"]:
        """Yield this node and all below, in the order of the text."""
        yield self
        for child in self.children:
            yield from child.walk()


def yaml_tree(text: str) -> YamlNode | None:
    """Return the root of valid YAML, None for none."""
    pieces = yaml_pieces(text)
    first = next(pieces, None)
    return _node(first, pieces, text) if first else None


def _node(piece: YamlPiece, rest: Iterator[YamlPiece], text: str) -> YamlNode:
    if piece.kind in {"scalar", "alias"}:
        return YamlNode(piece, piece.start, piece.start + len(text[piece.start : piece.end].rstrip()))
    node = YamlNode(piece, piece.start, piece.end)
    for child in rest:
        if child.kind == "end":
            if piece.is_flow:
                node.end = child.end
            break
        key = node.children[-1] if piece.kind == "mapping" and len(node.children) % 2 else None
        found = _node(child, rest, text)
        if key and found.start == found.end:
            found.start = found.end = _after_colon(text, key)
        node.children.append(found)
        if not piece.is_flow:
            node.end = max(node.end, found.end)
    return node


def _after_colon(text: str, key: YamlNode) -> int:
    """Return the place of a value that is left out: the library names that of the next token."""
    match = re.compile(r"\s*:").match(text, key.end)
    return match.end() if match else key.end


@dataclass(frozen=True)
class YamlEditor:
    """Makes the edits that turn the values of a text into others.

    With `takes_blanks` an entry goes with the blank lines behind it, which a block before it would take as its own.
    """

    text: str
    takes_blanks: bool = False

    def edits(self, node: YamlNode, old: object, new: object) -> list[Edit]:
        """Return the edits of one value; none if it stays. Raises `CannotEdit`."""
        if same_value(old, new):
            return []
        if node.kind == "mapping" and isinstance(old, dict) and isinstance(new, dict) and old and new:
            return self.mapping(node, old, new)
        if node.kind == "sequence" and isinstance(old, list) and isinstance(new, list) and old and new:
            return self._flow_list(node, old, new) if node.piece.is_flow else self._block_list(node, old, new)
        return [self.replaced(node, new)]

    def mapping(self, node: YamlNode, old: FrontMatter, new: FrontMatter) -> list[Edit]:
        """Return the edits of a mapping, entry by entry."""
        if node.piece.is_flow:
            return self._flow_mapping(node, old, new)
        found = []
        entries = list(zip(node.entries, old.items(), strict=True))
        for (key, value), (name, before) in entries:
            if name not in new:
                found.append(self._without(key, value))
            else:
                found += self.edits(value, before, new[name])
        added = {name: value for name, value in new.items() if name not in old}
        if added:
            indent = " " * self._column(node.children[0].start)
            at = self._line_end(node.end)
            lines = [
                f"\n{indent}{scalar(name)}:{self._behind_colon(value, indent)}"
                for name, value in added.items()
            ]
            found.append(Edit(at, at, "".join(lines)))
        return found

    def replaced(self, node: YamlNode, new: object, anchor: str = "") -> Edit:
        """Return the edit that writes a value anew where another one stands."""
        style = node.piece.style
        begin = self._begin(node)
        written = self._literal(node, new) if style == "|" else ""
        written = written or (scalar(new, style) if isinstance(new, str) else flow(new))
        space = " " if begin == node.start and self.text[begin - 1 : begin] == ":" else ""
        if begin != node.start:
            space = " "
        return Edit(begin, node.end, f"{space}{f'&{anchor} ' if anchor else ''}{written}")

    def _begin(self, node: YamlNode) -> int:
        """Return where a new value begins: after the colon, if only blanks and line ends stand between."""
        before = self.text[: node.start].rstrip()
        block = node.kind in {"mapping", "sequence"} and not node.piece.is_flow
        return len(before) if block and before.endswith(":") else node.start

    def _literal(self, node: YamlNode, new: object) -> str:
        """Return a text as a literal block, empty where that cannot hold it."""
        if not isinstance(new, str) or not new.strip():
            return ""
        line = self.text.rfind("\n", 0, node.start) + 1
        indent = " " * (len(self.text[line:]) - len(self.text[line:].lstrip(" ")) + 2)
        return block_text(new, indent)

    def _behind_colon(self, value: object, indent: str) -> str:
        """Return a new value; a list of mappings, such as amendments, begins a line for each key."""
        if isinstance(value, list) and value and all(isinstance(one, dict) and one for one in value):
            return "".join(f"\n{indent}  - {self._item(one, f'{indent}  ')}" for one in value)
        return f" {self._block_value(value, indent)}"

    def _item(self, value: object, indent: str) -> str:
        """Return a new item of a list behind its dash."""
        if not isinstance(value, dict) or not value:
            return self._block_value(value, indent)
        lines = (
            f"{scalar(str(name))}: {self._block_value(one, f'{indent}  ')}" for name, one in value.items()
        )
        return f"\n{indent}  ".join(lines)

    def _block_value(self, value: object, indent: str) -> str:
        block = block_text(value, indent + "  ") if isinstance(value, str) and "\n" in value else ""
        return block or flow(value)

    def _without(self, key: YamlNode, value: YamlNode) -> Edit:
        """Return the edit that takes an entry out, with its lines and what stands behind it on the last one."""
        start = self.text.rfind("\n", 0, key.start) + 1
        if self.text[start : key.start].strip(" ?"):
            raise CannotEdit("the entry shares its line")
        end = min(self._line_end(max(key.end, value.end)) + 1, len(self.text))
        while self.takes_blanks and self.text[end : end + 1] == "\n":
            end += 1
        return Edit(start, end, "")

    def _flow_mapping(self, node: YamlNode, old: FrontMatter, new: FrontMatter) -> list[Edit]:
        entries = dict(zip(old, node.entries, strict=True))
        if list(old) == [name for name in new if name in old] and len(new) == len(old):
            return [
                edit
                for name, (_, value) in entries.items()
                for edit in self.edits(value, old[name], new[name])
            ]
        parts = [
            self.text[entries[name][0].start : entries[name][1].end]
            if name in old and same_value(old[name], value)
            else f"{scalar(name)}: {flow(value)}"
            for name, value in new.items()
        ]
        return [Edit(node.children[0].start, node.children[-1].end, ", ".join(parts))]

    def _flow_list(self, node: YamlNode, old: Sequence[object], new: Sequence[object]) -> list[Edit]:
        parts, kept = [], list(zip(old, node.children, strict=True))
        for value in new:
            found = next((one for one in kept if same_value(one[0], value)), None)
            if found:
                kept.remove(found)
            parts.append(self.text[found[1].start : found[1].end] if found else flow(value))
        return [Edit(node.children[0].start, node.children[-1].end, ", ".join(parts))]

    def _block_list(self, node: YamlNode, old: Sequence[object], new: Sequence[object]) -> list[Edit]:
        found: list[Edit] = []
        dashes = [self._dash(child) for child in node.children]
        indent = " " * self._column(dashes[0])
        matcher = SequenceMatcher(
            None, [repr(one) for one in old], [repr(one) for one in new], autojunk=False
        )
        for action, a, a_end, b, b_end in matcher.get_opcodes():
            if action == "equal":
                continue
            both = min(a_end - a, b_end - b)
            for n in range(both):
                found += self.edits(node.children[a + n], old[a + n], new[b + n])
            for n in range(a + both, a_end):
                start = self.text.rfind("\n", 0, dashes[n]) + 1
                if self.text[start : dashes[n]].strip():
                    raise CannotEdit("the item shares its line")
                found.append(Edit(start, min(self._line_end(node.children[n].end) + 1, len(self.text)), ""))
            lines = [f"{indent}- {self._item(one, indent)}" for one in new[b + both : b_end]]
            if lines and a + both == 0:
                found.append(
                    Edit(dashes[0], dashes[0], "".join(f"{line.strip()}\n{indent}" for line in lines))
                )
            elif lines:
                at = self._line_end(node.children[a + both - 1].end)
                found.append(Edit(at, at, "".join(f"\n{line}" for line in lines)))
        return found

    def _dash(self, item: YamlNode) -> int:
        before = self.text[: item.start].rstrip()
        if not before.endswith("-"):
            raise CannotEdit("something stands between the dash and its item")
        return len(before) - 1

    def _column(self, at: int) -> int:
        return at - self.text.rfind("\n", 0, at) - 1

    def _line_end(self, at: int) -> int:
        end = self.text.find("\n", at)
        return len(self.text) if end < 0 else end


def edited(text: str, edits: Sequence[Edit]) -> str:
    """Return the text after the edits, which must not overlap; raises `CannotEdit` if they do."""
    parts, at = [], 0
    for edit in sorted(edits, key=lambda one: (one.start, one.end)):
        if edit.start < at:
            raise CannotEdit("two edits overlap")
        parts += [text[at : edit.start], edit.text]
        at = edit.end
    return "".join([*parts, text[at:]])


def same_value(one: object, other: object) -> bool:
    """Return whether two values of front matter are equal and of one type, at every depth."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same_value(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same_value, one, other))
    return type(one) is type(other) and one == other


def flow(value: object) -> str:
    """Return a value on one line, as it may stand inside brackets."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{scalar(str(name))}: {flow(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    if isinstance(value, str):
        return scalar(value)
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    return str(value)


def scalar(value: str, style: str = "") -> str:
    """Return a text on one line, in quotes where it needs them; `style` are the quotes that the old value had."""
    is_plain = _PLAIN.fullmatch(value) and not _NOT_PLAIN.search(value) and value.casefold() not in _WORDS
    if is_plain and style not in {"'", '"'}:
        return value
    if style == "'" and value.isprintable() and not _SPECIAL.search(value):
        return "'" + value.replace("'", "''") + "'"
    return _SPECIAL.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, ensure_ascii=False))


def block_text(value: str, indent: str) -> str:
    """Return a text as a literal block below its key, empty where a block cannot hold it."""
    lines = value.removesuffix("\n").split("\n")
    if (
        value[0] in " \n"
        or value.rstrip("\n") != value.rstrip()
        or _SPECIAL.search(value)
        or not all(line.isprintable() and line == line.rstrip() for line in lines)
        or not lines[-1]
    ):
        return ""
    sign = "|" if value.endswith("\n") else "|-"
    return sign + "".join(f"\n{indent}{line}" if line else "\n" for line in lines)

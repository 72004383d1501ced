"""Template tags in Markdown: each is replaced by a word of letters and digits before the conversion.

Raw tags do not survive the conversion: tables split at `|`, and attribute lists swallow `{% endfor %}`.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:  # results that are kept hold tags, and no templates
    from jinja2 import Environment

_OPENERS = frozenset({"for", "if", "with", "filter", "macro", "call", "trans", "autoescape", "block"})
_BRANCHES = frozenset({"else", "elif", "pluralize"})
_BRACES = re.compile(r"\{")


@dataclass(frozen=True, slots=True)
class TemplateTag:
    """A template tag: `inner` is the text between its delimiters, and `name` is empty for an expression.

    `line` is the line of the file on which the tag begins.
    """

    inner: str
    name: str
    line: int

    @property
    def is_block(self) -> bool:
        """Whether the tag is a block tag, not an expression."""
        return bool(self.name)

    @property
    def role(self) -> Literal["open", "branch", "close", "single"]:
        """The effect of the tag on the nesting of blocks; an expression and a plain `set` are `single`."""
        if self.name in _OPENERS or (self.name == "set" and "=" not in self.inner):
            return "open"
        if self.name in _BRANCHES:
            return "branch"
        return "close" if self.name.startswith("end") else "single"

    def __str__(self) -> str:
        inner = " ".join(self.inner.split())
        return f"{{% {inner} %}}" if self.is_block else f"{{{{ {inner} }}}}"


@dataclass(frozen=True, slots=True)
class MarkedText:
    """A text with a placeholder word for each of `tags`."""

    text: str
    tags: tuple[TemplateTag, ...]
    prefix: str

    def word(self, number: int) -> str:
        """Return the placeholder of a tag."""
        return f"{self.prefix}{number:05d}z"

    @property
    def pattern(self) -> re.Pattern[str]:
        """The pattern of placeholders; its first group is the tag's number."""
        return re.compile(rf"{self.prefix}(\d{{5}})z")

    def numbers(self, text: str) -> list[int]:
        """Return the numbers of the tags in `text`, in order."""
        return [int(match[1]) for match in self.pattern.finditer(text)]

    def parts(self, text: str) -> list[str | int]:
        """Split `text` into plain text and numbers of tags."""
        pieces = self.pattern.split(text)
        return [
            int(piece) if index % 2 else piece for index, piece in enumerate(pieces) if index % 2 or piece
        ]


def take_out(source: str, environment: "Environment", first_line: int) -> MarkedText:
    """Replace the tags of `source` by placeholders. Comments are removed; the content of a raw block stays text.

    A `-` or `+` at a delimiter has no effect, because Markdown decides about white space.
    Raises `jinja2.TemplateSyntaxError`.
    """
    prefix = "tq"
    while prefix in source:
        prefix += "q"
    marked = MarkedText("", (), prefix)
    tags: list[TemplateTag] = []
    parts: list[str] = []
    position = 0
    inner: list[str] | None = None
    for line, kind, value in environment.lex(source):
        start = source.index(value, position)
        if inner is None and start > position and not kind.startswith("comment"):
            parts.append(source[position:start])
        position = start + len(value)
        if kind in {"variable_begin", "block_begin"}:
            inner = []
        elif kind in {"variable_end", "block_end"}:
            words = "".join(inner or ())
            name = words.split(None, 1)[0] if kind == "block_end" and words.strip() else ""
            parts.append(marked.word(len(tags)) + _space_after(value))
            begun = first_line + line - 1 - words.count("\n")
            tags.append(TemplateTag(words, re.sub(r"\W.*", "", name), begun))
            inner = None
        elif inner is not None:
            inner.append(value)
        elif kind == "data":
            parts.append(value)
    parts.append(source[position:])
    return MarkedText("".join(parts), tuple(tags), prefix)


def _space_after(delimiter: str) -> str:
    return delimiter.partition("}")[2].lstrip("}")


class Emitter:
    """Writes a template with each tag on a line of its own, from which its place in the file can be found."""

    def __init__(self, tags: Sequence[TemplateTag]) -> None:
        self._tags = tags
        self._parts: list[str] = []
        self._line = 1
        self.lines: list[tuple[int, int]] = []

    def text(self, text: str) -> None:
        """Write literal text, with its braces escaped."""
        self.code(_BRACES.sub("{{ '{' }}", text))

    def code(self, code: str) -> None:
        """Write template source unchanged."""
        self._parts.append(code)
        self._line += code.count("\n")

    def tag(self, number: int, wrapped: str = "{}") -> None:
        """Write a tag; `wrapped` is a pattern around an expression, such as `({}) | href`."""
        tag = self._tags[number]
        self.lines.append((self._line + 1, tag.line))
        inner = tag.inner.strip(" \t") if tag.is_block else wrapped.format(tag.inner.strip(" \t"))
        self.code(f"{{%\n{inner} %}}" if tag.is_block else f"{{{{\n{inner} }}}}")

    def source(self) -> str:
        """Return the whole template."""
        return "".join(self._parts)


# A block tag alone on its line gets a place in the Markdown text that the conversion keeps.

_Place = Literal["item", "row", "paragraph", "continuation"]
_ITEM = re.compile(r"(?P<indent>\s*)(?P<bullet>[-*+]|\d+\.)\s+\S")
_RULE = re.compile(r"\s*(?:\|\s*)?:?-+:?\s*(?:\|\s*:?-+:?\s*)*(?:\|\s*)?")
_PIPE = re.compile(r"(?<!\\)\|")


@dataclass(slots=True)
class _Line:
    """A line of text, or with `number` a block tag alone on its line; `_decide` sets the other fields."""

    text: str
    number: int | None = None
    role: str = ""
    place: _Place | None = None
    indent: str = ""
    bullet: str = "-"

    @property
    def is_blank(self) -> bool:
        return self.number is None and not self.text.strip()

    @property
    def is_row(self) -> bool:
        return self.number is None and bool(_PIPE.search(self.text))


@dataclass(slots=True)
class _Construct:
    """A pair of tags such as `for` … `endfor` with its branches; `tags` are indexes of lines."""

    tags: list[int]
    inside: list["_Construct"] = field(default_factory=list)


def with_placed_blocks(marked: MarkedText) -> str:
    """Return the Markdown text with each block tag that stands alone in a place that the conversion keeps."""
    lines = list(_lines(marked))
    for construct in _constructs(lines):
        _decide(construct, lines, None)
    for line in lines:
        if line.number is not None and line.place is None:
            line.place, line.indent = "paragraph", _indent(line.text)
    return "\n".join(_laid_out(lines, marked))


def _is_alone(text: str, marked: MarkedText) -> bool:
    """Return whether `text` holds at least one block tag and nothing else."""
    numbers = marked.numbers(text)
    return (
        bool(numbers)
        and not marked.pattern.sub("", text).strip()
        and all(marked.tags[n].is_block for n in numbers)
    )


def _lines(marked: MarkedText) -> Iterator[_Line]:
    for text in marked.text.split("\n"):
        if _is_alone(text, marked):
            for number in marked.numbers(text):
                yield _Line(_indent(text), number, marked.tags[number].role)
        else:
            yield _Line(text)


def _constructs(lines: Sequence[_Line]) -> list[_Construct]:
    top: list[_Construct] = []
    opened: list[_Construct] = []
    for index, line in enumerate(lines):
        if line.role == "open":
            construct = _Construct([index])
            (opened[-1].inside if opened else top).append(construct)
            opened.append(construct)
        elif line.role in {"branch", "close", "single"} and opened:
            opened[-1].tags.append(index)
            if line.role == "close":
                opened.pop()
    return top


def _decide(construct: _Construct, lines: Sequence[_Line], around: _Place | None) -> None:
    content = [line for line in lines[construct.tags[0] : construct.tags[-1]] if line.number is None]
    filled = [line for line in content if not line.is_blank]
    place: _Place
    if _is_rows(filled) and (around == "row" or _follows_row(lines, construct.tags[0])):
        place = "row"
    elif _is_items(content):
        place = "item"
    elif around in {"row", "item"}:
        place = "continuation" if filled else around
    else:
        place = "paragraph"
    first = _ITEM.match(filled[0].text) if filled else None
    for index in construct.tags:
        line = lines[index]
        line.place = place
        line.indent = (
            _indent(filled[0].text) if filled and place in {"item", "paragraph"} else _indent(line.text)
        )
        line.bullet = first["bullet"] if first else "-"
    for inner in construct.inside:
        _decide(inner, lines, place)


def _is_rows(filled: Sequence[_Line]) -> bool:
    return bool(filled) and all(line.is_row and not _RULE.fullmatch(line.text) for line in filled)


def _follows_row(lines: Sequence[_Line], index: int) -> bool:
    before = [line for line in lines[:index] if line.number is None]
    while before and before[-1].is_blank:
        before.pop()
    return bool(before) and before[-1].is_row


def _is_items(content: Sequence[_Line]) -> bool:
    """Return whether the lines are only list items of one indentation with their content."""
    filled = [line for line in content if not line.is_blank]
    first = _ITEM.match(filled[0].text) if filled else None
    if first is None:
        return False
    depth = len(first["indent"])
    after_blank = False
    for line in content:
        if line.is_blank:
            after_blank = True
            continue
        item = _ITEM.match(line.text)
        deeper = len(_indent(line.text)) > depth
        if not deeper and not (item and len(item["indent"]) == depth) and (after_blank or item):
            return False
        after_blank = False
    return True


def _indent(text: str) -> str:
    return text[: len(text) - len(text.lstrip())]


def _laid_out(lines: Sequence[_Line], marked: MarkedText) -> Iterator[str]:
    """Yield the lines with blank lines around paragraphs, and without blank lines between tags and content."""
    written: list[_Line] = []
    pending_blank = False
    for line in lines:
        if line.is_blank:
            pending_blank = True
            continue
        gap = _gap(written[-1], line, blank=pending_blank) if written else False
        if gap:
            yield ""
        yield line.text if line.number is None else _tag_text(line, marked.word(line.number))
        written.append(line)
        pending_blank = False


def _gap(before: _Line, line: _Line, *, blank: bool) -> bool:
    """Return whether a blank line goes between two lines; `blank` says whether the source has one."""
    if "paragraph" in {before.place, line.place}:
        return True
    if "row" in {before.place, line.place}:
        left_table = before.place == "row" and not line.is_row and line.place != "row"
        return left_table or (blank and before.role == "close" and line.number is None)
    if "item" in {before.place, line.place}:
        return _gap_at_item(before, line, blank=blank)
    return blank


def _gap_at_item(before: _Line, line: _Line, *, blank: bool) -> bool:
    if before.number is not None and line.number is not None:
        return False
    if before.number is None:
        return line.role == "open" and not _ITEM.match(before.text) and not _indent(before.text)
    if before.role != "close" or _ITEM.match(line.text):
        return False
    return blank or not _indent(line.text)


def _tag_text(line: _Line, word: str) -> str:
    if line.place == "item":
        return f"{line.indent}{line.bullet} {word}"
    return f"| {word} |" if line.place == "row" else f"{line.indent}{word}"

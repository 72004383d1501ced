"""Template tags taken out of Markdown: each becomes a word of letters and digits, which it leaves alone.

Raw tags do not survive the conversion: tables split at `|`, attribute lists eat `{% endfor %}`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from jinja2 import Environment

_OPENERS = frozenset({"for", "if", "with", "filter", "macro", "call", "trans", "autoescape", "block"})
_BRANCHES = frozenset({"else", "elif", "pluralize"})
_BRACES = re.compile(r"\{")


@dataclass(frozen=True, slots=True)
class Tag:
    """A template tag: `inner` stands between its delimiters; `name` is the block's, empty for an expression.

    `line` is where it begins in the file.
    """

    inner: str
    name: str
    line: int

    @property
    def is_block(self) -> bool:
        """Whether it is a block tag, not an expression."""
        return bool(self.name)

    @property
    def role(self) -> Literal["open", "branch", "close", "single"]:
        """What it does to the nesting of blocks; an expression and a plain `set` stand alone."""
        if self.name in _OPENERS or (self.name == "set" and "=" not in self.inner):
            return "open"
        if self.name in _BRANCHES:
            return "branch"
        return "close" if self.name.startswith("end") else "single"

    def __str__(self) -> str:
        inner = " ".join(self.inner.split())
        return f"{{% {inner} %}}" if self.is_block else f"{{{{ {inner} }}}}"


@dataclass(frozen=True, slots=True)
class Marked:
    """A text in which tag number n of `tags` stands as the n-th word."""

    text: str
    tags: tuple[Tag, ...]
    prefix: str

    def word(self, number: int) -> str:
        """The word in the place of a tag."""
        return f"{self.prefix}{number:05d}z"

    @property
    def pattern(self) -> re.Pattern[str]:
        """Finds words; the first group is the tag's number."""
        return re.compile(rf"{self.prefix}(\d{{5}})z")

    def numbers(self, text: str) -> list[int]:
        """The tags in `text`, in order."""
        return [int(match[1]) for match in self.pattern.finditer(text)]

    def parts(self, text: str) -> list[str | int]:
        """`text` split into plain text and numbers of tags."""
        pieces = self.pattern.split(text)
        return [
            int(piece) if index % 2 else piece for index, piece in enumerate(pieces) if index % 2 or piece
        ]


def take_out(source: str, environment: Environment, first_line: int) -> Marked:
    """The tags of `source` and the text without them. Comments go; a raw block's content stays as text.

    A `-` or `+` at a delimiter has no effect, because Markdown has the last word about space.
    Raises `jinja2.TemplateSyntaxError`.
    """
    prefix = "tq"
    while prefix in source:
        prefix += "q"
    marked = Marked("", (), prefix)
    tags: list[Tag] = []
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
            tags.append(Tag(words, re.sub(r"\W.*", "", name), begun))
            inner = None
        elif inner is not None:
            inner.append(value)
        elif kind == "data":
            parts.append(value)
    parts.append(source[position:])
    return Marked("".join(parts), tuple(tags), prefix)


def _space_after(delimiter: str) -> str:
    return delimiter.partition("}")[2].lstrip("}")


class Emitter:
    """Writes a template in which each tag has a line of its own, by which it can be found again."""

    def __init__(self, tags: Sequence[Tag]) -> None:
        self._tags = tags
        self._parts: list[str] = []
        self._line = 1
        self.lines: list[tuple[int, int]] = []

    def text(self, text: str) -> None:
        """Literal text: a brace in it is no tag's."""
        self.code(_BRACES.sub("{{ '{' }}", text))

    def code(self, code: str) -> None:
        """Template source as it is."""
        self._parts.append(code)
        self._line += code.count("\n")

    def tag(self, number: int, wrapped: str = "{}") -> None:
        """A tag; `wrapped` is what an expression is put into, such as `({}) | href`."""
        tag = self._tags[number]
        self.lines.append((self._line + 1, tag.line))
        inner = tag.inner.strip(" \t") if tag.is_block else wrapped.format(tag.inner.strip(" \t"))
        self.code(f"{{%\n{inner} %}}" if tag.is_block else f"{{{{\n{inner} }}}}")

    def source(self) -> str:
        """The whole template."""
        return "".join(self._parts)

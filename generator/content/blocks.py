"""The block structure of Markdown as CommonMark defines it, written for the `markdown` package.

The package follows older rules: a list or table needs a blank line before it, and nested content needs four spaces.
Code hosts and editors follow CommonMark and GitHub's extensions of it. `reshaped` finds the blocks by these rules and
writes them so that the package finds the same blocks.
"""

import re
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import NamedTuple

DEEPEST_BLOCK = 40
"""The number of lists, quotes and other containers that may stand in each other."""

KeepCode = Callable[[str, str], str]
"""Stores fenced code (its info string, its text) and returns the line that stands for it."""

_FENCE = re.compile(r" {0,3}(?P<mark>`{3,}(?=[^`]*$)|~{3,})(?P<info>.*)")
_HEADING = re.compile(r" {0,3}(?P<marks>#{1,6})(?:[ ]+(?P<text>.*))?")
_CLOSING = re.compile(r"(?:^|(?<![ ])[ ]++)#++[ ]*+$")
_UNDERLINE = re.compile(r" {0,3}(?P<mark>=+|-+) *")
_RULE = re.compile(r" {0,3}(?P<mark>[-*_])(?: *(?P=mark)){2,} *")
_QUOTE = re.compile(r" {0,3}> ?")
_ALERT = re.compile(r"\[!(?P<kind>NOTE|TIP|IMPORTANT|WARNING|CAUTION)\] *", re.IGNORECASE)
_ITEM = re.compile(r" {0,3}(?P<mark>[-+*]|(?P<number>\d{1,9})[.)])(?:(?P<space> +)(?P<text>.*))?")
_TASK = re.compile(r"\[(?P<mark>[ xX])\] +(?=\S)")
_CALLOUT = re.compile(r"!!! ?[\w-]+(?: +[\w-]+)*(?: +\".*\")? *")
_NOTE = re.compile(r" {0,3}(?P<label>\[\^[^\]]+\]:) ?(?P<text>.*)")
_BRACKETED = re.compile(r"\[[^\]]+\]: *<(?P<address>[^<>]* [^<>]*)>")
_ABBREVIATION = re.compile(r" {0,3}\*\[[^\]]+\]:.*")
_DEFINITION = re.compile(r" {0,3}:(?P<space> {1,3})(?P<text>\S.*)")
_DELIMITERS = re.compile(r" {0,3}\|? *:?-+:? *(?:\| *:?-+:? *)*\|? *")
_PIPE = re.compile(r"(?<!\\)\|")
_MARKS_TEXT = re.compile(r"\d+(?=\.( |$))|(?=[-+*]( |$)|#)")
_VERBATIM = re.compile(r" {0,3}<(?P<name>pre|script|style|textarea)(?=[\s>]|$)", re.IGNORECASE)
_COMMENT = re.compile(r" {0,3}<!--")
_TAG = re.compile(r" {0,3}</?(?P<name>[a-z][a-z0-9-]*)(?=[\s/>]|$)(?P<rest>.*)", re.IGNORECASE)
_ANY_TAG = re.compile(r"<(?P<end>/?)(?P<name>[a-z][a-z0-9-]*)(?=[\s/>]|$)", re.IGNORECASE)
_BLOCK_NAMES = frozenset(
    re.findall(
        r"\w+",
        "address article aside blockquote body caption center col colgroup dd details dialog dir div dl dt fieldset"
        " figcaption figure footer form frame frameset h1 h2 h3 h4 h5 h6 head header hr html iframe legend li link"
        " main menu menuitem nav noframes ol optgroup option p param search section summary table tbody td tfoot th"
        " thead title tr track ul",
    )
)
_SOFT = "\x00"
"""A gap that a tight list leaves out."""


class NestedTooDeeplyError(ValueError):
    """Blocks stand in each other more deeply than `DEEPEST_BLOCK`."""


def reshaped(lines: Sequence[str], keep_code: KeepCode) -> list[str]:
    """Return `lines`, which hold no tabs, with every block as the `markdown` package expects it.

    Raises `NestedTooDeeplyError`.
    """
    return [*("" if line == _SOFT else line for line in _Blocks(lines, keep_code, 0).run()), "", ""]


class _Item(NamedTuple):
    """A list item: its mark, its lines, how many of them are its first paragraph, and the column of its text."""

    mark: str
    lines: list[str]
    lead: int
    column: int


class _Blocks:
    """Reads the lines of one container from top to bottom; `out` are the lines written so far."""

    def __init__(self, lines: Sequence[str], keep_code: KeepCode, depth: int) -> None:
        if depth > DEEPEST_BLOCK:
            raise NestedTooDeeplyError
        last = next((n for n in range(len(lines), 0, -1) if lines[n - 1].strip()), 0)
        self.lines, self.keep_code, self.depth = lines[:last], keep_code, depth
        self.at = 0
        self.out: list[str] = []
        self.paragraph: int | None = None
        self.is_loose = False
        self.lead = 0
        self._is_closed = False
        self._last = ""
        self._blank = False

    def run(self) -> list[str]:
        readers = (
            self._code,
            self._fence,
            self._html,
            self._heading,
            self._underline,
            self._rule,
            self._quote,
            self._list,
            self._callout,
            self._note,
            self._abbreviation,
            self._definition,
            self._table,
        )
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if not line.strip():
                self._skip_blank()
                continue
            self.is_loose = self.is_loose or (self._blank and bool(self.out))
            self._blank = False
            if not any(reader(line) for reader in readers):
                self._text(line)
        return self.out

    # What is written.

    def _skip_blank(self) -> None:
        if self.out and self.out[-1] != "":
            self.out.append("")
        self.paragraph, self._blank = None, True
        self.at += 1

    def _gap(self, gap: str = "") -> None:
        if self.out and self.out[-1] not in {"", _SOFT}:
            self.out.append(gap)
        elif self.out and self.out[-1] == _SOFT:
            self.out[-1] = gap or ""

    def _write(self, lines: Sequence[str], kind: str = "block", gap: str = "") -> bool:
        """Write a whole block, apart from the paragraph before it and from what follows."""
        self._gap(gap)
        self.out.extend(lines)
        self.paragraph, self._is_closed, self._last = None, True, kind
        return True

    def _text(self, line: str) -> None:
        """Write a line of a paragraph; marks in it that CommonMark takes for text are escaped."""
        if self._is_closed or self.paragraph is None:
            if self._is_closed or self._last == "definition":
                self._gap(_SOFT if self._last == "code" else "")
            self.paragraph = len(self.out)
        self._is_closed, self._last = False, "text"
        self.out.append(_escaped(line, is_first=self.paragraph == len(self.out)))
        if not self.paragraph:
            self.lead = len(self.out)
        self.at += 1

    def _within(self, lines: Sequence[str]) -> "_Blocks":
        inner = _Blocks(lines, self.keep_code, self.depth + 1)
        inner.run()
        return inner

    # Blocks without blocks in them.

    def _code(self, line: str) -> bool:
        if self.paragraph is not None or not line.startswith("    "):
            return False
        end = self.at
        while end < len(self.lines) and (self.lines[end].startswith("    ") or not self.lines[end].strip()):
            end += 1
        block = list(self.lines[self.at : end])
        while not block[-1].strip():
            block.pop()
        self.at += len(block)
        kept = self.keep_code("", "".join(f"{text[4:]}\n" for text in block))
        return self._write([kept], "code", _SOFT)

    def _fence(self, line: str) -> bool:
        opening = _FENCE.fullmatch(line)
        if opening is None:
            return False
        mark, depth = opening["mark"], _depth(line)
        closing = re.compile(rf" {{0,3}}{re.escape(mark)}{re.escape(mark[0])}* *")
        code: list[str] = []
        self.at += 1
        while self.at < len(self.lines) and not closing.fullmatch(self.lines[self.at]):
            text = self.lines[self.at]
            code.append(text[min(depth, _depth(text)) :])
            self.at += 1
        self.at += 1
        kept = self.keep_code(opening["info"].strip(), "".join(f"{text}\n" for text in code))
        return self._write([kept], "code", _SOFT)

    def _html(self, line: str) -> bool:
        if "<" not in line:
            return False
        end = self._html_end(line)
        if end is None:
            return False
        if self._last != "html":
            self._gap()
        self.out.extend(self.lines[self.at : end])
        self.at, self.paragraph, self._is_closed, self._last = end, None, False, "html"
        return True

    def _html_end(self, line: str) -> int | None:
        """Return the line after the HTML block that begins here; None if none does."""
        verbatim, tag = _VERBATIM.match(line), _TAG.match(line)
        if verbatim:
            return self._line_with(f"</{verbatim['name']}", self.at) + 1
        if _COMMENT.match(line):
            return self._line_with("-->", self.at) + 1
        if tag is None or tag["name"].lower() not in _BLOCK_NAMES:
            return None
        if "markdown=" in tag["rest"]:
            return self.at + 1
        return self._element_ends.get(self.at, self._blank_after(self.at) - 1) + 1

    def _line_with(self, needle: str, start: int) -> int:
        for number in range(start, len(self.lines)):
            if needle in self.lines[number].lower():
                return number
        return len(self.lines) - 1

    def _blank_after(self, start: int) -> int:
        return next((n for n in range(start, len(self.lines)) if not self.lines[n].strip()), len(self.lines))

    @cached_property
    def _element_ends(self) -> dict[int, int]:
        """The last line of each element that begins on a line, by that line; of several the outermost."""
        ends: dict[int, int] = {}
        opened: list[tuple[str, int]] = []
        for number, line in enumerate(self.lines):
            for tag in _ANY_TAG.finditer(line):
                name = tag["name"].lower()
                if not tag["end"]:
                    opened.append((name, number))
                elif any(name == other for other, _ in opened[-DEEPEST_BLOCK:]):
                    while opened:
                        other, start = opened.pop()
                        if other == name:
                            ends[start] = number
                            break
        return ends

    def _heading(self, line: str) -> bool:
        found = _HEADING.fullmatch(line)
        if found is None:
            return False
        text = _CLOSING.sub("", (found["text"] or "").rstrip(" "))
        self.at += 1
        return self._write([f"{found['marks']} {_without_dangling(text)}"])

    def _underline(self, line: str) -> bool:
        found = _UNDERLINE.fullmatch(line)
        if found is None or self.paragraph is None:
            return False
        above = [text.strip() for text in self.out[self.paragraph :]]
        del self.out[self.paragraph :]
        self.lead = min(self.lead, len(self.out))
        self.at += 1
        if len(above) == 1 and not self.depth:
            return self._write([above[0], found["mark"]])
        return self._write([f"{'#' if found['mark'][0] == '=' else '##'} {' '.join(above)}"])

    def _rule(self, line: str) -> bool:
        if not _RULE.fullmatch(line):
            return False
        self.at += 1
        return self._write(["---"])

    def _table(self, line: str) -> bool:
        after = self.lines[self.at + 1] if self.at + 1 < len(self.lines) else ""
        if "|" not in after or not _DELIMITERS.fullmatch(after) or _cells(line) != _cells(after):
            return False
        end = self.at + 2
        while end < len(self.lines) and self.lines[end].strip() and not _interrupts(self.lines[end]):
            end += 1
        rows = [row.strip(" ") for row in self.lines[self.at : end]]
        self.at = end
        return self._write(rows)

    # Containers.

    def _quote(self, line: str) -> bool:
        if not _QUOTE.match(line):
            return False
        quoted: list[str] = []
        while self.at < len(self.lines):
            text = self.lines[self.at]
            mark = _QUOTE.match(text)
            if mark:
                quoted.append(text[mark.end() :])
            elif not text.strip() or not quoted[-1].strip() or not _is_lazy(quoted[-1], text):
                break
            else:
                quoted.append(_continued(text))
            self.at += 1
        alert = _ALERT.fullmatch(quoted[0])
        inner = self._within(quoted[1:] if alert else quoted).out
        if alert:
            return self._write([f"!!! {alert['kind'].lower()}", *_indented(inner)])
        if self._last == "quote":
            self._separate()
        if self.depth and not self.out and self._is_paragraph(inner):
            inner = [" ".join(inner)]  # the package keeps the indentation of the other lines
        return self._write([f"> {text}" if text and text != _SOFT else ">" for text in inner], "quote")

    def _is_paragraph(self, lines: Sequence[str]) -> bool:
        return not any(not line or line == _SOFT or _interrupts(line) for line in lines)

    def _separate(self) -> None:
        """Write what keeps the package from joining two blocks; comments are not shown."""
        self._gap()
        self.out.extend(["<!-- -->", ""])

    def _list(self, line: str) -> bool:
        first = _ITEM.fullmatch(line)
        if first is None or (self.paragraph is not None and not _may_interrupt(first)):
            return False
        kind, items, is_loose = first["mark"][-1], [], False
        while self.at < len(self.lines):
            found = _ITEM.fullmatch(self.lines[self.at])
            if found is None or found["mark"][-1] != kind or _RULE.fullmatch(self.lines[self.at]):
                break
            inner = self._within(self._item(found))
            mark = f"{int(found['number'])}." if found["number"] else kind
            items.append(_Item(mark, inner.out, inner.lead, min(found.end("mark") + 1, 4)))
            blanks = self._blanks_ahead()
            is_loose = is_loose or inner.is_loose or (blanks > 0 and self._continues(self.at + blanks, kind))
            if self._continues(self.at + blanks, kind):
                self.at += blanks
        if self._last == f"list{kind in '.)'}":
            self._separate()
        self._write(_list_lines(items, is_loose=is_loose), f"list{kind in '.)'}", _SOFT)
        return True

    def _blanks_ahead(self) -> int:
        end = self.at
        while end < len(self.lines) and not self.lines[end].strip():
            end += 1
        return end - self.at

    def _continues(self, place: int, kind: str) -> bool:
        """Return whether the line at `place` is an item of the same list."""
        if place >= len(self.lines):
            return False
        found = _ITEM.fullmatch(self.lines[place])
        return bool(found and found["mark"][-1] == kind and not _RULE.fullmatch(self.lines[place]))

    def _item(self, found: re.Match[str]) -> list[str]:
        """Read the lines of one item, without its mark and indentation."""
        text = found["text"] or ""
        space = len(found["space"] or "")
        wide = space > 4 or not text.strip()  # noqa: PLR2004 - the fifth blank begins indented code
        column = found.end("mark") + (1 if wide else space)
        task = _TASK.match(text)
        first = (" " * (space - 1) if wide and text.strip() else "") + text
        if task:
            first = f"{'☐' if task['mark'] == ' ' else '☑'} {text[task.end() :]}"
        content = [first if text.strip() else ""]
        self.at += 1
        return self._indented_lines(content, column, is_lazy=True)

    def _indented_lines(self, content: list[str], column: int, *, is_lazy: bool) -> list[str]:
        """Add the lines that belong to a container by their indentation, or because they continue its paragraph."""
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if not line.strip():
                blanks = self._blanks_ahead()
                place = self.at + blanks
                if place >= len(self.lines) or _depth(self.lines[place]) < column or not any(content):
                    break
                content.extend([""] * blanks)
                self.at = place
                continue
            if _depth(line) >= column:
                content.append(line[column:])
            elif is_lazy and content[-1].strip() and _is_lazy(content[-1], line):
                content.append(_continued(line))
            else:
                break
            self.at += 1
        return content

    def _callout(self, line: str) -> bool:
        if not _CALLOUT.fullmatch(line):
            return False
        self.at += 1
        inner = self._within(self._indented_lines([""], 4, is_lazy=False)[1:])
        return self._write([line, *_indented(inner.out)])

    def _note(self, line: str) -> bool:
        found = _NOTE.fullmatch(line)
        if found is None:
            return False
        self.at += 1
        inner = self._within(self._indented_lines([found["text"]], 4, is_lazy=True))
        first, *others = inner.out or [""]
        return self._write([f"{found['label']} {first}", *_indented(others)])

    def _abbreviation(self, line: str) -> bool:
        if not _ABBREVIATION.fullmatch(line):
            return False
        self.at += 1
        return self._write([line.strip(" ")])

    def _definition(self, line: str) -> bool:
        found = _DEFINITION.fullmatch(line)
        if found is None or not self.out:
            return False
        self.at += 1
        inner = self._within(self._indented_lines([found["text"]], 4, is_lazy=False))
        first, *others = inner.out
        self.out.extend([f":   {first}", *_indented(others)])
        self.paragraph, self._is_closed, self._last = None, False, "definition"
        return True


def _escaped(line: str, *, is_first: bool) -> str:
    """Return a line of a paragraph as the package reads it as text; its indentation counts only after the first."""
    text = line.lstrip(" ")
    mark, bracketed = _MARKS_TEXT.match(text), _BRACKETED.match(text)
    if mark:
        return f"{text[: mark.end()]}\\{text[mark.end() :]}"
    if text != line and _RULE.fullmatch(text):
        return f"\\{text}"
    if bracketed:
        start, end = bracketed.span("address")
        return text[:start] + text[start:end].replace(" ", "%20") + text[end:]
    return text if is_first or _depth(line) >= 4 else line  # noqa: PLR2004 - as deep as code, so continued


def _without_dangling(heading: str) -> str:
    """Escape what the package would take from the end of a heading: number signs and a backslash."""
    bare = heading.rstrip("#")
    is_escaped = (len(bare) - len(bare.rstrip("\\"))) % 2
    signs = len(heading) - len(bare) - (1 if is_escaped and bare != heading else 0)
    if is_escaped:
        bare += "#" if bare != heading else "\\"
    return bare + "\\#" * signs


def _continued(line: str) -> str:
    """Return a line that continues a paragraph, indented so that it begins no block."""
    return f"    {line.lstrip(' ')}"


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _cells(row: str) -> int:
    return len(_PIPE.findall(row.strip(" ").removeprefix("|").removesuffix("|"))) + 1


def _may_interrupt(item: re.Match[str]) -> bool:
    """Return whether a list may begin with this item directly after a line of text (CommonMark 5.2)."""
    return bool((item["text"] or "").strip()) and item["number"] in {None, "1"}


def _interrupts(line: str) -> bool:
    """Return whether the line begins a block directly after a line of text."""
    item, tag = _ITEM.fullmatch(line), _TAG.match(line)
    return bool(
        (item and _may_interrupt(item))
        or (tag and tag["name"].lower() in _BLOCK_NAMES)
        or any(one.fullmatch(line) for one in (_FENCE, _HEADING, _RULE, _CALLOUT, _NOTE))
        or any(one.match(line) for one in (_QUOTE, _COMMENT, _VERBATIM))
    )


def _is_lazy(before: str, line: str) -> bool:
    """Return whether a line that is indented too little continues the paragraph that ends with `before`."""
    ends = (_FENCE, _HEADING, _RULE)
    return not (
        any(one.fullmatch(before) for one in ends)
        or _ITEM.fullmatch(line)
        or _DEFINITION.fullmatch(line)
        or _interrupts(line)
    )


def _indented(lines: Sequence[str]) -> list[str]:
    return [f"    {line}" if line and line != _SOFT else "" for line in lines]


def _list_lines(items: Sequence[_Item], *, is_loose: bool) -> list[str]:
    found: list[str] = []
    needs_gap = False
    for item in items:
        lines = ["" if line == _SOFT else line for line in item.lines if is_loose or line != _SOFT]
        while lines and not lines[-1]:
            lines.pop()
        first, *others = lines or ["<!-- -->"]
        if found and (is_loose or needs_gap):
            found.append("")
        lead = max(item.lead - 1, 0)
        found.append(f"{item.mark + ' ':<4}{first}")
        found += [" " * item.column + line for line in others[:lead]]
        found += _indented(others[lead:])
        needs_gap = "" in lines
    return found

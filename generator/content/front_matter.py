"""Content files split into YAML 1.2 front matter, with the line of each key, and the Markdown body.

Plain scalars follow YAML 1.2's core schema: `NO` and `on` are words, numbers with a point are exact decimals, and
dates stay text. A duplicate key is a fault.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from hashlib import sha256
from typing import Literal
from zoneinfo import ZoneInfo

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
from generator.content.yaml_lines import lost_words, missing_quotes, missing_space, without_tabs, yaml_lines
from generator.templating.kept_results import TEXT_RESULTS
from rewards import (
    Fault,
    KeyPath,
    Source,
    suggestion,
)

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


@dataclass(frozen=True, slots=True)
class Document:
    """A content file: front matter as plain values, and the body, which begins at line `body_line`.

    `digest` is over the name of the file and its text, and names what follows from them.
    """

    raw: Mapping[str, object]
    source: Source
    body: str
    body_line: int
    digest: str


class _Refused(Exception):
    def __init__(self, what: str, remedy: str, line: int) -> None:
        super().__init__(what)
        self.what, self.remedy, self.line = what, remedy, line


def parse_document(text: str, file: str, faults: list[Fault]) -> Document | None:
    """Parse `text`, whose line ends are line feeds; returns None after adding a fault with its line."""
    document, found = parsed_document(text, file)
    faults.extend(found)
    return document


def parsed_document(text: str, file: str) -> tuple[Document | None, tuple[Fault, ...]]:
    """Return the document of `text` and its faults, which are kept for the next reading of the same text."""
    digest = sha256(f"{file}\0{text}".encode("utf-8", "surrogatepass")).hexdigest()
    return TEXT_RESULTS.of("document", digest, lambda: _parsed(text, file, digest))


def _parsed(text: str, file: str, digest: str) -> tuple[Document | None, tuple[Fault, ...]]:
    faults: list[Fault] = []
    return _document(text, file, digest, faults), tuple(faults)


def _document(text: str, file: str, digest: str, faults: list[Fault]) -> Document | None:
    if not text.strip():
        faults.append(
            Fault(
                "the file is empty", "begin it with front matter: a line '---', keys, a line '---'", file, 1
            )
        )
        return None
    lines = text.split("\n")
    if lines[0].rstrip() != "---":
        faults.append(
            Fault(
                "there is no front matter",
                "begin the file with a line '---', keys, and a line '---'",
                file,
                1,
            )
        )
        return None
    end = next((n for n, line in enumerate(lines[1:], 1) if line.rstrip() == "---"), None)
    if end is None:
        faults.append(Fault("the front matter has no end", "close it with a line '---'", file, 1))
        return None
    found = _parse_yaml("\n".join(lines[1:end]) + "\n", file, 2, faults)
    if found is None:
        return None
    raw, positions = found
    return Document(raw, Source(file, {**positions, (): 1}), "\n".join(lines[end + 1 :]), end + 2, digest)


def _parse_yaml(
    text: str, file: str, first_line: int, faults: list[Fault]
) -> tuple[dict[str, object], dict[KeyPath, int]] | None:
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


# The front matter of a translation must not contradict that of the original.


def translated_keys(
    original: Document, translation: Document, own: Collection[str], faults: list[Fault]
) -> Mapping[str, object]:
    """Return the keys of `own` in the translation; adds a fault for each other key that differs."""
    for key, value in translation.raw.items():
        if key in own:
            continue
        if key not in original.raw:
            known = [*own, *original.raw]
            faults.append(
                translation.source.fault(
                    (key,), f"unknown key {key!r} in a translation", suggestion(key, known)
                )
            )
        elif value != original.raw[key]:
            remedy = f"leave it out: {original.source.file} holds it for all languages"
            faults.append(translation.source.fault((key,), f"{key!r} differs from the original", remedy))
    return {key: translation.raw[key] for key in own if key in translation.raw}


# Dates and instants in front matter: `2023-12-31`, an instant with an offset, or local time in the program's zone.

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_INSTANT = re.compile(
    r"(?P<day>\d{4}-\d{2}-\d{2})[Tt ]+(?P<time>\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?)"
    r"\s*(?P<offset>[Zz]|[+-]\d{2}:?\d{2})?",
    re.ASCII,
)
_REMEDY = "write a date as 2023-12-31, or an instant as 2023-12-31T09:00:00+01:00"


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant and its day in the program's zone (a proleptic ordinal)."""

    instant: datetime
    day: int


def parse_moment(text: str, zone: ZoneInfo) -> Moment:
    """Parse a moment; a date alone is midnight in `zone`. Raises ValueError with `what; remedy`."""
    text = text.strip()
    if _DAY.fullmatch(text):
        return Moment(_local(_day(text), time(), zone), _day(text).toordinal())
    match = _INSTANT.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is neither a date nor an instant; {_REMEDY}")
    try:
        clock = time.fromisoformat(match["time"])
        offset = (match["offset"] or "").upper().replace("Z", "+00:00")
        if not offset:
            instant = _existing(_day(match["day"]), clock, zone)
        else:
            instant = datetime.fromisoformat(f"{_day(match['day'])}T{clock.isoformat()}{offset}")
        return Moment(instant, instant.astimezone(zone).date().toordinal())
    except (ValueError, OverflowError) as error:
        if "; " in str(error):
            raise
        raise ValueError(f"{text!r} is no real time; {_REMEDY}") from error


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is no real date; {_REMEDY}") from error


def _local(day: date, clock: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, clock, tzinfo=zone)


def _existing(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """Return the local time with its offset, the earlier one of two; raises ValueError inside a gap."""
    instant = _local(day, clock, zone)
    if instant.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != instant.replace(tzinfo=None):
        raise ValueError(
            f"{day} {clock} does not exist in {zone.key}, where clocks are put forward then; "
            "add an offset or choose another time"
        )
    return instant

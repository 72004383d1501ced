"""Content files split into YAML 1.2 front matter, with the line of each key, and the Markdown body with its prose.

Plain scalars follow YAML 1.2's core schema: `NO` and `on` are words, numbers with a point are exact decimals, and
dates stay text. A duplicate key is a fault.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from hashlib import sha256
from typing import NamedTuple
from zoneinfo import ZoneInfo

from generator.templating.kept_results import TEXT_RESULTS
from rewards import (
    Fault,
    Source,
    suggestion,
)


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
    from generator.content.yaml_text import parse_yaml  # noqa: PLC0415 - texts that did not change are not parsed

    found = parse_yaml("\n".join(lines[1:end]) + "\n", file, 2, faults)
    if found is None:
        return None
    raw, positions = found
    return Document(raw, Source(file, {**positions, (): 1}), "\n".join(lines[end + 1 :]), end + 2, digest)


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


# The prose of Markdown source: lines without code, and blocks of lines that belong together.

_FENCE = re.compile(r"\s{0,3}(?P<mark>`{3,}|~{3,})")
_CODE = re.compile(r"(?<!`)(`++).*?(?<!`)\1(?!`)")
_BEGINS = re.compile(r"\s*([-*+]|\d+[.)])\s|\s*\||\s{0,3}#|\s{0,3}>|:\s")


class SourceLine(NamedTuple):
    """A line of the file with its number, without code and comments."""

    number: int
    text: str


class Block(NamedTuple):
    """A paragraph, a list item or a table row with the number of its first line."""

    line: int
    text: str

    def line_at(self, place: int) -> int:
        """Return the line of the file that holds the character at index `place`."""
        return self.line + self.text.count("\n", 0, place)


def prose_lines(document: Document) -> list[SourceLine]:
    """Return the lines of the body; those of fenced code are empty."""
    found, fence = [], ""
    for number, text in enumerate(_without_comments(document.body).split("\n"), document.body_line):
        mark = _FENCE.match(text)
        if mark and (not fence or mark["mark"].startswith(fence)):
            fence = "" if fence else mark["mark"]
            found.append(SourceLine(number, ""))
        else:
            found.append(SourceLine(number, "" if fence else _CODE.sub("", text)))
    return found


def _without_comments(text: str) -> str:
    parts, place = [], 0
    while (begin := text.find("<!--", place)) >= 0 and (end := text.find("-->", begin)) >= 0:
        parts += [text[place:begin], "\n" * text.count("\n", begin, end)]
        place = end + len("-->")
    return "".join([*parts, text[place:]])


def blocks(lines: list[SourceLine]) -> Iterator[Block]:
    """Yield the body in blocks: paragraphs, list items and table rows."""
    gathered: list[SourceLine] = []
    for line in lines:
        if gathered and (not line.text.strip() or _BEGINS.match(line.text)):
            yield _block(gathered)
            gathered = []
        if line.text.strip():
            gathered.append(line)
    if gathered:
        yield _block(gathered)


def _block(lines: list[SourceLine]) -> Block:
    return Block(lines[0].number, "\n".join(line.text for line in lines))

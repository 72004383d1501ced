"""TOML with the line of every key, decimals that stay exact, and mistakes as faults."""

import re
import tomllib
from collections.abc import Mapping
from decimal import Decimal

from rewards.faults import Fault, KeyPath, Source

_PLACE = re.compile(r" ?\(at (?:line (?P<line>\d+), column \d+|end of document)\)")
_HEADER = re.compile(r"\s*(?P<open>\[\[?)(?P<name>[^\[\]]+)\]\]?\s*(#.*)?")
_KEY = re.compile(
    r"\s*(?P<key>(?:[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*')"
    r"(?:\s*\.\s*(?:[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*'))*)\s*=(?P<value>.*)"
)
_PART = re.compile(r"[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*'")


def parse_toml(text: str, file: str, faults: list[Fault]) -> tuple[Mapping[str, object], Source] | None:
    """The mapping and where its keys stand; None after a fault with the line of the mistake was added."""
    try:
        raw = tomllib.loads(text, parse_float=Decimal)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        place = _PLACE.search(str(error))
        line = int(place["line"]) if place and place["line"] else text.count("\n") + 1
        faults.append(Fault(f"not valid TOML: {_PLACE.sub('', str(error))}", "correct this line", file, line))
        return None
    return raw, Source(file, key_lines(text))


def key_lines(text: str) -> Mapping[KeyPath, int]:
    """The line of each table and key of a valid document; inside an inline table it is the outer key's."""
    lines: dict[KeyPath, int] = {}
    counts: dict[KeyPath, int] = {}
    table: KeyPath = ()
    closing = ""
    for number, line in enumerate(text.split("\n"), 1):
        if closing:
            closing = "" if closing in line else closing
        elif header := _HEADER.fullmatch(line):
            table = _path(header["name"])
            if header["open"] == "[[":
                counts[table] = counts.get(table, -1) + 1
            table = _counted(table, counts)
            lines[table] = number
        elif pair := _KEY.match(line):
            lines.setdefault((*table, *_path(pair["key"])), number)
            closing = next((q for q in ('"""', "'''") if pair["value"].count(q) == 1), "")
    return lines


def _path(name: str) -> KeyPath:
    return tuple(part.strip("\"'") for part in _PART.findall(name))


def _counted(table: KeyPath, counts: Mapping[KeyPath, int]) -> KeyPath:
    """`levels` -> `levels, 2` inside the third `[[levels]]`."""
    path: list[str | int] = []
    for n, part in enumerate(table, 1):
        path.append(part)
        if table[:n] in counts:
            path.append(counts[table[:n]])
    return tuple(path)

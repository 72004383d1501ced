"""The kinds of values that staff write in front matter and settings, as pydantic fields with remedies.

Numbers arrive as int or Decimal, never as float; days arrive as text from YAML and as dates from TOML.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict, Field, PlainSerializer, StringConstraints

from rewards.days import day_text, parse_day
from rewards.faults import Fault, KeyPath, Source

TERMS = ConfigDict(frozen=True, strict=True, extra="forbid", arbitrary_types_allowed=True, defer_build=True)
"""How every model of terms is validated: no conversions, no unknown keys."""

_PERCENT = re.compile(r"([0-9]+)(?:\.([0-9]+))?\s*%")
_MOST_SHOWN = 40
_LONGEST = 40
"""No number that staff write is longer."""
_MOST_PERCENT_DIGITS = 4
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")


def as_day(value: object) -> int:
    """Return the ordinal of a date given as text or as a date; raise `ValueError` ("what; remedy")."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.toordinal()
    if isinstance(value, str):
        return parse_day(value)
    raise ValueError(f"{value!r} is no date; write YYYY-MM-DD, such as 2023-12-31")


def as_percentage(value: object) -> Fraction:
    """Return `15%` as 3/20; raise `ValueError` ("what; remedy") for a bare number, which could mean 15 or 0.15."""
    if isinstance(value, str) and len(value) <= _LONGEST:
        match = _PERCENT.fullmatch(value.strip())
        if match is not None:
            places = match[2] or ""
            if len(match[1].lstrip("0")) > _MOST_PERCENT_DIGITS:
                raise ValueError(f"{_shown(value)} is too large; write a percentage below 10000%")
            return Fraction(int(match[1] + places), 100 * 10 ** len(places))
    raise ValueError(f"{_shown(value)} is no percentage; write it with a percent sign, such as 15%")


def written_percentage(share: Fraction) -> str:
    """Return a share as it is written in terms: 3/20 as `15%`; raise `ValueError` without a finite decimal form."""
    percent = share * 100
    for places in range(percent.denominator.bit_length()):
        if not 10**places % percent.denominator:
            digits = str((percent * 10**places).numerator).rjust(places + 1, "0")
            return f"{digits[:-places]}.{digits[-places:]}%" if places else f"{digits}%"
    raise ValueError(f"{share} has no finite decimal form; write it as a fraction")


def as_number(value: object) -> str:
    """Return a number as plain digits with the places that were written; raise `ValueError` ("what; remedy")."""
    if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        decimal = Decimal(value)
        exponent = decimal.as_tuple().exponent
        if isinstance(exponent, int) and -_LONGEST <= exponent <= 0 and decimal.adjusted() < _LONGEST:
            return format(decimal, "f")
    if isinstance(value, str) and len(value) <= _LONGEST and _NUMBER.fullmatch(value.strip()):
        return value.strip()
    if isinstance(value, (int, Decimal, str)) and not isinstance(value, bool) and _is_endless(value):
        raise ValueError(f"the number is too long; write at most {_LONGEST} digits")
    raise ValueError(
        f"{_shown(value)} is no plain number; write digits with a point and no grouping, such as 1234.50"
    )


def _is_endless(value: int | Decimal | str) -> bool:
    return len(value) > _LONGEST if isinstance(value, str) else abs(Decimal(value).adjusted()) >= _LONGEST


def _shown(value: object) -> str:
    if isinstance(value, int) and abs(value) >= 10**_LONGEST:
        return f"a number of more than {_LONGEST} digits"
    text = str(value) if isinstance(value, Decimal) else repr(value)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}..."


@dataclass(frozen=True, slots=True)
class Pick:
    """How a form asks for a value: as a day, a moment, a share, a number, or from a list that the site has.

    A mapping `by` has these keys. It changes nothing about what is read.
    """

    kind: Literal[
        "", "day", "moment", "percent", "number", "tags", "offers", "levels", "countries", "languages",
        "partners", "products", "picture", "menu", "level", "time",
    ] = ""  # fmt: skip
    by: Literal["", "currencies", "levels"] = ""


Day = Annotated[int, BeforeValidator(as_day), PlainSerializer(day_text, when_used="json"), Pick("day")]
"""An ordinal, written as a date."""
Percentage = Annotated[
    Fraction,
    BeforeValidator(as_percentage),
    PlainSerializer(written_percentage, when_used="json"),
    Pick("percent"),
]
"""A share, written with a percent sign."""
Number = Annotated[str, BeforeValidator(as_number), Pick("number")]
"""Plain digits of a number whose places matter, because an amount of a currency is made of it."""
Text = Annotated[str, StringConstraints(min_length=1, pattern=r"\S")]
"""Text that says something."""
Count = Annotated[int, Field(ge=0, le=1_000_000_000)]
"""A whole number from 0."""


# TOML, with the line of every key, exact decimals, and mistakes as faults.

_ENDLESS = re.compile(r"[0-9_]{1000}|[eE][+-]?[0-9_]{10}")
_PLACE = re.compile(r" ?\(at (?:line (?P<line>\d+), column \d+|end of document)\)")
_HEADER = re.compile(r"\s*(?P<open>\[\[?)(?P<name>[^\[\]]+)\]\]?\s*(#.*)?")
_KEY = re.compile(
    r"\s*(?P<key>(?:[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*')"
    r"(?:\s*\.\s*(?:[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*'))*)\s*=(?P<value>.*)"
)
_PART = re.compile(r"[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*'")


def parse_toml(text: str, file: str, faults: list[Fault]) -> tuple[Mapping[str, object], Source] | None:
    """Return the mapping and the lines of its keys, or None after adding a fault with the line of the mistake."""
    try:
        raw = tomllib.loads(text, parse_float=Decimal)
    except (ValueError, ArithmeticError, RecursionError) as error:
        number = _ENDLESS.search(text)
        if not isinstance(error, tomllib.TOMLDecodeError) and number is not None:
            line = text.count("\n", 0, number.start()) + 1
            faults.append(Fault("the number is too long", f"write at most {_LONGEST} digits", file, line))
            return None
        place = _PLACE.search(str(error))
        line = int(place["line"]) if place and place["line"] else text.count("\n") + 1
        faults.append(Fault(f"not valid TOML: {_PLACE.sub('', str(error))}", "correct this line", file, line))
        return None
    return raw, Source(file, key_lines(text))


def key_lines(text: str) -> Mapping[KeyPath, int]:
    """Return the line of each table and key of a valid document; keys of an inline table have the outer key's line."""
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
                counts = {one: n for one, n in counts.items() if one == table or one[: len(table)] != table}
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
    """Turn `levels` into `levels, 2` inside the third `[[levels]]`."""
    path: list[str | int] = []
    for n, part in enumerate(table, 1):
        path.append(part)
        if table[:n] in counts:
            path.append(counts[table[:n]])
    return tuple(path)

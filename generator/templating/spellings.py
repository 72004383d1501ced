"""Percentages and dates as people write them in a language, found in a text: the reverse of formats.

Babel supplies the patterns of each language.
"""

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import NamedTuple

from babel import Locale
from babel.units import format_unit

_TOKEN = re.compile(r"'(?P<literal>[^']*)'|(?P<letters>[A-Za-z])(?P=letters)*|(?P<other>.)", re.DOTALL)
_NUMBER = r"(?P<number>\d+(?:[.,\u066b]\d+)?)"
_SIGN = r"[%\u066a\uff05]"
_ISO = r"(?<!\d)(?P<y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})(?!\d)"
_FORMS = ("full", "long", "medium", "short")
_USUAL = ("d MMMM y", "MMMM d y", "d MMM y")
_FIRST_MONTH_LETTERS = 3


class WrittenValue(NamedTuple):
    """A value found in a text: its possible meanings, its spelling, and the index of its first character."""

    values: frozenset[Fraction] | frozenset[int]
    text: str
    start: int


def percentages(text: str, language: str) -> Iterator[WrittenValue]:
    """Yield each percentage as a share of one: `15 %`, `15%`, `12,5 Prozent`."""
    for found in _percentage_pattern(language).finditer(text):
        number = next(value for value in found.groups() if value)
        share = Fraction(Decimal(number.replace(",", ".").replace("\u066b", "."))) / 100
        yield WrittenValue(frozenset({share}), found[0].strip(), found.start())


def dates(text: str, language: str) -> Iterator[WrittenValue]:
    """Yield each date with a year as ordinals: two ordinals where day and month are ambiguous."""
    taken: set[int] = set()
    for pattern, months in _date_patterns(language):
        for found in pattern.finditer(text):
            values = frozenset(_days(found, months))
            if values and not taken & set(range(*found.span())):
                taken.update(range(*found.span()))
                yield WrittenValue(values, found[0], found.start())


@cache
def _percentage_pattern(language: str) -> re.Pattern[str]:
    """Return a pattern of numbers with the percent sign on the language's side, or with its word for percent."""
    locale = Locale.parse(language, sep="-")
    word = format_unit(2, "concentr-percent", length="long", locale=locale)
    parts = re.split(r"[2\u0662]", word)
    spelt = r"\s*".join(
        [re.escape(parts[0].strip()), _NUMBER.replace("number", "spelt"), re.escape(parts[-1].strip())]
    )
    sign = rf"(?<![\d.,]){_NUMBER}\s?{_SIGN}"
    if locale.percent_formats[None].pattern.startswith("%"):
        sign += rf"|{_SIGN}\s?{_NUMBER.replace('number', 'after')}"
    return re.compile(rf"{sign}|(?<![\d.,]){spelt}\b", re.IGNORECASE)


@cache
def _date_patterns(language: str) -> tuple[tuple[re.Pattern[str], dict[str, int]], ...]:
    """Return patterns of whole dates, the longest first, each with the months' names in lower case."""
    locale = Locale.parse(language, sep="-")
    months = {
        name.casefold().rstrip("."): number
        for context in ("format", "stand-alone")
        for width in ("wide", "abbreviated")
        for number, name in locale.months[context][width].items()
        if not name.isdecimal()
    }
    own = [locale.date_formats[form].pattern for form in _FORMS]
    written = dict.fromkeys(_as_expression(pattern, months) for pattern in (*own, *_USUAL))
    found = [
        re.compile(expression, re.IGNORECASE) for expression in (*written, _ISO, *_numeric()) if expression
    ]
    return tuple((pattern, months) for pattern in found)


def _numeric() -> Iterator[str]:
    """Yield patterns of numeric dates with points or slashes, whose order of day and month is open."""
    for sign in (r"\.\s?", "/"):
        yield rf"(?<![\d./])(?P<a>\d{{1,2}}){sign}(?P<b>\d{{1,2}}){sign}(?P<y>\d{{4}})(?!\.?\d)"


def _as_expression(pattern: str, months: dict[str, int]) -> str:
    """Turn a CLDR pattern into a regular expression; empty for one with a weekday or a two-digit year."""
    names = "|".join(re.escape(name) for name in sorted(months, key=len, reverse=True))
    parts = []
    for token in _TOKEN.finditer(pattern):
        letters = token[0] if token["letters"] else ""
        if letters.startswith("d"):
            parts.append(r"(?<!\d)(?P<d>\d{1,2})(?!\d)(?:st|nd|rd|th|º|er)?")
        elif letters.startswith(("M", "L")):
            named = len(letters) >= _FIRST_MONTH_LETTERS
            parts.append(rf"(?P<month>{names})\.?" if named else r"(?P<m>\d{1,2})")
        elif letters.startswith("y") and letters != "yy":
            parts.append(r"(?<!\d)(?P<y>\d{4})(?!\d)")
        elif letters:
            return ""
        else:
            parts.append(_between(token["literal"] if token["literal"] is not None else token["other"]))
    return "".join(parts)


def _between(literal: str) -> str:
    """Return an expression for a separator: commas and points are optional, blanks may be line breaks."""
    return "".join(
        r"\s*" if sign.isspace() else f"{re.escape(sign)}?" if sign in ",.،" else re.escape(sign)
        for sign in literal
    )


def _days(found: re.Match[str], months: dict[str, int]) -> Iterator[int]:
    named = found.groupdict()
    year = int(named["y"])
    if named.get("month"):
        readings = [(months[named["month"].casefold()], int(named["d"]))]
    elif "a" in named:
        readings = [(int(named["a"]), int(named["b"])), (int(named["b"]), int(named["a"]))]
    else:
        readings = [(int(named["m"]), int(named["d"]))]
    for month, day in readings:
        try:
            yield date(year, month, day).toordinal()
        except ValueError:
            continue

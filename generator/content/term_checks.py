"""Announcements beside the offers that they name: a percentage or a date that no term of those offers has.

It shall find slips, not annoy: a value is only compared where the text is about an offer, because it links to it or
shares a word with its title, and only with terms of that sort; every version of the terms counts.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import NamedTuple

from babel import Locale
from babel.units import format_unit

from generator.content.front_matter import Document
from generator.content.markdown import Block, blocks, prose_lines
from generator.templating.formats import formats
from rewards import (
    Offer,
    OnDay,
    Program,
    TermRow,
    day_text,
)
from rewards.faults import Fault

# Percentages and dates as people write them in a language, found in a text. Babel knows how they are written.

_TOKEN = re.compile(r"'(?P<literal>[^']*)'|(?P<letters>[A-Za-z])(?P=letters)*|(?P<other>.)", re.DOTALL)
_NUMBER = r"(?P<number>\d+(?:[.,\u066b]\d+)?)"
_SIGN = r"[%\u066a\uff05]"
_ISO = r"(?<!\d)(?P<y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})(?!\d)"
_FORMS = ("full", "long", "medium", "short")
_USUAL = ("d MMMM y", "MMMM d y", "d MMM y")
_FIRST_MONTH_LETTERS = 3


class Written(NamedTuple):
    """A value in a text: what it can mean, how it is written, and where that begins."""

    values: frozenset[Fraction] | frozenset[int]
    text: str
    start: int


def percentages(text: str, language: str) -> Iterator[Written]:
    """Each percentage, as a share of one: `15 %`, `15%`, `12,5 Prozent`."""
    for found in _percentage_pattern(language).finditer(text):
        number = next(value for value in found.groups() if value)
        share = Fraction(Decimal(number.replace(",", ".").replace("\u066b", "."))) / 100
        yield Written(frozenset({share}), found[0].strip(), found.start())


def dates(text: str, language: str) -> Iterator[Written]:
    """Each date with a year, as ordinals: two where day and month could be meant either way."""
    taken: set[int] = set()
    for pattern, months in _date_patterns(language):
        for found in pattern.finditer(text):
            values = frozenset(_days(found, months))
            if values and not taken & set(range(*found.span())):
                taken.update(range(*found.span()))
                yield Written(values, found[0], found.start())


@cache
def _percentage_pattern(language: str) -> re.Pattern[str]:
    """The sign after or before the number, as the language has it, and the word for it."""
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
    """Patterns of whole dates, the longest first, and the months' names in lower case."""
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
    """Digits alone, with a point or slash between them; which is the month may be open."""
    for sign in (r"\.\s?", "/"):
        yield rf"(?<![\d./])(?P<a>\d{{1,2}}){sign}(?P<b>\d{{1,2}}){sign}(?P<y>\d{{4}})(?!\.?\d)"


def _as_expression(pattern: str, months: dict[str, int]) -> str:
    """A pattern of CLDR as a regular expression; empty where it has a weekday, or a year of two digits."""
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
    """What stands between the parts of a date; commas and points may be left out, blanks be line breaks."""
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


_WORD = re.compile(r"[^\W\d_]{5,}")
_LINK = re.compile(r"\]\([^)\s]*?offers/(?P<slug>[a-z0-9-]+)(?:\.[\w-]+)?\.md")


@dataclass(frozen=True, slots=True)
class KnownOffer:
    """An offer's values in all its versions, each with its term; `words` are the long words of its title."""

    slug: str
    words: frozenset[str]
    shares: Mapping[Fraction, str]
    days: Mapping[int, str]


def term_remarks(
    document: Document,
    language: str,
    named: Mapping[str, tuple[Offer, str]],
    program: Program,
    own: frozenset[int],
) -> Iterator[Fault]:
    """The remarks of an announcement in one language.

    `named` are the offers of its front matter with their titles in that language, `own` its own days.
    """
    known = [_known(offer, title, program) for offer, title in named.values()]
    for key in ("title", "summary"):
        value = document.raw.get(key)
        if isinstance(value, str):
            block = Block(document.source.lines.get((key,), 1), value)
            yield from _block_remarks(document.source.file, block, language, known, own, key)
    for block in blocks(prose_lines(document)):
        about = _about(block.text, known)
        if about:
            yield from _block_remarks(document.source.file, block, language, about, own, "")


def _about(text: str, known: list[KnownOffer]) -> list[KnownOffer]:
    """The offers that a piece of text links to; without such a link those whose title shares a word with it."""
    linked = {found["slug"] for found in _LINK.finditer(text)}
    words = _words(text)
    return (
        [one for one in known if one.slug in linked]
        if linked
        else [one for one in known if words & one.words]
    )


def _block_remarks(
    file: str, block: Block, language: str, about: list[KnownOffer], own: frozenset[int], field: str
) -> Iterator[Fault]:
    shares = {share: term for one in about for share, term in one.shares.items()}
    days = {day: term for one in about for day, term in one.days.items()}
    named = " and ".join(repr(one.slug) for one in about)
    for written in percentages(block.text, language) if shares else ():
        if shares.keys().isdisjoint(written.values):
            terms = ", ".join(
                f"{shares[share]} {formats(language).percent(share)}" for share in sorted(shares)
            )
            yield _remark(file, block, written, field, f"is no rate of {named}", f"the terms say {terms}")
    for written in dates(block.text, language) if days else ():
        if days.keys().isdisjoint(written.values) and own.isdisjoint(written.values):
            nearest = min(days, key=lambda day: min(abs(day - int(value)) for value in written.values))
            terms = f"the terms say {days[nearest]} {day_text(nearest)}"
            yield _remark(file, block, written, field, f"is no day of {named}", terms)


def _remark(file: str, block: Block, written: Written, field: str, what: str, terms: str) -> Fault:
    text = " ".join(written.text.split())
    remedy = f"{terms}: let them agree, or leave it if it is about something else"
    return Fault(
        f"{text!r} {what}", remedy, file, block.line_at(written.start), field=field, severity="remark"
    )


def _known(offer: Offer, title: str, program: Program) -> KnownOffer:
    rows = [row for version in offer.versions for row in version.terms.rows(program)]
    days = {one.effective_on: "effective_on" for one in offer.amendments}
    days[offer.announced_on] = "announced_on"
    days |= {value.day: row.name for row in rows for value in row.values if isinstance(value, OnDay)}
    shares = {value: row.name for row in rows for value in _cells(row) if isinstance(value, Fraction)}
    # "before 1 January" says the same as "until 31 December".
    after = {day + 1: term for day, term in days.items() if date.fromordinal(day + 1).day == 1}
    return KnownOffer(offer.slug, _words(title), shares, after | days)


def _cells(row: TermRow) -> Iterator[object]:
    yield from row.values
    for line in row.table:
        yield from line


@cache
def _words(text: str) -> frozenset[str]:
    return frozenset(word.casefold() for word in _WORD.findall(text))

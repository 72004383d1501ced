"""Remarks about percentages and dates in announcements that no term of the named offers has.

To avoid false alarms, a value is compared only where the text is about an offer: where it links to the offer or
shares a word with its title. It is compared only with terms of its own sort, in every version of the terms.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cache

from generator.content.front_matter import Document
from generator.content.markdown import Block, blocks, prose_lines
from generator.templating.formats import WrittenValue, dates, formats, percentages
from rewards import (
    Fault,
    Offer,
    OnDay,
    Program,
    TermRow,
    day_text,
)

_WORD = re.compile(r"[^\W\d_]{5,}")
_LINK = re.compile(r"\]\([^)\s]*?offers/(?P<slug>[a-z0-9-]+)(?:\.[\w-]+)?\.md")


@dataclass(frozen=True, slots=True)
class KnownOffer:
    """An offer's rates and days in all versions, with the term of each; `words` are the long words of its title."""

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
    """Yield the remarks of an announcement in one language.

    `named` are the offers of its front matter with their titles in that language, `own` the days of its own
    front matter.
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
    """Return the offers that the text links to, or without links those whose title shares a word with it."""
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


def _remark(file: str, block: Block, written: WrittenValue, field: str, what: str, terms: str) -> Fault:
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
    # "Before 1 January" means the same as "until 31 December".
    after = {day + 1: term for day, term in days.items() if date.fromordinal(day + 1).day == 1}
    return KnownOffer(offer.slug, _words(title), shares, after | days)


def _cells(row: TermRow) -> Iterator[object]:
    yield from row.values
    for line in row.table:
        yield from line


@cache
def _words(text: str) -> frozenset[str]:
    return frozenset(word.casefold() for word in _WORD.findall(text))

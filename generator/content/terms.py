"""The texts beside the terms of offers: amended titles and notes, and values in announcements.

An amendment changes titles and summaries of an offer, and translations follow it. An announcement is told if it has a
percentage or date that no term of its offers has. To avoid false alarms, a value is compared only where the text links
to an offer or shares a word with its title, and only with terms of its own sort, in every version of the terms.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cache
from typing import NamedTuple

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
    suggestion,
)
from rewards.fields import as_day

_AMENDMENT_KEYS = ("effective_on", "note", "title", "summary")
_AMENDED_WORDS = ("note", "title", "summary")


class AmendmentKey(NamedTuple):
    """An amendment by its day, and its place among those of that day."""

    effective_on: int
    place: int


AmendedTexts = Mapping[AmendmentKey, Mapping[str, str]]


def written_amendments(raw: object) -> Iterator[tuple[AmendmentKey, int, Mapping[str, object]]]:
    """Yield key, index and content of each readable item of `amendments`; other checks report the rest."""
    places: Counter[int] = Counter()
    for index, item in enumerate(raw if isinstance(raw, list) else ()):
        if not isinstance(item, dict):
            continue
        try:
            day = as_day(item.get("effective_on"))
        except ValueError:
            continue
        yield AmendmentKey(day, places[day]), index, item
        places[day] += 1


def amended_texts(original: Document, translation: Document, faults: list[Fault]) -> AmendedTexts:
    """Return the `note`, `title` and `summary` of each amendment in a translation.

    Adds a fault for what no amendment of the original has, and a remark for what is not translated.
    """
    source, written = translation.source, translation.raw.get("amendments", [])
    wanted = {key: item for key, _, item in written_amendments(original.raw.get("amendments", []))}
    found: dict[AmendmentKey, Mapping[str, str]] = {}
    copied = written == original.raw.get("amendments")
    for key, index, item in written_amendments([] if copied else written):
        if key not in wanted:
            what = f"the original has no amendment of {day_text(key.effective_on)}"
            days = ", ".join(sorted({day_text(one.effective_on) for one in wanted})) or "none"
            faults.append(source.fault(("amendments", index), what, f"its amendments are of: {days}"))
            continue
        for name in item:
            if name not in _AMENDMENT_KEYS:
                what = f"unknown key {name!r} in the translation of an amendment"
                faults.append(
                    source.fault(("amendments", index, name), what, suggestion(str(name), _AMENDMENT_KEYS))
                )
        found[key] = {name: " ".join(str(item[name]).split()) for name in _AMENDED_WORDS if item.get(name)}
    if not copied and (not isinstance(written, list) or len(found) < len(written)) and not faults:
        faults.append(
            source.fault(("amendments",), "an item of 'amendments' has no readable day", "write effective_on")
        )
    faults.extend(_untranslated(wanted, found, translation))
    return found


def _untranslated(
    wanted: Mapping[AmendmentKey, Mapping[str, object]], found: AmendedTexts, translation: Document
) -> Iterator[Fault]:
    for key, item in wanted.items():
        missing = [name for name in _AMENDED_WORDS if item.get(name) and name not in found.get(key, {})]
        if missing:
            day, names = day_text(key.effective_on), " and ".join(missing)
            yield Fault(
                f"the amendment of {day} has a {names} that this translation lacks",
                f"add {{effective_on: {day}, {missing[0]}: …}} to 'amendments'",
                translation.source.file,
                1,
                severity="remark",
            )


# Remarks about values in announcements.

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
    rows = [
        row
        for version in offer.versions
        for row in version.terms.rows(version.terms.program_on(program, version.effective_on))
    ]
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

"""The texts beside the terms of offers: amended titles and notes, and values in texts about offers.

An amendment changes titles and summaries of an offer, and translations follow it. A text is told if it has a percentage
or date that no term of its offers has, or that only terms had which ended before its own day. To avoid false alarms, a
value is compared only where the text links to an offer or shares a word with its title, and only with terms of its own
sort. An offer's own file is about that offer everywhere, and its amended words are dated by their amendment.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from functools import cache
from typing import NamedTuple, TypeVar

from generator.content.front_matter import Block, Document, blocks, prose_lines
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


# Remarks about values in texts about offers.

_WORD = re.compile(r"[^\W\d_]{5,}")
_TEMPLATE = re.compile(r"\{%.{0,999}?%\}|\{\{.{0,999}?\}\}|\{#.{0,999}?#\}", re.DOTALL)
"""An expression or a tag in a campaign: `{% if amount > 0 %}` tells no percentage.

Its length has a limit, because braces that never end would be searched to the end of the text, each of them.
"""
_LINK = re.compile(r"\]\([^)\s]{0,300}?offers/(?P<slug>[a-z0-9-]{1,300}+)(?:\.[\w-]+)?\.md")


class _Term(NamedTuple):
    """The name of a term, and the day on which the last version with that value ended; None while it is in force."""

    name: str
    ended: int | None = None


@dataclass(frozen=True, slots=True)
class KnownOffer:
    """An offer's rates and days in all versions, with the term of each; `words` are the long words of its title.

    `ends` tells whether it has a deadline.
    """

    slug: str
    words: frozenset[str]
    shares: Mapping[Fraction, _Term]
    days: Mapping[int, _Term]
    ends: bool


@dataclass(frozen=True, slots=True)
class _Told:
    """A text with its language, the days of its front matter, and its own day (0: undated)."""

    file: str
    language: str
    own: frozenset[int]
    day: int


_WRITTEN_WORDS = ("title", "summary", "subject", "preheader")


def term_remarks(
    document: Document,
    language: str,
    named: Mapping[str, tuple[Offer, str]],
    program: Program,
    own: frozenset[int],
    *,
    day: int = 0,
    of_one: bool = False,
) -> Iterator[Fault]:
    """Yield the remarks of an announcement, a campaign or an offer in one language.

    `named` are the offers that the text is about, with their titles in that language, `own` the days of its own front
    matter, and `day` is the day of the text. With `of_one` all of the text is about the one offer.
    """
    known = [_known(offer, title, program) for offer, title in named.values()]
    told = _Told(document.source.file, language, own, day)
    for key in _WRITTEN_WORDS:
        value = document.raw.get(key)
        if isinstance(value, str):
            block = Block(document.source.lines.get((key,), 1), value)
            yield from _block_remarks(told, block, _headed(value, known, key), key)
    for which, index, item in written_amendments(document.raw.get("amendments", []) if of_one else []):
        dated = replace(told, day=which.effective_on)
        for word in ("title", "summary"):
            value, place = item.get(word), ("amendments", index, word)
            if isinstance(value, str):
                block = Block(document.source.lines.get(place, 1), value)
                yield from _block_remarks(dated, block, known, ".".join(map(str, place)), since=True)
    # Without a deadline, as in an extension, days in the explanation are those of examples.
    own_terms = [one if one.ends else replace(one, days={}) for one in known] if of_one else []
    for block in blocks(prose_lines(document)):
        told_block = Block(block.line, _TEMPLATE.sub(_blank, block.text))
        linked = _LINK.search(told_block.text)
        about = _about(told_block.text, known) if linked or not of_one else own_terms
        if about:
            yield from _block_remarks(told, told_block, about, "")


def _blank(tag: re.Match[str]) -> str:
    """Return spaces in the place of a tag, so that lines keep their numbers."""
    return re.sub(r"[^\n]", " ", tag[0])


def _headed(text: str, known: list[KnownOffer], key: str) -> list[KnownOffer]:
    """Return the offers that words of the front matter are about; a campaign's are about those that they name."""
    return _about(text, known) if key in {"subject", "preheader"} else known


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
    told: _Told, block: Block, about: list[KnownOffer], field: str, *, since: bool = False
) -> Iterator[Fault]:
    """Yield the remarks of a block. A text of the day of an amendment may tell what was; its own words may not."""
    shares = _terms_of(one.shares for one in about)
    days = _terms_of(one.days for one in about)
    named = " and ".join(repr(one.slug) for one in about)
    last = told.day - (0 if since else 1)
    for written in percentages(block.text, told.language) if shares else ():
        found = [shares[value] for value in map(Fraction, written.values) if value in shares]
        shown = sorted(share for share, term in shares.items() if not found or term.ended is None)
        terms = ", ".join(f"{shares[one].name} {formats(told.language).percent(one)}" for one in shown)
        if not found:
            yield _remark(
                told.file, block, written, field, f"is no rate of {named}", f"the terms say {terms}"
            )
        elif _ended(found, last):
            yield _remark(
                told.file, block, written, field, f"is a former rate of {named}", f"now it is {terms}"
            )
    for written in dates(block.text, told.language) if days else ():
        if not told.own.isdisjoint(written.values):
            continue
        found = [days[int(value)] for value in written.values if int(value) in days]
        if not found:
            nearest = min(days, key=lambda day: min(abs(day - int(value)) for value in written.values))
            terms = f"the terms say {days[nearest].name} {day_text(nearest)}"
            yield _remark(told.file, block, written, field, f"is no day of {named}", terms)
        elif _ended(found, last):
            same = [day for day, term in days.items() if term.name == found[0].name and term.ended is None]
            terms = f"now it is {', '.join(map(day_text, sorted(same))) or 'another'}"
            yield _remark(told.file, block, written, field, f"is a former {found[0].name} of {named}", terms)


def _ended(found: Sequence[_Term], last: int) -> bool:
    """Return whether all terms with a value had ended before the day of the text."""
    return all(term.ended is not None and term.ended < last for term in found)


_Valued = TypeVar("_Valued", Fraction, int)


def _terms_of(each: Iterable[Mapping[_Valued, _Term]]) -> dict[_Valued, _Term]:
    """Return the terms of several offers by value, of equal values the one that is longest in force."""
    found: dict[_Valued, _Term] = {}
    for terms in each:
        for value, term in terms.items():
            found[value] = _longer(found.get(value), term)
    return found


def _longer(one: _Term | None, other: _Term) -> _Term:
    if one is None or one.ended is None:
        return one or other
    return other if other.ended is None or other.ended > one.ended else one


def _remark(file: str, block: Block, written: WrittenValue, field: str, what: str, terms: str) -> Fault:
    text = " ".join(written.text.split())
    remedy = f"{terms}: let them agree, or leave it if it is about something else"
    return Fault(
        f"{text!r} {what}", remedy, file, block.line_at(written.start), field=field, severity="remark"
    )


def _known(offer: Offer, title: str, program: Program) -> KnownOffer:
    days = {one.effective_on: _Term("effective_on") for one in offer.amendments}
    days[offer.announced_on] = _Term("announced_on")
    shares: dict[Fraction, _Term] = {}
    ends: list[int | None] = [*(one.effective_on - 1 for one in offer.versions[1:]), None]
    for version, ended in zip(offer.versions, ends, strict=True):
        for row in version.terms.rows(version.terms.program_on(program, version.effective_on)):
            term = _Term(row.name, ended)
            for value in row.values:
                if isinstance(value, OnDay):
                    days[value.day] = _longer(days.get(value.day), term)
            for cell in _cells(row):
                if isinstance(cell, Fraction):
                    shares[cell] = _longer(shares.get(cell), term)
    # "Before 1 January" means the same as "until 31 December".
    after = {day + 1: term for day, term in days.items() if date.fromordinal(day + 1).day == 1}
    ends_at_all = any(version.terms.deadline is not None for version in offer.versions)
    return KnownOffer(offer.slug, _words(title), shares, after | days, ends_at_all)


def _cells(row: TermRow) -> Iterator[object]:
    yield from row.values
    for line in row.table:
        yield from line


@cache
def _words(text: str) -> frozenset[str]:
    return frozenset(word.casefold() for word in _WORD.findall(text))

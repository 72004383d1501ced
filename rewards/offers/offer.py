"""Offers: terms as data with dated amendments, parsed from front matter and valid on every effective day."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import BaseModel, Field

from rewards.days import day_text
from rewards.faults import Fault, KeyPath, Severity, Source, suggestion, validated
from rewards.fields import TERMS, Day, as_day
from rewards.offers.kinds import KINDS
from rewards.offers.terms import OfferTerms
from rewards.program import Program

_FIXED = ("kind", "announced_on")
_OUTSIDE_TERMS = ("announced_on", "amendments", "draft")
_OF_AN_AMENDMENT = ("effective_on", "note")


class OfferFront(BaseModel):
    """The keys of an offer's file beside its terms, for forms; `parse_offer` reads them one by one."""

    model_config = TERMS

    announced_on: Annotated[
        Day, Field(title="Announced on", description="From this day on, the site and the statements know it.")
    ]
    draft: bool = Field(
        default=False, title="Draft", description="A draft gives nothing, and only this studio shows it."
    )


@dataclass(frozen=True, slots=True)
class Amendment:
    """A dated change; `changes` are keys with their new values as written, None where a key is taken away.

    `index` is its place in the file.
    """

    effective_on: int
    note: str
    changes: Mapping[str, object]
    index: int


@dataclass(frozen=True, slots=True)
class Version:
    """The terms from a day until the next version; `amendment` is the last one that formed them."""

    effective_on: int
    terms: OfferTerms
    amendment: Amendment | None


@dataclass(frozen=True, slots=True)
class Offer:
    """An offer with all versions of its terms; `title` and `summary` are those before any amendment.

    A `draft` has terms that are checked, and stands in no policy.
    """

    slug: str
    kind: str
    title: str
    summary: str
    announced_on: int
    amendments: tuple[Amendment, ...]
    versions: tuple[Version, ...]
    draft: bool = False

    def version_on(self, day: int) -> Version | None:
        """Return the version in force on `day`; None before the offer is announced."""
        if day < self.announced_on:
            return None
        return [version for version in self.versions if version.effective_on <= day][-1]

    def terms_on(self, day: int) -> OfferTerms | None:
        """Return the terms in force on `day`; None before the offer is announced."""
        version = self.version_on(day)
        return None if version is None else version.terms


@dataclass(frozen=True, slots=True)
class _AmendedSource(Source):
    """A source that blames the place where a value was written: an amendment, or the top of the file."""

    origins: Mapping[str | int, KeyPath] = field(default_factory=dict)

    def fault(self, path: KeyPath, what: str, remedy: str, severity: Severity = "fault") -> Fault:
        """Return a fault as `Source.fault` does, for a `path` from the top of the terms."""
        origin = self.origins.get(path[0], ()) if path else ()
        return Source.fault(self, (*origin, *path), what, remedy, severity)


def parse_offer(
    slug: str, raw: Mapping[str, object], program: Program, source: Source, faults: list[Fault]
) -> Offer | None:
    """Return the offer of a parsed front matter, or None; every mistake and remark is added to `faults`."""
    model = _model_of(raw, source, faults)
    if model is None:
        return None
    found: list[Fault] = []
    announced_on = _announced_on(raw, source, found)
    amendments = _amendments(raw, model, source, found)
    base = _base(raw, model, source, found)
    _check_nothing_is_empty(base, (), source, found)
    versions = _versions(model, base, announced_on, amendments, program, source, found)
    draft = raw.get("draft", False)
    if not isinstance(draft, bool):
        found.append(source.fault(("draft",), f"'draft' cannot be {draft!r}", "write true or false"))
    faults.extend(dict.fromkeys(found))
    if announced_on is None or any(fault.severity == "fault" for fault in found):
        return None
    first = versions[0].terms
    title, summary = str(base.get("title", first.title)), str(base.get("summary", first.summary))
    return Offer(slug, first.kind, title, summary, announced_on, amendments, versions, draft is True)


def _model_of(raw: Mapping[str, object], source: Source, faults: list[Fault]) -> type[OfferTerms] | None:
    kind = raw.get("kind")
    if isinstance(kind, str) and kind in KINDS:
        return KINDS[kind].terms
    if kind is None:
        faults.append(source.fault(("kind",), "'kind' is missing", f"add one of {', '.join(sorted(KINDS))}"))
    else:
        faults.append(
            source.fault(("kind",), f"{kind!r} is no kind of offer", suggestion(str(kind), sorted(KINDS)))
        )
    return None


def _base(
    raw: Mapping[str, object], model: type[OfferTerms], source: Source, found: list[Fault]
) -> dict[str, object]:
    """Return the keys of the terms as announced, and add a fault for each unknown key."""
    known = [*model.model_fields, *_OUTSIDE_TERMS]
    found.extend(
        source.fault((key,), f"unknown key {key!r}", suggestion(str(key), known))
        for key in raw
        if key not in known
    )
    return {key: value for key, value in raw.items() if key in model.model_fields}


def _day(value: object, path: KeyPath, source: Source, found: list[Fault]) -> int | None:
    if value is None:
        found.append(source.fault(path, f"{path[-1]!r} is missing", "add a date, YYYY-MM-DD"))
        return None
    try:
        return as_day(value)
    except ValueError as error:
        what, _, remedy = str(error).partition("; ")
        found.append(source.fault(path, what, remedy))
        return None


def _announced_on(raw: Mapping[str, object], source: Source, found: list[Fault]) -> int | None:
    return _day(raw.get("announced_on"), ("announced_on",), source, found)


def _amendments(
    raw: Mapping[str, object], model: type[OfferTerms], source: Source, found: list[Fault]
) -> tuple[Amendment, ...]:
    """Return the amendments in the order in which they apply."""
    written = raw.get("amendments", [])
    if not isinstance(written, list):
        found.append(
            source.fault(("amendments",), "'amendments' is no list", "write one item for each amendment")
        )
        return ()
    parsed = (_amendment(index, item, model, source, found) for index, item in enumerate(written))
    return tuple(
        sorted((one for one in parsed if one is not None), key=lambda one: (one.effective_on, one.index))
    )


def _amendment(
    index: int, item: object, model: type[OfferTerms], source: Source, found: list[Fault]
) -> Amendment | None:
    path: KeyPath = ("amendments", index)
    if not isinstance(item, dict):
        found.append(
            source.fault(path, "the amendment is no mapping", "write effective_on, note and the changed keys")
        )
        return None
    known = [key for key in model.model_fields if key not in _FIXED]
    changes = {str(key): value for key, value in item.items() if key not in _OF_AN_AMENDMENT}
    for key, value in changes.items():
        if key in _FIXED:
            found.append(
                source.fault((*path, key), f"an amendment cannot change {key!r}", "write a new offer instead")
            )
        elif key not in known:
            remedy = suggestion(key, [*known, *_OF_AN_AMENDMENT])
            found.append(source.fault((*path, key), f"unknown key {key!r}", remedy))
        else:
            _check_nothing_is_empty(value, (*path, key), source, found)
    note = item.get("note", "")
    if not isinstance(note, str):
        found.append(source.fault((*path, "note"), f"{note!r} is no text", "put it in quotes"))
    effective_on = _day(item.get("effective_on"), (*path, "effective_on"), source, found)
    sound = {key: value for key, value in changes.items() if key in known}
    return None if effective_on is None else Amendment(effective_on, str(note), sound, index)


def _check_nothing_is_empty(value: object, path: KeyPath, source: Source, found: list[Fault]) -> None:
    """Add a fault for a key without a value, because that could mean a default or nothing."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if inner is None:
                remedy = "give it a value or leave it out"
                found.append(source.fault((*path, key), f"{key!r} has no value", remedy))
            else:
                _check_nothing_is_empty(inner, (*path, key), source, found)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _check_nothing_is_empty(inner, (*path, index), source, found)


def _versions(
    model: type[OfferTerms],
    base: Mapping[str, object],
    announced_on: int | None,
    amendments: Iterable[Amendment],
    program: Program,
    source: Source,
    found: list[Fault],
) -> tuple[Version, ...]:
    """Return the terms of the announcement and of every effective day, in order."""
    first = 1 if announced_on is None else announced_on
    amendments = list(amendments)
    known: set[Fault] = set(found)
    versions = []
    own = {first, *(one.effective_on for one in amendments)}
    # The terms must hold beside the program of every day, also where only the program was amended.
    others = {one.effective_on for one in program.amendments if one.effective_on > first}
    for day in sorted(own | others):
        applied = [one for one in amendments if one.effective_on <= day]
        values = {key: value for key, value in base.items() if value is not None}
        origins: dict[str | int, KeyPath] = {}
        for one in applied:
            values.update(one.changes)
            origins.update(dict.fromkeys(one.changes, ("amendments", one.index)))
        values = {key: value for key, value in values.items() if value is not None}
        new: list[Fault] = []
        placed = _AmendedSource(source.file, source.lines, origins)
        terms = _valid_terms(model, values, program, day, placed, new)
        fresh = [fault for fault in new if fault not in known]
        known.update(fresh)
        found.extend(_dated(fault, day) if day > first else fault for fault in fresh)
        if terms is not None and day in own:
            versions.append(Version(day, terms, applied[-1] if applied else None))
    return tuple(versions)


def _dated(fault: Fault, day: int) -> Fault:
    """Return the fault with the day on which it begins; a fault of an amendment has that day already."""
    if fault.field.startswith("amendments."):
        return fault
    what = f"{fault.what} (in the terms of {day_text(day)})"
    return Fault(what, fault.remedy, fault.file, fault.line, fault.row, fault.field, fault.severity)


def _valid_terms(
    model: type[OfferTerms],
    values: Mapping[str, object],
    program: Program,
    day: int,
    source: Source,
    new: list[Fault],
) -> OfferTerms | None:
    terms = validated(model, values, source, new)
    if terms is not None:
        new.extend(source.fault(*mistake) for mistake in terms.mistakes(terms.program_on(program, day)))
    return terms

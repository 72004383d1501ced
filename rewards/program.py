"""The partner program: currency, zone, refunds and levels, none of them with a default, and dated changes of levels."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from functools import cached_property
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, Field

from rewards.days import day_text, time_zone
from rewards.faults import Fault, KeyPath, Source, suggestion, validated
from rewards.fields import TERMS, Day, Number, Text
from rewards.money import minor_units, parse_amount

RefundPolicy = Literal["ignore", "deduct"]
AllowanceLevel = Literal["assigned", "attained", "best"]


@dataclass(frozen=True, slots=True)
class Level:
    """A rank of the program; `quota` in minor units of its currency, `margin` as written ("" without)."""

    id: str
    name: str
    quota: int
    margin: str = ""


@dataclass(frozen=True, slots=True)
class ProgramAmendment:
    """A dated change: all `levels` from a day until the next change, also those that stay as they were."""

    effective_on: int
    note: str
    levels: tuple[Level, ...]


@dataclass(frozen=True)
class Program:
    """The policy of a site. `levels` rise by quota; `base_level` is that of a partner below the first.

    `levels` are those before any amendment, or those in force in the program that `on` returns. `every` are the levels
    of all days by rank; it is empty where they are the same as `levels`.
    """

    currency: str
    timezone: str
    refunds_after_period: RefundPolicy
    allowance_level: AllowanceLevel
    base_level: str
    levels: tuple[Level, ...]
    amendments: tuple[ProgramAmendment, ...] = ()
    every: tuple[Level, ...] = ()

    def __getstate__(self) -> dict[str, object]:
        """Return its fields: what follows from them is no part of its pickled form, by which results are kept."""
        return {one.name: getattr(self, one.name) for one in fields(self)}

    def on(self, day: int) -> "Program":
        """Return the program in force on a day, which has no amendments of its own."""
        if not self.amendments:
            return self
        levels = [one.levels for one in self.amendments if one.effective_on <= day]
        return replace(self, levels=levels[-1] if levels else self.levels, amendments=())

    @cached_property
    def level_ids(self) -> tuple[str, ...]:
        """The level ids by rank, the base level first."""
        return (self.base_level, *(level.id for level in self.levels))

    @cached_property
    def every_level_id(self) -> tuple[str, ...]:
        """The level ids of all days by rank, the base level first."""
        return (self.base_level, *(level.id for level in self.every or self.levels))

    @cached_property
    def quotas(self) -> tuple[tuple[str, int], ...]:
        """(level id, quota in minor units) of every level above the base, rising."""
        return tuple((level.id, level.quota) for level in self.levels)

    @cached_property
    def _ranks(self) -> dict[str, int]:
        return {level_id: rank for rank, level_id in enumerate(self.every_level_id)}

    @cached_property
    def level_names(self) -> Mapping[str, str]:
        """The names of the levels of all days above the base; a name in force goes before one of another day."""
        return {level.id: level.name for level in (*self.every, *self.levels)}

    def rank(self, level_id: str) -> int:
        """Return the place of a level of any day, 0 for the base level; raise `KeyError` for an unknown id."""
        return self._ranks[level_id]

    def higher(self, one: str, other: str) -> str:
        """Return the level id of the higher rank."""
        return one if self.rank(one) >= self.rank(other) else other

    def level_name(self, level_id: str) -> str:
        """Return the name of a level; the base level has no name of its own, so its id is returned."""
        return self.level_names.get(level_id, level_id)


def _as_margin(value: object) -> str:
    if isinstance(value, (str, int, Decimal)) and not isinstance(value, bool):
        return str(value)
    raise ValueError("a margin is text or a number; write it in quotes, such as '20%'")


class _LevelTerms(BaseModel):
    model_config = TERMS

    id: Text
    name: Text
    quota: Number
    margin: Annotated[str, BeforeValidator(_as_margin)] = ""


class _AmendmentTerms(BaseModel):
    model_config = TERMS

    effective_on: Day
    note: str = ""
    quotas: Annotated[dict[str, Number], Field(min_length=1)] | None = None
    levels: Annotated[list[_LevelTerms], Field(min_length=1)] | None = None


class _ProgramTerms(BaseModel):
    model_config = TERMS

    currency: Text
    timezone: Text
    refunds_after_period: RefundPolicy
    allowance_level: AllowanceLevel
    base_level: Text
    levels: Annotated[list[_LevelTerms], Field(min_length=1)]
    amendments: list[_AmendmentTerms] = []


def parse_program(raw: Mapping[str, object], source: Source, faults: list[Fault]) -> Program | None:
    """Return the program of a parsed `program.toml`, or None after adding every mistake to `faults`."""
    terms = validated(_ProgramTerms, raw, source, faults)
    if terms is None:
        return None
    found: list[Fault] = []
    _check_zone(terms, source, found)
    levels: tuple[Level, ...] = ()
    try:
        minor_units(terms.currency)
    except ValueError as error:
        found.append(_blame(source, ("currency",), error))
    else:
        levels = _levels(terms.levels, ("levels",), terms, source, found)
    _check_ids(terms.levels, ("levels",), terms, source, found)
    amendments = () if found else _amendments(terms, levels, source, found)
    faults.extend(found)
    if found:
        return None
    return Program(
        terms.currency,
        terms.timezone,
        terms.refunds_after_period,
        terms.allowance_level,
        terms.base_level,
        levels,
        amendments,
        _every([levels, *(one.levels for one in amendments)]) if amendments else (),
    )


def _blame(source: Source, path: KeyPath, error: ValueError) -> Fault:
    what, _, remedy = str(error).partition("; ")
    return source.fault(path, what, remedy)


def _check_zone(terms: _ProgramTerms, source: Source, found: list[Fault]) -> None:
    try:
        time_zone(terms.timezone)
    except ValueError as error:
        found.append(_blame(source, ("timezone",), error))


def _levels(
    written: Sequence[_LevelTerms], path: KeyPath, terms: _ProgramTerms, source: Source, found: list[Fault]
) -> tuple[Level, ...]:
    """Return the levels of one list; add a fault for a quota that is unreadable, not above 0, or does not rise."""
    levels: list[Level] = []
    for index, level in enumerate(written):
        place = (*path, index, "quota")
        quota = _quota(level.id, level.quota, place, terms, source, found)
        if quota is not None:
            levels.append(Level(level.id, level.name, quota, level.margin))
    remedy = "list the levels from the lowest quota to the highest, each above the one before"
    found.extend(
        source.fault((*path, index, "quota"), f"the quota of {level_id!r} does not rise", remedy)
        for index, level_id in _not_rising(levels)
    )
    return tuple(levels)


def _quota(
    level_id: str, number: str, place: KeyPath, terms: _ProgramTerms, source: Source, found: list[Fault]
) -> int | None:
    """Return a quota in minor units; None, with a fault added, if it cannot be one."""
    try:
        quota = parse_amount(number, terms.currency)
    except ValueError as error:
        found.append(_blame(source, place, error))
        return None
    if quota > 0:
        return quota
    remedy = "the base level stands below the first quota"
    found.append(source.fault(place, f"the quota of {level_id!r} is not above 0", remedy))
    return None


def _not_rising(levels: Sequence[Level]) -> Iterator[tuple[int, str]]:
    """Yield place and id of each level whose quota is not above the one before."""
    for index, (lower, level) in enumerate(pairwise(levels), 1):
        if level.quota <= lower.quota:
            yield index, level.id


def _check_ids(
    written: Sequence[_LevelTerms], path: KeyPath, terms: _ProgramTerms, source: Source, found: list[Fault]
) -> None:
    seen: set[str] = set()
    for index, level in enumerate(written):
        if level.id == terms.base_level:
            remedy = "name the level below the first quota, which is not in the list"
            found.append(
                source.fault(("base_level",), f"base_level {level.id!r} is among the levels", remedy)
            )
        if level.id in seen:
            remedy = "give each level an id of its own"
            found.append(source.fault((*path, index, "id"), f"level {level.id!r} is listed twice", remedy))
        seen.add(level.id)


# Amendments: dated changes, in the order of their days.


def _amendments(
    terms: _ProgramTerms, levels: tuple[Level, ...], source: Source, found: list[Fault]
) -> tuple[ProgramAmendment, ...]:
    """Return the amendments with the levels that result; add a fault for each mistake in them."""
    made: list[ProgramAmendment] = []
    first, before = levels, 0
    for index, one in enumerate(terms.amendments):
        path: KeyPath = ("amendments", index)
        if one.effective_on <= before:
            what = f"the day {day_text(one.effective_on)} is not after that of the amendment before"
            remedy = "list the amendments by their days, and write one for all changes of a day"
            found.append(source.fault((*path, "effective_on"), what, remedy))
        before = one.effective_on
        if (one.quotas is None) == (one.levels is None):
            what = "'quotas' and 'levels' are both given" if one.quotas else "the amendment changes nothing"
            remedy = "write quotas for the levels whose quota changes, or else the whole list of levels"
            found.append(source.fault(path, what, remedy))
            continue
        if one.levels is not None:
            levels = _levels(one.levels, (*path, "levels"), terms, source, found)
            _check_ids(one.levels, (*path, "levels"), terms, source, found)
            _check_order(levels, [first, *(other.levels for other in made)], source, (*path, "levels"), found)
        else:
            levels = _with_quotas(levels, one.quotas or {}, (*path, "quotas"), terms, source, found)
        made.append(ProgramAmendment(one.effective_on, " ".join(one.note.split()), levels))
    return tuple(made)


def _with_quotas(
    levels: Sequence[Level],
    quotas: Mapping[str, str],
    path: KeyPath,
    terms: _ProgramTerms,
    source: Source,
    found: list[Fault],
) -> tuple[Level, ...]:
    """Return the levels with other quotas; a level left out keeps its quota."""
    own: dict[str, int] = {}
    known = [level.id for level in levels]
    for level_id, number in quotas.items():
        if level_id not in known:
            what = f"{level_id!r} is no level of the program above the base level"
            found.append(source.fault((*path, level_id), what, suggestion(level_id, known)))
        elif (quota := _quota(level_id, number, (*path, level_id), terms, source, found)) is not None:
            own[level_id] = quota
    made = tuple(replace(level, quota=own.get(level.id, level.quota)) for level in levels)
    remedy = "write quotas that rise from level to level; a level left out keeps its quota"
    found.extend(
        source.fault(path, f"the quota of {level_id!r} does not rise above that of the level before", remedy)
        for _, level_id in _not_rising(made)
    )
    return made


def _check_order(
    levels: Sequence[Level],
    earlier: Sequence[Sequence[Level]],
    source: Source,
    path: KeyPath,
    found: list[Fault],
) -> None:
    """Add a fault for levels that change places: a rank must mean the same on every day."""
    now = [level.id for level in levels]
    ranked = [level.id for level in _every(earlier) if level.id in now]
    if ranked != [one for one in now if one in ranked]:
        what = f"the levels {', '.join(map(repr, ranked))} change their order"
        remedy = "keep the order, and give a level that means something else an id of its own"
        found.append(source.fault(path, what, remedy))


def _every(lists: Sequence[Sequence[Level]]) -> tuple[Level, ...]:
    """Return the levels of all lists by rank, each as its last list has it; a new one ranks above those it follows."""
    order: list[str] = []
    latest: dict[str, Level] = {}
    for levels in lists:
        place = len(order)
        for level in reversed(levels):
            latest[level.id] = level
            if level.id in order:
                place = order.index(level.id)
            else:
                order.insert(place, level.id)
    return tuple(latest[level_id] for level_id in order)

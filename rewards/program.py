"""The partner program: currency, zone, refunds and levels, none of them with a default."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, Field

from rewards.days import time_zone
from rewards.faults import Fault, KeyPath, Source, validated
from rewards.fields import TERMS, Number, Text
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


@dataclass(frozen=True)
class Program:
    """The policy of a site. `levels` rise by quota; `base_level` is that of a partner below the first."""

    currency: str
    timezone: str
    refunds_after_period: RefundPolicy
    allowance_level: AllowanceLevel
    base_level: str
    levels: tuple[Level, ...]

    @cached_property
    def level_ids(self) -> tuple[str, ...]:
        """All level ids by rank, the base level first."""
        return (self.base_level, *(level.id for level in self.levels))

    @cached_property
    def quotas(self) -> tuple[tuple[str, int], ...]:
        """(level id, quota in minor units) of every level above the base, rising."""
        return tuple((level.id, level.quota) for level in self.levels)

    @cached_property
    def _ranks(self) -> dict[str, int]:
        return {level_id: rank for rank, level_id in enumerate(self.level_ids)}

    def rank(self, level_id: str) -> int:
        """Return the place of a level, 0 for the base level; raise `KeyError` for an unknown id."""
        return self._ranks[level_id]

    def higher(self, one: str, other: str) -> str:
        """Return the level id of the higher rank."""
        return one if self.rank(one) >= self.rank(other) else other

    def level_name(self, level_id: str) -> str:
        """Return the name of a level; the base level has no name of its own, so its id is returned."""
        return next((level.name for level in self.levels if level.id == level_id), level_id)


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


class _ProgramTerms(BaseModel):
    model_config = TERMS

    currency: Text
    timezone: Text
    refunds_after_period: RefundPolicy
    allowance_level: AllowanceLevel
    base_level: Text
    levels: Annotated[list[_LevelTerms], Field(min_length=1)]


def parse_program(raw: Mapping[str, object], source: Source, faults: list[Fault]) -> Program | None:
    """Return the program of a parsed `program.toml`, or None after adding every mistake to `faults`."""
    terms = validated(_ProgramTerms, raw, source, faults)
    if terms is None:
        return None
    found: list[Fault] = []
    _check_zone(terms, source, found)
    quotas = _quotas(terms, source, found)
    _check_ids(terms, source, found)
    faults.extend(found)
    if found:
        return None
    levels = tuple(
        Level(level.id, level.name, quota, level.margin)
        for level, quota in zip(terms.levels, quotas, strict=True)
    )
    return Program(
        terms.currency,
        terms.timezone,
        terms.refunds_after_period,
        terms.allowance_level,
        terms.base_level,
        levels,
    )


def _blame(source: Source, path: KeyPath, error: ValueError) -> Fault:
    what, _, remedy = str(error).partition("; ")
    return source.fault(path, what, remedy)


def _check_zone(terms: _ProgramTerms, source: Source, found: list[Fault]) -> None:
    try:
        time_zone(terms.timezone)
    except ValueError as error:
        found.append(_blame(source, ("timezone",), error))


def _quotas(terms: _ProgramTerms, source: Source, found: list[Fault]) -> list[int]:
    """Return the quotas in minor units; add a fault for one that is unreadable, not above 0, or does not rise."""
    quotas: list[int] = []
    try:
        minor_units(terms.currency)
    except ValueError as error:
        found.append(_blame(source, ("currency",), error))
        return quotas
    for index, level in enumerate(terms.levels):
        path: KeyPath = ("levels", index, "quota")
        try:
            quota = parse_amount(level.quota, terms.currency)
        except ValueError as error:
            found.append(_blame(source, path, error))
            continue
        if quota <= 0:
            found.append(
                source.fault(
                    path,
                    f"the quota of {level.id!r} is not above 0",
                    "the base level stands below the first quota",
                )
            )
        elif quotas and quota <= quotas[-1]:
            remedy = "list the levels from the lowest quota to the highest, each above the one before"
            found.append(source.fault(path, f"the quota of {level.id!r} does not rise", remedy))
        quotas.append(quota)
    return quotas


def _check_ids(terms: _ProgramTerms, source: Source, found: list[Fault]) -> None:
    seen: set[str] = set()
    for index, level in enumerate(terms.levels):
        path: KeyPath = ("levels", index, "id")
        if level.id == terms.base_level:
            remedy = "name the level below the first quota, which is not in the list"
            found.append(
                source.fault(("base_level",), f"base_level {level.id!r} is among the levels", remedy)
            )
        if level.id in seen:
            found.append(
                source.fault(path, f"level {level.id!r} is listed twice", "give each level an id of its own")
            )
        seen.add(level.id)

"""Everything that one report tells, computed once from one set of statements."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from offerpress.reports.dues import (
    Bin,
    Due,
    Jump,
    Liability,
    distribution,
    dues,
    jumped,
    largest,
    liability,
    negative,
)
from offerpress.reports.outlook import Near, Outlook, Point, Statements, course, near_next_level, outlooks
from rewards import Conserved, Rules

Sums = Mapping[tuple[str, str], Liability]


@dataclass(frozen=True, slots=True)
class Told:
    """An earlier plan and what it told: minor units by (partner id, currency)."""

    plan: str
    amounts: Mapping[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class Source:
    """A table of the ledger, where it was read, and how many rows count."""

    table: str
    path: str
    rows: int


@dataclass(frozen=True, slots=True)
class Facts:
    """The figures of a report; every list is in the order in which it is shown."""

    as_of: int
    by_currency: Sums
    by_level: Sums
    by_country: Sums
    outlooks: tuple[Outlook, ...]
    course: tuple[Point, ...]
    distribution: Mapping[str, list[Bin]]
    near: tuple[Near, ...]
    largest: tuple[Due, ...]
    negative: tuple[Due, ...]
    since: str
    jumped: tuple[Jump, ...]
    conserved: tuple[Conserved, ...]
    snapshot: str
    sources: tuple[Source, ...]


def gather(
    statements: Statements,
    rules: Rules,
    told: Told | None,
    conserved: Iterable[Conserved],
    snapshot: str,
    sources: Iterable[Source],
) -> Facts:
    """All figures of a report; `told` is the plan that jumps are measured from, `snapshot` a digest."""
    due = dues(statements)
    return Facts(
        rules.as_of,
        liability(due, lambda _: ""),
        liability(due, lambda one: one.level),
        liability(due, lambda one: one.country),
        tuple(outlooks(statements, rules)),
        tuple(course(statements, rules)),
        distribution(due),
        tuple(near_next_level(statements)),
        tuple(largest(due)),
        tuple(negative(due)),
        told.plan if told else "",
        tuple(jumped(due, told.amounts)) if told else (),
        tuple(conserved),
        snapshot,
        tuple(sources),
    )

"""Everything that one report tells, computed once from one set of statements."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mailer import Batch, BatchError, Outbox
from offerpress.plans.dues import (
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
from offerpress.reports.outlook import (
    Near,
    Outlook,
    Point,
    Statements,
    course,
    near_next_level,
    outlooks,
)
from offerpress.site.site import Site
from rewards import Conserved, Rules, parse_amount

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


# What earlier plans told, read from their frozen batches.


def last_told(site: Site, outbox: Outbox, campaign: str | None) -> Told | None:
    """What the newest plan told, of `campaign` or of any; None where none was made or its batch is gone."""
    for record in reversed(outbox.plans()):
        if campaign in {None, record.campaign}:
            try:
                with site.open_batch(record.plan) as batch:
                    return told_by(batch)
            except BatchError:
                continue
    return None


def told_by(batch: Batch) -> Told:
    """The amounts to credit that a batch tells, over all offers; every recipient is in it, if only by no currency."""
    amounts: dict[tuple[str, str], int] = {}
    for partner_id, figures in batch.figures():
        amounts[partner_id, ""] = 0
        for entry in json.loads(figures)["cashback"]:
            key = partner_id, entry["currency"]
            amounts[key] = amounts.get(key, 0) + parse_amount(entry["to_credit"], entry["currency"])
    return Told(batch.header.plan, amounts)

"""The facts of one report, computed once from one set of statements."""

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
from offerpress.reports.outlook import Near, Outlook, Point, Statements, course, near_next_level, outlooks
from offerpress.site.site import Site
from rewards import Conserved, Rules, parse_amount

Sums = Mapping[tuple[str, str], Liability]


@dataclass(frozen=True, slots=True)
class ToldAmounts:
    """An earlier plan and the amounts that it told: minor units by (partner id, currency)."""

    plan: str
    amounts: Mapping[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class SourceTable:
    """A table of the ledger, its source, and the number of its rows that count."""

    table: str
    path: str
    rows: int


@dataclass(frozen=True, slots=True)
class Facts:
    """The figures of a report. Every list is in the order in which it is shown."""

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
    source_tables: tuple[SourceTable, ...]


def gather_facts(
    statements: Statements,
    rules: Rules,
    told: ToldAmounts | None,
    conserved: Iterable[Conserved],
    snapshot: str,
    source_tables: Iterable[SourceTable],
) -> Facts:
    """Compute all figures of a report. Jumps are measured from `told`; `snapshot` is a digest."""
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
        tuple(source_tables),
    )


# What earlier plans told, read from their frozen batches.


def last_told_amounts(site: Site, outbox: Outbox, campaign: str | None) -> ToldAmounts | None:
    """Return the amounts of the newest plan, of `campaign` or of any; None without a plan or its batch."""
    for record in reversed(outbox.plans()):
        if campaign in {None, record.campaign}:
            try:
                with site.open_batch(record.plan) as batch:
                    return told_amounts(batch)
            except BatchError:
                continue
    return None


def told_amounts(batch: Batch) -> ToldAmounts:
    """Return the amounts to credit that a batch tells, over all offers.

    A recipient without amounts is listed under an empty currency.
    """
    amounts: dict[tuple[str, str], int] = {}
    for partner_id, figures in batch.figures():
        amounts[partner_id, ""] = 0
        for entry in json.loads(figures)["cashback"]:
            key = partner_id, entry["currency"]
            amounts[key] = amounts.get(key, 0) + parse_amount(entry["to_credit"], entry["currency"])
    return ToldAmounts(batch.header.plan, amounts)

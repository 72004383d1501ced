"""Corrections before they are planned: who would be told what, and why the figure is another one now."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from ledger import LedgerError, Snapshot
from mailer import BatchError, Outbox
from offerpress.figures.figures import Figures
from offerpress.figures.frozen_rules import read_rules
from offerpress.plans.draft import Barred, Drafting, draft
from offerpress.plans.told import ToldFigures, told_figures
from offerpress.site.site import Site
from rewards import Account, Difference, changed_offers


@dataclass(frozen=True, slots=True)
class Reason:
    """Why figures differ: terms, refund, ledger or unknown; `lines` are the ids of lines that came or went."""

    kind: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Correction:
    """What one partner would be told: the plan that told the former figures, the differences, and why."""

    partner_id: str
    told_in: str
    differences: tuple[Difference, ...]
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Corrections:
    """All corrections of a campaign by partner id. `damaged` says why some partners cannot be corrected."""

    corrections: tuple[Correction, ...]
    skipped: Mapping[str, int]
    damaged: tuple[str, ...]


def find_corrections(figures: Figures, outbox: Outbox, slug: str) -> Corrections:
    """Return what `plan --corrections` would freeze now; nothing is kept. Raises as a plan does."""
    told = told_figures(figures.site, outbox, slug)
    drafting = Drafting(figures, slug, told)
    made = draft(drafting, Barred.of(drafting.campaign, outbox))
    former = _Former(figures)
    found = []
    for one, differences in sorted(made.corrected, key=lambda pair: pair[0]):
        last = told.by_partner[one]
        reasons = tuple(former.reasons(one, last, differences))
        found.append(Correction(one, last.plan, tuple(differences), reasons))
    return Corrections(tuple(found), made.skipped, tuple(told.damaged.values()))


class _Former:
    """What was known when the former figures were told: the frozen ledger and the rules of each plan."""

    def __init__(self, figures: Figures) -> None:
        self._figures = figures
        self._snapshots: dict[str, Snapshot | None] = {}
        self._changed: dict[tuple[str, int], frozenset[str] | None] = {}

    def reasons(self, partner_id: str, told: ToldFigures, found: list[Difference]) -> Iterator[Reason]:
        """Yield why the figures of a partner differ from those that the plan told."""
        terms, before = self._terms(told), self._account(partner_id, told.plan)
        if terms is None or terms & {one.key[0] for one in found}:
            yield Reason("unknown" if terms is None else "terms")
        now = self._figures.snapshot.account(partner_id)
        if before is None or now is None:
            yield Reason("unknown")
            return
        refunds, others = _changed_lines(before, now)
        if refunds:
            yield Reason("refund", refunds)
        if others:
            yield Reason("ledger", others)

    def _terms(self, told: ToldFigures) -> frozenset[str] | None:
        """Return the offers whose terms are others now; None for a plan of an earlier version."""
        key = told.rules, told.as_of
        if key not in self._changed:
            rules = self._figures.rules
            then = read_rules(self._figures.site, told.rules) if told.rules else None
            self._changed[key] = (
                None if then is None else changed_offers(rules.policy, rules.as_of, then, told.as_of)
            )
        return self._changed[key]

    def _account(self, partner_id: str, plan: str) -> Account | None:
        if plan not in self._snapshots:
            self._snapshots[plan] = _snapshot_of(self._figures.site, plan)
        snapshot = self._snapshots[plan]
        return snapshot.account(partner_id) if snapshot else None


def _snapshot_of(site: Site, plan: str) -> Snapshot | None:
    """Return the ledger that a plan was made from; None if it was deleted."""
    with suppress(BatchError, LedgerError), site.open_batch(plan) as batch:
        for path in sorted(site.snapshots.glob(f"{batch.header.snapshot[:16]}-*")):
            return Snapshot.open(path)
    return None


def _changed_lines(before: Account, now: Account) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the ids of new refunds, and of all other lines that came, went or changed."""
    refunds = {one.sale_id for one in {*now.sales} - {*before.sales} if one.amount < 0}
    others = {one.sale_id for one in {*now.sales} ^ {*before.sales}} - refunds
    others |= {one.subscription_id for one in {*now.subscriptions} ^ {*before.subscriptions}}
    others |= {one.credit_id for one in {*now.credits} ^ {*before.credits}}
    return tuple(sorted(refunds)), tuple(sorted(others))

"""Whom a campaign told other figures than they have now: read from the frozen batches of what was handed over."""

import json
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass

from mailer import Batch, Outbox, Status
from offerpress.site.mail import pruned_plans
from offerpress.site.site import Site
from rewards import Difference, Statement, differences, statement_json, told_statement


@dataclass(frozen=True, slots=True)
class ToldFigures:
    """What a partner was handed last: by which plan, where that notice stands, the statement's JSON text."""

    plan: str
    status: Status
    figures: str

    @property
    def statement(self) -> Statement:
        """The statement that was told."""
        return told_statement(self.figures)

    def differences(self, now: Statement) -> list[Difference]:
        """What of it is otherwise now."""
        return differences(json.loads(self.figures), statement_json(now))


def told_figures(site: Site, outbox: Outbox, campaign: str) -> Mapping[str, ToldFigures]:
    """By partner id, what the campaign told last; `BatchError` where the batch that knows it is gone.

    What a batch told that was pruned cannot be corrected any more: nobody knows it.
    """
    batches: dict[str, Batch] = {}
    found = {}
    pruned = pruned_plans(site)
    with ExitStack() as stack:
        for partner_id, handed in outbox.handed_last(campaign).items():
            if handed.plan in pruned:
                continue
            if handed.plan not in batches:
                batches[handed.plan] = stack.enter_context(site.open_batch(handed.plan))
            figures = batches[handed.plan].message(partner_id).figures
            found[partner_id] = ToldFigures(handed.plan, handed.status, figures)
    return found


def difference_text(one: Difference) -> str:
    """`cashback-2023 EUR amount: 1851.85 → 1866.85`."""
    told, now = ("none" if value is None else str(value) for value in (one.told, one.now))
    return f"{' '.join(one.key)} {one.figure}: {told} → {now}"

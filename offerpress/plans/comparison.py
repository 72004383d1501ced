"""Whether the messages of a frozen batch would be rendered the same way now, found out by rendering them again."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mailer import Batch, notice_digest
from offerpress.build.shards import Job, figures_at, job_of
from offerpress.build.workers import OpenWorkers, in_process
from offerpress.figures.figures import Figures
from offerpress.plans.draft import Drafting
from offerpress.plans.told import ToldBefore
from rewards import Account, Fault, compute_statement

_LOOK_UP_COSTS: Final = 64  # times as much as reading an account with its whole shard


def stale_partners(
    batch: Batch,
    figures: Figures,
    told: ToldBefore | None = None,
    open_workers: OpenWorkers = in_process,
) -> list[str]:
    """Return the recipients, sorted, whose message would change or disappear if it were rendered now.

    `told` is what corrections correct: this process renders those, and the opened workers others. Raises `WorkerDied`.
    """
    drafting = Drafting(figures, batch.header.campaign, told)
    drafting.header = batch.header
    if len(batch) * _LOOK_UP_COSTS < figures.partner_count:
        found = {one: figures.snapshot.account(one) for one in batch.partner_ids()}
        return [
            one for one, account in found.items() if account is None or _is_stale(drafting, batch, account)
        ]
    same = bytearray(len(batch))
    for places in _same_messages(drafting, batch, open_workers):
        for place in places:
            same[place] = 1
    return [one for one, is_same in zip(batch.partner_ids(), same, strict=True) if not is_same]


def _same_messages(drafting: Drafting, batch: Batch, open_workers: OpenWorkers) -> Iterator[list[int]]:
    """Return by shard the places of the recipients whose message would be the same if it were rendered now."""
    snapshot = drafting.figures.snapshot
    with open_workers(len(snapshot.shards) if drafting.told is None else 1, snapshot.close) as workers:
        job = _CompareJob(job_of(drafting.figures), drafting.campaign.slug, batch.file)
        yield from workers.results(job, (drafting, batch), _same_of_shard, snapshot.shards)


@dataclass(frozen=True, slots=True)
class _CompareJob:
    """The messages of one batch, for a worker process."""

    job: Job
    campaign: str
    batch: Path

    def prepare(self) -> tuple[Drafting, Batch]:
        """Open the figures and the batch, and compile the campaign."""
        drafting, batch = Drafting(figures_at(self.job), self.campaign), Batch.open(self.batch)
        drafting.header = batch.header
        return drafting, batch


def _same_of_shard(means: tuple[Drafting, Batch], shard: int) -> list[int]:
    found = []
    drafting, batch = means
    for account in drafting.figures.snapshot.accounts(shard):
        try:
            place = batch.place(account.partner.partner_id)
        except KeyError:
            continue
        if not _is_stale(drafting, batch, account):
            found.append(place)
    return found


def _is_stale(drafting: Drafting, batch: Batch, account: Account) -> bool:
    """Return whether the message to a recipient would change or disappear now."""
    faults: list[Fault] = []
    statement = compute_statement(account, drafting.figures.rules, faults)
    if faults or drafting.uncorrected(statement) or drafting.renderer.reason(account.partner, statement):
        return True
    (notice,) = drafting.notices([(account, statement)])
    now = notice_digest(batch.header, notice, drafting.unsubscribing)
    return now != batch.digest_of(account.partner.partner_id)

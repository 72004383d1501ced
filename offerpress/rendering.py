"""A plan's messages, rendered by as many processes as there are: to be frozen, or compared with what was frozen."""

import json
import os
import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from mailer import Batch, BatchHeader, Prepared, notice_digest, prepared
from offerpress.drafting import Drafting
from offerpress.engines import Engine
from offerpress.reporting import Progress
from offerpress.shards import Job, figures_at, job_of
from rewards import Account, Fault, compute_statement


def rendered(
    drafting: Drafting,
    header: BatchHeader,
    recipients: Sequence[str],
    folder: Path,
    engine: Engine,
    progress: Progress,
) -> Iterator[Prepared]:
    """The messages to the recipients, ready to be frozen, by shard and partner id.

    Corrections are rendered here: only this process knows what was told.
    """
    shards = drafting.figures.snapshot.shards
    with engine(len(shards) if drafting.told is None else 1) as team:
        if team.executor is None:
            wanted = frozenset(recipients)
            for shard in shards:
                for message in _of_shard(drafting, header, folder, wanted, shard):
                    progress(1)
                    yield message
            return
        with _listed(recipients, folder) as listed:
            text = header.model_dump_json()
            job = RenderJob(job_of(drafting.figures), drafting.campaign.slug, text, folder, listed)
            for messages in team.results(render_shard, [(job, shard) for shard in shards]):
                progress(len(messages))
                yield from messages


@contextmanager
def _listed(recipients: Sequence[str], folder: Path) -> Iterator[Path]:
    """A file with the recipients' ids, for as long as processes need it."""
    handle, name = tempfile.mkstemp(prefix=".recipients-", dir=folder)
    listed = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(recipients, file)
        yield listed
    finally:
        listed.unlink()


@dataclass(frozen=True, slots=True)
class RenderJob:
    """The messages of one plan, for a worker process: its header as JSON, and the file that lists its recipients."""

    job: Job
    campaign: str
    header: str
    folder: Path
    recipients: Path


def render_shard(task: tuple[RenderJob, int]) -> list[Prepared]:
    """The messages to one shard's recipients, in a worker process."""
    job, shard = task
    drafting, header, recipients = _drafting_at(job)
    return list(_of_shard(drafting, header, job.folder, recipients, shard))


def _of_shard(
    drafting: Drafting, header: BatchHeader, folder: Path, recipients: Collection[str], shard: int
) -> Iterator[Prepared]:
    """Computed once more: to keep every account until here, or to send them between processes, would cost more."""
    for account in drafting.figures.snapshot.accounts(shard):
        if account.partner.partner_id in recipients:
            statement = compute_statement(account, drafting.figures.rules, [])
            notice = drafting.notice(account, statement)
            yield prepared(folder, header, notice, drafting.unsubscribing)


@lru_cache(maxsize=1)
def _drafting_at(job: RenderJob) -> tuple[Drafting, BatchHeader, frozenset[str]]:
    drafting = Drafting(figures_at(job.job), job.campaign)
    drafting.header = header = BatchHeader.model_validate_json(job.header)
    return drafting, header, frozenset(json.loads(job.recipients.read_text(encoding="utf-8")))


def same_messages(drafting: Drafting, batch: Batch, engine: Engine) -> Iterator[list[int]]:
    """By shard the places of the recipients whose message would be the same if it were rendered now."""
    shards = drafting.figures.snapshot.shards
    with engine(len(shards) if drafting.told is None else 1) as team:
        if team.executor is None:
            yield from (_same_of_shard(drafting, batch, shard) for shard in shards)
            return
        job = CompareJob(job_of(drafting.figures), drafting.campaign.slug, batch.file)
        yield from team.results(compare_shard, [(job, shard) for shard in shards])


@dataclass(frozen=True, slots=True)
class CompareJob:
    """The messages of one batch, for a worker process."""

    job: Job
    campaign: str
    batch: Path


def compare_shard(task: tuple[CompareJob, int]) -> list[int]:
    """Of one shard what `same_messages` gives, in a worker process."""
    job, shard = task
    drafting, batch = _comparing_at(job)
    return _same_of_shard(drafting, batch, shard)


@lru_cache(maxsize=1)
def _comparing_at(job: CompareJob) -> tuple[Drafting, Batch]:
    drafting, batch = Drafting(figures_at(job.job), job.campaign), Batch.open(job.batch)
    drafting.header = batch.header
    return drafting, batch


def _same_of_shard(drafting: Drafting, batch: Batch, shard: int) -> list[int]:
    found = []
    for account in drafting.figures.snapshot.accounts(shard):
        try:
            place = batch.place(account.partner.partner_id)
        except KeyError:
            continue
        if not stale(drafting, batch, account):
            found.append(place)
    return found


def stale(drafting: Drafting, batch: Batch, account: Account) -> bool:
    """Whether the message to a recipient would be another one now, or none at all."""
    faults: list[Fault] = []
    statement = compute_statement(account, drafting.figures.rules, faults)
    if faults or drafting.uncorrected(statement) or drafting.renderer.reason(account.partner, statement):
        return True
    now = notice_digest(batch.header, drafting.notice(account, statement), drafting.unsubscribing)
    return now != batch.digest_of(account.partner.partner_id)

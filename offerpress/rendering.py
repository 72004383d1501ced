"""A plan's messages, rendered and made ready to be frozen by as many processes as there are."""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from mailer import BatchHeader, Prepared, prepared
from offerpress.drafting import Drafting, Statements
from offerpress.engines import Engine
from offerpress.reporting import Progress
from offerpress.shards import Job, figures_at, job_of
from rewards import Fault, compute_statement


def rendered(
    drafting: Drafting,
    header: BatchHeader,
    recipients: Statements,
    folder: Path,
    engine: Engine,
    progress: Progress,
) -> Iterator[Prepared]:
    """The messages to the recipients, ready to be frozen: by partner id, or by shard where several processes render.

    Corrections are rendered here: only this process knows what was told.
    """
    shards = drafting.figures.snapshot.shards
    with engine(len(shards) if drafting.told is None else 1) as team:
        if team.executor is None:
            for account, statement in recipients:
                progress(1)
                notice = drafting.notice(account, statement)
                yield prepared(folder, header, notice, drafting.unsubscribing)
            return
        with _listed(recipients, folder) as listed:
            text = header.model_dump_json()
            job = RenderJob(job_of(drafting.figures), drafting.campaign.slug, text, folder, listed)
            for messages in team.results(render_shard, [(job, shard) for shard in shards]):
                progress(len(messages))
                yield from messages


@contextmanager
def _listed(recipients: Statements, folder: Path) -> Iterator[Path]:
    """A file with the recipients' ids, for as long as processes need it."""
    handle, name = tempfile.mkstemp(prefix=".recipients-", dir=folder)
    listed = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump([account.partner.partner_id for account, _ in recipients], file)
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
    faults: list[Fault] = []
    return [
        prepared(
            job.folder,
            header,
            drafting.notice(account, compute_statement(account, drafting.figures.rules, faults)),
            drafting.unsubscribing,
        )
        for account in drafting.figures.snapshot.accounts(shard)
        if account.partner.partner_id in recipients
    ]


@lru_cache(maxsize=1)
def _drafting_at(job: RenderJob) -> tuple[Drafting, BatchHeader, frozenset[str]]:
    drafting = Drafting(figures_at(job.job), job.campaign)
    drafting.header = header = BatchHeader.model_validate_json(job.header)
    return drafting, header, frozenset(json.loads(job.recipients.read_text(encoding="utf-8")))

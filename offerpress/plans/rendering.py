"""A plan's messages, rendered by as many processes as there are: to be frozen, or compared with what was frozen."""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain, islice
from pathlib import Path
from typing import Final, NamedTuple

from mailer import (
    Batch,
    BatchHeader,
    DeflatedMessage,
    Deflater,
    PreparedMessage,
    Recipient,
    Suppressed,
    dictionary_of,
    notice_digest,
    prepare_message,
)
from offerpress.build.shards import Job, figures_at, job_of
from offerpress.build.workers import Engine
from offerpress.plans.draft import Barred, Draft, Drafting, skipped_for
from offerpress.terminal import Progress
from rewards import Account, Fault, Faulty, Notice, compute_statement

CLIPPED_BYTES: Final = 102_000
"""Gmail cuts a message's HTML after 102 kB."""

_LOOKED_AT: Final = 1_000  # accounts, for messages that serve as dictionaries


@dataclass(frozen=True, slots=True)
class Rendering:
    """What it takes to write a plan's messages; of its header everything is known but what they come to."""

    drafting: Drafting
    header: BatchHeader
    barred: Barred
    folder: Path
    deflating: Deflater

    @classmethod
    def of(cls, drafting: Drafting, header: BatchHeader, barred: Barred, folder: Path) -> "Rendering":
        """With dictionaries that every process can share: of each language the first message, if one is near."""
        drafting.header = header
        own = cls(drafting, header, barred, folder, Deflater())
        dictionaries: dict[str, bytes] = {}
        snapshot = drafting.figures.snapshot
        accounts = chain.from_iterable(map(snapshot.accounts, snapshot.shards))
        for account in islice(accounts, _LOOKED_AT):
            language = drafting.renderer.language(account.partner)
            if language not in dictionaries and (message := own.first(account)):
                dictionaries[language] = dictionary_of(message.parts)
        return replace(own, deflating=Deflater(dictionaries))

    def first(self, account: Account) -> PreparedMessage | None:
        """The message to a partner, None where there is none; what stands in its way is told in its turn."""
        faults: list[Fault] = []
        statement = compute_statement(account, self.drafting.figures.rules, faults)
        if faults or skipped_for(self.drafting, self.barred, account.partner, statement):
            return None
        with suppress(Faulty):
            return self._prepared(self.drafting.notice(account, statement))
        return None

    def shard(self, shard: int) -> "RenderedShard":
        """One shard's messages, and what they come to."""
        draft, messages = Draft(), []
        for account, statement in draft.entered(self.drafting, self.barred, shard):
            if draft.unwritten:
                continue
            try:
                notice = self.drafting.notice(account, statement)
            except Faulty as error:
                draft.unwritten += error.faults
                continue
            message = self._prepared(notice)
            messages.append(self.deflating.deflated(message))
            draft.recipients.append(Recipient(notice.partner_id, notice.to_address, notice.window))
            if len(message.parts) > CLIPPED_BYTES and len(notice.html.encode()) > CLIPPED_BYTES:
                draft.clipped.append(notice.partner_id)
        return RenderedShard(draft, messages)

    def _prepared(self, notice: Notice) -> PreparedMessage:
        return prepare_message(self.folder, self.header, notice, self.drafting.unsubscribing)


class RenderedShard(NamedTuple):
    """Of one shard the messages as they stand in the batch, and what they come to."""

    draft: Draft
    messages: list[DeflatedMessage]


def rendered(
    rendering: Rendering, made: Draft, engine: Engine, progress: Progress
) -> Iterator[DeflatedMessage]:
    """All messages by shard and partner id; what they come to is merged into `made` on the way.

    Corrections are rendered here: only this process knows what was told.
    """
    drafting = rendering.drafting
    shards = drafting.figures.snapshot.shards
    with engine(len(shards) if drafting.told is None else 1) as team, ExitStack() as stack:
        if team.executor is None:
            results: Iterator[RenderedShard] = map(rendering.shard, shards)
        else:
            given = stack.enter_context(_given(rendering))
            job = RenderJob(job_of(drafting.figures), drafting.campaign.slug, rendering.folder, given)
            results = team.results(render_shard, [(job, shard) for shard in shards])
        for draft, messages in results:
            progress(len(messages) + len(draft.reasons))
            made.merge(draft)
            yield from messages


@contextmanager
def _given(rendering: Rendering) -> Iterator[Path]:
    """A file with what workers cannot work out by themselves, for as long as they need it."""
    barred = rendering.barred
    dictionaries = {name: text.decode("latin-1") for name, text in rendering.deflating.dictionaries.items()}
    values = [rendering.header.model_dump_json(), [*barred.handed], barred.suppressed.reasons, dictionaries]
    handle, name = tempfile.mkstemp(prefix=".rendering-", dir=rendering.folder)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(values, file)
        yield Path(name)
    finally:
        Path(name).unlink()


@dataclass(frozen=True, slots=True)
class RenderJob:
    """The messages of one plan, for a worker process, and the file with what it is given."""

    job: Job
    campaign: str
    folder: Path
    given: Path


def render_shard(task: tuple[RenderJob, int]) -> RenderedShard:
    """One shard's messages, in a worker process."""
    job, shard = task
    return _rendering_at(job).shard(shard)


@lru_cache(maxsize=1)
def _rendering_at(job: RenderJob) -> Rendering:
    drafting = Drafting(figures_at(job.job), job.campaign)
    header, handed, reasons, given = json.loads(job.given.read_text(encoding="utf-8"))
    drafting.header = BatchHeader.model_validate_json(header)
    barred = Barred(frozenset(handed), Suppressed(reasons))
    dictionaries = {name: text.encode("latin-1") for name, text in given.items()}
    return Rendering(drafting, drafting.header, barred, job.folder, Deflater(dictionaries))


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

"""The messages of a plan, rendered by the workers that are given."""

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
    BatchHeader,
    DeflatedMessage,
    Deflater,
    PreparedMessage,
    Recipient,
    Suppressed,
    dictionary_of,
    prepare_message,
)
from offerpress.build.shards import Job, figures_at, job_of
from offerpress.build.workers import OpenWorkers
from offerpress.plans.draft import Barred, Draft, Drafting, skipped_for
from offerpress.terminal import Progress
from rewards import Account, Fault, Faulty, Notice, compute_statement

CLIPPED_BYTES: Final = 102_000
"""Gmail cuts a message's HTML after 102 kB."""

_LOOKED_AT: Final = 1_000  # accounts, for messages that serve as dictionaries


@dataclass(frozen=True, slots=True)
class Rendering:
    """Renders a plan's messages; in the header only their totals and skipped partners are still missing."""

    drafting: Drafting
    header: BatchHeader
    barred: Barred
    folder: Path
    deflating: Deflater

    @classmethod
    def of(cls, drafting: Drafting, header: BatchHeader, barred: Barred, folder: Path) -> "Rendering":
        """Prepare the rendering; the first message of each language becomes a dictionary for all processes."""
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
        """Return the message to a partner; None if there is none or it is faulty, which `shard` reports."""
        faults: list[Fault] = []
        statement = compute_statement(account, self.drafting.figures.rules, faults)
        if faults or skipped_for(self.drafting, self.barred, account.partner, statement):
            return None
        with suppress(Faulty):
            return self._prepared(self.drafting.notice(account, statement))
        return None

    def shard(self, shard: int) -> "RenderedShard":
        """Render one shard's messages, and draft their totals."""
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
    """The messages of one shard in the form of the batch, and their draft."""

    draft: Draft
    messages: list[DeflatedMessage]


def rendered(
    rendering: Rendering, made: Draft, open_workers: OpenWorkers, progress: Progress
) -> Iterator[DeflatedMessage]:
    """Return all messages by shard and partner id, and merge their drafts into `made` on the way.

    This process renders corrections itself, because only it knows what was told.
    """
    drafting = rendering.drafting
    shards = drafting.figures.snapshot.shards
    with open_workers(len(shards) if drafting.told is None else 1) as workers, ExitStack() as stack:
        if workers.executor is None:
            results: Iterator[RenderedShard] = map(rendering.shard, shards)
        else:
            given = stack.enter_context(_given(rendering))
            job = RenderJob(job_of(drafting.figures), drafting.campaign.slug, rendering.folder, given)
            results = workers.results(render_shard, [(job, shard) for shard in shards])
        for draft, messages in results:
            progress(len(messages) + len(draft.reasons))
            made.merge(draft)
            yield from messages


@contextmanager
def _given(rendering: Rendering) -> Iterator[Path]:
    """Write the values that workers cannot work out by themselves into a temporary file."""
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
    """The messages of one plan for a worker process; `given` is the file of `_given`."""

    job: Job
    campaign: str
    folder: Path
    given: Path


def render_shard(task: tuple[RenderJob, int]) -> RenderedShard:
    """Render one shard's messages in a worker process."""
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

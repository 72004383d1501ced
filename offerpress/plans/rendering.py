"""The messages of a plan, rendered by the workers that are given."""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path
from typing import Final, NamedTuple

from ledger import ACCOUNTS_A_GROUP
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
from rewards import Account, Fault, Faulty, Notice, Statement, compute_statement

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
            return self._prepared(*self.drafting.notices([(account, statement)]))
        return None

    def shard(self, shard: int) -> "RenderedShard":
        """Render one shard's messages, and draft their totals."""
        draft, messages = Draft(), list[DeflatedMessage]()
        accounts = draft.entered(self.drafting, self.barred, shard)
        while group := list(islice(accounts, ACCOUNTS_A_GROUP)):
            notices = self._notices(group, draft)
            prepared = list(map(self._prepared, notices))
            messages += map(self.deflating.deflated, prepared)
            for notice, message in zip(notices, prepared, strict=True):
                draft.recipients.append(Recipient(notice.partner_id, notice.to_address, notice.window))
                if len(message.parts) > CLIPPED_BYTES and len(notice.html.encode()) > CLIPPED_BYTES:
                    draft.clipped.append(notice.partner_id)
        return RenderedShard(draft, messages)

    def _notices(self, group: list[tuple[Account, Statement]], draft: Draft) -> list[Notice]:
        """Render the notices of a group, up to the first message that cannot be rendered."""
        if draft.unwritten:
            return []
        try:
            return self.drafting.notices(group)
        except Faulty as error:
            if len(group) == 1:
                draft.unwritten += error.faults
                return []
        return [notice for one in group for notice in self._notices([one], draft)]

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
    tasks = len(shards) if drafting.told is None else 1
    with open_workers(tasks, drafting.figures.snapshot.close) as workers, _given(rendering) as given:
        job = RenderJob(job_of(drafting.figures), drafting.campaign.slug, rendering.folder, given)
        for draft, messages in workers.results(job, rendering, Rendering.shard, shards):
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

    def prepare(self) -> Rendering:
        """Open the figures, and compile the campaign."""
        drafting = Drafting(figures_at(self.job), self.campaign)
        header, handed, reasons, given = json.loads(self.given.read_text(encoding="utf-8"))
        drafting.header = BatchHeader.model_validate_json(header)
        barred = Barred(frozenset(handed), Suppressed(reasons))
        dictionaries = {name: text.encode("latin-1") for name, text in given.items()}
        return Rendering(drafting, drafting.header, barred, self.folder, Deflater(dictionaries))

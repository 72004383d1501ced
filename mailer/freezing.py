"""Writing a batch.

Streamed beside its place, flushed to the disk, then renamed into it, for ever read-only.
"""

import hashlib
import os
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from mailer.batch import ENTRY, MAGIC, TRAILER, Batch, Entry, Footer, batch_file
from mailer.deflating import Deflated, Deflating, Prepared
from mailer.errors import BatchError
from mailer.header import BatchHeader, batch_digest, canonical, canonical_notice, with_own_headers
from mailer.mime import header_lines
from mailer.unsubscribing import Unsubscribing
from rewards import Notice

_ADDED: Final = struct.Struct(">QLL32s")  # of a message its place, length, dictionary and digest


def freeze(
    folder: Path,
    header: BatchHeader,
    notices: Iterable[Notice],
    *,
    unsubscribe: Unsubscribing | None = None,
    complete: Callable[[BatchHeader], BatchHeader] = lambda header: header,
) -> Batch:
    """Write the batch of `header.plan` into `folder` and open it.

    Notices may come in any order and are not kept in memory. `complete` is called once they are
    exhausted, to fill in what is known only then (totals, who was skipped); it must not change
    `plan`, `snapshot`, `campaign`, `edition` or `category`. BatchError names a partner whose
    message cannot be sent, a partner that comes twice, a plan that exists.
    """
    deflating = Deflating()
    ready = (deflating.deflated(prepared(folder, header, notice, unsubscribe)) for notice in notices)
    return freeze_deflated(folder, header, ready, deflating, complete)


def freeze_deflated(
    folder: Path,
    header: BatchHeader,
    messages: Iterable[Deflated],
    deflating: Deflating,
    complete: Callable[[BatchHeader], BatchHeader],
) -> Batch:
    """As `freeze`, of messages that were `prepared` for the same header and deflated by `deflating` or its like."""
    file = batch_file(folder, header.plan)
    if file.exists():
        raise BatchError(file, "exists already; a batch is never overwritten")
    with writing_beside(file) as writing:
        writing.put(MAGIC)
        for message in messages:
            writing.add(message)
        placed = writing.put_dictionaries(deflating.dictionaries.values())
        entries = [ENTRY.pack(*writing.entry(partner_id)) for partner_id in sorted(writing.messages)]
        whole = complete(header).model_copy(update={"recipients": len(entries)})
        digests = (Entry(*ENTRY.unpack(entry)).digest for entry in entries)
        whole = whole.model_copy(update={"digest": batch_digest(whole, digests)})
        writing.finish(whole, placed, entries)
    return Batch.open(file)


def prepared(
    folder: Path, header: BatchHeader, notice: Notice, unsubscribe: Unsubscribing | None
) -> Prepared:
    """A notice as it is frozen by the plan of that header; BatchError where it cannot be sent."""
    if notice.category != header.category:
        what = f"is a {notice.category}, the plan a {header.category}"
        raise BatchError(batch_file(folder, header.plan), f"partner {notice.partner_id!r}: {what}")
    try:
        header_lines(notice)
    except ValueError as error:
        file = batch_file(folder, header.plan)
        raise BatchError(file, f"partner {notice.partner_id!r}: {error}") from error
    whole = with_own_headers(header, notice, unsubscribe)
    return Prepared(notice.partner_id, notice.language, canonical_notice(whole))


@contextmanager
def writing_beside(file: Path) -> Iterator["Writing"]:
    """A batch to be written, which takes its place once it is whole and on the disk, or never."""
    beside = file.with_suffix(".writing")
    try:
        with beside.open("xb") as stream:
            yield Writing(stream, file)
            stream.flush()
            os.fsync(stream.fileno())
        beside.chmod(0o400)
        beside.rename(file)
        _flush_folder(file.parent)
    finally:
        beside.unlink(missing_ok=True)


class Writing:
    """The file so far: every byte is counted and digested on its way; of a message a few bytes stay in memory."""

    def __init__(self, stream: BinaryIO, file: Path) -> None:
        self.stream = stream
        self.file = file
        self.at = 0
        self.checksum = hashlib.sha256()
        self.messages: dict[str, bytes] = {}

    def put(self, content: bytes) -> int:
        """Append `content` and give the offset where it begins."""
        at = self.at
        self.stream.write(content)
        self.checksum.update(content)
        self.at += len(content)
        return at

    def add(self, message: Deflated) -> None:
        """Append a message; BatchError if there is one to this partner."""
        partner_id, dictionary, content, digest = message
        if partner_id in self.messages:
            raise BatchError(self.file, f"partner {partner_id!r} comes twice")
        self.messages[partner_id] = _ADDED.pack(self.put(content), len(content), dictionary, digest)

    def entry(self, partner_id: str) -> Entry:
        """The entry of a message that was added; its partner's id is appended."""
        name = partner_id.encode()
        at, length, dictionary, digest = _ADDED.unpack(self.messages[partner_id])
        return Entry(at, length, dictionary, self.put(name), len(name), digest)

    def put_dictionaries(self, dictionaries: Iterable[bytes]) -> tuple[tuple[int, int], ...]:
        """Append the dictionaries; where each begins, and its length."""
        return tuple((self.put(content), len(content)) for content in dictionaries)

    def finish(
        self,
        header: BatchHeader,
        dictionaries: tuple[tuple[int, int], ...],
        entries: Sequence[bytes],
        forgotten: tuple[int, ...] = (),
    ) -> None:
        """Append index, footer and checksum; `entries` are packed."""
        footer = Footer(
            header=header,
            dictionaries=dictionaries,
            entries_at=self.put(b"".join(entries)),
            count=len(entries),
            forgotten=forgotten,
        )
        footer_at = self.put(canonical(footer.model_dump(mode="json")))
        self.put(TRAILER.pack(footer_at, b"")[:8])
        self.put(self.checksum.digest())


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

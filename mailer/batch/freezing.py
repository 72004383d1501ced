"""Writing a batch.

Streamed beside its place, flushed to the disk, then renamed into it, for ever read-only.
"""

import hashlib
import os
import struct
from collections.abc import (
    Callable,
    Collection,
    Iterable,
    Iterator,
    Sequence,
)
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from mailer.batch.batch import (
    ENTRY,
    MAGIC,
    TRAILER,
    Batch,
    Entry,
    Footer,
    batch_file,
)
from mailer.batch.deflating import Deflated, Deflating, Prepared
from mailer.batch.header import (
    BatchHeader,
    batch_digest,
    canonical,
    canonical_notice,
    with_own_headers,
)
from mailer.batch.mime import header_lines
from mailer.batch.unsubscribing import Unsubscribing
from mailer.errors import BatchError
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


# Erasing messages from a batch: what is left proves itself as before, and of the erased ones the digests are kept.

_NOTHING: Final = Entry(0, 0, 0, 0, 0, b"")


def erase_messages(file: Path, partner_ids: Collection[str]) -> int:
    """Rewrite the batch in `file` without its messages to these partners; how many there were.

    Every message is taken over byte by byte, under a dictionary that holds nothing of the erased ones. BatchTampered,
    with nothing changed, if one is not what was frozen.
    """
    with Batch.open(file) as batch:
        found = {*batch.partner_ids()} & {*partner_ids}
        if not found:
            return 0
        digest = batch.verify()
        with writing_beside(file) as writing:
            writing.put(MAGIC)
            deflating = Deflating()
            order = list(_kept(batch, found))
            for partner_id, _, parts in order:
                if partner_id:
                    language = Notice.model_validate_json(parts).language
                    writing.add(deflating.deflated(Prepared(partner_id, language, parts)))
            dictionaries = writing.put_dictionaries(deflating.dictionaries.values())
            entries = [
                ENTRY.pack(
                    *(writing.entry(partner_id) if partner_id else _NOTHING._replace(digest=message_digest))
                )
                for partner_id, message_digest, _ in order
            ]
            forgotten = tuple(number for number, (partner_id, _, _) in enumerate(order) if not partner_id)
            writing.finish(batch.header, dictionaries, entries, forgotten)
    with Batch.open(file) as left:
        if left.verify() != digest:
            raise BatchError(file, "does not have its digest any more; restore it from a backup")
    return len(found)


def _kept(batch: Batch, gone: Collection[str]) -> Iterator[tuple[str, bytes, bytes]]:
    """As `Batch.stored`, with a message to one of `gone` as an erased one: no partner, its digest, no parts."""
    for partner_id, parts, digest in batch.stored():
        yield ("", digest, b"") if partner_id in gone else (partner_id, digest, parts)

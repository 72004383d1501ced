"""Writing a batch: it is streamed into a file beside its place, flushed to the disk, and renamed, read-only."""

import hashlib
import os
import struct
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from mailer.batch.batch import BATCH_MAGIC, INDEX_ENTRY, TRAILER, Batch, Footer, IndexEntry, batch_file
from mailer.batch.batch_header import BatchHeader, batch_digest, canonical, canonical_notice, with_own_headers
from mailer.batch.compression import DeflatedMessage, Deflater, PreparedMessage
from mailer.batch.mime import header_lines
from mailer.batch.unsubscribe import UnsubscribeMethods
from mailer.errors import BatchError
from rewards import Notice

_ADDED: Final = struct.Struct(">QLL32s")  # of a message its place, length, dictionary and digest


def freeze_batch(
    folder: Path,
    header: BatchHeader,
    notices: Iterable[Notice],
    *,
    unsubscribe: UnsubscribeMethods | None = None,
    complete: Callable[[BatchHeader], BatchHeader] = lambda header: header,
) -> Batch:
    """Write the batch of `header.plan` into `folder` and open it.

    Notices may come in any order and are not kept in memory. `complete` is called after the last one and fills in the
    totals and the skipped partners; it must not change `plan`, `snapshot`, `campaign`, `edition` or `category`.
    BatchError names a partner whose message cannot be sent, a partner that comes twice, or a plan that exists.
    """
    deflating = Deflater()
    ready = (deflating.deflated(prepare_message(folder, header, notice, unsubscribe)) for notice in notices)
    return freeze_deflated(folder, header, ready, deflating, complete)


def freeze_deflated(
    folder: Path,
    header: BatchHeader,
    messages: Iterable[DeflatedMessage],
    deflating: Deflater,
    complete: Callable[[BatchHeader], BatchHeader],
) -> Batch:
    """Write a batch like `freeze_batch`, from messages that are prepared and deflated for the same header."""
    file = batch_file(folder, header.plan)
    if file.exists():
        raise BatchError(file, "exists already; a batch is never overwritten")
    with batch_writer(file) as writing:
        writing.put(BATCH_MAGIC)
        for message in messages:
            writing.add(message)
        placed = writing.put_dictionaries(deflating.dictionaries.values())
        entries = [INDEX_ENTRY.pack(*writing.entry(partner_id)) for partner_id in sorted(writing.messages)]
        whole = complete(header).model_copy(update={"recipients": len(entries)})
        digests = (IndexEntry(*INDEX_ENTRY.unpack(entry)).digest for entry in entries)
        whole = whole.model_copy(update={"digest": batch_digest(whole, digests)})
        writing.finish(whole, placed, entries)
    return Batch.open(file)


def prepare_message(
    folder: Path, header: BatchHeader, notice: Notice, unsubscribe: UnsubscribeMethods | None
) -> PreparedMessage:
    """Return a notice in the form that the plan freezes; BatchError if it cannot be sent."""
    if notice.category != header.category:
        what = f"is a {notice.category}, the plan a {header.category}"
        raise BatchError(batch_file(folder, header.plan), f"partner {notice.partner_id!r}: {what}")
    try:
        header_lines(notice)
    except ValueError as error:
        file = batch_file(folder, header.plan)
        raise BatchError(file, f"partner {notice.partner_id!r}: {error}") from error
    whole = with_own_headers(header, notice, unsubscribe)
    return PreparedMessage(notice.partner_id, notice.language, canonical_notice(whole))


@contextmanager
def batch_writer(file: Path) -> Iterator["BatchWriter"]:
    """Provide a writer; the file takes its place once it is whole and on the disk, or never."""
    beside = file.with_suffix(".writing")
    try:
        with beside.open("xb") as stream:
            yield BatchWriter(stream, file)
            stream.flush()
            os.fsync(stream.fileno())
        beside.chmod(0o400)
        beside.rename(file)
        _flush_folder(file.parent)
    finally:
        beside.unlink(missing_ok=True)


class BatchWriter:
    """The file so far. Every byte is counted and digested; a few bytes of each message stay in memory."""

    def __init__(self, stream: BinaryIO, file: Path) -> None:
        self.stream = stream
        self.file = file
        self.at = 0
        self.checksum = hashlib.sha256()
        self.messages: dict[str, bytes] = {}

    def put(self, content: bytes) -> int:
        """Append `content` and return the offset where it begins."""
        at = self.at
        self.stream.write(content)
        self.checksum.update(content)
        self.at += len(content)
        return at

    def add(self, message: DeflatedMessage) -> None:
        """Append a message; BatchError if there is one to this partner already."""
        partner_id, dictionary, content, digest = message
        if partner_id in self.messages:
            raise BatchError(self.file, f"partner {partner_id!r} comes twice")
        self.messages[partner_id] = _ADDED.pack(self.put(content), len(content), dictionary, digest)

    def entry(self, partner_id: str) -> IndexEntry:
        """Append the partner's id and return the index entry of its message."""
        name = partner_id.encode()
        at, length, dictionary, digest = _ADDED.unpack(self.messages[partner_id])
        return IndexEntry(at, length, dictionary, self.put(name), len(name), digest)

    def put_dictionaries(self, dictionaries: Iterable[bytes]) -> tuple[tuple[int, int], ...]:
        """Append the dictionaries; return the offset and length of each."""
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


_NOTHING: Final = IndexEntry(0, 0, 0, 0, 0, b"")


def erase_messages(file: Path, partner_ids: Collection[str]) -> int:
    """Rewrite the batch in `file` without its messages to these partners; return how many there were.

    The other messages keep their bytes, with dictionaries that hold nothing of the erased ones. The digests of the
    erased messages stay. BatchTampered, with nothing changed, if a message is not what was frozen.
    """
    with Batch.open(file) as batch:
        found = {*batch.partner_ids()} & {*partner_ids}
        if not found:
            return 0
        digest = batch.verify()
        with batch_writer(file) as writing:
            writing.put(BATCH_MAGIC)
            deflating = Deflater()
            order = list(_kept(batch, found))
            for partner_id, _, parts in order:
                if partner_id:
                    language = Notice.model_validate_json(parts).language
                    writing.add(deflating.deflated(PreparedMessage(partner_id, language, parts)))
            dictionaries = writing.put_dictionaries(deflating.dictionaries.values())
            entries = [
                INDEX_ENTRY.pack(
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
    """Yield partner, digest and parts of each message; one to a partner in `gone` has no partner and no parts."""
    for partner_id, parts, digest in batch.stored():
        yield ("", digest, b"") if partner_id in gone else (partner_id, digest, parts)

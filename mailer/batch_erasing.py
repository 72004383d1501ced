"""Erasing messages from a batch: what is left proves itself as before, and of the erased ones the digests are kept.

So the batch keeps the digest that was approved: it is over all messages' digests, the erased ones' among them.
"""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

from mailer.batch import ENTRY, MAGIC, Batch, Entry
from mailer.deflating import Deflating, Prepared
from mailer.errors import BatchError
from mailer.freezing import writing_beside
from rewards import Notice

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

"""A frozen plan: one file that is written once and whose digests cover every byte.

Layout: a first line, the messages (canonical JSON, each deflated with its language's dictionary), the dictionaries, the
partner ids, an index of fixed-width entries in order of partner id, a footer in JSON with the header, the footer's
offset, and a SHA-256 over all of this. A binary search in the index finds one partner.
"""

import hashlib
import json
import mmap
import struct
import zlib
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from mailer.batch.batch_header import (
    BatchHeader,
    batch_digest,
    canonical,
    message_digest,
    message_id,
    message_key,
)
from mailer.batch.compression import WINDOW
from mailer.errors import BatchError, BatchTampered
from rewards import Notice

_LAST: Final = b',"to_address":'
_COPIES: Final = b'"cc":['
_NO_COPIES: Final = b'"cc":[],'
_DECODER: Final = json.JSONDecoder()
_FIGURES: Final = (b',"figures":', b',"from_address":')
_CHECKED_AT_ONCE: Final = 2_500  # messages
Checks = Callable[[Sequence[range]], Iterable[bool]]
"""Returns or raises what `Batch.check` does for each range, such as from several processes."""


class Recipient(NamedTuple):
    """The recipient of a message, and the send window (empty for any time)."""

    partner_id: str
    to_address: str
    window: str


def recipient_of(partner_id: str, parts: bytes) -> Recipient:
    """Read the recipient from a message's canonical form, without parsing the rest."""
    facts = json.loads(b"{" + parts[parts.rindex(_LAST) + 1 :])
    return Recipient(partner_id, facts["to_address"], facts.get("window", ""))


def copies_of(parts: bytes) -> tuple[str, ...]:
    """Read the addresses that get a copy from a message's canonical form."""
    start = parts.index(_COPIES) + len(_COPIES) - 1
    copies, _ = _DECODER.raw_decode(parts[start : parts.index(_FIGURES[0], start)].decode())
    return tuple(copies)


def figures_of(parts: bytes) -> str:
    """Read the figures of a message from its canonical form: the JSON text of a statement."""
    start = parts.index(_FIGURES[0]) + len(_FIGURES[0])
    return str(json.loads(parts[start : parts.index(_FIGURES[1], start)]))


BATCH_MAGIC: Final = b"offerpress batch 1\n"
INDEX_ENTRY: Final = struct.Struct(">QLLQL32s")
TRAILER: Final = struct.Struct(">Q32s")


class IndexEntry(NamedTuple):
    """The places of a message and its partner's id in the file, the number of its dictionary, and its digest."""

    at: int
    length: int
    dictionary: int
    id_at: int
    id_length: int
    digest: bytes


class Footer(BaseModel):
    """The header, and the places of everything else; `dictionaries` are pairs of offset and length.

    `forgotten` holds the numbers of erased messages, of which only the digests are left.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", defer_build=True)

    header: BatchHeader
    dictionaries: tuple[tuple[int, int], ...]
    entries_at: int
    count: int
    forgotten: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class FrozenMessage:
    """A frozen message with its own id and its `Message-ID`."""

    notice: Notice
    key: str
    message_id: str


def batch_file(folder: Path, plan: str) -> Path:
    """Return the file of the batch of `plan` in `folder`."""
    return folder / f"{plan}.batch"


class Batch:
    """An open batch; close it, or use it in a `with`."""

    def __init__(self, file: Path, content: mmap.mmap, footer: Footer) -> None:
        self.file = file
        self.header = footer.header
        self._content = content
        self._footer = footer
        self._dictionaries = [content[at : at + length] for at, length in footer.dictionaries]
        self._read_last = -1
        self._may_have_copies = True  # until `verify` has read every message
        everyone = range(footer.count)
        self._held = sorted({*everyone} - {*footer.forgotten}) if footer.forgotten else everyone

    @classmethod
    def open(cls, file: Path) -> Self:
        """Open the batch in `file`; BatchError if there is none, BatchTampered if it is damaged."""
        try:
            with file.open("rb") as stream:
                content = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        except FileNotFoundError as error:
            raise BatchError(file, "there is no such file; plan the campaign, or restore the file") from error
        except (OSError, ValueError) as error:
            raise BatchTampered(file, f"cannot be read ({error})") from error
        try:
            return cls(file, content, _footer(file, content))
        except BaseException:
            content.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._content.close()

    @property
    def digest(self) -> str:
        """The digest over header and messages as the file states it; `verify` recomputes it."""
        return self.header.digest

    def __len__(self) -> int:
        return len(self._held)

    @property
    def forgotten(self) -> int:
        """The number of erased messages; their digests and the batch's are kept."""
        return len(self._footer.forgotten)

    def partner_ids(self) -> Iterator[str]:
        """Return the partner ids of all recipients, sorted by code point."""
        return map(self._partner_id, self._held)

    def messages(self) -> Iterator[Notice]:
        """Return all messages in order of partner id, each checked against its digest (BatchTampered)."""
        return map(self._read, self._held)

    def recipients(self) -> Iterator[Recipient]:
        """Return the recipients in the same order, checked likewise, without parsing bodies."""
        return (recipient_of(self._partner_id(n), self._parts(n)) for n in self._held)

    def digests(self) -> Iterator[bytes]:
        """Return the digests of all messages as the index states them; each message names its partner."""
        return (self._entry(n).digest for n in self._held)

    def figures(self, *, but_for: Collection[bytes] = ()) -> Iterator[tuple[str, str]]:
        """Return partner and figures of all messages but those with these digests, checked like `recipients`."""
        read = (n for n in self._held if self._entry(n).digest not in but_for)
        return ((self._partner_id(n), figures_of(self._parts(n))) for n in read)

    def message(self, partner_id: str) -> Notice:
        """Return the message to one partner, checked against its digest; KeyError if the plan has none for it."""
        return self._read(self._position(partner_id))

    def frozen(self, partner_id: str) -> FrozenMessage:
        """Return the message to one partner with the ids under which it is sent."""
        notice, key = self.message(partner_id), self.key(partner_id)
        return FrozenMessage(notice, key, message_id(key, notice))

    def place(self, partner_id: str) -> int:
        """Return the number of a recipient in sorted order (from 0); KeyError if the plan has no message for it."""
        return bisect_left(self._held, self._position(partner_id))

    def copies(self, partner_id: str) -> tuple[str, ...]:
        """Return the addresses that get a copy of the message to one partner."""
        if not self._may_have_copies:
            return ()
        return copies_of(self._parts(self._position(partner_id)))

    def key(self, partner_id: str) -> str:
        """Return the own id of the notice to a partner."""
        return message_key(self.header, partner_id)

    def digest_of(self, partner_id: str) -> str:
        """Return the digest (hex) of the message to one partner; KeyError if the plan has none for it."""
        return self._entry(self._position(partner_id)).digest.hex()

    def verify(self, digest: str | None = None, checks: Checks | None = None) -> str:
        """Recompute every digest and return the batch's; BatchTampered if one differs, or it is not `digest`."""
        count = self._footer.count
        ranges = [range(at, min(at + _CHECKED_AT_ONCE, count)) for at in range(0, count, _CHECKED_AT_ONCE)]
        checked = checks(ranges) if checks else map(self.check, ranges)
        found = batch_digest(self.header, (entry.digest for entry in self._entries(range(count))))
        with memoryview(self._content) as whole, whole[: -TRAILER.size + 8] as covered:
            checksum = hashlib.sha256(covered).digest()
        self._may_have_copies = any(list(checked))  # every range, also after the first with a copy
        expected = self.digest if digest is None else digest
        if found != self.digest or found != expected:
            raise BatchTampered(self.file, f"its digest is {found}, not {expected}")
        if checksum != self._content[-32:]:
            raise BatchTampered(self.file, "a byte outside the messages changed")
        return found

    def check(self, places: range) -> bool:
        """Check the messages at those places like `messages`, unparsed; return whether one has a copy."""
        gone = {*self._footer.forgotten}
        held = (entry for n, entry in zip(places, self._entries(places), strict=True) if n not in gone)
        copied = False
        for entry in held:
            copied = _NO_COPIES not in self._checked(entry) or copied
        return copied

    def _position(self, partner_id: str) -> int:
        after = self._read_last + 1  # a sender asks for one after the other
        if after < self._footer.count and self._partner_id(after) == partner_id:
            return after
        place = bisect_left(self._held, partner_id, key=self._partner_id)
        if place == len(self._held) or self._partner_id(self._held[place]) != partner_id:
            raise KeyError(partner_id)
        return self._held[place]

    def _entry(self, n: int) -> IndexEntry:
        return IndexEntry(
            *INDEX_ENTRY.unpack_from(self._content, self._footer.entries_at + n * INDEX_ENTRY.size)
        )

    def _entries(self, places: range) -> Iterator[IndexEntry]:
        at = self._footer.entries_at + places.start * INDEX_ENTRY.size
        packed = self._content[at : at + len(places) * INDEX_ENTRY.size]
        return map(IndexEntry._make, INDEX_ENTRY.iter_unpack(packed))

    def _partner_id(self, n: int) -> str:
        return self._id_of(self._entry(n))

    def _id_of(self, entry: IndexEntry) -> str:
        return self._content[entry.id_at : entry.id_at + entry.id_length].decode("utf-8", "replace")

    def stored(self) -> Iterator[tuple[str, bytes, bytes]]:
        """Yield partner, parts and digest of each message in order; an erased one has no partner and no parts."""
        for n in range(self._footer.count):
            digest = self._entry(n).digest
            if n in self._footer.forgotten:
                yield "", b"", digest
            else:
                yield self._partner_id(n), self._parts(n), digest

    def _read(self, n: int) -> Notice:
        notice = Notice.model_validate_json(self._parts(n))
        self._read_last = n
        return notice

    def _parts(self, n: int) -> bytes:
        return self._checked(self._entry(n))

    def _checked(self, entry: IndexEntry) -> bytes:
        """Return the canonical form of a message, checked against its digest and its partner's id."""
        partner_id = self._id_of(entry)
        try:
            inflate = zlib.decompressobj(WINDOW, zdict=self._dictionaries[entry.dictionary])
            parts = inflate.decompress(self._content[entry.at : entry.at + entry.length])
        except (zlib.error, IndexError) as error:
            raise BatchTampered(self.file, f"cannot be inflated ({error})", partner_id) from error
        if message_digest(parts) != entry.digest:
            raise BatchTampered(self.file, "is not what was frozen", partner_id)
        # no text in it can hold these quotes unescaped; the id stands behind the HTML, so the end is nearer
        if parts.rfind(b'"partner_id":%b,' % canonical(partner_id)) < 0:
            raise BatchTampered(self.file, f"is not one to partner {partner_id!r}", partner_id)
        return parts


def _footer(file: Path, content: mmap.mmap) -> Footer:
    if len(content) < len(BATCH_MAGIC) + TRAILER.size or content[: len(BATCH_MAGIC)] != BATCH_MAGIC:
        raise BatchTampered(file, "is no batch")
    end = len(content) - TRAILER.size
    footer_at, _ = TRAILER.unpack_from(content, end)
    try:
        footer = Footer.model_validate_json(content[footer_at:end])
    except (ValidationError, json.JSONDecodeError, UnicodeDecodeError) as error:
        raise BatchTampered(file, "its footer is damaged") from error
    if (
        footer.entries_at + footer.count * INDEX_ENTRY.size != footer_at
        or footer.header.recipients != footer.count
    ):
        raise BatchTampered(file, "its index is damaged")
    return footer

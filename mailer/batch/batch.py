"""A frozen plan: one file that is written once, read by many, and proves every byte of itself.

Layout: a first line, the messages (canonical JSON, each deflated with its language's dictionary),
the dictionaries, the partner ids, an index of fixed-width entries in order of partner id, a footer
in JSON with the header, the footer's offset, and a SHA-256 over all that. Finding one partner is a
binary search in the index.
"""

import hashlib
import json
import mmap
import os
import struct
import weakref
import zlib
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from mailer.batch.deflating import WINDOW
from mailer.batch.header import (
    BatchHeader,
    batch_digest,
    canonical,
    message_digest,
    message_id,
    message_key,
)
from mailer.errors import BatchError, BatchTampered
from rewards import Notice

# A few facts of a frozen message, read from its canonical form without the rest of it.

_LAST: Final = b',"to_address":'
_FIGURES: Final = (b',"figures":', b',"from_address":')


class Recipient(NamedTuple):
    """To whom a message goes, and in which send window (empty for any time)."""

    partner_id: str
    to_address: str
    window: str


def recipient_of(partner_id: str, parts: bytes) -> Recipient:
    """The recipient of the message with these canonical parts."""
    facts = json.loads(b"{" + parts[parts.rindex(_LAST) + 1 :])
    return Recipient(partner_id, facts["to_address"], facts.get("window", ""))


def figures_of(parts: bytes) -> str:
    """The figures that the message tells: the JSON text of a statement."""
    start = parts.index(_FIGURES[0]) + len(_FIGURES[0])
    return str(json.loads(parts[start : parts.index(_FIGURES[1], start)]))


MAGIC: Final = b"offerpress batch 1\n"
ENTRY: Final = struct.Struct(">QLLQL32s")
TRAILER: Final = struct.Struct(">Q32s")


class Entry(NamedTuple):
    """Where a message and its partner's id stand in the file, its dictionary, and its digest."""

    at: int
    length: int
    dictionary: int
    id_at: int
    id_length: int
    digest: bytes


class Footer(BaseModel):
    """What is needed to find everything else; `dictionaries` are (offset, length).

    `forgotten` are the places of messages that were erased: of each only its digest is left.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    header: BatchHeader
    dictionaries: tuple[tuple[int, int], ...]
    entries_at: int
    count: int
    forgotten: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class FrozenMessage:
    """A message as it was frozen, with its own id and its `Message-ID` header."""

    notice: Notice
    key: str
    message_id: str


def batch_file(folder: Path, plan: str) -> Path:
    """Where the batch of `plan` is kept in `folder`."""
    return folder / f"{plan}.batch"


class Batch:
    """An open batch; close it, or use it in a `with`."""

    def __init__(self, file: Path, handle: int, content: mmap.mmap, footer: Footer) -> None:
        self.file = file
        self._handle, self._let_go = handle, weakref.finalize(self, os.close, handle)
        self.header = footer.header
        self._content = content
        self._footer = footer
        self._dictionaries = [content[at : at + length] for at, length in footer.dictionaries]
        self._read_last = -1
        everyone = range(footer.count)
        self._held = sorted({*everyone} - {*footer.forgotten}) if footer.forgotten else everyone

    @classmethod
    def open(cls, file: Path) -> Self:
        """The batch in `file`.

        BatchError if there is none; BatchTampered if it cannot be one that was frozen.
        """
        try:
            with file.open("rb") as stream:
                content = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
                handle = os.dup(stream.fileno())
        except FileNotFoundError as error:
            raise BatchError(file, "there is no such file; plan the campaign, or restore the file") from error
        except (OSError, ValueError) as error:
            raise BatchTampered(file, f"cannot be read ({error})") from error
        try:
            return cls(file, handle, content, _footer(file, content))
        except BaseException:
            content.close()
            os.close(handle)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._content.close()
        self._let_go()

    def fileno(self) -> int:
        """The open file's number: whatever its name stands for by now, this is the batch that was opened."""
        return self._handle

    @property
    def digest(self) -> str:
        """The digest over header and messages that the file states; `verify` proves it."""
        return self.header.digest

    def __len__(self) -> int:
        return len(self._held)

    @property
    def forgotten(self) -> int:
        """How many of its messages were erased; their digests are kept, and so is the batch's."""
        return len(self._footer.forgotten)

    def partner_ids(self) -> Iterator[str]:
        """All recipients, sorted by code point."""
        return map(self._partner_id, self._held)

    def messages(self) -> Iterator[Notice]:
        """All messages in order of partner id, each checked against its digest (BatchTampered)."""
        return map(self._read, self._held)

    def recipients(self) -> Iterator[Recipient]:
        """To whom all messages go, in the same order, checked likewise; their bodies are not parsed."""
        return (recipient_of(self._partner_id(n), self._parts(n)) for n in self._held)

    def figures(self) -> Iterator[tuple[str, str]]:
        """Of all messages the partner and the figures that it tells, as `recipients`."""
        return ((self._partner_id(n), figures_of(self._parts(n))) for n in self._held)

    def message(self, partner_id: str) -> Notice:
        """The message to one partner, checked against its digest; a KeyError if the plan has none for it."""
        return self._read(self._position(partner_id))

    def frozen(self, partner_id: str) -> FrozenMessage:
        """Like `message`, with the ids under which it is sent."""
        return self._frozen(self._position(partner_id))

    def place(self, partner_id: str) -> int:
        """Where a recipient stands among all, sorted (from 0); a KeyError if the plan has no message for it."""
        return bisect_left(self._held, self._position(partner_id))

    def frozen_at(self, place: int) -> FrozenMessage:
        """Like `frozen`, by the place of the recipient."""
        return self._frozen(self._held[place])

    def key(self, partner_id: str) -> str:
        """The own id of the notice to a partner."""
        return message_key(self.header, partner_id)

    def digest_of(self, partner_id: str) -> str:
        """The digest (hex) of the message to one partner; a KeyError if the plan has none for it."""
        return self._entry(self._position(partner_id)).digest.hex()

    def verify(self, digest: str | None = None) -> str:
        """Recompute every digest from the bytes; BatchTampered says what changed.

        Gives the digest, which is `digest` if given.
        """
        for n in self._held:
            self._parts(n)
        found = batch_digest(self.header, (self._entry(n).digest for n in range(self._footer.count)))
        expected = self.digest if digest is None else digest
        if found != self.digest or found != expected:
            raise BatchTampered(self.file, f"its digest is {found}, not {expected}")
        if hashlib.sha256(self._content[: -TRAILER.size + 8]).digest() != self._content[-32:]:
            raise BatchTampered(self.file, "a byte outside the messages changed")
        return found

    def _position(self, partner_id: str) -> int:
        after = self._read_last + 1  # who sends a plan asks for one after the other
        if after < self._footer.count and self._partner_id(after) == partner_id:
            return after
        place = bisect_left(self._held, partner_id, key=self._partner_id)
        if place == len(self._held) or self._partner_id(self._held[place]) != partner_id:
            raise KeyError(partner_id)
        return self._held[place]

    def _entry(self, n: int) -> Entry:
        return Entry(*ENTRY.unpack_from(self._content, self._footer.entries_at + n * ENTRY.size))

    def _partner_id(self, n: int) -> str:
        entry = self._entry(n)
        return self._content[entry.id_at : entry.id_at + entry.id_length].decode("utf-8", "replace")

    def stored(self) -> Iterator[tuple[str, bytes, bytes]]:
        """Of each message in order its partner, its parts and its digest; no partner and no parts of an erased one."""
        for n in range(self._footer.count):
            digest = self._entry(n).digest
            if n in self._footer.forgotten:
                yield "", b"", digest
            else:
                yield self._partner_id(n), self._parts(n), digest

    def _frozen(self, n: int) -> FrozenMessage:
        notice = self._read(n)
        key = self.key(notice.partner_id)
        return FrozenMessage(notice, key, message_id(key, notice))

    def _read(self, n: int) -> Notice:
        notice = Notice.model_validate_json(self._parts(n))
        self._read_last = n
        return notice

    def _parts(self, n: int) -> bytes:
        """The canonical form of a message: what was digested, and to the partner under whose id it stands."""
        entry, partner_id = self._entry(n), self._partner_id(n)
        try:
            inflate = zlib.decompressobj(WINDOW, zdict=self._dictionaries[entry.dictionary])
            parts = inflate.decompress(self._content[entry.at : entry.at + entry.length])
        except (zlib.error, IndexError) as error:
            raise BatchTampered(self.file, f"cannot be inflated ({error})", partner_id) from error
        if message_digest(parts) != entry.digest:
            raise BatchTampered(self.file, "is not what was frozen", partner_id)
        # no text in it can hold these quotes unescaped
        if b'"partner_id":%b,' % canonical(partner_id) not in parts:
            raise BatchTampered(self.file, f"is not one to partner {partner_id!r}", partner_id)
        return parts


def _footer(file: Path, content: mmap.mmap) -> Footer:
    if len(content) < len(MAGIC) + TRAILER.size or content[: len(MAGIC)] != MAGIC:
        raise BatchTampered(file, "is no batch")
    end = len(content) - TRAILER.size
    footer_at, _ = TRAILER.unpack_from(content, end)
    try:
        footer = Footer.model_validate_json(content[footer_at:end])
    except (ValidationError, json.JSONDecodeError, UnicodeDecodeError) as error:
        raise BatchTampered(file, "its footer is damaged") from error
    if footer.entries_at + footer.count * ENTRY.size != footer_at or footer.header.recipients != footer.count:
        raise BatchTampered(file, "its index is damaged")
    return footer

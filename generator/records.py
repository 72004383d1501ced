"""A statement as the record that a link opens: its JSON and the values for people, compressed and padded."""

import zlib
from dataclasses import dataclass

from generator.ciphers import NONCE_SIZE, TAG_SIZE
from generator.errors import GeneratorError
from generator.record_dictionary import DICTIONARY
from rewards import canonical_json

LOCATOR_SIZE = 16
SIZE_CLASSES = (1024, 2048, 4096, 16_384, 131_072)
_LENGTH_SIZE = 4
_OVERHEAD = LOCATOR_SIZE + NONCE_SIZE + TAG_SIZE
_HEADROOM = 1.2
_RAW, _LEVEL, _MEMORY = -15, 6, 5
_DICTIONARY = DICTIONARY.encode()


class StatementTooLarge(GeneratorError):
    """A statement that fits into no size class; `partner_id` says whose."""

    def __init__(self, size: int, partner_id: str = "") -> None:
        self.size = size
        self.partner_id = partner_id
        whose = f"of partner {partner_id!r} " if partner_id else ""
        super().__init__(
            f"a statement {whose}takes {size} bytes compressed, and the largest size class holds "
            f"{SIZE_CLASSES[-1] - _OVERHEAD - _LENGTH_SIZE}; "
            "split its subscriptions over several partner ids"
        )


@dataclass(frozen=True, slots=True)
class Record:
    """A partner's statement as the reader's browser gets it.

    `shown` is the canonical JSON of the values that fill a shell; `figures` is the statement's canonical JSON without
    `as_of`: the day stands outside, so that a record changes only when its figures do. Each is one line.
    """

    shown: str
    figures: str

    def packed(self) -> bytes:
        """Figures, a line break and the values, in UTF-8, as a raw deflate stream (RFC 1951) after `DICTIONARY`."""
        compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, _RAW, _MEMORY, zdict=_DICTIONARY)
        return compressor.compress(f"{self.figures}\n{self.shown}".encode()) + compressor.flush()


def unpacked(stream: bytes) -> Record:
    """The record in a stream that `Record.packed` gave."""
    inflated = zlib.decompressobj(_RAW, _DICTIONARY).decompress(stream)
    figures, _, shown = inflated.decode().partition("\n")
    return Record(shown, figures)


def figures_without_day(statement: dict[str, object]) -> str:
    """The figures of a statement's JSON form for a record: all but `as_of`, keys sorted, no spaces."""
    figures = {key: value for key, value in statement.items() if key != "as_of"}
    return canonical_json(figures)


def size_class(packed_size: int) -> int:
    """The size in bytes of the slots that a packed record belongs into: the smallest with a fifth to spare.

    So a figure that grows by a digit seldom changes a record's class, which everybody can see. The largest
    class is filled up to its end; raises StatementTooLarge beyond.
    """
    for size in SIZE_CLASSES[:-1]:
        if packed_size * _HEADROOM <= _capacity(size):
            return size
    if packed_size <= _capacity(SIZE_CLASSES[-1]):
        return SIZE_CLASSES[-1]
    raise StatementTooLarge(packed_size)


def padded(packed: bytes, slot: int) -> bytes:
    """The length in four big-endian bytes, the stream, and zeros up to what a slot of this size can hold."""
    framed = len(packed).to_bytes(_LENGTH_SIZE, "big") + packed
    return framed.ljust(_capacity(slot) + _LENGTH_SIZE, b"\0")


def unpadded(framed: bytes) -> bytes:
    """The stream in what `padded` gave."""
    length = int.from_bytes(framed[:_LENGTH_SIZE], "big")
    return framed[_LENGTH_SIZE : _LENGTH_SIZE + length]


def _capacity(slot: int) -> int:
    return slot - _OVERHEAD - _LENGTH_SIZE

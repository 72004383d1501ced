"""A statement as the record that a link opens: its JSON and its formatted values, compressed and padded."""

import zlib
from dataclasses import dataclass

from generator.errors import GeneratorError
from generator.statements.links import NONCE_SIZE, TAG_SIZE
from rewards import canonical_json

# The preset dictionary of the compression: the keys that all records share.

_FIGURES = (
    '{"bonuses":[{"amount":"","attained_level":"","currency":"USD","level":"","offer":"","status":"final"}],'
    '"cashback":[{"already_credited":"0.00","amount":".00","credited_on":"20-12-31","currency":"EUR",'
    '"eligible_sales":".00","offer":"cashback-20","rate":"0.1","status":"accruing","to_credit":""}],'
    '"extensions":[{"expires_on":"202","extended_to":"202","offer":"","product":"PRO ","subscription_id":"S-0"},'
    '{"expires_on":"2023-0","extended_to":"2024-0"],"free_subscriptions":[{"allowed":10,"held":0,"offer":"",'
    '"product":"","register_by":"2023-12-31","remaining":0,"subscriptions":[]}],"level":"silver",'
    '"levels":[{"attained_level":"bronze","attained_sales":".00","currency":"EUR","next_level":"gold",'
    '"next_quota":"000.00","offer":"","remaining":"","secured_level":"","secured_until":"20-12-31"}],'
    '"partner_id":"P-"}\n'
)
_SHOWN = (
    '{"cashback":[{"already_credited":"","amount":"","best":"20","best_amount":"","credited":1,'
    '"credited_on":"December 31, 2023","due":"plus","eligible_sales":"","limited":1,'
    '"months":[{"amount":"0.00","height":,"month":"2023-01","y":},{"amount":"","month":"2023-02"},'
    + ",".join(f'{{"amount":"","month":"2023-{month:02}"}}' for month in range(3, 13))
    + '],"rate":"15","rounded":"","to_credit":""}],"contact":"","credit":"due","extended":"1","extended_form":1,'
    '"extensions":[{"expires_on":"","extended_to":"20"}],"free_subscriptions":[{"allowed":"","held":"0",'
    '"register_by":"","remaining":"","remaining_form":1,"share":0,"subscriptions":[]}],"language":"en",'
    '"levels":[{"attained_sales":"","next_quota":"","remaining":"","secured_until":"","share":}],"manager":"",'
    '"manager_link":"mailto:","manager_mail":"","name":"","reference":"","total":""}'
)
DICTIONARY = _FIGURES + _SHOWN
"""ASCII only, so that it has as many bytes as characters."""


LOCATOR_SIZE = 16
SIZE_CLASSES = (1024, 2048, 4096, 16_384, 131_072)
_LENGTH_SIZE = 4
_OVERHEAD = LOCATOR_SIZE + NONCE_SIZE + TAG_SIZE
_HEADROOM = 1.2
_RAW, _LEVEL, _MEMORY = -15, 6, 5
_DICTIONARY = DICTIONARY.encode()


class StatementTooLarge(GeneratorError):
    """A statement of `partner_id` that does not fit into any size class."""

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
    """A partner's statement as the reader's browser receives it.

    `shown` is the canonical JSON of the values that fill a shell. `figures` is the statement's canonical JSON without
    `as_of`, so that a record changes only when its figures do. Each is one line.
    """

    shown: str
    figures: str

    def packed(self) -> bytes:
        """Compress figures, a line break and values (UTF-8) as a raw deflate stream (RFC 1951) with `DICTIONARY`."""
        compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, _RAW, _MEMORY, zdict=_DICTIONARY)
        return compressor.compress(f"{self.figures}\n{self.shown}".encode()) + compressor.flush()


def unpacked(stream: bytes) -> Record:
    """Return the record in a stream from `Record.packed`."""
    inflated = zlib.decompressobj(_RAW, _DICTIONARY).decompress(stream)
    figures, _, shown = inflated.decode().partition("\n")
    return Record(shown, figures)


def figures_without_day(statement: dict[str, object]) -> str:
    """Return a statement's JSON for a record: without `as_of`, keys sorted, no spaces."""
    figures = {key: value for key, value in statement.items() if key != "as_of"}
    return canonical_json(figures)


def size_class(packed_size: int) -> int:
    """Return the slot size in bytes for a packed record: the smallest with a fifth to spare.

    A record's size class is public, and with this reserve it seldom changes when a figure gains a digit. The largest
    class has no reserve; raises StatementTooLarge beyond.
    """
    for size in SIZE_CLASSES[:-1]:
        if packed_size * _HEADROOM <= _capacity(size):
            return size
    if packed_size <= _capacity(SIZE_CLASSES[-1]):
        return SIZE_CLASSES[-1]
    raise StatementTooLarge(packed_size)


def padded(packed: bytes, slot: int) -> bytes:
    """Return the length in four big-endian bytes, the stream, and zeros up to the capacity of the slot."""
    framed = len(packed).to_bytes(_LENGTH_SIZE, "big") + packed
    return framed.ljust(_capacity(slot) + _LENGTH_SIZE, b"\0")


def unpadded(framed: bytes) -> bytes:
    """Return the stream in what `padded` returned."""
    length = int.from_bytes(framed[:_LENGTH_SIZE], "big")
    return framed[_LENGTH_SIZE : _LENGTH_SIZE + length]


def _capacity(slot: int) -> int:
    return slot - _OVERHEAD - _LENGTH_SIZE

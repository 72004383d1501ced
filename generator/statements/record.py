"""A statement as the record that a link opens: its JSON and the values for people, compressed and padded."""

import zlib
from dataclasses import dataclass

from generator.errors import GeneratorError
from generator.statements.links import NONCE_SIZE, TAG_SIZE
from rewards import canonical_json

# The text before every record that its compression may refer back to: the keys, which all records share.

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
"""Of ASCII letters only, so that it has as many bytes as characters."""


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

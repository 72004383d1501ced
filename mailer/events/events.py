"""The events that providers, relays and bounces report about a notice, and the delivery result that follows from them.

Events repeat, come in any order, and may come from several sources. The delivery result is the event of the highest
rank among them, so that neither repetition nor order changes it.
"""

import re
from collections.abc import (
    Collection,
    Iterable,
    Iterator,
    Sequence,
)
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from mailer.rules.suppression import SuppressionReason
from rewards import address_key

_ADDRESS: Final = re.compile(r"[^\s<>()\[\]\"',;:]+@[^\s<>()\[\]\"',;:]+")
_LONGEST: Final = 300


class EventKind(StrEnum):
    """The kind of an event."""

    PROCESSED = "processed"
    DEFERRED = "deferred"
    DROPPED = "dropped"
    DELIVERED = "delivered"
    BLOCKED = "blocked"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"


DELIVERY_RESULTS: Final = (
    EventKind.DEFERRED,
    EventKind.DROPPED,
    EventKind.DELIVERED,
    EventKind.BLOCKED,
    EventKind.BOUNCED,
    EventKind.COMPLAINED,
)
"""The delivery results of an accepted notice, by rising rank.

Dropped ranks below delivered, because a notice that its provider discarded may be handed over again. Bounced ranks
above delivered, because the recipient's server may take a message before it bounces. Blocked is a failure for another
reason than the address.
"""

SUPPRESSES: Final[dict[EventKind, SuppressionReason]] = {
    EventKind.BOUNCED: "bounced",
    EventKind.COMPLAINED: "complained",
    EventKind.UNSUBSCRIBED: "unsubscribed",
}
"""The events that suppress an address, with the reason."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event of the notice whose own id is `key`.

    `address` is the recipient that it is about, empty for the addressee. `code` is the enhanced status code (RFC
    3463) or the provider's class, empty without either; `detail` holds the words. `suppresses` is the reason for
    which the address is suppressed, None if it is not.
    """

    key: str
    kind: EventKind
    at: datetime
    address: str = ""
    code: str = ""
    detail: str = ""
    suppresses: SuppressionReason | None = None


def rank_of(kind: EventKind) -> int:
    """Return the rank of an event of that kind; 0 if the kind is no delivery result."""
    return DELIVERY_RESULTS.index(kind) + 1 if kind in DELIVERY_RESULTS else 0


def delivery_result(kinds: Iterable[EventKind]) -> EventKind | None:
    """Return the delivery result of a notice with these events, in any order and however often; None without any."""
    return result_of_rank(max(map(rank_of, kinds), default=0))


def result_of_rank(rank: int) -> EventKind | None:
    """Return the delivery result with that rank, None for rank 0."""
    return DELIVERY_RESULTS[rank - 1] if rank else None


def recipient_events(event: Event, addresses: Collection[str], recipients: Sequence[str]) -> Iterator[Event]:
    """Assign an event to the recipient of its notice that is among `addresses`.

    If another address failed, such as that of a forwarding, nobody is suppressed; with several recipients the event is
    dropped, because nothing tells whose forwarding it was.
    """
    named = {address_key(address) for address in addresses}
    found = [one for one in recipients if address_key(one) in named]
    if not named and recipients:
        found = [recipients[0]]
    if found:
        yield replace(event, address=found[0], suppresses=SUPPRESSES.get(event.kind))
    elif len(recipients) == 1:
        kind = EventKind.BLOCKED if event.kind is EventKind.BOUNCED else event.kind
        yield replace(event, address=recipients[0], kind=kind)


def without_addresses(text: str) -> str:
    """Return a server's words in one line of at most 300 characters, without mail addresses."""
    plain = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return _ADDRESS.sub("…", plain)[:_LONGEST]


_CODE: Final = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?!\.?\d)")
_LATER, _NEVER = "4", "5"
# Failures for another reason than the address: full mailbox, size, system, timeout, content, policy (RFC 3463).
_OTHER_REASONS: Final = re.compile(r"5\.(2\.[23]|3\.\d+|4\.[67]|6\.\d+|7\.\d+)")


def code_in(text: str) -> str:
    """Return the first enhanced status code (RFC 3463) in a text, a specific one before `5.0.0`, or ''."""
    found = [match[0] for match in _CODE.finditer(text)]
    return next((code for code in found if not code.endswith(".0.0")), found[0] if found else "")


def failure_of(code: str) -> EventKind:
    """Return bounced for a failure because of the address, blocked for any other reason.

    A temporary code means that the server gave up trying. A failure without a code counts as bounced.
    """
    if code.startswith(_LATER) or _OTHER_REASONS.fullmatch(code):
        return EventKind.BLOCKED
    return EventKind.BOUNCED

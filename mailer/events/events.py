"""The events that providers, relays and bounces report about a notice, and the delivery result that follows from them.

Events repeat, come in any order, and may come from several sources. The delivery result is the event of the highest
rank among them, so that neither repetition nor order changes it.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from mailer.rules.status_codes import FailureSubject, failure_subject
from mailer.rules.suppression import SuppressionReason
from rewards import address_key

_ADDRESS: Final = re.compile(r"(?<![^\s<>()\[\]\"',;:])[^\s<>()\[\]\"',;:]+@[^\s<>()\[\]\"',;:]+")
_LONGEST: Final = 300
_LONGEST_WORDS: Final = 2_000  # characters of a server's words that are looked at


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
    RESUBSCRIBED = "resubscribed"


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

_PERSONAL: Final = frozenset({EventKind.BOUNCED, EventKind.COMPLAINED})
"""Of one recipient, never of the message."""


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


def recipient_events(event: Event, addresses: Sequence[str], recipients: Sequence[str]) -> Iterator[Event]:
    """Assign an event to a recipient of its notice.

    `addresses` are the names that the report gives the recipient: the original one first, the final one last. Only the
    final one is suppressed. If another address failed, such as the target of an alias or a forwarding, nobody is
    suppressed. The event is dropped if nothing tells which of several recipients it is about.
    """
    by_key = {address_key(one): one for one in reversed(recipients)}
    named = [address_key(one) for one in addresses if one]
    alone = recipients[0] if len(recipients) == 1 else None
    if not named:
        unclear = event.kind in _PERSONAL and alone is None
        if recipients and not unclear:
            yield replace(event, address=recipients[0], suppresses=SUPPRESSES.get(event.kind))
    elif named[-1] in by_key:
        yield replace(event, address=by_key[named[-1]], suppresses=SUPPRESSES.get(event.kind))
    elif (meant := next((by_key[one] for one in named if one in by_key), alone)) is not None:
        kind = EventKind.BLOCKED if event.kind is EventKind.BOUNCED else event.kind
        yield replace(event, address=meant, kind=kind)


def without_addresses(text: str) -> str:
    """Return a server's words in one line of at most 300 characters, without mail addresses."""
    plain = " ".join("".join(c if c.isprintable() else " " for c in text[:_LONGEST_WORDS]).split())
    return _ADDRESS.sub("…", plain)[:_LONGEST]


def failure_of(code: str, words: str = "") -> EventKind:
    """Return bounced for a failure because of the address, blocked for any other reason."""
    subject = failure_subject(code, words)
    return EventKind.BOUNCED if subject is FailureSubject.ADDRESS else EventKind.BLOCKED

"""What providers, relays and bounces tell later of a notice, and what became of it by all that was told.

Events repeat, come in any order, and may be told by several sources. So what became of a notice is the event of the
highest rank among them, which no repetition and no order changes.
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

from mailer.addresses import address_key
from mailer.rules.suppression import SuppressionReason

_ADDRESS: Final = re.compile(r"[^\s<>()\[\]\"',;:]+@[^\s<>()\[\]\"',;:]+")
_LONGEST: Final = 300


class EventKind(StrEnum):
    """What an event tells."""

    PROCESSED = "processed"
    DEFERRED = "deferred"
    DROPPED = "dropped"
    DELIVERED = "delivered"
    BLOCKED = "blocked"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"


FATES: Final = (
    EventKind.DEFERRED,
    EventKind.DROPPED,
    EventKind.DELIVERED,
    EventKind.BLOCKED,
    EventKind.BOUNCED,
    EventKind.COMPLAINED,
)
"""What may have become of an accepted notice, by rising rank; of one of which nothing else is told, nothing yet.

Dropped stands below delivered: what its provider discarded may be handed over again. What bounces may have
been taken by the recipient's server before. Blocked is a bounce for another reason than the address.
"""

SUPPRESSES: Final[dict[EventKind, SuppressionReason]] = {
    EventKind.BOUNCED: "bounced",
    EventKind.COMPLAINED: "complained",
    EventKind.UNSUBSCRIBED: "unsubscribed",
}
"""After which events an address is written to no more, and for which reason."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event of the notice whose own id is `key`.

    `address` is the recipient that it is about, empty for whom the notice is addressed to. `code` is the enhanced
    status (RFC 3463) or the provider's class, empty if neither is told; `detail` the words. `suppresses` is the reason
    for which the address is written to no more, None for no such.
    """

    key: str
    kind: EventKind
    at: datetime
    address: str = ""
    code: str = ""
    detail: str = ""
    suppresses: SuppressionReason | None = None


def rank_of(kind: EventKind) -> int:
    """The rank of an event of that kind; 0 if it does not say what became of the notice."""
    return FATES.index(kind) + 1 if kind in FATES else 0


def fate(kinds: Iterable[EventKind]) -> EventKind | None:
    """What became of a notice of which these events were told, in any order and however often; None if nothing yet."""
    return fate_of_rank(max(map(rank_of, kinds), default=0))


def fate_of_rank(rank: int) -> EventKind | None:
    """What became of a notice whose highest rank of events is this."""
    return FATES[rank - 1] if rank else None


def placed(event: Event, addresses: Collection[str], recipients: Sequence[str]) -> Iterator[Event]:
    """The event about that one of a notice's recipients that is among `addresses`.

    None is suppressed for what happened to another address; with several recipients it cannot be said whose that was.
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
    """A server's words in one line, at most 300 characters, with every mail address taken out."""
    plain = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return _ADDRESS.sub("…", plain)[:_LONGEST]


# Enhanced status codes (RFC 3463): what they say of an address, and where they stand in a server's words.

_CODE: Final = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?!\.?\d)")
_LATER, _NEVER = "4", "5"
# About the message, the server or its policy: a full mailbox, a size, a system, a timeout, a content, a policy.
_OTHER_REASONS: Final = re.compile(r"5\.(2\.[23]|3\.\d+|4\.[67]|6\.\d+|7\.\d+)")


def code_in(text: str) -> str:
    """The first enhanced status code in a text, the more telling before a bare class (`5.0.0`); empty without one."""
    found = [match[0] for match in _CODE.finditer(text)]
    return next((code for code in found if not code.endswith(".0.0")), found[0] if found else "")


def failure_of(code: str) -> EventKind:
    """What a failure with that code is: a bounce, because of the address, or blocked, for any other reason.

    A temporary code means that the server gave up trying. Without a code it is taken for a bounce.
    """
    if code.startswith(_LATER) or _OTHER_REASONS.fullmatch(code):
        return EventKind.BLOCKED
    return EventKind.BOUNCED

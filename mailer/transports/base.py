"""The interface of a transport: what it is given, what it answers and what it must offer.

A transport never decides what happens next. It reports what is *proved*: `ACCEPTANCE` and `REJECTION` only if the
provider said so, `REFUSAL` only if the provider cannot have taken the message, and `LOST_ANSWER` in every other case.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from mailer.batch.mime import message_bytes
from mailer.rules.fences import Fence
from mailer.rules.states import Outcome
from mailer.rules.suppression import envelope_recipients
from rewards import Notice


@dataclass(frozen=True, slots=True)
class Attempt:
    """One call to a transport. `idempotency_key` is the same for every attempt at the same notice.

    A provider that honours such a key takes a message once, however often it is called; for the others it is the id by
    which their events name the message. A `fence` makes the provider hold the message back. `withheld` holds the keys
    of copies that must not be written to.
    """

    notice: Notice
    message_id: str
    idempotency_key: str
    date: datetime
    fence: Fence | None = None
    withheld: frozenset[str] = frozenset()

    def content(self) -> bytes:
        """Return the message as it goes over the wire."""
        return message_bytes(self.notice, self.message_id, self.date)

    @property
    def sender(self) -> str:
        """The address that the message comes from."""
        return self.notice.from_address

    @property
    def recipients(self) -> tuple[str, ...]:
        """The addresses that the message goes to; the first is the partner's, the others are copies."""
        return envelope_recipients(self.notice.to_address, self.notice.cc, self.withheld)


class Connection(Protocol):
    """One connection to a provider, used by one thread; it connects when first needed and again after it broke."""

    def hand(self, attempt: Attempt) -> Outcome:
        """Hand one message over. Settings that cannot work are a ConfigurationError, before anything has left."""

    def close(self) -> None:
        """Close the connection; never raises."""


@runtime_checkable
class PipeliningConnection(Protocol):
    """A connection that saves round trips: it sends the end of one message together with the start of the next."""

    def hand_before(
        self, attempt: Attempt, following: Attempt | None, meanwhile: Callable[[], None]
    ) -> Outcome:
        """Hand one message over, like `hand` of a Connection, and announce the following one, if there is one.

        No byte of the following message's body may leave yet. `meanwhile` never raises and is called once while the
        answer is on its way, if one is.
        """


class Transport(Protocol):
    """A provider as it is set up. `width` is the number of connections that work at once."""

    @property
    def name(self) -> str:
        """The transport's name in settings and records."""

    @property
    def width(self) -> int:
        """The number of connections that are used at once."""

    def connect(self) -> Connection:
        """Return a new connection that has not connected yet."""

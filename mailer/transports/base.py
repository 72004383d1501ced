"""What a transport is given, what it answers, what it must offer; to add a provider is to write one module.

A transport never decides what happens next. It says what is *proved*: `ACCEPTANCE` and `REJECTION`
only where the provider said so, `REFUSAL` only where it cannot have taken the message, and
`LOST_ANSWER` for everything else.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, runtime_checkable

from mailer.batch.mime import dated, message_bytes
from mailer.rules.fences import Fence
from mailer.rules.states import Cause
from rewards import Notice

Answer = Literal[Cause.ACCEPTANCE, Cause.REJECTION, Cause.REFUSAL, Cause.LOST_ANSWER]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One call to a transport. `idempotency_key` is the same for every attempt at the same notice.

    Providers that honour such a key take a message once however often they are called; for the
    others it is the id under which their events speak of it. A `fence` makes the provider hold the message back.
    """

    notice: Notice
    message_id: str
    idempotency_key: str
    date: datetime
    fence: Fence | None = None

    def content(self) -> bytes:
        """The message as it goes over the wire."""
        return message_bytes(self.notice, self.message_id, self.date)

    @property
    def sender(self) -> str:
        """The address that it comes from."""
        return self.notice.from_address

    @property
    def recipients(self) -> tuple[str, ...]:
        """The addresses that it goes to; the first is the partner's, the others are copies."""
        return (self.notice.to_address, *self.notice.cc)


class Mail(Protocol):
    """What a transport needs of an attempt that takes messages as they go over the wire."""

    @property
    def sender(self) -> str:
        """The address that it comes from."""

    @property
    def recipients(self) -> tuple[str, ...]:
        """The addresses that it goes to; the first is the partner's, the others are copies."""

    def content(self) -> bytes:
        """The message as it goes over the wire."""


@dataclass(frozen=True, slots=True)
class WrittenMail:
    """An attempt whose message was written before its turn came, all but its date."""

    sender: str
    recipients: tuple[str, ...]
    pieces: tuple[bytes, bytes]
    date: datetime

    def content(self) -> bytes:
        """The message as it goes over the wire."""
        return dated(self.pieces, self.date)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is proved about an attempt, in the provider's words.

    What is about the `transport` (it cannot be reached, asks to slow down, breaks) and not about
    this notice lets everything wait, at least `wait_seconds` if the provider said so: one that
    fails must not make notice after notice unknown.
    """

    cause: Answer
    detail: str
    about: Literal["notice", "transport"] = "notice"
    wait_seconds: float | None = None


class Connection(Protocol):
    """One line to a provider, used by one thread; it connects when first needed and again after it broke."""

    def hand(self, attempt: Attempt) -> Outcome:
        """Hand one message over. ConfigurationError, before anything left, where the settings cannot work."""

    def close(self) -> None:
        """Let go; never raises."""


@runtime_checkable
class MailConnection(Protocol):
    """A connection that takes mail as it goes over the wire.

    It saves waits by saying together what ends one message and what begins the next.
    """

    def hand_before(self, mail: Mail, following: Mail | None, meanwhile: Callable[[], None]) -> Outcome:
        """Like `hand` of a Connection, with the mail that is handed over next, if there is one.

        Nothing of that one's body may leave yet.

        `meanwhile` never raises, and is called once while the answer is on its way, if one is.
        """


class Transport(Protocol):
    """A provider as it is set up. `width` is how many connections work at once."""

    @property
    def name(self) -> str:
        """The word for it in settings and records."""

    @property
    def width(self) -> int:
        """How many connections are used at once."""

    def connect(self) -> Connection:
        """A new line, not yet connected."""


@runtime_checkable
class MailTransport(Transport, Protocol):
    """A provider whose connections take mail as it goes over the wire."""

    takes_mail: Literal[True]

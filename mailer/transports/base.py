"""What a transport is given, what it answers, what it must offer; to add a provider is to write one module.

A transport never decides what happens next. It says what is *proved*: `ACCEPTANCE` and `REJECTION`
only where the provider said so, `REFUSAL` only where it cannot have taken the message, and
`LOST_ANSWER` for everything else.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from mailer.fence import Fence
from mailer.mime import message_bytes
from mailer.states import Cause
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
    def recipients(self) -> tuple[str, ...]:
        """The addresses that it goes to."""
        return (self.notice.to_address, *self.notice.cc)


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

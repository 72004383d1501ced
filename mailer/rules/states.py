"""The statuses of a notice and the moves between them: the one table that outbox, delivery and tests follow.

A notice leaves `unknown` only by evidence or by a named person, and no single move leads from `accepted` or `unknown`
back to `sending`. This keeps every partner at one handing per campaign and edition.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from math import inf
from typing import Final, Literal, NamedTuple


class Status(StrEnum):
    """The status of a notice; `gloss` describes it."""

    READY = "ready"
    SENDING = "sending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"
    ABANDONED = "abandoned"

    @property
    def gloss(self) -> str:
        """Return one sentence for people."""
        return _GLOSSES[self]


_GLOSSES: Mapping[Status, str] = {
    Status.READY: "waits to be handed over; no byte of it has left, or what left was refused before its body",
    Status.SENDING: "claimed by a sender, durably, before its first byte",
    Status.ACCEPTED: "the provider said that it took the message",
    Status.REJECTED: "the provider said that it will not take the message",
    Status.UNKNOWN: "handed over with no answer that proves what became of it; never sent again by itself",
    Status.SKIPPED: "not sent after planning: suppressed, unsubscribed, cancelled, or sent by another plan",
    Status.ABANDONED: "given up by a person",
}


class Cause(StrEnum):
    """The reason why a notice moves."""

    CLAIMED = "claimed"
    RELEASED = "released"
    ACCEPTANCE = "acceptance"
    REJECTION = "rejection"
    REFUSAL = "refusal"
    LOST_ANSWER = "lost-answer"
    ORPHANED = "orphaned"
    SUPPRESSION = "suppression"
    CANCELLATION = "cancellation"
    ALREADY_SENT = "already-sent"
    RESTORED = "restored"
    GAVE_UP_RETRYING = "gave-up-retrying"
    PROOF_OF_ACCEPTANCE = "proof-of-acceptance"
    PROOF_OF_EARLIER = "proof-of-earlier"
    PROOF_OF_ABSENCE = "proof-of-absence"
    WITHDRAWN = "withdrawn"
    PERSON_RESENDS = "resend"
    PERSON_GIVES_UP = "give-up"


class Transition(NamedTuple):
    """A move from one status to another, and the condition for it."""

    was: Status
    became: Status
    gloss: str


TRANSITIONS: Mapping[Cause, Transition] = {
    Cause.CLAIMED: Transition(
        Status.READY, Status.SENDING, "a sender claims it; durable before the first byte leaves"
    ),
    Cause.RELEASED: Transition(
        Status.SENDING, Status.READY, "the sender that claimed it stops before handing it over"
    ),
    Cause.ACCEPTANCE: Transition(Status.SENDING, Status.ACCEPTED, "the provider took responsibility"),
    Cause.REJECTION: Transition(Status.SENDING, Status.REJECTED, "the provider refused for good"),
    Cause.REFUSAL: Transition(
        Status.SENDING, Status.READY, "refused for now, with proof that it was not taken"
    ),
    Cause.LOST_ANSWER: Transition(
        Status.SENDING, Status.UNKNOWN, "the connection broke after the body began"
    ),
    Cause.ORPHANED: Transition(
        Status.SENDING, Status.UNKNOWN, "its sender died; found when the next one began"
    ),
    Cause.SUPPRESSION: Transition(Status.READY, Status.SKIPPED, "its address must not be written to"),
    Cause.CANCELLATION: Transition(Status.READY, Status.SKIPPED, "its plan was cancelled"),
    Cause.ALREADY_SENT: Transition(
        Status.READY, Status.SKIPPED, "another plan handed this edition to the partner"
    ),
    Cause.RESTORED: Transition(
        Status.READY, Status.UNKNOWN, "a receipt shows that it was claimed after the backup that was restored"
    ),
    Cause.GAVE_UP_RETRYING: Transition(Status.SENDING, Status.REJECTED, "refused for now too many times"),
    Cause.PROOF_OF_ACCEPTANCE: Transition(
        Status.UNKNOWN, Status.ACCEPTED, "the provider or a relay's log shows it"
    ),
    Cause.PROOF_OF_EARLIER: Transition(
        Status.READY, Status.ACCEPTED, "the provider or a relay's log shows that it took it before"
    ),
    Cause.PROOF_OF_ABSENCE: Transition(
        Status.UNKNOWN, Status.READY, "it is proved that the provider never took it"
    ),
    Cause.WITHDRAWN: Transition(
        Status.ACCEPTED, Status.READY, "its provider shows that it discarded it, as a named person asked"
    ),
    Cause.PERSON_RESENDS: Transition(Status.UNKNOWN, Status.READY, "a named person decides to send it again"),
    Cause.PERSON_GIVES_UP: Transition(Status.UNKNOWN, Status.ABANDONED, "a named person decides not to"),
}

NEXT_CALL: Final = inf
"""The wait after a refusal that is about us, such as that of the sender or of its used-up quota."""

OutcomeCause = Literal[Cause.ACCEPTANCE, Cause.REJECTION, Cause.REFUSAL, Cause.LOST_ANSWER]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The proved result of an attempt, in the provider's words.

    An outcome about the `transport` (unreachable, throttling, broken) concerns every notice: the delivery waits, at
    least `wait_seconds` if the provider asked for that. A broken transport must not make notice after notice unknown.
    `NEXT_CALL` as `wait_seconds` ends the call: waiting does not help, but a later call may.
    """

    cause: OutcomeCause
    detail: str
    about: Literal["notice", "transport"] = "notice"
    wait_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Settlement:
    """The move of one notice after an attempt or a decision.

    `not_before` (an instant as text, empty for at once) delays the next claim of a ready notice. `refusals` is added
    to the number of refusals that were about this notice.
    """

    partner_id: str
    cause: Cause
    detail: str
    not_before: str = ""
    refusals: Literal[0, 1] = 0


def instant_text(at: datetime) -> str:
    """Write an instant as fixed-width text in UTC: the order of the texts is the order of time."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")

"""Where a notice stands and how it may move: the one table that outbox, delivery and tests go by.

A notice leaves `unknown` only by evidence or by a named person, and nothing leads from `accepted`
or `unknown` back to `sending` in one step: that is what keeps every partner at one handing per
campaign and edition.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple


class Status(StrEnum):
    """Where a notice stands; `gloss` says it in words."""

    READY = "ready"
    SENDING = "sending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"
    ABANDONED = "abandoned"

    @property
    def gloss(self) -> str:
        """One sentence for people."""
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

HANDED = (Status.ACCEPTED, Status.SENDING, Status.UNKNOWN)
"""The statuses in which a partner counts as handed the campaign's edition.

No other plan may hand it again.
"""


class Cause(StrEnum):
    """Why a notice moves."""

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
    """A move from one status to another, and what has to be so for it."""

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

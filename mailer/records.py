"""What the outbox tells about plans and notices."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from mailer.states import Status
from rewards import Category

Standing = Literal["open", "paused", "cancelled"]


@dataclass(frozen=True, slots=True)
class PlanRecord:
    """A registered plan; `begun` once any of its notices was claimed, `planned` is the number of its notices."""

    plan: str
    campaign: str
    edition: int
    category: Category
    corrections: bool
    digest: str
    made_by: str
    made_at: str
    send_at: datetime | None
    planned: int
    standing: Standing
    registered_at: str
    begun: bool


class Candidate(NamedTuple):
    """A claimed notice: how often it was refused before, and the number of this attempt."""

    partner_id: str
    refusals: int
    number: int


@dataclass(frozen=True, slots=True)
class Turn:
    """What one durable write brought: notices now claimed, the number skipped instead, and the plan's standing."""

    claimed: tuple[Candidate, ...]
    skipped: int
    standing: Standing


@dataclass(frozen=True, slots=True)
class NoticeAt:
    """A notice that stands at the status that was asked for; `reason` in the provider's or a person's words."""

    partner_id: str
    reason: str
    at: str


@dataclass(frozen=True, slots=True)
class AttemptRecord:
    """One attempt at a notice and what came of it; instants as text."""

    number: int
    sender: str
    transport: str
    claimed_at: str
    settled_at: str
    cause: str
    detail: str


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """A person settled an unknown."""

    at: str
    decision: Literal["resend", "give-up"]
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Told:
    """What became of one notice to a partner: the plan that held it, where it stands, its attempts and decisions."""

    plan: str
    campaign: str
    edition: int
    key: str
    status: Status
    reason: str
    at: str
    attempts: tuple[AttemptRecord, ...]
    decisions: tuple[DecisionRecord, ...]


Counts = Mapping[Status, int]

"""What the outbox tells about plans and notices."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from mailer.outbox.database import Row
from mailer.rules.states import Status
from rewards import Category

Standing = Literal["open", "paused", "cancelled"]
Decision = Literal["resend", "give-up"]


@dataclass(frozen=True, slots=True)
class PlanRecord:
    """A registered plan.

    `begun` once any of its notices was claimed, `planned` is the number of its notices. `late_by` is who decided, and
    `late_at` when, to begin it after its latest start.
    """

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
    late_by: str = ""
    late_at: datetime | None = None

    @property
    def due_at(self) -> datetime | None:
        """When it was to begin: its `send_at`, or the decision to begin it late."""
        return self.late_at or self.send_at


@dataclass(frozen=True, slots=True)
class Handed:
    """The plan that handed a partner something, and where its notice stands."""

    plan: str
    status: Status


@dataclass(frozen=True, slots=True)
class NoticeAt:
    """A notice that stands at the status that was asked for.

    `reason` in the provider's or a person's words.
    """

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
    decision: Decision
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Told:
    """What became of one notice to a partner.

    The plan that held it, where it stands, its attempts and decisions.
    """

    plan: str
    campaign: str
    edition: int
    key: str
    status: Status
    reason: str
    changed_at: str
    attempts: tuple[AttemptRecord, ...]
    decisions: tuple[DecisionRecord, ...]


def plan_record(row: Row) -> PlanRecord:
    """The plan in a row of the statement `plan`."""
    values = dict(row)
    values["corrections"], values["begun"] = bool(row["corrections"]), bool(row["begun"])
    for name in ("send_at", "late_at"):
        if row[name] is not None:
            values[name] = datetime.fromisoformat(row[name])
    return PlanRecord(**values)


def told_record(row: Row, attempts: Iterable[Row], decisions: Iterable[Row]) -> Told:
    """The notice in a row of the statement `told`, with the rows that belong to it."""
    values = dict(row)
    return Told(
        **{**values, "status": Status(values["status"])},
        attempts=tuple(AttemptRecord(**dict(attempt)) for attempt in attempts),
        decisions=tuple(DecisionRecord(**dict(decision)) for decision in decisions),
    )

"""The records that the outbox returns about plans and notices."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from mailer.outbox.database import OutboxRow
from mailer.rules.states import Status
from rewards import Category

PlanStanding = Literal["open", "paused", "cancelled"]
Decision = Literal["resend", "give-up"]


@dataclass(frozen=True, slots=True)
class PlanRecord:
    """A registered plan.

    `begun` tells whether any of its notices was claimed, `planned` is the number of its notices. `late_by` names who
    allowed it to begin after its latest start, `late_at` when.
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
    standing: PlanStanding
    registered_at: str
    begun: bool
    late_by: str = ""
    late_at: datetime | None = None

    @property
    def due_at(self) -> datetime | None:
        """The instant from which it may begin: its `send_at`, or the decision to begin it late."""
        return self.late_at or self.send_at


PlanAct = Literal["cancel", "pause", "resume", "withdraw"]


@dataclass(frozen=True, slots=True)
class PlanDecision:
    """The act of a named person on a plan; `at` is an instant as text."""

    act: PlanAct
    by: str
    at: str


@dataclass(frozen=True, slots=True)
class HandedNotice:
    """A notice that was handed over: its plan and its status."""

    plan: str
    status: Status


@dataclass(frozen=True, slots=True)
class NoticeAt:
    """A notice at a status, since when, and the reason in the provider's or a person's words."""

    partner_id: str
    reason: str
    at: str


@dataclass(frozen=True, slots=True)
class AttemptRecord:
    """One attempt at a notice and its outcome; instants are text."""

    number: int
    sender: str
    transport: str
    claimed_at: str
    settled_at: str
    cause: str
    detail: str


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """The decision of a person about an unknown notice."""

    at: str
    decision: Decision
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class NoticeHistory:
    """The history of one notice to a partner: its plan, its status, its attempts and decisions."""

    plan: str
    campaign: str
    edition: int
    key: str
    status: Status
    reason: str
    changed_at: str
    attempts: tuple[AttemptRecord, ...]
    decisions: tuple[DecisionRecord, ...]


def plan_record(row: OutboxRow) -> PlanRecord:
    """Read the plan from a row of the statement `plan`."""
    values = dict(row)
    values["corrections"], values["begun"] = bool(row["corrections"]), bool(row["begun"])
    for name in ("send_at", "late_at"):
        if row[name] is not None:
            values[name] = datetime.fromisoformat(row[name])
    return PlanRecord(**values)


def notice_history(
    row: OutboxRow, attempts: Iterable[OutboxRow], decisions: Iterable[OutboxRow]
) -> NoticeHistory:
    """Read the notice from a row of the statement `told`, with the rows that belong to it."""
    values = dict(row)
    return NoticeHistory(
        **{**values, "status": Status(values["status"])},
        attempts=tuple(AttemptRecord(**dict(attempt)) for attempt in attempts),
        decisions=tuple(DecisionRecord(**dict(decision)) for decision in decisions),
    )

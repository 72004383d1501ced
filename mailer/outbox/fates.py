"""What the outbox tells about what became of accepted notices, by the events that were told of them."""

from dataclasses import dataclass
from typing import Final

from mailer.events.events import (
    FATES,
    EventKind,
    fate_of_rank,
    rank_of,
)
from mailer.outbox.database import Database
from mailer.outbox.moves import registered
from mailer.rules.states import Status

UNSUBSCRIBED: Final = "unsubscribed"


@dataclass(frozen=True, slots=True)
class EventRecord:
    """An event of one notice; `copy` if it is about the recipient of a copy. `at` is an instant as text."""

    kind: EventKind
    at: str
    copy: bool
    code: str
    detail: str
    source: str


@dataclass(frozen=True, slots=True)
class Failure:
    """So many notices to addresses of a domain failed with a code (empty if none was told), with an example's words."""

    domain: str
    code: str
    example: str
    notices: int


@dataclass(frozen=True, slots=True)
class EventHour:
    """In an hour (`2023-12-31T12`, UTC) so many notices were first told of with that kind of event."""

    hour: str
    kind: EventKind
    notices: int


@dataclass(frozen=True, slots=True)
class Addressed:
    """A notice: its plan and partner, and the address to which it goes, as addresses are compared."""

    plan: str
    partner_id: str
    address: str


class Fates:
    """What is known about accepted notices."""

    _database: Database

    def addressed(self, key: str) -> Addressed | None:
        """The notice with that own id, None if there is none."""
        rows = self._database.rows("notice_told_of", {"key": key})
        return Addressed(rows[0]["plan"], rows[0]["partner_id"], rows[0]["address_key"]) if rows else None

    def fates(self, plan: str) -> dict[EventKind, int]:
        """How many accepted notices became what, all fates named; the rest of the accepted has no events yet."""
        registered(self._database, plan)
        found = {
            fate_of_rank(int(row["rank"])): int(row["notices"])
            for row in self._database.rows("fates", {"plan": plan})
        }
        return {one: found.get(one, 0) for one in FATES}

    def unsubscribed(self, plan: str) -> int:
        """Of how many notices of the plan the recipient unsubscribed."""
        return int(self._database.rows(UNSUBSCRIBED, {"plan": plan})[0]["notices"])

    def fates_by_partner(self, plan: str) -> dict[str, tuple[EventKind, str]]:
        """By partner id what became of the notice, and since when (an instant as text); only those with events."""
        rows = self._database.rows("fates_by_partner", {"plan": plan})
        return {row["partner_id"]: (FATES[row["rank"] - 1], row["at"]) for row in rows}

    def failures(self, plan: str, kind: EventKind) -> list[Failure]:
        """The accepted notices that became `kind`, by domain and code, the most frequent first."""
        rows = self._database.rows("failures", {"plan": plan, "rank": rank_of(kind)})
        return [Failure(row["domain"], row["code"], row["example"], int(row["notices"])) for row in rows]

    def event_hours(self, plan: str) -> list[EventHour]:
        """What was told of the plan's notices hour by hour, each notice and kind once."""
        rows = self._database.rows("event_hours", {"plan": plan})
        return [EventHour(row["hour"], EventKind(row["kind"]), int(row["notices"])) for row in rows]

    def events_of(self, plan: str, partner_id: str) -> list[EventRecord]:
        """Every event of one notice, the earliest first."""
        rows = self._database.rows("events_of", {"plan": plan, "partner_id": partner_id})
        return [
            EventRecord(
                EventKind(row["kind"]),
                row["at"],
                bool(row["copy"]),
                row["code"],
                row["detail"],
                row["source"],
            )
            for row in rows
        ]


# What the outbox tells about every notice of a plan, for those who account for it.

_NOTHING: Final = ("", "")


@dataclass(frozen=True, slots=True)
class Account:
    """A notice: where it stands since when (an instant as text) and why, how often it was tried, what became of it.

    `fate` and `fate_at` are empty while no event tells; `events` are all of them in words, the earliest first.
    """

    partner_id: str
    status: Status
    since: str
    reason: str
    attempts: int
    fate: str
    fate_at: str
    events: tuple[str, ...]


class Accounts(Fates):
    """Accounting for plans."""

    _database: Database

    def accounts(self, plan: str) -> list[Account]:
        """Every notice of the plan, by partner id."""
        told: dict[str, list[str]] = {}
        for row in self._database.rows("events_of_plan", {"plan": plan}):
            words = [row["kind"], row["occurred_at"], row["code"], "(copy)" if row["copy"] else ""]
            told.setdefault(row["partner_id"], []).append(" ".join(filter(None, words)))
        fates = {partner: (kind.value, at) for partner, (kind, at) in self.fates_by_partner(plan).items()}
        return [
            Account(
                row["partner_id"],
                Status(row["status"]),
                row["changed_at"],
                row["reason"],
                int(row["claims"]),
                *fates.get(row["partner_id"], _NOTHING),
                tuple(told.get(row["partner_id"], ())),
            )
            for row in self._database.rows("notices_of_plan", {"plan": plan})
        ]

    def accepted_hours(self, plan: str) -> dict[str, int]:
        """How many notices were accepted in each hour (`2023-12-31T12`, UTC), the earliest first."""
        rows = self._database.rows("accepted_hours", {"plan": plan})
        return {row["hour"]: int(row["notices"]) for row in rows}

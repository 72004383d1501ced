"""The part of the outbox that tells the delivery results of accepted notices, by the events that were reported."""

from dataclasses import dataclass
from typing import Final

from mailer.events.events import DELIVERY_RESULTS, EventKind, rank_of, result_of_rank
from mailer.outbox.base import OutboxPart
from mailer.outbox.moves import registered
from mailer.rules.states import Status

_NO_RESULT: Final = ("", "")


@dataclass(frozen=True, slots=True)
class EventRecord:
    """An event of one notice; `copy` says that it is about the recipient of a copy. `at` is an instant as text."""

    kind: EventKind
    at: str
    copy: bool
    code: str
    detail: str
    source: str


@dataclass(frozen=True, slots=True)
class Failure:
    """A number of `notices` to one domain that failed with one code, and the words of an example.

    `code` is empty if none was reported.
    """

    domain: str
    code: str
    example: str
    notices: int


@dataclass(frozen=True, slots=True)
class EventHour:
    """The number of notices that had their first event of a kind in an hour (`2023-12-31T12`, UTC)."""

    hour: str
    kind: EventKind
    notices: int


@dataclass(frozen=True, slots=True)
class Addressed:
    """A notice's plan and partner, and its recipient's address in the form in which addresses are compared."""

    plan: str
    partner_id: str
    address: str


@dataclass(frozen=True, slots=True)
class NoticeAccount:
    """All that is known of a notice: its status, since when (an instant as text) and why, and its number of attempts.

    `result` and `result_at` are empty before the first event; `events` describes all of them, the earliest first.
    """

    partner_id: str
    status: Status
    since: str
    reason: str
    attempts: int
    result: str
    result_at: str
    events: tuple[str, ...]


class DeliveryResults(OutboxPart):
    """The delivery results and events of notices."""

    def addressed(self, key: str) -> Addressed | None:
        """Return the notice with that own id, None if there is none."""
        rows = self._database.rows("notice_told_of", {"key": key})
        return Addressed(rows[0]["plan"], rows[0]["partner_id"], rows[0]["address_key"]) if rows else None

    def delivery_results(self, plan: str) -> dict[EventKind, int]:
        """Count the accepted notices by delivery result, with every result named; the others have no event yet."""
        registered(self._database, plan)
        found = {
            result_of_rank(int(row["rank"])): int(row["notices"])
            for row in self._database.rows("delivery_results", {"plan": plan})
        }
        return {one: found.get(one, 0) for one in DELIVERY_RESULTS}

    def unsubscribed(self, plan: str) -> int:
        """Count the notices of the plan whose recipient unsubscribed."""
        return int(self._database.rows("unsubscribed", {"plan": plan})[0]["notices"])

    def results_by_partner(self, plan: str) -> dict[str, tuple[EventKind, str]]:
        """Return the result of each notice with events, by partner id, and since when (an instant as text)."""
        rows = self._database.rows("results_by_partner", {"plan": plan})
        return {row["partner_id"]: (DELIVERY_RESULTS[row["rank"] - 1], row["at"]) for row in rows}

    def failures(self, plan: str, kind: EventKind) -> list[Failure]:
        """Return the accepted notices with that result, by domain and code, the most frequent first."""
        rows = self._database.rows("failures", {"plan": plan, "rank": rank_of(kind)})
        return [Failure(row["domain"], row["code"], row["example"], int(row["notices"])) for row in rows]

    def event_hours(self, plan: str) -> list[EventHour]:
        """Count the events of the plan's notices by hour, each notice and kind once."""
        rows = self._database.rows("event_hours", {"plan": plan})
        return [EventHour(row["hour"], EventKind(row["kind"]), int(row["notices"])) for row in rows]

    def events_of(self, plan: str, partner_id: str) -> list[EventRecord]:
        """Return every event of one notice, the earliest first."""
        rows = self._database.rows("events_of", {"plan": plan, "partner_id": partner_id})
        return [
            EventRecord(**{**dict(row), "kind": EventKind(row["kind"]), "copy": bool(row["copy"])})
            for row in rows
        ]

    def accounts(self, plan: str) -> list[NoticeAccount]:
        """Return the account of every notice of the plan, by partner id."""
        told: dict[str, list[str]] = {}
        for row in self._database.rows("events_of_plan", {"plan": plan}):
            words = [row["kind"], row["occurred_at"], row["code"], "(copy)" if row["copy"] else ""]
            told.setdefault(row["partner_id"], []).append(" ".join(filter(None, words)))
        results = {partner: (kind.value, at) for partner, (kind, at) in self.results_by_partner(plan).items()}
        return [
            NoticeAccount(
                row["partner_id"],
                Status(row["status"]),
                row["changed_at"],
                row["reason"],
                int(row["claims"]),
                *results.get(row["partner_id"], _NO_RESULT),
                tuple(told.get(row["partner_id"], ())),
            )
            for row in self._database.rows("notices_of_plan", {"plan": plan})
        ]

    def accepted_hours(self, plan: str) -> dict[str, int]:
        """Count the notices that were accepted in each hour (`2023-12-31T12`, UTC), the earliest first."""
        rows = self._database.rows("accepted_hours", {"plan": plan})
        return {row["hour"]: int(row["notices"]) for row in rows}

"""The part of the outbox that tells where notices stand, and records what a person decided about one."""

from datetime import date, datetime
from typing import Final

from mailer.errors import DecisionRefused
from mailer.outbox.base import OutboxPart
from mailer.outbox.database import OutboxRow
from mailer.outbox.moves import move, next_due, registered
from mailer.outbox.records import (
    Decision,
    DecisionRecord,
    HandedNotice,
    NoticeAt,
    NoticeHistory,
    PlanRecord,
    notice_history,
)
from mailer.rules.states import TRANSITIONS, Cause, Settlement, Status, instant_text
from mailer.rules.suppression import is_pseudonym
from mailer.rules.windows import Waiting, first_start, next_window

_DECISIONS: Final[dict[Decision, Cause]] = {"resend": Cause.PERSON_RESENDS, "give-up": Cause.PERSON_GIVES_UP}


class Notices(OutboxPart):
    """The notices of an outbox."""

    def next_due(self, plan: str, now: datetime) -> str | None:
        """Return the earliest instant (text) at which a ready notice may be claimed.

        The text is empty if that is now; None if no notice is ready.
        """
        return next_due(self._database, plan, instant_text(now))

    def next_window(self, plan: str, now: datetime) -> str:
        """Return when the first send window opens (text), if every ready notice of the plan waits for one, else ''."""
        rows = self._database.rows("waiting", {"plan": plan})
        groups = (Waiting(row["send_window"], row["notices"], row["not_before"]) for row in rows)
        return next_window(groups, now)

    def first_start(self, record: PlanRecord) -> datetime | None:
        """Return when the plan may begin: its `due_at`, or the first send window after it; None for at once."""
        if record.due_at is None:
            return None
        rows = self._database.rows("windows", {"plan": record.plan})
        return first_start(record.due_at, [row["send_window"] for row in rows])

    def handed_by_day(self, transport: str, since: date) -> dict[str, int]:
        """Count the notices that left by a transport, or may have, on each day (text, UTC) from `since` on."""
        values = {"transport": transport, "since": since.isoformat()}
        return {row["day"]: row["notices"] for row in self._database.rows("handed_by_day", values)}

    def counts(self, plan: str) -> dict[Status, int]:
        """Count the notices at each status, with every status named; the sum is the plan's `planned`."""
        registered(self._database, plan)
        found = {
            Status(row["status"]): int(row["notices"])
            for row in self._database.rows("counts", {"plan": plan})
        }
        return {status: found.get(status, 0) for status in Status}

    def notices_at(self, plan: str, status: Status) -> list[NoticeAt]:
        """Return the notices that stand at a status, by partner id; the `unknown` ones need a person."""
        rows = self._database.rows("notices_at", {"plan": plan, "status": status})
        return [NoticeAt(row["partner_id"], row["reason"], row["changed_at"]) for row in rows]

    def reasons(self, plan: str) -> dict[Status, dict[str, int]]:
        """Count the reasons of each status that has any."""
        found: dict[Status, dict[str, int]] = {}
        for row in self._database.rows("reasons", {"plan": plan}):
            found.setdefault(Status(row["status"]), {})[row["reason"]] = int(row["notices"])
        return found

    def handed(self, campaign: str, edition: int) -> frozenset[str]:
        """Return the partners to whom a plan handed this edition: accepted, sending or unknown."""
        rows = self._database.rows("handed", {"campaign": campaign, "edition": edition})
        return frozenset(row["partner_id"] for row in rows)

    def handed_last(self, campaign: str) -> dict[str, HandedNotice]:
        """Return, by partner, the notice that the campaign handed over last, in whatever edition.

        A notice that is not accepted yet comes first. Forgotten partners are not among them.
        """
        found: dict[str, HandedNotice] = {}
        for row in self._database.rows("handed_last", {"campaign": campaign}):
            if is_pseudonym(row["partner_id"]):
                continue
            found.setdefault(row["partner_id"], HandedNotice(row["plan"], Status(row["status"])))
        return found

    def told(self, partner_id: str) -> list[NoticeHistory]:
        """Return every notice planned for a partner, the oldest first, with its attempts and decisions."""
        return [
            self._told(row, partner_id) for row in self._database.rows("told", {"partner_id": partner_id})
        ]

    def resolve(
        self, plan: str, partner_id: str, decision: Decision, *, by: str, reason: str, at: datetime
    ) -> None:
        """Settle an unknown notice as a named person decided.

        DecisionRefused if the notice is not unknown, or the name or the reason is missing.
        """
        registered(self._database, plan)
        by, reason = by.strip(), reason.strip()
        if not by or not reason:
            raise DecisionRefused(plan, partner_id, "it needs a name and a reason; give both")
        cause = _DECISIONS[decision]
        key: dict[str, str | int | None] = {"plan": plan, "partner_id": partner_id, "at": instant_text(at)}
        with self._database.transaction():
            rows = self._database.rows("status_of", key)
            if not rows:
                raise DecisionRefused(
                    plan, partner_id, "the plan holds no notice to this partner; check the id"
                )
            if rows[0]["status"] != TRANSITIONS[cause].was:
                why = f"the notice is {rows[0]['status']}; only an unknown one needs a decision"
                raise DecisionRefused(plan, partner_id, why)
            self._database.run("insert_decision", {**key, "decision": decision, "by": by, "reason": reason})
            settled = Settlement(partner_id, cause, f"{decision} by {by}: {reason}")
            move(self._database, plan, [settled], instant_text(at))

    def decisions(self, plan: str) -> list[tuple[str, DecisionRecord]]:
        """Return each decision of a person about an unknown notice of the plan, with the partner, the oldest first."""
        rows = self._database.rows("decisions_of_plan", {"plan": plan})
        return [
            (row["partner_id"], DecisionRecord(row["at"], row["decision"], row["by"], row["reason"]))
            for row in rows
        ]

    def _told(self, row: OutboxRow, partner_id: str) -> NoticeHistory:
        key = {"plan": row["plan"], "partner_id": partner_id}
        attempts = self._database.rows("attempts", key)
        return notice_history(row, attempts, self._database.rows("decisions", key))

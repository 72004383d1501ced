"""What the outbox tells about every notice of a plan, for those who account for it."""

from dataclasses import dataclass
from typing import Final

from mailer.database import Database
from mailer.fates import Fates
from mailer.states import Status

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

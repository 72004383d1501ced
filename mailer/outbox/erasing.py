"""The part of the outbox that forgets a partner: sent notices stay counted, and nobody can read to whom they went.

The partner's mail domain goes too. A partner's id is replaced by a digest of itself. If the same id returns, the
digest recognises it, so that it is not handed an edition again. A suppression is replaced by one of the address's
digest.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from mailer.outbox.base import OutboxPart
from mailer.outbox.database import OutboxRow
from mailer.outbox.moves import move
from mailer.rules.states import Cause, Settlement, Status, instant_text
from mailer.rules.suppression import address_digest, is_digest, pseudonym, suppression_reason
from rewards import address_key

_WHY: Final = "the partner was forgotten"


def as_kept(address: str, own: str) -> str:
    """Return an event's address in the form of its notice's `own` address: as a digest if that is one."""
    return address_digest(address) if is_digest(own) else address_key(address)


@dataclass(frozen=True, slots=True)
class Erased:
    """The numbers of forgotten notices, of those among them that were ready or unknown, and of suppressions."""

    notices: int
    ended: int
    suppressions: int


class Erasure(OutboxPart):
    """The erasure of partners."""

    def forget(
        self, partner_ids: Collection[str], addresses: Collection[str], by: str, now: datetime
    ) -> Erased:
        """Erase these partners and addresses from every page of the database. Only while `alone`.

        Ready notices are cancelled and unknown ones given up, in the name of `by`.
        """
        at = instant_text(now)
        notices = ended = suppressions = 0
        self._database.overwrite_deleted()
        with self._database.transaction():
            keys = {address_key(address) for address in addresses}
            for partner_id in sorted(partner_ids):
                for row in self._database.rows("notices_of", {"partner_id": partner_id}):
                    keys.add(row["address_key"])
                    ended += self._end(row, by, at)
                    self._rename(row, partner_id)
                    notices += 1
            for key in sorted(keys - {""}):
                suppressions += self._digest_suppressions(key, at)
            self._database.run("delete_paces", {})
        self._database.scrub()
        return Erased(notices, ended, suppressions)

    def _end(self, row: OutboxRow, by: str, at: str) -> int:
        """Settle a ready or unknown notice; return 1 if it was one, else 0."""
        plan, partner_id = row["plan"], row["partner_id"]
        if row["status"] == Status.READY:
            move(self._database, plan, [Settlement(partner_id, Cause.CANCELLATION, "cancelled")], at)
        elif row["status"] == Status.UNKNOWN:
            values = {"plan": plan, "partner_id": partner_id, "at": at, "by": by, "reason": _WHY}
            self._database.run("insert_decision", {**values, "decision": "give-up"})
            move(self._database, plan, [Settlement(partner_id, Cause.PERSON_GIVES_UP, "")], at)
        else:
            return 0
        return 1

    def _rename(self, row: OutboxRow, partner_id: str) -> None:
        """Replace a notice's partner id by the pseudonym, and remove all words from its history."""
        plan, digest = row["plan"], address_digest(row["address_key"])
        old = {"plan": plan, "partner_id": partner_id}
        new = {"plan": plan, "partner_id": pseudonym(partner_id)}
        attempts: list[dict[str, Any]] = [dict(row) for row in self._database.rows("attempts", old)]
        decisions: list[dict[str, Any]] = [dict(row) for row in self._database.rows("decisions", old)]
        self._database.run("delete_attempts", old)
        self._database.run("delete_decisions", old)
        self._database.run("clear_event_words", old)
        self._database.run("rename_notice", {**old, "pseudonym": new["partner_id"], "address_digest": digest})
        self._database.run_many("restore_attempt", [{**one, **new, "detail": ""} for one in attempts])
        self._database.run_many("insert_decision", [{**one, **new, "reason": _WHY} for one in decisions])

    def _digest_suppressions(self, key: str, at: str) -> int:
        """Turn the suppressions of an address into those of its digest; return how many there were.

        Other partners' ready notices to the same address are skipped now, because they would not find the suppression.
        """
        found = self._database.rows("suppressions_of", {"address_key": key})
        digest = address_digest(key)
        for row in found:
            values = {
                "address_key": digest,
                "address": digest,
                "reason": row["reason"],
                "source": "forgotten",
            }
            self._database.run("insert_suppression", {**values, "at": row["suppressed_at"]})
        if found:
            self._database.run("delete_suppressions", {"address_key": key, "address_digest": key})
        reasons = {row["reason"] for row in found}
        barred, unsubscribed = bool(reasons - {"unsubscribed"}), "unsubscribed" in reasons
        for row in self._database.rows("ready_to", {"address_key": key}):
            reason = suppression_reason(row["category"], barred=barred, unsubscribed=unsubscribed)
            if reason is not None:
                skipped = Settlement(row["partner_id"], Cause.SUPPRESSION, reason)
                move(self._database, row["plan"], [skipped], at)
        return len(found)

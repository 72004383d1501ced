"""Forgetting a person in the outbox: what was sent stays counted, and nobody can read to whom.

A partner's id becomes a digest of itself, by which the same id is recognised should it come back, so that it is not
handed an edition again. A suppression becomes one of the address's digest.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from mailer.addresses import address_digest, address_key, is_digest
from mailer.batch.header import instant_text
from mailer.delivery.retries import Settlement
from mailer.outbox.database import Database, Row
from mailer.outbox.moves import move
from mailer.rules.states import Cause, Status
from mailer.rules.suppression import skip_reason

_PSEUDONYM: Final = re.compile(r"forgotten-[0-9a-f]{24}")
_WHY: Final = "the partner was forgotten"


def pseudonym(partner_id: str) -> str:
    """What stands in the place of a forgotten partner's id: always the same, and nobody can read it."""
    return f"forgotten-{sha256(b'offerpress forgotten ' + partner_id.encode()).hexdigest()[:24]}"


def is_pseudonym(partner_id: str) -> bool:
    """Whether it stands for a forgotten partner."""
    return _PSEUDONYM.fullmatch(partner_id) is not None


def as_kept(address: str, own: str) -> str:
    """An address that an event names, in the form in which its notice keeps its `own`: as a digest, if that is one."""
    return address_digest(address) if is_digest(own) else address_key(address)


@dataclass(frozen=True, slots=True)
class Erased:
    """What was forgotten: notices, how many of them had been ready or unknown until then, and suppressions."""

    notices: int
    ended: int
    suppressions: int


class Erasing:
    """Forgetting in an outbox."""

    _database: Database

    def forget(
        self, partner_ids: Collection[str], addresses: Collection[str], by: str, now: datetime
    ) -> Erased:
        """Erase these partners and addresses, and let no page of the database keep them. Only while `alone`.

        What was ready is cancelled, what was unknown given up, both by that person.
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
        self._database.scrub()
        return Erased(notices, ended, suppressions)

    def _end(self, row: Row, by: str, at: str) -> int:
        """Settle a notice that still waits for something; whether it did."""
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

    def _rename(self, row: Row, partner_id: str) -> None:
        """Give a notice its pseudonym, and take from its history what anyone wrote in words."""
        plan, digest = row["plan"], address_digest(row["address_key"])
        old = {"plan": plan, "partner_id": partner_id}
        new = {"plan": plan, "partner_id": pseudonym(partner_id)}
        attempts: list[dict[str, Any]] = [dict(row) for row in self._database.rows("attempts", old)]
        decisions: list[dict[str, Any]] = [dict(row) for row in self._database.rows("decisions", old)]
        self._database.run("delete_attempts", old)
        self._database.run("delete_decisions", old)
        self._database.run("rename_notice", {**old, "pseudonym": new["partner_id"], "address_digest": digest})
        self._database.run_many("restore_attempt", [{**one, **new, "detail": ""} for one in attempts])
        self._database.run_many("insert_decision", [{**one, **new, "reason": _WHY} for one in decisions])

    def _digest_suppressions(self, key: str, at: str) -> int:
        """Turn the suppressions of an address into those of its digest; how many there were.

        Notices of others to the same address, which would look for it in vain, are skipped now.
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
            reason = skip_reason(row["category"], barred=barred, unsubscribed=unsubscribed)
            if reason is not None:
                skipped = Settlement(row["partner_id"], Cause.SUPPRESSION, reason)
                move(self._database, row["plan"], [skipped], at)
        return len(found)

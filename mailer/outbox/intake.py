"""The parts of the outbox that take in events of providers, relays and bounces, and that hold the suppressions."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from hashlib import sha256

from mailer.events.events import Event, EventKind, rank_of, without_addresses
from mailer.outbox.base import OutboxPart
from mailer.outbox.database import OutboxDatabase, Parameters
from mailer.outbox.erasing import as_kept
from mailer.outbox.moves import accept_proved
from mailer.rules.states import TRANSITIONS, Cause, instant_text
from mailer.rules.suppression import (
    Suppressed,
    Suppression,
    SuppressionReason,
    address_digest,
    is_digest,
    suppression_reason,
)
from rewards import Category, address_key

_PROVABLE = {TRANSITIONS[Cause.PROOF_OF_ACCEPTANCE].was, TRANSITIONS[Cause.PROOF_OF_EARLIER].was}


@dataclass(frozen=True, slots=True)
class Intake:
    """The numbers of events that were new, known before, or about no notice of ours.

    `proved` counts the notices that were unknown or ready and are accepted now, `suppressed` the events that
    suppressed an address.
    """

    new: int = 0
    repeated: int = 0
    foreign: int = 0
    proved: int = 0
    suppressed: int = 0

    def __add__(self, other: "Intake") -> "Intake":
        return Intake(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))


@dataclass(frozen=True, slots=True)
class _KnownEvent:
    """An event of a notice of ours: the row for it, the notice's status, and the recipient's address."""

    row: Parameters
    status: str
    address: str
    suppresses: SuppressionReason | None


class EventIntake(OutboxPart):
    """The operations of those who report events; they may run while a sender owns the outbox."""

    def take_in(self, events: Sequence[Event], source: str, now: datetime) -> Intake:
        """Record events and their consequences by one durable write.

        An event is recorded once (same notice, recipient, kind and instant). Only a new event suppresses an address,
        so that a lifted suppression does not return when an old event is repeated.
        """
        at = instant_text(now)
        return self._again(lambda: _take_in(self._database, events, source, at))


class SuppressionList(OutboxPart):
    """The addresses that must not be written to."""

    def suppress(self, address: str, reason: SuppressionReason, source: str, at: datetime) -> None:
        """Suppress `address`; the reason `unsubscribed` holds back announcements only."""
        values = {"address": address, "reason": reason, "source": source, "at": instant_text(at)}
        with self._database.transaction():
            self._database.run("insert_suppression", {"address_key": address_key(address), **values})

    def import_suppressions(self, found: Sequence[Suppression]) -> None:
        """Add all of them or none; for each address and reason the earliest is kept."""
        self._again(lambda: _import(self._database, found))

    def unsuppress(self, address: str) -> int:
        """Remove every suppression of `address`; return how many there were."""
        with self._database.transaction():
            return self._database.run("delete_suppressions", _keys(address))

    def suppressions(self) -> list[Suppression]:
        """Return all suppressions, sorted by address."""
        rows = self._database.rows("suppressions", {})
        return [Suppression(*(row[name] for name in row.keys())) for row in rows]  # noqa: SIM118 - no mapping

    def withheld(self, category: Category, copies: Iterable[str]) -> frozenset[str]:
        """Return the keys of those copies to which no message of `category` may go now."""
        found = set()
        for copy in copies:
            reasons = _reasons(self._database, copy)
            barred, unsubscribed = bool(reasons - {"unsubscribed"}), "unsubscribed" in reasons
            if suppression_reason(category, barred=barred, unsubscribed=unsubscribed):
                found.add(address_key(copy))
        return frozenset(found)

    def suppressed(self, category: Category) -> Suppressed:
        """Return the addresses to which no message of `category` may go now."""
        rows = self._database.rows("suppression_reasons", {})
        return Suppressed.of(category, ((row["address_key"], row["reason"]) for row in rows))


def _reasons(database: OutboxDatabase, address: str) -> set[str]:
    """Return the reasons for which an address is suppressed, also if it was forgotten."""
    found = [
        database.rows("suppressions_of", {"address_key": key}) for key in map(str, _keys(address).values())
    ]
    return {row["reason"] for rows in found for row in rows}


def _keys(address: str) -> Parameters:
    return {"address_key": address_key(address), "address_digest": address_digest(address)}


def _import(database: OutboxDatabase, found: Sequence[Suppression]) -> None:
    for one in found:
        values = {"address": one.address, "address_key": address_key(one.address), "reason": one.reason}
        database.run("insert_suppression", {**values, "source": one.source, "at": one.at})


def _take_in(database: OutboxDatabase, events: Sequence[Event], source: str, at: str) -> Intake:
    known = _known(database, events, source, at)
    distinct = {_identity(one.row): one for one in known}
    plain = [one.row for one in distinct.values() if one.suppresses is None]
    new = database.run_many("insert_event", plain)
    suppressed = 0
    for one in distinct.values():
        if one.row["kind"] == EventKind.RESUBSCRIBED:
            database.run("lift_unsubscription", _occurred(one))
        if one.suppresses is None or not database.run("insert_event", one.row):
            continue
        new += 1
        if one.suppresses == "unsubscribed" and database.rows("resubscribed_since", _occurred(one)):
            continue
        suppressed += 1
        values = {"address": one.address, "address_key": address_key(one.address), "reason": one.suppresses}
        suppression = {**values, "source": source, "at": one.row["occurred_at"]}
        database.run("insert_suppression", suppression)
    keys = dict.fromkeys(str(one.row["key"]) for one in distinct.values() if one.status in _PROVABLE)
    proved = accept_proved(database, keys, at)
    return Intake(new, len(known) - new, len(events) - len(known), proved, suppressed)


def _known(database: OutboxDatabase, events: Iterable[Event], source: str, at: str) -> list[_KnownEvent]:
    """Return the events of notices of ours, ready to be inserted."""
    notices: dict[str, Mapping[str, str] | None] = {}
    found = []
    for event in events:
        if event.key not in notices:
            rows = database.rows("notice_told_of", {"key": event.key})
            notices[event.key] = dict(rows[0]) if rows else None
        notice = notices[event.key]
        if notice is None:
            continue
        own = notice["address_key"]
        key = as_kept(event.address, own) if event.address else own
        row: Parameters = {
            "key": event.key,
            "kind": event.kind,
            "occurred_at": instant_text(event.at),
            "recipient": "" if key == own else sha256(key.encode()).hexdigest()[:16],
            "rank": rank_of(event.kind),
            "code": event.code,
            "detail": "" if is_digest(own) else without_addresses(event.detail),
            "source": source,
            "at": at,
        }
        address = key if is_digest(own) else event.address or own
        found.append(_KnownEvent(row, notice["status"], address, event.suppresses))
    return found


def _occurred(event: _KnownEvent) -> Parameters:
    """Return the address of an event, in both forms in which a suppression may hold it, and its instant."""
    key = address_key(event.address)
    recipient = {"key": event.row["key"], "recipient": event.row["recipient"]}
    return {"address_key": key, "digest": address_digest(key), "at": event.row["occurred_at"], **recipient}


def _identity(row: Parameters) -> tuple[str | int | None, ...]:
    return row["key"], row["kind"], row["occurred_at"], row["recipient"]

"""The outbox as those who report use it: events of providers, relays and bounces, taken in once each."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from hashlib import sha256

from mailer.addresses import address_key, is_digest
from mailer.batch.header import instant_text
from mailer.events.events import Event, rank_of, without_addresses
from mailer.outbox.claiming import Claiming
from mailer.outbox.database import Database, Values
from mailer.outbox.erasing import as_kept
from mailer.outbox.moves import accept_proved
from mailer.rules.states import TRANSITIONS, Cause
from mailer.rules.suppression import Suppression, SuppressionReason

_PROVABLE = {TRANSITIONS[Cause.PROOF_OF_ACCEPTANCE].was, TRANSITIONS[Cause.PROOF_OF_EARLIER].was}


@dataclass(frozen=True, slots=True)
class Intake:
    """What came of events: how many were new, told before, or of no notice of ours.

    `proved`: notices now accepted that were unknown, or ready to be sent again. `suppressed`: events after which an
    address is written to no more.
    """

    new: int = 0
    repeated: int = 0
    foreign: int = 0
    proved: int = 0
    suppressed: int = 0

    def __add__(self, other: "Intake") -> "Intake":
        return Intake(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))


@dataclass(frozen=True, slots=True)
class _Told:
    """An event with its notice: the row for it, the notice's status, and the recipient's address."""

    row: Values
    status: str
    address: str
    suppresses: SuppressionReason | None


class Reporting(Claiming):
    """What those who report do with an outbox; they may do it while a sender owns it."""

    def take_in(self, events: Sequence[Event], source: str, now: datetime) -> Intake:
        """Record events by one durable write, each once (same notice, recipient, kind and instant), and what follows.

        An address is suppressed after a new event only: who lifted a suppression does not meet it again when an old
        event is repeated.
        """
        at = instant_text(now)
        return self._again(lambda: _take_in(self._database, events, source, at))

    def import_suppressions(self, found: Sequence[Suppression]) -> None:
        """Add all of them or none; of an address and reason the earliest stays."""
        self._again(lambda: _import(self._database, found))


def _import(database: Database, found: Sequence[Suppression]) -> None:
    for one in found:
        values = {"address": one.address, "address_key": address_key(one.address), "reason": one.reason}
        database.run("insert_suppression", {**values, "source": one.source, "at": one.at})


def _take_in(database: Database, events: Sequence[Event], source: str, at: str) -> Intake:
    told = _known(database, events, source, at)
    distinct = {_identity(one.row): one for one in told}
    plain = [one.row for one in distinct.values() if one.suppresses is None]
    new = database.run_many("insert_event", plain)
    suppressed = 0
    for one in distinct.values():
        if one.suppresses is None or not database.run("insert_event", one.row):
            continue
        new += 1
        suppressed += 1
        values = {"address": one.address, "address_key": address_key(one.address), "reason": one.suppresses}
        suppression = {**values, "source": source, "at": one.row["occurred_at"]}
        database.run("insert_suppression", suppression)
    keys = dict.fromkeys(str(one.row["key"]) for one in distinct.values() if one.status in _PROVABLE)
    proved = accept_proved(database, keys, at)
    return Intake(new, len(told) - new, len(events) - len(told), proved, suppressed)


def _known(database: Database, events: Iterable[Event], source: str, at: str) -> list[_Told]:
    """The events of our own notices, ready to be inserted."""
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
        row: Values = {
            "key": event.key,
            "kind": event.kind,
            "occurred_at": instant_text(event.at),
            "recipient": "" if key == own else sha256(key.encode()).hexdigest()[:16],
            "rank": rank_of(event.kind),
            "code": event.code,
            "detail": without_addresses(event.detail),
            "source": source,
            "at": at,
        }
        address = key if is_digest(own) else event.address or own
        found.append(_Told(row, notice["status"], address, event.suppresses))
    return found


def _identity(row: Values) -> tuple[str | int | None, ...]:
    return row["key"], row["kind"], row["occurred_at"], row["recipient"]

"""The part of the outbox that senders use: who sends, which notices are claimed, and how each attempt was settled."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from mailer.errors import LostPlans, OutboxRestored
from mailer.outbox.base import Lease, OutboxPart, require_nobody
from mailer.outbox.database import SendingProcess
from mailer.outbox.moves import (
    Claimant,
    Turn,
    accept_in_doubt,
    claim,
    move,
    prove,
    record_act,
    registered,
    settle,
    settle_orphans,
)
from mailer.rules.domain_pace import NO_RATES, DomainRates
from mailer.rules.fences import Fence
from mailer.rules.states import TRANSITIONS, Cause, Settlement, instant_text


class Claiming(OutboxPart):
    """The operations of senders."""

    @contextmanager
    def sending(self, sender: SendingProcess, lease_seconds: int, now: datetime) -> Iterator[None]:
        """Be a sender for the length of the block: the only one, or one with a lease if the outbox is shared.

        OutboxOwned names the other sender if there can be only one.
        """
        with self._database.sole(sender):
            if not self._database.shared:
                yield
                return
            self._lease = lease = Lease(sender, lease_seconds, now)
            with self._database.transaction():
                lease.enter(self._database)
            try:
                yield
            finally:
                self._lease = None
                with self._database.transaction():
                    lease.leave(self._database)

    @contextmanager
    def alone(self, sender: SendingProcess, now: datetime) -> Iterator[None]:
        """Keep every sender out for the length of the block; OutboxOwned names a sender that is at work."""
        with self._database.sole(sender):
            with self._database.transaction():
                settle_orphans(self._database, instant_text(now))
                require_nobody(self._database)
            yield

    def require_lease(self, now: datetime) -> None:
        """Raise `LeaseLost` if the lease of this sender has expired: no message may leave then. For any thread."""
        if self._lease is not None:
            self._lease.require(now)

    def stay(self, now: datetime) -> int:
        """Renew a lease that is half over and settle the notices of dead senders; return how many became unknown."""
        lease = self._lease
        if lease is None or not lease.half_over(now):
            return 0
        self._again(lambda: lease.renew(self._database, now))
        return self.recover(now)

    def turn(
        self,
        claimant: Claimant,
        settlements: Sequence[Settlement],
        most: int,
        now: datetime,
        rates: DomainRates = NO_RATES,
    ) -> Turn:
        """Settle attempts and claim up to `most` more notices, in one durable write.

        Nothing is claimed from a plan that is not open. A notice whose domain has no room under `rates` stays ready.
        A notice is skipped if its address is suppressed or if another plan handed this edition to the partner.
        `LeaseLost` means that this sender counts as dead: the notices that it had claimed are unknown, except for the
        acceptances in `settlements`, which are recorded as proof.
        """
        serial, turn = self._again(lambda: self._turn(claimant, settlements, most, now, rates))
        self.require_lease(now)
        if turn.claimed:
            self._receipts.append(serial, [one.key for one in turn.claimed])
        return turn

    def recover(self, now: datetime) -> int:
        """Make the `sending` notices of dead senders `unknown`, in every plan; return how many.

        Requires the sender lock; a shared (PostgreSQL) outbox needs none. A notice with a known event is accepted
        instead.
        """
        return self._again(lambda: self._recover(instant_text(now)))

    def require_current(self) -> None:
        """Raise `OutboxRestored` if the receipts hold claims that the outbox does not know."""
        last = self._receipts.last()  # first: other senders may be adding to both
        serial = self._serial()
        if last > serial:
            raise OutboxRestored(self.name, serial, last, len(self._receipts.since(serial)))

    def reconcile(self, by: str, now: datetime) -> int:
        """Make every notice `unknown` that was claimed after this outbox was backed up; return how many.

        Raises `LostPlans`, with nothing moved, if the outbox does not know the plan of one. Only while `alone`.
        """
        at = instant_text(now)
        with self._database.transaction():
            return self._mark_restored(by, at) - accept_in_doubt(self._database, at)

    def open_fence(self, plan: str, fence: Fence, now: datetime) -> None:
        """Record a fence, before anything is claimed under it."""
        values = {"plan": plan, "fence": fence.key, "at": instant_text(now)}
        with self._database.transaction():
            self._database.run("insert_fence", {**values, "send_at": instant_text(fence.send_at)})

    def fences_in_doubt(self, plan: str) -> list[Fence]:
        """Return the fences of a plan that hold an unknown notice and were not withdrawn, the earliest first."""
        rows = self._database.rows("fences_in_doubt", {"plan": registered(self._database, plan).plan})
        return [Fence(row["fence"], datetime.fromisoformat(row["send_at"])) for row in rows]

    def withdraw(self, plan: str, fence: Fence, by: str, now: datetime) -> int:
        """Make every notice ready that the provider discarded with a fence; return how many. Only while `alone`."""
        shared = {"plan": plan, "fence": fence.key, "by": by, "at": instant_text(now)}
        reason = f"discarded by the provider with {fence.key}, as {by} asked"
        with self._database.transaction():
            self._database.run("set_withdrawn", shared)
            record_act(self._database, plan, "withdraw", by, now)
            return sum(
                self._database.run("move_fenced", {**shared, "was": was, "became": became, "reason": reason})
                for was, became, _ in (TRANSITIONS[Cause.PROOF_OF_ABSENCE], TRANSITIONS[Cause.WITHDRAWN])
            )

    def _serial(self) -> int:
        """Return how many durable claims this outbox made."""
        return int(self._database.rows("serial", {})[0]["number"])

    def _mark_restored(self, by: str, at: str) -> int:
        """Make every ready notice unknown whose claim only the receipts hold; return how many."""
        keys = self._receipts.since(self._serial())
        found = [row for key in keys for row in self._database.rows("notice_of_key", {"key": key})]
        if len(found) < len(keys):
            raise LostPlans(len(keys) - len(found))
        ready = [row for row in found if row["status"] == TRANSITIONS[Cause.RESTORED].was]
        why = f"claimed after the backup; reconciled by {by}"
        for row in ready:
            move(self._database, row["plan"], [Settlement(row["partner_id"], Cause.RESTORED, why)], at)
        self._database.run("set_serial", {"serial": max(self._serial(), self._receipts.last())})
        return len(ready)

    def _recover(self, at: str) -> int:
        return settle_orphans(self._database, at) - accept_in_doubt(self._database, at)

    def _turn(
        self,
        claimant: Claimant,
        settlements: Sequence[Settlement],
        most: int,
        now: datetime,
        rates: DomainRates,
    ) -> tuple[int, Turn]:
        """Return the serial of the claims, and the turn."""
        at = instant_text(now)
        if self._lease is not None and not self._lease.renew(self._database, now):
            prove(self._database, claimant.plan, settlements, at)
            return 0, Turn((), 0, "open")
        settle(self._database, claimant.plan, settlements, at)
        if any(one.cause is Cause.LOST_ANSWER for one in settlements):
            accept_in_doubt(self._database, at)
        record = registered(self._database, claimant.plan)
        if record.standing != "open" or most < 1:
            return 0, Turn((), 0, record.standing)
        claimed, skipped = claim(self._database, record, claimant, most, now, rates)
        serial = self._database.rows("next_serial", {})[0]["number"] if claimed else 0
        return serial, Turn(claimed, skipped, record.standing)

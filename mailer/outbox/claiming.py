"""The outbox as senders use it: who sends, what is claimed, and what came of it, each by one durable write."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Final, TypeVar

from mailer.batch.header import instant_text
from mailer.delivery.retries import Settlement
from mailer.errors import Collision, OutboxRestored
from mailer.outbox.database import Database, Sender
from mailer.outbox.lease import Lease, require_nobody
from mailer.outbox.moves import (
    Claimant,
    Turn,
    accept_in_doubt,
    claim,
    prove,
    registered,
    settle,
    settle_orphans,
)
from mailer.outbox.receipts import Receipts, mark_restored, serial_of
from mailer.rules.fences import Fence
from mailer.rules.pace import NO_RATES, Rates
from mailer.rules.states import TRANSITIONS, Cause

_TRIES: Final = 5
_Result = TypeVar("_Result")


class Claiming:
    """What senders do with an outbox, known to people by its `name`."""

    def __init__(self, database: Database, receipts: Receipts) -> None:
        self._database = database
        self._receipts = receipts
        self._lease: Lease | None = None
        self.name = database.name

    @contextmanager
    def sending(self, sender: Sender, lease_seconds: int, now: datetime) -> Iterator[None]:
        """Be a sender for the length of the block: the only one, or with a lease where the outbox is shared.

        OutboxOwned tells who sends, if there can be no other.
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
    def alone(self, sender: Sender, now: datetime) -> Iterator[None]:
        """Keep every sender out for the length of the block, or OutboxOwned, which tells who sends."""
        with self._database.sole(sender):
            with self._database.transaction():
                settle_orphans(self._database, instant_text(now))
                require_nobody(self._database)
            yield

    def require_lease(self, now: datetime) -> None:
        """Raises `LeaseLost` if this sender's lease is over: no message may leave then. For any thread."""
        if self._lease is not None:
            self._lease.require(now)

    def stay(self, now: datetime) -> int:
        """Renew a lease that is half over, and look after dead senders; how many of their notices are unknown now."""
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
        rates: Rates = NO_RATES,
    ) -> Turn:
        """One durable write: settle what came back, then claim up to `most` more.

        Nothing is claimed of a plan that does not stand open, nor what `rates` give its domain no room for, which stays
        ready. Candidates whose address is suppressed, or whom another plan handed this edition, are skipped instead.
        Raises `LeaseLost` if this sender counts as dead:
        what it had claimed is unknown, but for the acceptances in `settlements`, which are recorded as proof.
        """
        serial, turn = self._again(lambda: self._turn(claimant, settlements, most, now, rates))
        self.require_lease(now)
        if turn.claimed:
            self._receipts.append(serial, [one.key for one in turn.claimed])
        return turn

    def recover(self, now: datetime) -> int:
        """Make every `sending` notice of every plan `unknown` whose sender is dead.

        Only for who holds the lock, or with a shared outbox for anyone.
        """
        return self._again(lambda: self._recover(instant_text(now)))

    def require_current(self) -> None:
        """Raises `OutboxRestored` if the receipts know of claims that the outbox does not."""
        last = self._receipts.last()  # first: other senders may be adding to both
        serial = serial_of(self._database)
        if last > serial:
            raise OutboxRestored(self.name, serial, last, len(self._receipts.since(serial)))

    def reconcile(self, by: str, now: datetime) -> int:
        """Make every notice `unknown` that was claimed after the backup that this outbox is; how many there were.

        Raises `LostPlans`, with nothing moved, if it does not know the plan of one. Only while `alone`.
        """
        at = instant_text(now)
        with self._database.transaction():
            marked = mark_restored(self._database, self._receipts, by, at)
            return marked - accept_in_doubt(self._database, at)

    def open_fence(self, plan: str, fence: Fence, now: datetime) -> None:
        """Record a fence, before anything is claimed under it."""
        values = {"plan": plan, "fence": fence.key, "at": instant_text(now)}
        with self._database.transaction():
            self._database.run("insert_fence", {**values, "send_at": instant_text(fence.send_at)})

    def fences_in_doubt(self, plan: str) -> list[Fence]:
        """The fences of a plan that hold an unknown notice and were not withdrawn, the earliest first."""
        rows = self._database.rows("fences_in_doubt", {"plan": registered(self._database, plan).plan})
        return [Fence(row["fence"], datetime.fromisoformat(row["send_at"])) for row in rows]

    def withdraw(self, plan: str, fence: Fence, by: str, now: datetime) -> int:
        """Make every notice ready that the provider discarded with a fence; how many there were. Only while `alone`."""
        shared = {"plan": plan, "fence": fence.key, "by": by, "at": instant_text(now)}
        reason = f"discarded by the provider with {fence.key}, as {by} asked"
        with self._database.transaction():
            self._database.run("set_withdrawn", shared)
            return sum(
                self._database.run("move_fenced", {**shared, "was": was, "became": became, "reason": reason})
                for was, became, _ in (TRANSITIONS[Cause.PROOF_OF_ABSENCE], TRANSITIONS[Cause.WITHDRAWN])
            )

    def _recover(self, at: str) -> int:
        """How many notices of dead senders are unknown now: those of which events are known are not."""
        return settle_orphans(self._database, at) - accept_in_doubt(self._database, at)

    def _turn(
        self, claimant: Claimant, settlements: Sequence[Settlement], most: int, now: datetime, rates: Rates
    ) -> tuple[int, Turn]:
        """The write, and the serial of its claims."""
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

    def _again(self, step: Callable[[], _Result]) -> _Result:
        """What a step gives in a transaction of its own, tried again where another sender was faster."""
        for _ in range(_TRIES - 1):
            try:
                with self._database.transaction():
                    return step()
            except Collision:
                continue
        with self._database.transaction():
            return step()

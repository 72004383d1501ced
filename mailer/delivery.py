"""Sending an approved plan: claim durably, hand over, settle; and whatever happens, never claim what cannot be proved.

One thread writes the outbox; a thread for each connection hands over. No byte of a message leaves before the write that
claims it is durable. A stop lets the connections finish what they hold, gives back what they had not begun, and records.
"""

import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from mailer.approval import valid_approval
from mailer.batch import Batch
from mailer.connections import Connections, Result
from mailer.errors import NotApproved, NotDue, OtherDigest, PlanCancelled, PlanPaused, TooLate
from mailer.header import instant_text
from mailer.lock import Sender, sole_sender
from mailer.outbox import Outbox
from mailer.policy import Settlement, Timing, backoff, next_depth, settlement, timing
from mailer.records import Candidate, PlanRecord
from mailer.settings import MailSettings
from mailer.states import Cause
from mailer.transports.base import Attempt, Outcome, Transport


@dataclass(frozen=True, slots=True)
class Delivery:
    """What one call of `deliver` did: notices by what came of them. `stopped` says why it ended before all was settled.

    `refused` counts refusals for now, `released` claims that were given back unbegun, `recovered` notices that a dead
    sender left and that are unknown since.
    """

    plan: str
    accepted: int = 0
    rejected: int = 0
    unknown: int = 0
    refused: int = 0
    released: int = 0
    skipped: int = 0
    recovered: int = 0
    stopped: str = ""


_COUNTED = {
    Cause.ACCEPTANCE: "accepted",
    Cause.REJECTION: "rejected",
    Cause.GAVE_UP_RETRYING: "rejected",
    Cause.LOST_ANSWER: "unknown",
    Cause.REFUSAL: "refused",
    Cause.RELEASED: "released",
}


def check_sendable(outbox: Outbox, batch: Batch, settings: MailSettings, now: datetime) -> PlanRecord:
    """The plan's record, if it may be sent now; else the SendRefused or BatchTampered that says why not.

    Every message's digest is recomputed from the file's bytes and compared with the digest that was approved.
    """
    record = outbox.plan(batch.header.plan)
    if record.standing == "cancelled":
        raise PlanCancelled(record.plan)
    if record.digest != batch.digest:
        raise OtherDigest(
            record.plan, f"the batch has digest {batch.digest}, registered is {record.digest}; restore it"
        )
    approvals = outbox.approvals(record.plan)
    approval = valid_approval(approvals, batch.digest, record.made_by, self_approval=settings.self_approval)
    if approval is None:
        raise NotApproved(
            record.plan, f"no valid approval for its digest; 'approve {record.plan} --by NAME' gives one"
        )
    batch.verify(approval.digest)
    if record.standing == "paused":
        raise PlanPaused(record.plan)
    _check_timing(record, settings, now)
    return record


def deliver(
    outbox: Outbox,
    batch: Batch,
    transport: Transport,
    *,
    clock: Callable[[], datetime],
    settings: MailSettings,
    stop: threading.Event | None = None,
    limit: int | None = None,
    progress: Callable[[Delivery], None] = lambda _: None,
) -> Delivery:
    """Send what is `ready` of an approved plan, at most `limit` notices, until all is settled or `stop` is set.

    Raises SendRefused or BatchTampered with nothing sent, OutboxOwned if another sender is at work, ConfigurationError if
    the transport cannot work as it is set up. Whatever is raised, what was claimed has been settled or given back before.
    """
    started = clock()
    sender = Sender.here(instant_text(started))
    with sole_sender(outbox.lock_file, sender):
        recovered = outbox.recover(started)
        record = check_sendable(outbox, batch, settings, started)
        run = _Run(outbox, batch, transport, settings, clock, str(sender), stop or threading.Event())
        run.report = Delivery(record.plan, recovered=recovered)
        run.left = limit
        run.progress = progress
        return run.until_done()


@contextmanager
def stop_on_signals() -> Iterator[threading.Event]:
    """An event that SIGTERM and Ctrl-C set instead of breaking in; only in the main thread."""
    stop = threading.Event()
    former = {
        number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield stop
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def _check_timing(record: PlanRecord, settings: MailSettings, now: datetime) -> None:
    moment = timing(record.send_at, settings.latest_start_hours, now)
    if record.send_at is not None and moment is Timing.EARLY:
        raise NotDue(record.plan, record.send_at)
    late = record.send_at is not None and moment is Timing.LATE and not record.begun
    if late and record.send_at is not None and settings.latest_start_hours is not None:
        raise TooLate(record.plan, record.send_at, settings.latest_start_hours)


class _Run:
    """One delivery under way. `elapsed` measures waiting, so that a pinned clock still lets it end."""

    def __init__(
        self,
        outbox: Outbox,
        batch: Batch,
        transport: Transport,
        settings: MailSettings,
        clock: Callable[[], datetime],
        sender: str,
        stop: threading.Event,
    ) -> None:
        self.outbox, self.batch, self.transport, self.settings = outbox, batch, transport, settings
        self.clock, self.sender, self.stop = clock, sender, stop
        self.plan = batch.header.plan
        self.report = Delivery(self.plan)
        self.progress: Callable[[Delivery], None] = lambda _: None
        self.left: int | None = None
        self.error: BaseException | None = None
        self._elapsed = time.monotonic
        self._earliest = clock()
        self._hold_until = 0.0
        self._holds = 0
        self._depth = transport.width
        self._exhausted = False
        self._ended = ""
        self._pending: list[Settlement] = []

    def until_done(self) -> Delivery:
        """Go on until all is settled or something ends it; then record what is on its way and raise what went wrong."""
        with Connections.working(self.transport, self._prepare) as connections:
            try:
                while not self._finished(connections):
                    self._step(connections)
            finally:
                self._drain(connections)
        if self.error is not None:
            raise self.error
        self.report = replace(self.report, stopped=self._ended)
        return self.report

    def _prepare(self, candidate: Candidate) -> Attempt:
        frozen = self.batch.frozen(candidate.partner_id)
        return Attempt(frozen.notice, frozen.message_id, frozen.key, self.clock())

    def _now(self) -> datetime:
        return max(self.clock(), self._earliest)

    def _finished(self, connections: Connections) -> bool:
        if self.stop.is_set():
            self._ended = "asked to stop"
        if self._ended or self.error is not None:
            return True
        if connections.outstanding or self._pending:
            return False
        if self.left == 0:
            self._ended = "the limit is reached"
        elif self._exhausted:
            return self._nothing_comes()
        return bool(self._ended)

    def _nothing_comes(self) -> bool:
        """With nothing to claim and nothing on its way: whether that is the end, after waiting for a retry if one is near."""
        due = self.outbox.next_due(self.plan)
        self._exhausted = False
        if due is None:
            return True
        if due == "":
            return False
        until = datetime.fromisoformat(due)
        seconds = (until - self._now()).total_seconds()
        if seconds > self.settings.retries.patience_seconds:
            self._ended = f"what is left is not tried again before {due}"
            return True
        self.stop.wait(max(0.0, seconds))
        self._earliest = max(self._earliest, until)
        return False

    def _step(self, connections: Connections) -> None:
        group = self.settings.group
        results = connections.gather(group.size, 0.1, group.wait_ms / 1000)
        self._take(results, connections)
        most = self._wanted(connections)
        if self._pending or most:
            self._depth = next_depth(
                self._depth,
                len(results),
                ran_dry=connections.outstanding == 0,
                width=self.transport.width,
                group=group.size,
            )
            self._turn(connections, most)
        elif not connections.outstanding:
            self.stop.wait(max(0.0, min(0.1, self._hold_until - self._elapsed())))

    def _wanted(self, connections: Connections) -> int:
        stopping = self.stop.is_set() or self.error is not None or self._ended
        if stopping or self._exhausted or self._elapsed() < self._hold_until:
            return 0
        wanted = min(self._depth - connections.outstanding, self.settings.group.size)
        if self.left is not None:
            wanted = min(wanted, self.left)
        if self.settings.per_second is not None:
            wanted = min(wanted, max(1, int(self.settings.per_second * self.settings.group.wait_ms / 1000)))
        return max(0, wanted)

    def _turn(self, connections: Connections, most: int) -> None:
        """One durable write, and only then the claimed ones go to the connections."""
        settled = self._pending
        turn = self.outbox.turn(self.plan, settled, most, self._now(), self.sender, self.transport.name)
        self._pending = []
        for candidate in turn.claimed:
            connections.put(candidate)
        if turn.standing != "open":
            self._ended = f"the plan is {turn.standing}"
        self._exhausted = most > 0 and not turn.claimed and not turn.skipped
        if self.left is not None:
            self.left -= len(turn.claimed)
        if self.settings.per_second is not None and turn.claimed:
            self._hold_until = self._elapsed() + len(turn.claimed) / float(self.settings.per_second)
        self._count(settled, turn.skipped)

    def _count(self, settled: Sequence[Settlement], skipped: int) -> None:
        found = Counter(_COUNTED[one.cause] for one in settled)
        found["skipped"] = skipped
        report = self.report
        self.report = replace(
            report,
            accepted=report.accepted + found["accepted"],
            rejected=report.rejected + found["rejected"],
            unknown=report.unknown + found["unknown"],
            refused=report.refused + found["refused"],
            released=report.released + found["released"],
            skipped=report.skipped + found["skipped"],
        )
        self.progress(self.report)

    def _take(self, results: Sequence[Result], connections: Connections) -> None:
        for result in results:
            candidate, outcome = result.candidate, result.outcome
            self.error = self.error or result.error
            self._pending.append(
                settlement(
                    candidate.partner_id, outcome, candidate.refusals, self._now(), self.settings.retries
                )
            )
            if outcome.cause is Cause.REFUSAL:
                self._exhausted = False
                if outcome.about == "transport":
                    self._hold(outcome, connections)
            else:
                self._holds = 0

    def _hold(self, outcome: Outcome, connections: Connections) -> None:
        """The transport as such refuses: give back what has not begun and wait, longer each time, or end."""
        self._release(connections)
        if self._elapsed() < self._hold_until and self._holds:
            return
        self._holds += 1
        retries = self.settings.retries
        seconds = max(backoff(self._holds, retries), outcome.wait_seconds or 0.0)
        if self._holds >= retries.attempts or seconds > retries.patience_seconds:
            self._ended = f"the transport refuses for now: {outcome.detail}"
        self._hold_until = self._elapsed() + seconds

    def _release(self, connections: Connections) -> None:
        back = connections.withdraw()
        self._pending += [Settlement(one.partner_id, Cause.RELEASED, "given back unbegun") for one in back]
        if self.left is not None:
            self.left += len(back)

    def _drain(self, connections: Connections) -> None:
        self._release(connections)
        while connections.outstanding or self._pending:
            self._take(connections.gather(self.settings.group.size, 60.0, 0.0), connections)
            self._turn(connections, 0)

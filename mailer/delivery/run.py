"""One delivery: claim notices durably, hand them over, and settle each by what is proved.

One thread writes the outbox, and one thread for each connection hands messages over. No byte of a message leaves before
the write that claims its notice is durable. On a stop the connections finish the messages that they hold, the others
are given back, and everything is recorded.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from mailer.batch.batch import Batch
from mailer.delivery.connections import BatchAttempts, Connections, Result
from mailer.delivery.fencing import Fences
from mailer.delivery.retries import next_depth, settlement
from mailer.delivery.throttle import Throttle, WarmUp
from mailer.errors import FenceRefused, LeaseLost
from mailer.outbox.moves import Claimant
from mailer.outbox.outbox import Outbox
from mailer.rules.states import Cause, Settlement
from mailer.settings import MailSettings
from mailer.transports.base import Transport

_TICK: Final = 0.1  # seconds between two looks at whether to stop


@dataclass(frozen=True, slots=True)
class Delivery:
    """The report of one call of `deliver`: numbers of notices by outcome.

    `refused` counts temporary refusals, `released` claims that were given back unbegun, `recovered` notices of a dead
    sender that are unknown now. `stopped` tells why the call ended before all was settled. `goes_on` is the day or the
    instant (text) from which a later call may send the rest, if that is the reason.
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
    goes_on: str = ""

    def plus(self, settled: Sequence[Settlement], skipped: int) -> "Delivery":
        """Return the report with the settled and skipped notices of one durable write added."""
        found = Counter(_COUNTED[one.cause] for one in settled) + Counter(skipped=skipped)
        return replace(self, **{name: getattr(self, name) + number for name, number in found.items()})


_COUNTED: Final = {
    Cause.ACCEPTANCE: "accepted",
    Cause.REJECTION: "rejected",
    Cause.GAVE_UP_RETRYING: "rejected",
    Cause.LOST_ANSWER: "unknown",
    Cause.REFUSAL: "refused",
    Cause.RELEASED: "released",
}


class Run:
    """The loop of a delivery, and its state between two durable writes."""

    def __init__(
        self,
        outbox: Outbox,
        batch: Batch,
        transport: Transport,
        claimant: Claimant,
        settings: MailSettings,
        *,
        clock: Callable[[], datetime],
        stop: threading.Event,
        limit: int | None = None,
        fences: Fences | None = None,
    ) -> None:
        self._outbox, self._batch, self._transport = outbox, batch, transport
        self._claimant, self._settings = claimant, settings
        self._stop, self._left, self._fences = stop, limit, fences
        self._throttle = Throttle(clock, time.monotonic, settings, transport.name)
        self._attempts = BatchAttempts(batch, outbox, self._throttle.now, fences)
        self._depth = transport.width
        self._exhausted = False
        self._again: str | None = None
        self._warm_up = WarmUp(settings.warm_up, lambda since: outbox.handed_by_day(transport.name, since))
        self._ended = self._goes_on = ""
        self._error: BaseException | None = None
        self._pending: list[Settlement] = []
        self._progress: Callable[[Delivery], None] = lambda _: None
        self.report = Delivery(claimant.plan)

    def until_done(self, report: Delivery, progress: Callable[[Delivery], None]) -> Delivery:
        """Run until all notices are settled or something ends the delivery; record the rest, then raise any error.

        The counts start at `report`; `progress` receives them after each durable write.
        """
        self.report, self._progress = report, progress
        with Connections.working(self._transport, self._attempts) as connections:
            try:
                while not self._finished(connections):
                    self._step(connections)
            finally:
                self._drain(connections)
        if self._error is not None:
            raise self._error
        return replace(self.report, stopped=self._ended, goes_on=self._goes_on)

    def _finished(self, connections: Connections) -> bool:
        if self._stop.is_set():
            self._ended = self._ended or "asked to stop"
        if self._ended or self._error is not None:
            return True
        if connections.outstanding or self._pending:
            return False
        if self._left == 0:
            self._ended = "the limit is reached"
            return True
        if self._used_up():
            return True
        return self._exhausted and self._nothing_comes()

    def _nothing_comes(self) -> bool:
        """Return whether the delivery is over, with no notice left or outstanding; wait for a near retry."""
        due = self._outbox.next_due(self._claimant.plan, self._throttle.now())
        self._exhausted = False
        if due is None:
            return True
        if not self._throttle.outlasts(due) and self._closed():
            return True
        if not self._throttle.outlasts(due):
            self._ended = f"what is left is not tried again before {due}"
            return True
        self._throttle.wait_until(due, self._stop, self._stay)
        return False

    def _closed(self) -> bool:
        """Return whether every notice that is left waits for its send window, which needs no person."""
        opens = self._outbox.next_window(self._claimant.plan, self._throttle.now())
        if opens:
            self._ended, self._goes_on = f"what is left waits for its send window, from {opens} on", opens
        return bool(opens)

    def _used_up(self) -> bool:
        """Return whether today's warm-up allowance is used up, with nothing outstanding."""
        today = self._warm_up.at(self._throttle.now())
        if today is None or today.left:
            return False
        if self._outbox.next_due(self._claimant.plan, self._throttle.now()) is not None:
            self._ended, self._goes_on = today.used_up, today.goes_on
        return True

    def _step(self, connections: Connections) -> None:
        self._stay()
        group = self._settings.group
        results = connections.gather(group.size, _TICK, group.wait_ms / 1000)
        self._take(results, connections)
        most = self._wanted(connections)
        if self._pending or most:
            width, size = self._transport.width, group.size
            self._depth = next_depth(self._depth, len(results), width=width, group=size)
            self._turn(connections, most)
        elif not connections.outstanding:
            self._stop.wait(min(_TICK, self._throttle.seconds_held()))

    def _stay(self) -> None:
        """Renew the lease, and count the notices that dead senders left."""
        recovered = self._outbox.stay(self._throttle.now())
        self.report = replace(self.report, recovered=self.report.recovered + recovered)

    def _wanted(self, connections: Connections) -> int:
        stopping = self._stop.is_set() or self._error is not None or self._ended
        if self._exhausted and self._again is not None and self._throttle.reached(self._again):
            self._exhausted = False
        if stopping or self._exhausted or self._throttle.seconds_held():
            return 0
        room = min(self._depth - connections.outstanding, self._settings.group.size, self._throttle.burst())
        if room > 0 and (today := self._warm_up.at(self._throttle.now())) is not None:
            room = min(room, today.left - connections.outstanding - len(self._pending))
        return max(0, room if self._left is None else min(room, self._left))

    def _turn(self, connections: Connections, most: int) -> None:
        """Do one durable write, and only then give the claimed notices to the connections."""
        claimant, most = self._fenced(most)
        settled, self._pending = self._pending, []
        try:
            turn = self._outbox.turn(claimant, settled, most, self._throttle.now(), self._settings.per_domain)
        except LeaseLost as lost:
            self._error = self._error or lost
            return
        for candidate in turn.claimed:
            connections.put(candidate._replace(withheld=self._withheld(candidate.partner_id)))
        if turn.standing != "open":
            self._ended = self._ended or f"the plan is {turn.standing}"
        if most > 0 and not turn.claimed and not turn.skipped:
            self._exhausted = True
            self._again = self._outbox.next_due(self._claimant.plan, self._throttle.now())
        if self._left is not None:
            self._left -= len(turn.claimed)
        self._throttle.sent(len(turn.claimed))
        self.report = self.report.plus(settled, turn.skipped)
        self._progress(self.report)

    def _withheld(self, partner_id: str) -> frozenset[str]:
        """Return the keys of a message's copies that must not be written to now."""
        copies = self._batch.copies(partner_id)
        return self._outbox.withheld(self._batch.header.category, copies) if copies else frozenset()

    def _fenced(self, most: int) -> tuple[Claimant, int]:
        """Return the claimant and the claim limit; the limit is 0 while the provider refuses a fence."""
        if self._fences is None or most < 1:
            return self._claimant, most
        try:
            fence = self._fences.current(self._throttle.now(), most)
        except FenceRefused as error:
            self._error = self._error or error
            return self._claimant, 0
        return self._claimant._replace(fence=fence.key), most

    def _take(self, results: Sequence[Result], connections: Connections) -> None:
        retries = self._settings.retries
        for result in results:
            candidate, outcome = result.candidate, result.outcome
            self._error = self._error or result.error
            now = self._throttle.now()
            self._pending.append(settlement(candidate.partner_id, outcome, candidate.refusals, now, retries))
            if outcome.cause is Cause.REFUSAL:
                self._exhausted = False
            if outcome.about == "transport":
                self._release(connections)
                self._ended = self._ended or self._throttle.refused(outcome)
            elif outcome.cause is not Cause.REFUSAL:
                self._throttle.served()

    def _release(self, connections: Connections) -> None:
        """Give back the candidates that no connection has begun."""
        back = connections.withdraw()
        self._pending += [Settlement(one.partner_id, Cause.RELEASED, "given back unbegun") for one in back]
        if self._left is not None:
            self._left += len(back)

    def _drain(self, connections: Connections) -> None:
        self._release(connections)
        while connections.outstanding or self._pending:
            self._stay()
            self._take(connections.gather(self._settings.group.size, _TICK, 0.0), connections)
            if self._pending:
                self._turn(connections, 0)

"""One delivery under way: claim durably, hand over, settle; nothing is ever claimed to be what is not proved.

One thread writes the outbox; a thread for each connection hands over. No byte of a message leaves
before the write that claims it is durable. A stop lets the connections finish what they hold, gives
back what they had not begun, and records.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from mailer.batch.batch import Batch
from mailer.delivery.ahead import WrittenAhead
from mailer.delivery.connections import Connections, Preparation, Result
from mailer.delivery.fencing import Fences
from mailer.delivery.patience import Patience
from mailer.delivery.retries import Settlement, next_depth, settlement
from mailer.delivery.warm_up import WarmUp
from mailer.errors import FenceRefused, LeaseLost
from mailer.outbox.moves import Claimant
from mailer.outbox.outbox import Outbox
from mailer.rules.states import Cause
from mailer.settings import MailSettings
from mailer.transports.base import Transport

_TICK: Final = 0.1  # seconds between two looks at whether to stop


@dataclass(frozen=True, slots=True)
class Delivery:
    """What one call of `deliver` did: notices by what came of them.

    `refused` counts refusals for now, `released` claims that were given back unbegun, `recovered`
    notices that a dead sender left and that are unknown since. `stopped` says why it ended before
    all was settled; `goes_on` is the day or the instant (text) from which on a later call may send what is left, where
    that is why.
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
        """Add what one durable write settled and skipped."""
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
    """The loop of a delivery, and what it keeps between two durable writes."""

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
        ahead: WrittenAhead | None = None,
    ) -> None:
        self._outbox, self._transport = outbox, transport
        self._claimant, self._settings = claimant, settings
        self._stop, self._left, self._fences = stop, limit, fences
        self._patience = Patience(clock, time.monotonic, settings, transport.name)
        self._preparation = Preparation(batch, outbox, self._patience.now, fences, ahead)
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
        """Go on until all is settled or something ends it, record what is on its way, raise what went wrong.

        `report` is where the counts begin; `progress` is told them after each durable write.
        """
        self.report, self._progress = report, progress
        with Connections.working(self._transport, self._preparation) as connections:
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
        """With nothing to claim and nothing on its way.

        Whether that is the end, after waiting for a near retry.
        """
        due = self._outbox.next_due(self._claimant.plan, self._patience.now())
        self._exhausted = False
        if due is None:
            return True
        if not self._patience.outlasts(due) and self._closed():
            return True
        if not self._patience.outlasts(due):
            self._ended = f"what is left is not tried again before {due}"
            return True
        self._patience.wait_until(due, self._stop, self._stay)
        return False

    def _closed(self) -> bool:
        """With nothing to claim: whether all that is left waits for its send window, which needs no person."""
        opens = self._outbox.next_window(self._claimant.plan, self._patience.now())
        if opens:
            self._ended, self._goes_on = f"what is left waits for its send window, from {opens} on", opens
        return bool(opens)

    def _used_up(self) -> bool:
        """With nothing on its way: whether today's allowance is used up, which stops only what waits."""
        today = self._warm_up.at(self._patience.now())
        if today is None or today.left:
            return False
        if self._outbox.next_due(self._claimant.plan, self._patience.now()) is not None:
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
            self._stop.wait(min(_TICK, self._patience.seconds_held()))

    def _stay(self) -> None:
        """Say that this sender is alive, and count what dead ones left."""
        recovered = self._outbox.stay(self._patience.now())
        self.report = replace(self.report, recovered=self.report.recovered + recovered)

    def _wanted(self, connections: Connections) -> int:
        stopping = self._stop.is_set() or self._error is not None or self._ended
        if self._exhausted and self._again is not None and self._patience.reached(self._again):
            self._exhausted = False
        if stopping or self._exhausted or self._patience.seconds_held():
            return 0
        room = min(self._depth - connections.outstanding, self._settings.group.size, self._patience.burst())
        if room > 0 and (today := self._warm_up.at(self._patience.now())) is not None:
            room = min(room, today.left - connections.outstanding - len(self._pending))
        return max(0, room if self._left is None else min(room, self._left))

    def _turn(self, connections: Connections, most: int) -> None:
        """One durable write, and only then the claimed ones go to the connections."""
        claimant, most = self._fenced(most)
        settled, self._pending = self._pending, []
        try:
            turn = self._outbox.turn(claimant, settled, most, self._patience.now(), self._settings.per_domain)
        except LeaseLost as lost:
            self._error = self._error or lost
            return
        for candidate in turn.claimed:
            connections.put(candidate)
        if turn.standing != "open":
            self._ended = self._ended or f"the plan is {turn.standing}"
        if most > 0 and not turn.claimed and not turn.skipped:
            self._exhausted = True
            self._again = self._outbox.next_due(self._claimant.plan, self._patience.now())
        if self._left is not None:
            self._left -= len(turn.claimed)
        self._patience.sent(len(turn.claimed))
        self.report = self.report.plus(settled, turn.skipped)
        self._progress(self.report)

    def _fenced(self, most: int) -> tuple[Claimant, int]:
        """Who claims, and how many: none, where there is to be a fence and the provider gives none."""
        if self._fences is None or most < 1:
            return self._claimant, most
        try:
            fence = self._fences.current(self._patience.now(), most)
        except FenceRefused as error:
            self._error = self._error or error
            return self._claimant, 0
        return self._claimant._replace(fence=fence.key), most

    def _take(self, results: Sequence[Result], connections: Connections) -> None:
        retries = self._settings.retries
        for result in results:
            candidate, outcome = result.candidate, result.outcome
            self._error = self._error or result.error
            now = self._patience.now()
            self._pending.append(settlement(candidate.partner_id, outcome, candidate.refusals, now, retries))
            if outcome.cause is Cause.REFUSAL:
                self._exhausted = False
            if outcome.about == "transport":
                self._release(connections)
                self._ended = self._ended or self._patience.refused(outcome)
            elif outcome.cause is not Cause.REFUSAL:
                self._patience.served()

    def _release(self, connections: Connections) -> None:
        """Give back what no connection has begun."""
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

"""The threads that hand messages over: each holds one connection of a transport and takes candidates from one queue."""

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Final, NamedTuple, Protocol

from mailer.batch.batch import Batch
from mailer.delivery.fencing import Fences
from mailer.errors import MailerError
from mailer.outbox.moves import Candidate
from mailer.outbox.outbox import Outbox
from mailer.rules.states import Cause, Outcome
from mailer.transports.base import Attempt, Connection, PipeliningConnection, Transport

_AHEAD: Final = 2  # one that starts with the end of another, and one to prepare during the answer


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of a candidate. `error` is set if the whole delivery has to end with it."""

    candidate: Candidate
    outcome: Outcome
    error: BaseException | None = None


class AttemptSource(Protocol):
    """Makes the attempts at candidates. An error that it raises ends the whole delivery."""

    def permit(self) -> None:
        """Raise an error if no message may leave any more."""

    def attempt(self, candidate: Candidate) -> Attempt:
        """Return the attempt at a candidate."""


class Connections:
    """The threads of one delivery: `put` gives them candidates, `gather` returns results; both from one thread.

    Each thread prepares the attempt, and asks whether a message may still leave, before it hands the message over.
    """

    def __init__(self, transport: Transport, attempts: AttemptSource) -> None:
        self._attempts = attempts
        self._todo: queue.SimpleQueue[Candidate | None] = queue.SimpleQueue()
        self._done: list[Result] = []
        self._lock = threading.Lock()
        self._enough = threading.Event()
        self._awaited = 1
        self.outstanding = 0
        # daemons, so that a second interruption can end a process whose provider never answers
        self._threads = [
            threading.Thread(target=self._work, args=(transport,), name=f"{transport.name}-{n}", daemon=True)
            for n in range(transport.width)
        ]

    @classmethod
    @contextmanager
    def working(cls, transport: Transport, attempts: AttemptSource) -> "Iterator[Connections]":
        """Run the threads for the length of the block."""
        connections = cls(transport, attempts)
        for thread in connections._threads:
            thread.start()
        try:
            yield connections
        finally:
            for _ in connections._threads:
                connections._todo.put(None)
            for thread in connections._threads:
                thread.join()

    def put(self, candidate: Candidate) -> None:
        """Queue a candidate for the next free connection."""
        self.outstanding += 1
        self._todo.put(candidate)

    def gather(self, most: int, first: float, then: float) -> list[Result]:
        """Return up to `most` results.

        Wait `first` seconds for one, then `then` seconds for half of those outstanding. The other half keeps the
        connections busy while these are recorded.
        """
        enough = min(most, self.outstanding // 2)
        if not self._wait(enough, then) and self._wait(1, first):
            self._wait(enough, then)
        with self._lock:
            results, self._done = self._done[:most], self._done[most:]
        self.outstanding -= len(results)
        return results

    def _wait(self, number: int, seconds: float) -> bool:
        """Sleep until there are `number` results, `seconds` at most; return whether there is any.

        Waking up for each result would cost more than handing a message over.
        """
        with self._lock:
            self._awaited = number
            if len(self._done) >= min(number, self.outstanding):
                return bool(self._done)
            self._enough.clear()
        self._enough.wait(seconds)
        return bool(self._done)

    def _give_back(self, result: Result) -> None:
        with self._lock:
            self._done.append(result)
            # an outcome about the transport holds everything up, so it is reported at once
            if len(self._done) >= self._awaited or result.outcome.about == "transport":
                self._enough.set()

    def withdraw(self) -> list[Candidate]:
        """Take back the candidates that no connection has begun."""
        back: list[Candidate] = []
        while True:
            try:
                candidate = self._todo.get_nowait()
            except queue.Empty:
                break
            if candidate is not None:
                back.append(candidate)
        self.outstanding -= len(back)
        return back

    def _work(self, transport: Transport) -> None:
        worker = _Worker(transport, self._attempts, self._next_at_once)
        while (taken := worker.next() or _Taken.of(self._todo.get())) is not None:
            result = worker.hand(taken)
            if result.outcome.about == "transport":
                for candidate in worker.let_go():
                    self._todo.put(candidate)
            self._give_back(result)
        worker.close()

    def _next_at_once(self) -> Candidate | None:
        """Return the next candidate without waiting, None if there is none."""
        try:
            candidate = self._todo.get_nowait()
        except queue.Empty:
            return None
        if candidate is None:
            self._todo.put(None)
        return candidate


class _Taken(NamedTuple):
    """A candidate that a thread took, and the attempt, if that is prepared."""

    candidate: Candidate
    attempt: Attempt | None = None

    @classmethod
    def of(cls, candidate: Candidate | None) -> "_Taken | None":
        return None if candidate is None else cls(candidate)


class _Worker:
    """One thread's connection, and the candidates that it took ahead of their turn to save round trips."""

    def __init__(
        self, transport: Transport, attempts: AttemptSource, more: Callable[[], Candidate | None]
    ) -> None:
        self._transport, self._attempts, self._more = transport, attempts, more
        self._connection: Connection | None = None
        self._pipelining: PipeliningConnection | None = None
        self._ahead: deque[_Taken] = deque()

    def next(self) -> _Taken | None:
        """Return the candidate that was taken ahead and comes next."""
        return self._ahead.popleft() if self._ahead else None

    def let_go(self) -> list[Candidate]:
        """Give back the candidates that were taken ahead."""
        ahead = [taken.candidate for taken in self._ahead]
        self._ahead.clear()
        return ahead

    def hand(self, taken: _Taken) -> Result:
        """Hand one candidate over; any error becomes part of the result."""
        candidate = taken.candidate
        try:
            hand = self._ready(taken)
        except BaseException as error:  # noqa: BLE001 - handed to the thread that asked, which raises it
            return Result(candidate, Outcome(Cause.REFUSAL, str(error), "transport"), error)
        try:
            return Result(candidate, _told(hand(), candidate))
        except MailerError as error:
            return Result(candidate, Outcome(Cause.REFUSAL, str(error), "transport"), error)
        except BaseException as error:  # noqa: BLE001 - nothing is proved then; the thread that asked raises it
            return Result(candidate, Outcome(Cause.LOST_ANSWER, f"{type(error).__name__}: {error}"), error)

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()

    def _ready(self, taken: _Taken) -> Callable[[], Outcome]:
        """Return a function that hands the message over; no byte of it has left before."""
        if self._connection is None:
            self._connection = self._transport.connect()
            if isinstance(self._connection, PipeliningConnection):
                self._pipelining = self._connection
        attempt = taken.attempt or self._attempts.attempt(taken.candidate)
        self._attempts.permit()
        if self._pipelining is None:
            return partial(self._connection.hand, attempt)
        following = self._ahead[0].attempt if self._ahead else None
        return partial(self._pipelining.hand_before, attempt, following, self._take_ahead)

    def _take_ahead(self) -> None:
        """Prepare the next but one; an error in preparing it comes up again in its turn."""
        while len(self._ahead) < _AHEAD and (candidate := self._more()) is not None:
            attempt = None
            with suppress(Exception):
                attempt = self._attempts.attempt(candidate)
            self._ahead.append(_Taken(candidate, attempt))


def _told(outcome: Outcome, candidate: Candidate) -> Outcome:
    """Add to an acceptance that suppressed copies were left out."""
    if not candidate.withheld or outcome.cause is not Cause.ACCEPTANCE:
        return outcome
    return replace(outcome, detail=f"{outcome.detail}; suppressed copies left out: {len(candidate.withheld)}")


class BatchAttempts:
    """Makes attempts from the messages of a batch, for any thread. `now` is the delivery's clock."""

    def __init__(
        self, batch: Batch, outbox: Outbox, now: Callable[[], datetime], fences: Fences | None = None
    ) -> None:
        self._batch, self._outbox, self._now, self._fences = batch, outbox, now, fences

    def permit(self) -> None:
        """Raise `LeaseLost` if no message may leave any more."""
        self._outbox.require_lease(self._now())

    def attempt(self, candidate: Candidate) -> Attempt:
        """Return the attempt at a candidate."""
        frozen = self._batch.frozen(candidate.partner_id)
        fence = self._fences.of(candidate.fence) if self._fences is not None else None
        return Attempt(frozen.notice, frozen.message_id, frozen.key, self._now(), fence, candidate.withheld)

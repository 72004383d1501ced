"""The threads that hand over: each holds one connection of a transport and takes attempts from one queue."""

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final, NamedTuple, Protocol

from mailer.batch.batch import Batch
from mailer.delivery.ahead import WrittenAhead
from mailer.delivery.fencing import Fences
from mailer.errors import MailerError
from mailer.outbox.moves import Candidate
from mailer.outbox.outbox import Outbox
from mailer.rules.states import Cause
from mailer.transports.base import (
    Attempt,
    Connection,
    Mail,
    MailConnection,
    Outcome,
    Transport,
    WrittenMail,
)

_AHEAD: Final = (
    2  # one whose beginning is said with the end of another, and one to prepare while that is answered
)


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a candidate. `error` is set where the whole delivery has to end with it."""

    candidate: Candidate
    outcome: Outcome
    error: BaseException | None = None


class Preparing(Protocol):
    """What a thread asks before it hands a candidate over; what it raises ends the whole delivery."""

    def permit(self) -> None:
        """Raises where no message may leave any more."""

    def attempt(self, candidate: Candidate) -> Attempt:
        """The attempt at a candidate."""

    def mail(self, candidate: Candidate) -> Mail:
        """The attempt at a candidate, for connections that need no more of it."""


class Connections:
    """Candidates go in by `put`, results come out by `gather`; all from one thread.

    The connections' threads prepare each, and ask whether anything may leave, before they hand it over.
    """

    def __init__(self, transport: Transport, preparation: Preparing) -> None:
        self._preparation = preparation
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
    def working(cls, transport: Transport, preparation: Preparing) -> "Iterator[Connections]":
        """The connections, at work for the length of the block."""
        connections = cls(transport, preparation)
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
        """Let the next free connection hand this one over."""
        self.outstanding += 1
        self._todo.put(candidate)

    def gather(self, most: int, first: float, then: float) -> list[Result]:
        """Up to `most` results: waits `first` seconds for one, then `then` seconds for half of what is on its way.

        The other half keeps the connections busy while these are recorded.
        """
        enough = min(most, self.outstanding // 2)
        if not self._wait(enough, then) and self._wait(1, first):
            self._wait(enough, then)
        with self._lock:
            results, self._done = self._done[:most], self._done[most:]
        self.outstanding -= len(results)
        return results

    def _wait(self, number: int, seconds: float) -> bool:
        """Sleep until there are so many results, for so long at most; whether there is any.

        To be woken by each would cost more than handing one over does.
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
            # what is about the transport lets everything wait, so it does not wait itself
            if len(self._done) >= self._awaited or result.outcome.about == "transport":
                self._enough.set()

    def withdraw(self) -> list[Candidate]:
        """Take back all that no connection has begun."""
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
        hands = _Hands(transport, self._preparation, self._next_at_once)
        while (taken := hands.next() or _Taken.of(self._todo.get())) is not None:
            result = hands.hand(taken)
            if result.outcome.about == "transport":
                for candidate in hands.let_go():
                    self._todo.put(candidate)
            self._give_back(result)
        hands.close()

    def _next_at_once(self) -> Candidate | None:
        """The next candidate, if there is one by now."""
        try:
            candidate = self._todo.get_nowait()
        except queue.Empty:
            return None
        if candidate is None:
            self._todo.put(None)
        return candidate


class _Taken(NamedTuple):
    """A candidate that a thread took, and its mail, if that is prepared."""

    candidate: Candidate
    mail: Mail | None = None

    @classmethod
    def of(cls, candidate: Candidate | None) -> "_Taken | None":
        return None if candidate is None else cls(candidate)


class _Hands:
    """What one thread works with: a connection, and the candidates that it took ahead where that saves waits."""

    def __init__(
        self, transport: Transport, preparation: Preparing, more: Callable[[], Candidate | None]
    ) -> None:
        self._transport, self._preparation, self._more = transport, preparation, more
        self._connection: Connection | None = None
        self._by_mail: MailConnection | None = None
        self._ahead: deque[_Taken] = deque()

    def next(self) -> _Taken | None:
        """What it took ahead and has to hand over next."""
        return self._ahead.popleft() if self._ahead else None

    def let_go(self) -> list[Candidate]:
        """What it took ahead, which is not its own any more."""
        ahead = [taken.candidate for taken in self._ahead]
        self._ahead.clear()
        return ahead

    def hand(self, taken: _Taken) -> Result:
        """Hand one over."""
        candidate = taken.candidate
        try:
            hand = self._ready(taken)
        except BaseException as error:  # noqa: BLE001 - handed to the thread that asked, which raises it
            return Result(candidate, Outcome(Cause.REFUSAL, str(error), "transport"), error)
        try:
            return Result(candidate, hand())
        except MailerError as error:
            return Result(candidate, Outcome(Cause.REFUSAL, str(error), "transport"), error)
        except BaseException as error:  # noqa: BLE001 - nothing is proved then; the thread that asked raises it
            return Result(candidate, Outcome(Cause.LOST_ANSWER, f"{type(error).__name__}: {error}"), error)

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            self._connection.close()

    def _ready(self, taken: _Taken) -> Callable[[], Outcome]:
        """What hands it over, when called; nothing of it has left before."""
        if self._connection is None:
            self._connection = self._transport.connect()
            self._by_mail = self._connection if isinstance(self._connection, MailConnection) else None
        if self._by_mail is None:
            attempt = self._preparation.attempt(taken.candidate)
            self._preparation.permit()
            return partial(self._connection.hand, attempt)
        mail = taken.mail or self._preparation.mail(taken.candidate)
        self._preparation.permit()
        following = self._ahead[0].mail if self._ahead else None
        return partial(self._by_mail.hand_before, mail, following, self._take_ahead)

    def _take_ahead(self) -> None:
        """Prepare the next but one; what keeps it from being prepared comes up again in its turn."""
        while len(self._ahead) < _AHEAD and (candidate := self._more()) is not None:
            mail = None
            with suppress(Exception):
                mail = self._preparation.mail(candidate)
            self._ahead.append(_Taken(candidate, mail))


# What the connections' threads need of a delivery: the attempt at a candidate, and whether it may be made at all.


class Preparation:
    """For any thread. `now` is the delivery's clock; `ahead` has messages written out, where that is worth it."""

    def __init__(
        self,
        batch: Batch,
        outbox: Outbox,
        now: Callable[[], datetime],
        fences: Fences | None = None,
        ahead: WrittenAhead | None = None,
    ) -> None:
        self._batch, self._outbox, self._now = batch, outbox, now
        self._fences, self._ahead = fences, ahead

    def permit(self) -> None:
        """Raises `LeaseLost` where no message may leave any more."""
        self._outbox.require_lease(self._now())

    def attempt(self, candidate: Candidate) -> Attempt:
        """The attempt at a candidate."""
        frozen = self._batch.frozen(candidate.partner_id)
        fence = self._fences.of(candidate.fence) if self._fences is not None else None
        return Attempt(frozen.notice, frozen.message_id, frozen.key, self._now(), fence)

    def mail(self, candidate: Candidate) -> Mail:
        """The attempt at a candidate, for connections that need no more of it."""
        written = self._ahead.take(candidate.partner_id) if self._ahead is not None else None
        return self.attempt(candidate) if written is None else WrittenMail(*written, self._now())

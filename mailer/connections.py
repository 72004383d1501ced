"""The threads that hand over: each holds one connection of a transport and takes attempts from one queue."""

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from mailer.claims import Candidate
from mailer.errors import MailerError
from mailer.states import Cause
from mailer.transports.base import Attempt, Connection, Outcome, Transport


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a candidate. `error` is set where the whole delivery has to end with it."""

    candidate: Candidate
    outcome: Outcome
    error: BaseException | None = None


class Connections:
    """Attempts go in by `put`, results come out by `gather`; all from one thread."""

    def __init__(self, transport: Transport, prepare: Callable[[Candidate], Attempt]) -> None:
        self._prepare = prepare
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
    def working(
        cls, transport: Transport, prepare: Callable[[Candidate], Attempt]
    ) -> "Iterator[Connections]":
        """The connections, at work for the length of the block."""
        connections = cls(transport, prepare)
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
        """Up to `most` results: waits `first` seconds for one, then `then` seconds for all that are on their way."""
        enough = min(most, self.outstanding)
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
            if len(self._done) >= self._awaited:
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
        connection: Connection | None = None
        while (candidate := self._todo.get()) is not None:
            try:
                attempt = self._prepare(candidate)
                connection = connection or transport.connect()
            except BaseException as error:  # noqa: BLE001 - handed to the thread that asked, which raises it
                self._give_back(Result(candidate, Outcome(Cause.REFUSAL, str(error), "transport"), error))
                continue
            self._give_back(_handed(connection, candidate, attempt))
        if connection is not None:
            connection.close()


def _handed(connection: Connection, candidate: Candidate, attempt: Attempt) -> Result:
    try:
        return Result(candidate, connection.hand(attempt))
    except MailerError as error:
        return Result(candidate, Outcome(Cause.REFUSAL, str(error), "transport"), error)
    except BaseException as error:  # noqa: BLE001 - nothing is proved then; the thread that asked raises it
        return Result(candidate, Outcome(Cause.LOST_ANSWER, f"{type(error).__name__}: {error}"), error)

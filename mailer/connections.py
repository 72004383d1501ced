"""The threads that hand over: each holds one connection of a transport and takes attempts from one queue."""

import queue
import threading
import time
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
        self._done: queue.SimpleQueue[Result] = queue.SimpleQueue()
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
        """Up to `most` results: waits `first` seconds for one, then `then` seconds for half of what is on its way.

        What else is there is taken too; the other half keeps the connections busy while these are recorded.
        """
        results: list[Result] = []
        until, enough = 0.0, (min(most, self.outstanding) + 1) // 2
        while self.outstanding and len(results) < most:
            try:
                left = until - time.monotonic() if len(results) < enough else 0.0
                results.append(self._done.get(timeout=max(0.0, left) if results else first))
                until = until or time.monotonic() + then
            except queue.Empty:
                break
            self.outstanding -= 1
        return results

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
                self._done.put(Result(candidate, Outcome(Cause.REFUSAL, str(error), "transport"), error))
                continue
            self._done.put(_handed(connection, candidate, attempt))
        if connection is not None:
            connection.close()


def _handed(connection: Connection, candidate: Candidate, attempt: Attempt) -> Result:
    try:
        return Result(candidate, connection.hand(attempt))
    except MailerError as error:
        return Result(candidate, Outcome(Cause.REFUSAL, str(error), "transport"), error)
    except BaseException as error:  # noqa: BLE001 - nothing is proved then; the thread that asked raises it
        return Result(candidate, Outcome(Cause.LOST_ANSWER, f"{type(error).__name__}: {error}"), error)

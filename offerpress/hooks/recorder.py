"""The thread that owns the service's outbox and records incoming events in groups."""

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from mailer import Event, Intake, MailerError, Outbox

_MOST: Final = 5_000


@dataclass(slots=True)
class _Waiting:
    """The events of one request, and the future that holds their result."""

    events: Sequence[Event]
    source: str
    done: "Future[Intake]" = field(default_factory=Future)


class EventRecorder:
    """Takes events from any thread and records them on its own. `total` counts all results so far."""

    def __init__(self, open_outbox: Callable[[], Outbox], clock: Callable[[], datetime]) -> None:
        self._open = open_outbox
        self._clock = clock
        self._waiting: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="clerk")
        self._ready: Future[None] = Future()
        self.total = Intake()

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Run for the length of the block. Raises the error that prevents the outbox from being opened."""
        self._thread.start()
        try:
            self._ready.result()
            yield
        finally:
            self._waiting.put(None)
            self._thread.join()

    def record(self, events: Sequence[Event], source: str) -> "Future[Intake]":
        """Return the future result of the events. It is set once they are durable, or fails with a `MailerError`."""
        waiting = _Waiting(events, source)
        self._waiting.put(waiting)
        return waiting.done

    def _work(self) -> None:
        try:
            outbox = self._open()
        except Exception as error:  # noqa: BLE001 - it is raised again where it can be told
            self._ready.set_exception(error)
            return
        with outbox:
            self._ready.set_result(None)
            while (first := self._waiting.get()) is not None:
                group, ended = self._group(first)
                for source in dict.fromkeys(one.source for one in group):
                    self._settle(outbox, source, [one for one in group if one.source == source])
                if ended:
                    return

    def _group(self, first: _Waiting) -> tuple[list[_Waiting], bool]:
        """Return `first` and the requests that wait behind it, up to a limit, and whether the service ends."""
        group = [first]
        while sum(len(one.events) for one in group) < _MOST:
            try:
                another = self._waiting.get_nowait()
            except queue.Empty:
                break
            if another is None:
                return group, True
            group.append(another)
        return group, False

    def _settle(self, outbox: Outbox, source: str, group: Sequence[_Waiting]) -> None:
        try:
            taken = outbox.take_in([event for one in group for event in one.events], source, self._clock())
        except Exception as error:  # noqa: BLE001 - the thread goes on, and whoever waits is told
            if len(group) > 1 and not isinstance(error, MailerError):
                for one in group:  # what one request brings must not keep out the others
                    self._settle(outbox, source, [one])
                return
            for one in group:
                one.done.set_exception(error)
            return
        self.total += taken
        for one in group:
            one.done.set_result(taken)

"""Messages that a second process writes out before their turn, so that sending has two cores to work with.

They are written in the order in which a plan is claimed. What comes out of order, as a retry does, is not among them,
nor is anything before that process is up or after it died: whoever asks then writes it without help. It holds no claim
and talks to nobody, so that nothing depends on when it ends; it ends with who started it.
"""

import pickle
import struct
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from select import select
from typing import Final, NamedTuple

from mailer.batch.batch import Batch, FrozenMessage
from mailer.batch.mime import message_pieces

WORTH_IT: Final = 500
"""With so many messages: the process takes about as long to start as to write out these."""

_RUN: Final = 25  # messages that are asked for at once
_RUNS: Final = 3  # that are on their way
_KEPT: Final = 10 * _RUN  # which nobody asked for yet, because they were skipped
_PROGRAM: Final = "from mailer.delivery.ahead import serve; serve()"
_READY: Final = b"\n"
_REQUEST: Final = struct.Struct(">L")
_PIPE_BYTES: Final = 1 << 20


class Written(NamedTuple):
    """Of one message the envelope, and all but its date."""

    sender: str
    recipients: tuple[str, ...]
    pieces: tuple[bytes, bytes]


class WrittenAhead:
    """The messages of a batch, for any thread. It is `up` once the process was found to be at work."""

    def __init__(self, batch: Batch, process: "subprocess.Popen[bytes]") -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._batch, self._requests, self._answers = batch, process.stdin, process.stdout
        self._lock = threading.Lock()
        self.up = self._died = False
        self._asked: deque[int] = deque()  # where each run begins that is on its way
        self._next = 0
        self._written: dict[str, Written] = {}

    @classmethod
    @contextmanager
    def of(cls, batch: Batch) -> "Iterator[WrittenAhead | None]":
        """Written ahead for the length of the block, by a process of its own; None where none can be started."""
        try:
            # the very file that was opened here: what was approved is what is sent
            process = subprocess.Popen(  # noqa: S603 - this program's own
                [sys.executable, "-I", "-c", _PROGRAM, f"/dev/fd/{batch.fileno()}"],
                pass_fds=[batch.fileno()],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                process_group=0,  # Ctrl-C is for who sends
                pipesize=_PIPE_BYTES,
            )
        except OSError:
            yield None
            return
        try:
            yield cls(batch, process)
        finally:
            process.kill()
            process.communicate()

    def take(self, partner_id: str) -> Written | None:
        """The message to one partner, if it is written or about to be; each is given once."""
        with self._lock:
            try:
                if partner_id not in self._written and not self._died:
                    self._look_for(self._batch.place(partner_id))
            except (OSError, EOFError, pickle.UnpicklingError):
                self._died = True
            return self._written.pop(partner_id, None)

    def _look_for(self, place: int) -> None:
        """Wait for a message that is on its way; ask for those that come after."""
        self.up = self.up or self._comes_up()
        if not self.up:
            return
        if place >= self._next:
            self._receive(self._next)  # what is on its way will hardly be asked for
            self._next = place + 1
        elif self._asked and place >= self._asked[0]:
            self._receive(place)
        while len(self._asked) < _RUNS and self._next < len(self._batch):
            self._requests.write(_REQUEST.pack(self._next))
            self._requests.flush()
            self._asked.append(self._next)
            self._next += _RUN

    def _comes_up(self) -> bool:
        if not select([self._answers], [], [], 0)[0]:
            return False
        if self._answers.read(1) != _READY:
            raise EOFError
        return True

    def _receive(self, place: int) -> None:
        """Read runs up to the one that holds that place."""
        if len(self._written) > _KEPT:
            self._written.clear()
        while self._asked and self._asked[0] <= place:
            self._written.update(pickle.load(self._answers))  # noqa: S301 - of a process of our own
            self._asked.popleft()


def _written(frozen: FrozenMessage) -> Written:
    notice = frozen.notice
    pieces = message_pieces(notice, frozen.message_id)
    return Written(notice.from_address, (notice.to_address, *notice.cc), pieces)


def serve() -> None:
    """Answer each request on standard input with a run of messages, until whoever asks is gone."""
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    with Batch.open(Path(sys.argv[1])) as batch:
        answers.write(_READY)
        answers.flush()
        while request := requests.read(_REQUEST.size):
            (first,) = _REQUEST.unpack(request)
            run = range(first, min(first + _RUN, len(batch)))
            messages = map(batch.frozen_at, run)
            pickle.dump({one.notice.partner_id: _written(one) for one in messages}, answers, protocol=5)
            answers.flush()

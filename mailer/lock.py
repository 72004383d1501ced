"""One sender at a time.

A lock of the operating system on a file beside the outbox, which dies with its process.
"""

import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from mailer.errors import OutboxOwned


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends: process id, host, and since when (an instant as text)."""

    pid: int
    host: str
    since: str

    @classmethod
    def here(cls, since: str) -> "Sender":
        """This process."""
        return cls(os.getpid(), socket.gethostname(), since)

    def __str__(self) -> str:
        # a process id comes again, on another day or in another container
        return f"{self.pid}@{self.host} since {self.since}"


@contextmanager
def sole_sender(file: Path, sender: Sender) -> Iterator[None]:
    """Be the only one for the length of the block; OutboxOwned tells who is, if somebody else is."""
    handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _owned(handle) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, json.dumps(asdict(sender)).encode(), 0)
        yield
    finally:
        os.close(handle)


def _owned(handle: int) -> OutboxOwned:
    try:
        owner = json.loads(os.pread(handle, 4096, 0))
        return OutboxOwned(int(owner["pid"]), str(owner["host"]), str(owner["since"]))
    except (ValueError, KeyError, TypeError):
        return OutboxOwned(0, "this machine", "just now")

"""The base of the outbox's parts: the open database, the receipts beside it, and the lease of a sender."""

import errno
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, TypeVar

from mailer.errors import Collision, LeaseLost, OutboxOwned
from mailer.outbox.database import OutboxDatabase, Parameters, SendingProcess
from mailer.rules.states import instant_text

_TRIES: Final = 5
_TAIL: Final = 4096
_Result = TypeVar("_Result")


class Receipts:
    """The claimed notices in `file`, so that an outbox restored from a backup cannot send them again.

    A line is appended after a claim is durable and before its message leaves: the outbox's serial and the notice's own
    id, which tells nothing about the partner. The line is not forced to the disk. After a power cut the outbox may know
    more than the receipts, which does no harm. If the receipts know more, an older outbox was put in its place.
    """

    def __init__(self, file: Path) -> None:
        self.file = file

    def append(self, serial: int, keys: Sequence[str]) -> None:
        """Add the claims of one durable write, in one piece. Raises OSError if the disk does not take all of it."""
        lines = "".join(f"{serial} {key}\n" for key in keys).encode()
        handle = os.open(self.file, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            size = os.fstat(handle).st_size
            if size and os.pread(handle, 1, size - 1) != b"\n":  # a line that the disk did not take whole
                lines = b"\n" + lines
            if os.write(handle, lines) < len(lines):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.file))
        finally:
            os.close(handle)

    def last(self) -> int:
        """Return the serial of the latest receipt, 0 without any."""
        try:
            with self.file.open("rb") as stream:
                stream.seek(max(0, self.file.stat().st_size - _TAIL))
                tail = stream.read()
        except FileNotFoundError:
            return 0
        # several senders' receipts may stand in another order than their serials
        return max((serial for serial, _ in _read(tail.splitlines(keepends=True))), default=0)

    def since(self, serial: int) -> list[str]:
        """Return the ids of the notices that were claimed after that serial, each once."""
        try:
            with self.file.open("rb") as stream:
                return list(dict.fromkeys(key for number, key in _read(stream) if number > serial))
        except FileNotFoundError:
            return []


def _read(lines: Iterable[bytes]) -> Iterator[tuple[int, str]]:
    """Read the receipts in whole lines, and leave out a line that a power cut tore."""
    for line in lines:
        serial, _, key = line.partition(b" ")
        if line.endswith(b"\n") and serial.isdigit() and len(key) > 1:
            yield int(serial), key.decode("ascii", "replace").strip()


class Lease:
    """The right of one sender to claim from a shared outbox, for `seconds` from `now` on.

    Every durable write renews it. Another sender that finds it expired removes it and makes the claimed notices
    unknown. The sender of an expired lease learns of that before it hands over or claims anything more.
    `enter`, `renew` and `leave` run in a transaction of the caller.
    """

    def __init__(self, sender: SendingProcess, seconds: int, now: datetime) -> None:
        self._sender, self._length = sender, timedelta(seconds=seconds)
        self._until = now + self._length

    def enter(self, database: OutboxDatabase) -> None:
        """Record the lease."""
        values: Parameters = {
            "sender": str(self._sender),
            "pid": self._sender.pid,
            "host": self._sender.host,
            "since": self._sender.since,
            "until": instant_text(self._until),
        }
        database.run("insert_sender", values)

    def renew(self, database: OutboxDatabase, now: datetime) -> bool:
        """Extend the lease from now on. Return False if another sender removed it."""
        until = now + self._length
        values = {"sender": str(self._sender), "until": instant_text(until)}
        held = database.run("renew_sender", values) == 1
        self._until = until if held else now
        return held

    def leave(self, database: OutboxDatabase) -> None:
        """Remove the lease."""
        database.run("delete_sender", {"sender": str(self._sender)})

    def half_over(self, now: datetime) -> bool:
        """Return whether it is time to renew the lease."""
        return now + self._length / 2 >= self._until

    def require(self, now: datetime) -> None:
        """Raise `LeaseLost` if the lease has expired: what was claimed under it must not be handed over any more.

        Any thread may call this.
        """
        if now >= self._until:
            raise LeaseLost(str(self._sender))


def require_nobody(database: OutboxDatabase) -> None:
    """Raise `OutboxOwned` if a sender holds a lease."""
    for row in database.rows("senders", {}):
        raise OutboxOwned(row["pid"], row["host"], row["since"])


class OutboxPart:
    """The base of every part: the open database and the receipts. `name` shows no password."""

    def __init__(self, database: OutboxDatabase, receipts: Receipts) -> None:
        self._database = database
        self._receipts = receipts
        self._lease: Lease | None = None
        self.name = database.name

    def _again(self, step: Callable[[], _Result]) -> _Result:
        """Run a step in a transaction of its own, and again if another sender was faster."""
        for _ in range(_TRIES - 1):
            try:
                with self._database.transaction():
                    return step()
            except Collision:
                continue
        with self._database.transaction():
            return step()

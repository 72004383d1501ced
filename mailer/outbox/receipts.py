"""Receipts beside the outbox: which notices were claimed, so that an outbox from a backup cannot send them again.

A line is appended after each claim is durable and before its message leaves: the outbox's serial and the notice's own
id, which tells nothing about the partner. It is not forced to the disk: after a power cut the outbox may know more than
the receipts, which does no harm; that the receipts know more means that an older outbox was put in its place.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from mailer.delivery.retries import Settlement
from mailer.errors import LostPlans
from mailer.outbox.database import Database
from mailer.outbox.moves import move
from mailer.rules.states import TRANSITIONS, Cause

_TAIL: Final = 4096


class Receipts:
    """The receipts in `file`."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def append(self, serial: int, keys: Sequence[str]) -> None:
        """Add the claims of one durable write, in one piece."""
        lines = "".join(f"{serial} {key}\n" for key in keys).encode()
        handle = os.open(self.file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(handle, lines)
        finally:
            os.close(handle)

    def last(self) -> int:
        """The serial of the latest receipt; 0 where there is none."""
        try:
            with self.file.open("rb") as stream:
                stream.seek(max(0, self.file.stat().st_size - _TAIL))
                tail = stream.read()
        except FileNotFoundError:
            return 0
        # several senders' receipts may stand in another order than their serials
        return max((serial for serial, _ in _read(tail.splitlines(keepends=True))), default=0)

    def since(self, serial: int) -> list[str]:
        """The ids of the notices that were claimed after that serial, each once."""
        try:
            with self.file.open("rb") as stream:
                return list(dict.fromkeys(key for number, key in _read(stream) if number > serial))
        except FileNotFoundError:
            return []


def _read(lines: Iterable[bytes]) -> Iterator[tuple[int, str]]:
    """The receipts in whole lines; a line that a power cut tore is left out."""
    for line in lines:
        serial, _, key = line.partition(b" ")
        if line.endswith(b"\n") and serial.isdigit() and len(key) > 1:
            yield int(serial), key.decode("ascii", "replace").strip()


# An outbox that was put back from a backup: told by its receipts, and made to know what they know.


def serial_of(database: Database) -> int:
    """How many durable claims this outbox made."""
    return int(database.rows("serial", {})[0]["number"])


def mark_restored(database: Database, receipts: Receipts, by: str, at: str) -> int:
    """Make every ready notice unknown whose claim only the receipts know; how many there were.

    Raises `LostPlans` if the outbox does not know the plan of one. To be run in a transaction.
    """
    keys = receipts.since(serial_of(database))
    found = [row for key in keys for row in database.rows("notice_of_key", {"key": key})]
    if len(found) < len(keys):
        raise LostPlans(len(keys) - len(found))
    ready = [row for row in found if row["status"] == TRANSITIONS[Cause.RESTORED].was]
    for row in ready:
        restored = Settlement(
            row["partner_id"], Cause.RESTORED, f"claimed after the backup; reconciled by {by}"
        )
        move(database, row["plan"], [restored], at)
    database.run("set_serial", {"serial": max(serial_of(database), receipts.last())})
    return len(ready)

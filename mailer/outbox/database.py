"""The interface of the outbox's database: named statements, transactions, and the lock that keeps senders apart."""

import fcntl
import json
import os
import re
import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

from mailer.errors import OutboxError, OutboxOwned


@dataclass(frozen=True, slots=True)
class SendingProcess:
    """A process that sends: its id, its host, and since when (an instant as text)."""

    pid: int
    host: str
    since: str

    @classmethod
    def here(cls, since: str) -> "SendingProcess":
        """Describe this process."""
        return cls(os.getpid(), socket.gethostname(), since)

    def __str__(self) -> str:
        # a process id is used again, on another day or in another container
        return f"{self.pid}@{self.host} since {self.since}"


@contextmanager
def sole_sender(file: Path, sender: SendingProcess) -> Iterator[None]:
    """Hold the sender lock for the length of the block; OutboxOwned names the process that holds it."""
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
    except (ValueError, KeyError, TypeError, RecursionError):
        return OutboxOwned(0, "this machine", "just now")


Parameters = Mapping[str, str | int | None]


class OutboxRow(Protocol):
    """A row of a result, by the names of its columns."""

    def keys(self) -> Iterable[str]:
        """Return the names of the columns."""

    def __getitem__(self, name: str, /) -> Any:  # noqa: ANN401 - as the statement gives it
        """Return the value of a column."""


class OutboxDatabase(Protocol):
    """An open database with the outbox's tables; only the thread that opened it may use it.

    `name` tells people which database it is, without a password. `shared` tells whether several senders with leases may
    work at once; otherwise `sole` admits one sender only.
    """

    name: str
    shared: bool

    def close(self) -> None:
        """Close it."""

    def sole(self, sender: SendingProcess) -> AbstractContextManager[None]:
        """Be the only sender for the length of the block, unless it is shared; OutboxOwned names the other one."""

    def transaction(self) -> AbstractContextManager[None]:
        """Record all or nothing, durably when the block ends.

        Raises `Collision` if another process was faster, `OutboxError` if nothing can be written.
        """

    def overwrite_deleted(self) -> None:
        """Overwrite what is deleted from now on, so that no free page keeps it."""

    def scrub(self) -> None:
        """Remove deleted content from pages, logs and free space; not within a transaction."""

    def rows(self, name: str, values: Parameters) -> Sequence[OutboxRow]:
        """Return the rows of the statement `name`."""

    def run(self, name: str, values: Parameters) -> int:
        """Run the statement `name`; return the number of rows that it changed."""

    def run_many(self, name: str, batch: Sequence[Parameters]) -> int:
        """Run it for each of `batch`; return the number of changed rows."""


def run_once_each(database: OutboxDatabase, name: str, batch: Sequence[Parameters]) -> None:
    """Run a statement for each of `batch`; OutboxError unless every one changed exactly one row."""
    _require(name, database.run_many(name, batch), len(batch))


def require_each(database: OutboxDatabase, name: str, values: Parameters, number: int) -> None:
    """Run a statement that must change `number` rows, unless that is 0; OutboxError if it changed another number."""
    if number:
        _require(name, database.run(name, values), number)


def _require(name: str, changed: int, number: int) -> None:
    if changed != number:
        raise OutboxError(f"outbox: {name}: changed {changed} rows instead of {number}; nothing was recorded")


_PACKAGE = Path(__file__).parents[1]
_NAME = re.compile(r"^-- ([a-z_]+)\n", re.MULTILINE)


@cache
def statements() -> MappingProxyType[str, str]:
    """Return the statements of `statements.sql` by name."""
    parts = _NAME.split((_PACKAGE / "statements.sql").read_text(encoding="utf-8"))
    return MappingProxyType(dict(zip(parts[1::2], parts[2::2], strict=True)))


@cache
def migrations() -> tuple[str, ...]:
    """Return the scripts that lead from each schema version to the next; the first creates an empty outbox."""
    scripts = sorted((_PACKAGE / "schema").glob("*.sql"))
    return tuple(script.read_text(encoding="utf-8") for script in scripts)

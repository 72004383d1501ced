"""What the outbox asks of a database: named statements, all-or-nothing transactions, and how senders are kept apart."""

import fcntl
import json
import os
import re
import socket
from collections.abc import (
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

from mailer.errors import OutboxError, OutboxOwned

# One sender at a time.


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


Values = Mapping[str, str | int | None]


class Row(Protocol):
    """A row, by the names of its columns."""

    def keys(self) -> Iterable[str]:
        """The names of the columns."""
        ...

    def __getitem__(self, name: str, /) -> Any:  # noqa: ANN401 - as the statement gives it
        """The value of one."""
        ...


class Database(Protocol):
    """An open database with the outbox's tables; to be used by the thread that opened it.

    `name` is what people know it by, without a password. `shared` is whether several senders may work at once, who
    then hold leases; else `sole` lets in one alone.
    """

    name: str
    shared: bool

    def close(self) -> None:
        """Let go of it."""
        ...

    def sole(self, sender: Sender) -> AbstractContextManager[None]:
        """Be the only sender for the length of the block, unless it is shared; OutboxOwned tells who else is."""
        ...

    def transaction(self) -> AbstractContextManager[None]:
        """All or nothing, durable when the block ends.

        Raises `Collision` where another was faster, `OutboxError` where nothing can be written.
        """
        ...

    def overwrite_deleted(self) -> None:
        """Let what is deleted from now on not stay in free pages."""
        ...

    def scrub(self) -> None:
        """Let no page, log or free space keep what was deleted; not within a transaction."""
        ...

    def rows(self, name: str, values: Values) -> Sequence[Row]:
        """The rows that the statement called `name` gives."""
        ...

    def run(self, name: str, values: Values) -> int:
        """Run the statement called `name`; the number of rows that it changed."""
        ...

    def run_many(self, name: str, batch: Sequence[Values]) -> int:
        """Run it for each of `batch`; the number of rows that were changed in all."""
        ...


def run_once_each(database: Database, name: str, batch: Sequence[Values]) -> None:
    """Run a statement for each of `batch`; OutboxError unless every one changed exactly one row."""
    _require(name, database.run_many(name, batch), len(batch))


def require_each(database: Database, name: str, values: Values, number: int) -> None:
    """Run a statement that is to change so many rows, unless that is none; OutboxError if it changed others."""
    if number:
        _require(name, database.run(name, values), number)


def _require(name: str, changed: int, number: int) -> None:
    if changed != number:
        raise OutboxError(f"outbox: {name}: changed {changed} rows instead of {number}; nothing was recorded")


# The named statements of `statements.sql` and the numbered schema files, read once.

_NAME = re.compile(r"^-- ([a-z_]+)\n", re.MULTILINE)


@cache
def statements() -> MappingProxyType[str, str]:
    """Every statement by its name."""
    parts = _NAME.split(files("mailer").joinpath("statements.sql").read_text(encoding="utf-8"))
    return MappingProxyType(dict(zip(parts[1::2], parts[2::2], strict=True)))


@cache
def migrations() -> tuple[str, ...]:
    """The scripts that lead from each schema version to the next; the first makes an empty outbox."""
    folder = files("mailer").joinpath("schema")
    scripts = sorted((file.name, file) for file in folder.iterdir() if file.name.endswith(".sql"))
    return tuple(file.read_text(encoding="utf-8") for _, file in scripts)

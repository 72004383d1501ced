"""What the outbox asks of a database: named statements, all-or-nothing transactions, and how senders are kept apart."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from mailer.errors import OutboxError
from mailer.lock import Sender

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

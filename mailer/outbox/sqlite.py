"""The outbox in an SQLite file, for one sender: opened durably, recognised, migrated."""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Final

from mailer.errors import Collision, OutboxError
from mailer.outbox.database import Parameters, SendingProcess, migrations, sole_sender, statements

APPLICATION_ID: Final = 0x4F504F42
_BUSY_SECONDS: Final = 30.0


_DAMAGED: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _why_unusable(error: sqlite3.Error) -> str:
    """Say whether the file is damaged, or whether there is only no room for what SQLite keeps beside it."""
    primary = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
    if primary in _DAMAGED:
        return f"is no usable outbox ({error}); restore it from a backup"
    return f"cannot be used now ({error}); free the disk or mend the folder, then try again"


class SqliteDatabase:
    """One connection; only the thread that opened it may use it. A lock on a file beside it keeps other senders out."""

    shared = False

    def __init__(self, connection: sqlite3.Connection, file: Path) -> None:
        self._connection = connection
        self._file = file
        self.name = str(file)

    @classmethod
    def open(cls, file: Path) -> "SqliteDatabase":
        """Open the outbox in `file`, and create it if it is missing; OutboxError if it is unusable or newer."""
        try:
            # Partner ids and addresses are in it: for the owner alone, as are the files that SQLite keeps beside it.
            os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
            connection = sqlite3.connect(file, timeout=_BUSY_SECONDS, isolation_level=None)
        except (OSError, sqlite3.Error) as error:
            raise OutboxError(
                f"outbox: {file}: cannot be opened ({error}); see that its folder exists and can be written"
            ) from error
        connection.row_factory = sqlite3.Row
        database = cls(connection, file)
        try:
            database._prepare(file)
        except sqlite3.Error as error:
            connection.close()
            raise OutboxError(f"outbox: {file}: {_why_unusable(error)}") from error
        except OutboxError:
            connection.close()
            raise
        return database

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def sole(self, sender: SendingProcess) -> AbstractContextManager[None]:
        """Be the only sender for the length of the block; OutboxOwned names the other one."""
        return sole_sender(self._file.with_name(f"{self._file.name}.lock"), sender)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Record all or nothing, durably when the block ends; Collision or OutboxError if it cannot be written."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
        except sqlite3.IntegrityError as error:
            raise Collision(self.name, str(error)) from error
        except sqlite3.Error as error:
            raise OutboxError(
                f"outbox: {self._file}: cannot be written ({error}); nothing of this step was recorded, nothing more "
                "is sent: free the disk or mend the folder, then send again"
            ) from error

    def overwrite_deleted(self) -> None:
        """Overwrite deleted content with zeros."""
        self._connection.execute("PRAGMA secure_delete = ON")

    def scrub(self) -> None:
        """Rewrite the file and empty its log; OutboxError if that cannot be done now."""
        try:
            self._connection.execute("VACUUM")
            busy = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        except sqlite3.Error as error:
            raise OutboxError(f"outbox: {self._file}: cannot be written anew ({error}); try again") from error
        if busy:
            raise OutboxError(
                f"outbox: {self._file}: somebody reads it, so its log keeps what was deleted; try again"
            )

    def rows(self, name: str, values: Parameters) -> list[sqlite3.Row]:
        """Return the rows of the statement `name`."""
        return list(self._connection.execute(statements()[name], values))

    def run(self, name: str, values: Parameters) -> int:
        """Run the statement `name`; return the number of rows that it changed."""
        return self._connection.execute(statements()[name], values).rowcount

    def run_many(self, name: str, batch: Sequence[Parameters]) -> int:
        """Run it for each of `batch`; return the number of changed rows."""
        return self._connection.executemany(statements()[name], batch).rowcount if batch else 0

    def _prepare(self, file: Path) -> None:
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            self._connection.execute(f"PRAGMA {pragma}")
        with self.transaction():
            version = self._number("user_version")
            if version == 0 and self._number("application_id") == 0 and not self._tables():
                self._connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            if self._number("application_id") != APPLICATION_ID:
                raise OutboxError(f"outbox: {file}: is another program's database; name the right file")
            self._migrate(file, version)

    def _migrate(self, file: Path, version: int) -> None:
        scripts = migrations()
        if version > len(scripts):
            raise OutboxError(f"outbox: {file}: was written by a newer version; upgrade this program")
        for script in scripts[version:]:
            for statement in script.split(";\n"):
                self._connection.execute(statement)
        if version < len(scripts):  # else opening alone would change the file
            self._connection.execute(f"PRAGMA user_version = {len(scripts)}")

    def _number(self, pragma: str) -> int:
        return int(self._connection.execute(f"PRAGMA {pragma}").fetchone()[0])

    def _tables(self) -> list[sqlite3.Row]:
        return list(self._connection.execute("SELECT name FROM sqlite_master"))

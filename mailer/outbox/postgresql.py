"""The outbox in PostgreSQL, for several senders on several machines; needs the extra `postgresql`.

Statements and schema are those of SQLite. The content of `/*postgresql: … */` is added to them, and text sorts by code
points as in SQLite. Commits are durable whatever the server's default for `synchronous_commit` is.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from typing import Any, Final

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import dict_row

from mailer.errors import Collision, OutboxError
from mailer.outbox.database import Parameters, SendingProcess, migrations, statements

_LOCK: Final = 0x4F504F42
_CONNECT_SECONDS: Final = 10
_HOST: Final = re.compile(r"[A-Za-z0-9.:,_/-]*")
_PORT: Final = re.compile(r"[0-9,]{0,60}")
_DATABASE: Final = re.compile(r"[\w.$ -]*")
_PARAMETER: Final = re.compile(r"(?<![:\w]):([a-z_]+)")
_OWN: Final = re.compile(r"/\*postgresql: (.*?) \*/")
_COLLISIONS: Final = (
    psycopg.errors.UniqueViolation,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.SerializationFailure,
)


class PostgresqlDatabase:
    """One connection; only the thread that opened it may use it."""

    shared = True

    def __init__(self, connection: "psycopg.Connection[dict[str, Any]]") -> None:
        info = connection.info
        self._connection = connection
        self.name = f"postgresql://{info.host}:{info.port}/{info.dbname}"

    @classmethod
    def open(cls, url: str) -> "PostgresqlDatabase":
        """Open the outbox in the database at a `postgresql://` address, and create its tables if they are missing.

        OutboxError if it cannot be reached, or belongs to another program or a newer version.
        """
        name, secret = _readable(url)
        try:
            connection = psycopg.connect(
                url, connect_timeout=_CONNECT_SECONDS, autocommit=True, row_factory=dict_row
            )
        except psycopg.Error as error:
            words = _words(error).replace(secret, "…") if secret else _words(error)
            raise OutboxError(
                f"outbox: {name}: cannot be reached ({words}); see that the server runs, "
                "and that user, password and database are right"
            ) from None
        database = cls(connection)
        try:
            database._prepare()
        except OutboxError:
            connection.close()
            raise
        return database

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def sole(self, sender: SendingProcess) -> AbstractContextManager[None]:
        """Do nothing: leases keep the senders apart."""
        del sender
        return nullcontext()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Record all or nothing, durably when the block ends; Collision or OutboxError if it cannot be written."""
        try:
            with self._connection.transaction():
                yield
        except _COLLISIONS as error:
            raise Collision(self.name, _words(error)) from error
        except psycopg.Error as error:
            raise OutboxError(
                f"outbox: {self.name}: cannot be written ({_words(error)}); nothing more is sent: "
                "mend the database, then send again"
            ) from error

    def overwrite_deleted(self) -> None:
        """Do nothing: `scrub` rewrites the tables."""

    def scrub(self) -> None:
        """Rewrite the tables; the server's own log and backups keep deleted content as long as they exist."""
        for table in ("notices", "attempts", "decisions", "suppressions", "events", "paces"):
            self._execute(f"VACUUM FULL {table}".encode(), {})

    def rows(self, name: str, values: Parameters) -> list[dict[str, Any]]:
        """Return the rows of the statement `name`."""
        return self._execute(_statement(name), values).fetchall()

    def run(self, name: str, values: Parameters) -> int:
        """Run the statement `name`; return the number of rows that it changed."""
        return self._execute(_statement(name), values).rowcount

    def run_many(self, name: str, batch: Sequence[Parameters]) -> int:
        """Run it for each of `batch`; return the number of changed rows."""
        if not batch:
            return 0
        with self._connection.cursor() as cursor:
            cursor.executemany(_statement(name), batch)
            return cursor.rowcount

    def setting(self, name: str) -> str:
        """Return a setting of the server in this session."""
        return str(self._value(f"SHOW {name}"))

    def _execute(self, statement: bytes, values: Parameters) -> "psycopg.Cursor[dict[str, Any]]":
        try:
            return self._connection.execute(statement, values)
        except psycopg.OperationalError as error:
            if isinstance(error, _COLLISIONS):
                raise
            raise OutboxError(
                f"outbox: {self.name}: does not answer ({_words(error)}); mend the database, then try again"
            ) from error

    def _prepare(self) -> None:
        if self.setting("synchronous_commit") == "off":
            self._execute(b"SET synchronous_commit = on", {})
        with self.transaction():
            self._execute(b"SELECT pg_advisory_xact_lock(%(lock)s)", {"lock": _LOCK})
            ours = self._value("SELECT to_regclass('offerpress_outbox') IS NOT NULL")
            if not ours and self._value("SELECT to_regclass('plans') IS NOT NULL"):
                raise OutboxError(f"outbox: {self.name}: is another program's database; name the right one")
            if not ours:
                self._execute(b"CREATE TABLE offerpress_outbox (version INTEGER NOT NULL)", {})
                self._execute(b"INSERT INTO offerpress_outbox (version) VALUES (0)", {})
            self._migrate(int(self._value("SELECT version FROM offerpress_outbox")))

    def _migrate(self, version: int) -> None:
        scripts = migrations()
        if version > len(scripts):
            raise OutboxError(f"outbox: {self.name}: was written by a newer version; upgrade this program")
        for script in scripts[version:]:
            for statement in script.replace(" TEXT", ' TEXT COLLATE "C"').split(";\n"):
                self._execute(statement.encode(), {})
        self._execute(b"UPDATE offerpress_outbox SET version = %(version)s", {"version": len(scripts)})

    def _value(self, statement: str) -> Any:  # noqa: ANN401 - as the server gives it
        row = self._execute(statement.encode(), {}).fetchone() or {}
        return next(iter(row.values()), None)


@cache
def _statement(name: str) -> bytes:
    return _PARAMETER.sub(r"%(\1)s", _OWN.sub(r"\1", statements()[name])).encode()


def _words(error: psycopg.Error) -> str:
    """Return the server's words in one line."""
    return " ".join(str(error.diag.message_primary or error).split())


def _readable(url: str) -> tuple[str, str]:
    """Return the address without user and password, and the password.

    An address whose parts are no host, port and database, as after a password with unescaped signs, is an OutboxError
    that shows nothing of it.
    """
    try:
        parts = conninfo_to_dict(url)
    except psycopg.Error:
        parts = {}
    host, port, database = (str(parts.get(name) or "") for name in ("host", "port", "dbname"))
    known = _HOST.fullmatch(host) and _PORT.fullmatch(port) and _DATABASE.fullmatch(database)
    if not parts or not known:
        raise OutboxError(
            "outbox: the postgresql address cannot be read; write postgresql://user:password@host:5432/database, with "
            "special characters percent-encoded"
        )
    return f"postgresql://{host}{port and f':{port}'}/{database}", str(parts.get("password") or "")

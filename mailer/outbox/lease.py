"""A sender's right to claim from a shared outbox: it ends by itself when the sender stands still.

It is renewed with every durable write. Whoever finds one that is over removes it and makes what its sender had claimed
unknown; that sender, should it wake up, finds out before it hands over or claims anything more.
"""

from datetime import datetime, timedelta

from mailer.batch.header import instant_text
from mailer.errors import LeaseLost, OutboxOwned
from mailer.outbox.database import Database, Sender, Values


class Lease:
    """A lease of `seconds` from `now` on; `enter`, `renew` and `leave` run in a transaction of the caller's."""

    def __init__(self, sender: Sender, seconds: int, now: datetime) -> None:
        self._sender, self._length = sender, timedelta(seconds=seconds)
        self._until = now + self._length

    def enter(self, database: Database) -> None:
        """Begin it."""
        values: Values = {
            "sender": str(self._sender),
            "pid": self._sender.pid,
            "host": self._sender.host,
            "since": self._sender.since,
            "until": instant_text(self._until),
        }
        database.run("insert_sender", values)

    def renew(self, database: Database, now: datetime) -> bool:
        """Let it begin anew; False if others ended it."""
        until = now + self._length
        values = {"sender": str(self._sender), "until": instant_text(until)}
        held = database.run("renew_sender", values) == 1
        self._until = until if held else now
        return held

    def leave(self, database: Database) -> None:
        """End it."""
        database.run("delete_sender", {"sender": str(self._sender)})

    def half_over(self, now: datetime) -> bool:
        """Whether it is time to renew it."""
        return now + self._length / 2 >= self._until

    def require(self, now: datetime) -> None:
        """Raises `LeaseLost` once it is over: what was claimed under it must not be handed over any more.

        To be called by any thread.
        """
        if now >= self._until:
            raise LeaseLost(str(self._sender))


def require_nobody(database: Database) -> None:
    """Raises `OutboxOwned` if a sender holds a lease."""
    for row in database.rows("senders", {}):
        raise OutboxOwned(row["pid"], row["host"], row["since"])

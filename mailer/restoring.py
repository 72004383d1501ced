"""An outbox that was put back from a backup: told by its receipts, and made to know what they know."""

from mailer.claims import move
from mailer.database import Database
from mailer.errors import LostPlans
from mailer.policy import Settlement
from mailer.receipts import Receipts
from mailer.states import TRANSITIONS, Cause


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

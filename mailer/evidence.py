"""What events prove about notices of which nobody knows whether they were handed over."""

from collections.abc import Iterable

from mailer.claims import move
from mailer.database import Database
from mailer.policy import Settlement
from mailer.states import TRANSITIONS, Cause

_PROOFS = (Cause.PROOF_OF_ACCEPTANCE, Cause.PROOF_OF_EARLIER)


def accept_proved(database: Database, keys: Iterable[str], at: str) -> int:
    """Accept the notices of those keys that stand unknown or ready and of which an event is known; how many.

    Whatever is told of a message, its provider has it: even what was dropped had been taken before. To be run in a
    transaction.
    """
    proved = [row for key in keys for row in database.rows("proved", {"key": key})]
    moved = 0
    for row in proved:
        cause = next(one for one in _PROOFS if TRANSITIONS[one].was == row["status"])
        if cause is Cause.PROOF_OF_EARLIER and row["elsewhere"]:
            continue  # it is never claimed, and two plans cannot both have handed it
        proof = Settlement(row["partner_id"], cause, f"{row['kind']}: {row['source']}")
        move(database, row["plan"], [proof], at)
        moved += 1
    return moved


def accept_in_doubt(database: Database, at: str) -> int:
    """The same for every unknown notice: its events may have come before it was known to be unknown."""
    return accept_proved(database, [row["key"] for row in database.rows("keys_in_doubt", {})], at)

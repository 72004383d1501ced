"""The moves of notices, each inside a transaction that the outbox holds."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from mailer.batch.header import instant_text
from mailer.delivery.retries import Settlement
from mailer.errors import UnknownPlan
from mailer.outbox.database import Database, Values, require_each
from mailer.outbox.records import PlanRecord, Standing, plan_record
from mailer.rules.pace import Openings, Rates
from mailer.rules.states import TRANSITIONS, Cause
from mailer.rules.suppression import skip_reason
from mailer.rules.windows import Windows


class Claimant(NamedTuple):
    """Who claims: the plan that is sent, the sender, the transport's name and the fence, as they are recorded."""

    plan: str
    sender: str
    transport: str
    fence: str = ""


class Candidate(NamedTuple):
    """A claimed notice with its own id.

    How often it was refused before, the number of this attempt, and the fence that it was claimed under.
    """

    partner_id: str
    key: str
    refusals: int
    number: int
    fence: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """What one durable write brought.

    Notices now claimed, the number skipped instead, the plan's standing.
    """

    claimed: tuple[Candidate, ...]
    skipped: int
    standing: Standing


def registered(database: Database, plan: str) -> PlanRecord:
    """A registered plan; UnknownPlan if there is none."""
    rows = database.rows("plan", {"plan": plan})
    if not rows:
        raise UnknownPlan(plan)
    return plan_record(rows[0])


def claim(
    database: Database, record: PlanRecord, claimant: Claimant, most: int, now: datetime, rates: Rates
) -> tuple[tuple[Candidate, ...], int]:
    """Claim up to `most` of the plan's ready notices, as far as their domains have room and their windows are open.

    What must not be sent is skipped, and counted. What a domain has no room for is looked past, with the domain closed;
    what has a closed window is held until it opens.
    """
    claimed: list[Candidate] = []
    skipped, past = 0, True
    while past and len(claimed) < most:
        some, ended, past = _claim_some(database, record, claimant, most - len(claimed), now, rates)
        claimed += some
        skipped += ended
    return tuple(claimed), skipped


def _claim_some(
    database: Database, record: PlanRecord, claimant: Claimant, most: int, now: datetime, rates: Rates
) -> tuple[list[Candidate], int, bool]:
    """What is claimed of the next `most`, how many of them are skipped, and whether some have to wait."""
    at = instant_text(now)
    claimed: list[Candidate] = []
    held: dict[str, str] = {}
    skipped, past = 0, False
    domains, windows = Openings(rates, now), Windows(now)
    for row in database.rows("candidates", {"plan": record.plan, "at": at, "most": most}):
        if opens := windows.opens(row["send_window"]):
            held[row["send_window"]], past = opens, True
            continue
        reason = skip_reason(
            record.category, barred=bool(row["barred"]), unsubscribed=bool(row["unsubscribed"])
        )
        if reason is None and not row["elsewhere"]:
            if domains.admit(row["domain"], row["open_at"]):
                own = row["partner_id"], row["key"], row["refusals"], row["claims"] + 1
                claimed.append(Candidate(*own, claimant.fence))
            else:
                past = True
            continue
        cause = Cause.ALREADY_SENT if reason is None else Cause.SUPPRESSION
        move(database, record.plan, [Settlement(row["partner_id"], cause, reason or "already_sent")], at)
        skipped += 1
    was, became, _ = TRANSITIONS[Cause.CLAIMED]
    shared: dict[str, str | int | None] = {**claimant._asdict(), "was": was, "became": became, "at": at}
    keys = json.dumps({one.key: "" for one in claimed})
    require_each(database, "claim", {**shared, "keys": keys}, len(claimed))
    for domain, open_at in sorted(domains.moved().items()):
        database.run("set_opening", {"domain": domain, "open_at": instant_text(open_at)})
    for window, opens in held.items():  # all that have it, so that none of them is looked at before it opens
        database.run("hold_window", {"plan": record.plan, "window": window, "at": at, "opens": opens})
    return claimed, skipped, past


def next_due(database: Database, plan: str, at: str) -> str | None:
    """The earliest instant (text) at which a ready notice of the plan may be claimed.

    Empty for at once, None if none is ready.
    """
    found = database.rows("next_due", {"plan": plan, "at": at})[0]
    if found["first"] is None or found["first"] > at:
        return None if found["first"] is None else str(found["first"])
    # what could have been claimed by its own instant waits for its domain
    return min((str(due) for due in (found["later"], found["opening"]) if due is not None), default="")


def settle(database: Database, plan: str, settlements: Sequence[Settlement], at: str) -> None:
    """Record what came of claimed notices and move them on."""
    for alike in _alike(settlements):
        values: Values = {"plan": plan, "at": at, "cause": alike[0].cause, "reasons": _reasons(alike)}
        require_each(database, "insert_attempts", values, len(alike))
    move(database, plan, settlements, at)


def settle_orphans(database: Database, at: str) -> int:
    """Make every notice of every plan unknown that was claimed by a sender without a lease; how many there were."""
    database.run("expire_senders", {"at": at})
    orphans = database.rows("orphans", {})
    for row in orphans:
        lost = Settlement(row["partner_id"], Cause.ORPHANED, "its sender died after claiming it")
        settle(database, row["plan"], [lost], at)
    return len(orphans)


def prove(database: Database, plan: str, settlements: Sequence[Settlement], at: str) -> None:
    """Record the acceptances among what came of notices that are unknown by now."""
    for one in settlements:
        standing = database.rows("status_of", {"plan": plan, "partner_id": one.partner_id})
        unknown = [row for row in standing if row["status"] == TRANSITIONS[Cause.PROOF_OF_ACCEPTANCE].was]
        if one.cause is Cause.ACCEPTANCE and unknown:
            proof = Settlement(one.partner_id, Cause.PROOF_OF_ACCEPTANCE, one.detail)
            move(database, plan, [proof], at)


def move(database: Database, plan: str, settlements: Sequence[Settlement], at: str) -> None:
    """Move notices by the table.

    OutboxError, and nothing moved, if one of them does not stand where it should.
    """
    for alike in _alike(settlements):
        first = alike[0]
        was, became, _ = TRANSITIONS[first.cause]
        own: Values = {"not_before": first.not_before, "refusals": first.refusals, "reasons": _reasons(alike)}
        values: Values = {"plan": plan, "at": at, "was": was, "became": became, **own}
        require_each(database, "move", values, len(alike))


def _alike(settlements: Sequence[Settlement]) -> Iterable[list[Settlement]]:
    """Those that differ in nothing but partner and words, which one statement can record."""
    groups: dict[tuple[Cause, str, int], list[Settlement]] = {}
    for one in settlements:
        groups.setdefault((one.cause, one.not_before, one.refusals), []).append(one)
    return groups.values()


def _reasons(settlements: Iterable[Settlement]) -> str:
    """The words for each partner, as statements take them."""
    return json.dumps({one.partner_id: one.detail for one in settlements})


# What events prove about notices of which nobody knows whether they were handed over.

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

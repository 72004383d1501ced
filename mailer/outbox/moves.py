"""The moves of notices. Every function runs inside a transaction of the caller."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from mailer.errors import UnknownPlan
from mailer.outbox.database import OutboxDatabase, Parameters, require_each
from mailer.outbox.records import PlanAct, PlanRecord, PlanStanding, plan_record
from mailer.rules.domain_pace import DomainOpenings, DomainRates
from mailer.rules.states import TRANSITIONS, Cause, Settlement, instant_text
from mailer.rules.suppression import suppression_reason
from mailer.rules.windows import Windows


class Claimant(NamedTuple):
    """The claimant as it is recorded: the plan, the sender, the transport's name and the fence."""

    plan: str
    sender: str
    transport: str
    fence: str = ""


class Candidate(NamedTuple):
    """A claimed notice with its own id, earlier refusals, attempt number, fence, and suppressed copies."""

    partner_id: str
    key: str
    refusals: int
    number: int
    fence: str = ""
    withheld: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Turn:
    """The result of one durable write: the claimed notices, the number of skipped ones, and the plan's standing."""

    claimed: tuple[Candidate, ...]
    skipped: int
    standing: PlanStanding


def registered(database: OutboxDatabase, plan: str) -> PlanRecord:
    """Return a registered plan; UnknownPlan if there is none."""
    rows = database.rows("plan", {"plan": plan})
    if not rows:
        raise UnknownPlan(plan)
    return plan_record(rows[0])


def record_act(database: OutboxDatabase, plan: str, act: PlanAct, by: str, at: datetime) -> None:
    """Record who acted on a plan, and when."""
    values = {"plan": plan, "act": act, "by": by.strip(), "at": instant_text(at)}
    database.run("insert_decision_on_plan", values)


def claim(
    database: OutboxDatabase,
    record: PlanRecord,
    claimant: Claimant,
    most: int,
    now: datetime,
    rates: DomainRates,
) -> tuple[tuple[Candidate, ...], int]:
    """Claim up to `most` of the plan's ready notices whose domains have room and whose windows are open.

    A notice that must not be sent is skipped and counted. A notice whose domain has no room is passed over, and one
    whose window is closed is held until the window opens.
    """
    claimed: list[Candidate] = []
    skipped, past = 0, True
    while past and len(claimed) < most:
        some, ended, past = _claim_some(database, record, claimant, most - len(claimed), now, rates)
        claimed += some
        skipped += ended
    return tuple(claimed), skipped


def _claim_some(
    database: OutboxDatabase,
    record: PlanRecord,
    claimant: Claimant,
    most: int,
    now: datetime,
    rates: DomainRates,
) -> tuple[list[Candidate], int, bool]:
    """Return what is claimed of the next `most`, how many of them are skipped, and whether some have to wait."""
    at = instant_text(now)
    claimed: list[Candidate] = []
    held: dict[str, str] = {}
    skipped, past = 0, False
    domains, windows = DomainOpenings(rates, now), Windows(now)
    for row in database.rows("candidates", {"plan": record.plan, "at": at, "most": most}):
        if opens := windows.opens(row["send_window"]):
            held[row["send_window"]], past = opens, True
            continue
        reason = suppression_reason(
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
    # every notice with such a window, so that none is looked at before it opens
    for window, opens in held.items():
        database.run("hold_window", {"plan": record.plan, "window": window, "at": at, "opens": opens})
    return claimed, skipped, past


def next_due(database: OutboxDatabase, plan: str, at: str) -> str | None:
    """Return the earliest instant (text) at which a ready notice of the plan may be claimed.

    The text is empty if that is now; None if no notice is ready.
    """
    found = database.rows("next_due", {"plan": plan, "at": at})[0]
    if found["first"] is None or found["first"] > at:
        return None if found["first"] is None else str(found["first"])
    # a notice that was due and not claimed waits for its domain
    return min((str(due) for due in (found["later"], found["opening"]) if due is not None), default="")


def settle(database: OutboxDatabase, plan: str, settlements: Sequence[Settlement], at: str) -> None:
    """Record the attempts at claimed notices and move the notices."""
    for alike in _alike(settlements):
        values: Parameters = {"plan": plan, "at": at, "cause": alike[0].cause, "reasons": _reasons(alike)}
        require_each(database, "insert_attempts", values, len(alike))
    move(database, plan, settlements, at)


def settle_orphans(database: OutboxDatabase, at: str) -> int:
    """Make every notice unknown that was claimed by a sender without a lease, in every plan; return how many."""
    database.run("expire_senders", {"at": at})
    orphans = database.rows("orphans", {})
    for row in orphans:
        lost = Settlement(row["partner_id"], Cause.ORPHANED, "its sender died after claiming it")
        settle(database, row["plan"], [lost], at)
    return len(orphans)


def prove(database: OutboxDatabase, plan: str, settlements: Sequence[Settlement], at: str) -> None:
    """Record the acceptances of notices that have become unknown."""
    for one in settlements:
        standing = database.rows("status_of", {"plan": plan, "partner_id": one.partner_id})
        unknown = [row for row in standing if row["status"] == TRANSITIONS[Cause.PROOF_OF_ACCEPTANCE].was]
        if one.cause is Cause.ACCEPTANCE and unknown:
            proof = Settlement(one.partner_id, Cause.PROOF_OF_ACCEPTANCE, one.detail)
            move(database, plan, [proof], at)


def move(database: OutboxDatabase, plan: str, settlements: Sequence[Settlement], at: str) -> None:
    """Move notices by the table; OutboxError, and nothing moved, if one of them has another status."""
    for alike in _alike(settlements):
        first = alike[0]
        was, became, _ = TRANSITIONS[first.cause]
        own: Parameters = {
            "not_before": first.not_before,
            "refusals": first.refusals,
            "reasons": _reasons(alike),
        }
        values: Parameters = {"plan": plan, "at": at, "was": was, "became": became, **own}
        require_each(database, "move", values, len(alike))


def _alike(settlements: Sequence[Settlement]) -> Iterable[list[Settlement]]:
    """Group the settlements that differ only in partner and words, so that one statement can record each group."""
    groups: dict[tuple[Cause, str, int], list[Settlement]] = {}
    for one in settlements:
        groups.setdefault((one.cause, one.not_before, one.refusals), []).append(one)
    return groups.values()


def _reasons(settlements: Iterable[Settlement]) -> str:
    """Return the words for each partner as JSON."""
    return json.dumps({one.partner_id: one.detail for one in settlements})


_PROOFS = (Cause.PROOF_OF_ACCEPTANCE, Cause.PROOF_OF_EARLIER)


def accept_proved(database: OutboxDatabase, keys: Iterable[str], at: str) -> int:
    """Accept the unknown and ready notices of those keys that have an event; return how many.

    Any event proves that the provider took the message: even a dropped one had been taken before.
    """
    proved = [row for key in keys for row in database.rows("proved", {"key": key})]
    moved = 0
    for row in proved:
        cause = next(one for one in _PROOFS if TRANSITIONS[one].was == row["status"])
        if cause is Cause.PROOF_OF_EARLIER and row["elsewhere"]:
            continue  # it is never claimed, and two plans cannot both have handed it over
        proof = Settlement(row["partner_id"], cause, f"{row['kind']}: {row['source']}")
        move(database, row["plan"], [proof], at)
        moved += 1
    return moved


def accept_in_doubt(database: OutboxDatabase, at: str) -> int:
    """Accept every unknown notice that has an event: its events may be older than its status."""
    return accept_proved(database, [row["key"] for row in database.rows("keys_in_doubt", {})], at)

"""The open tasks of a plan for a person, each with its command, and the table of what became of its notices."""

import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from shlex import quote
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from mailer import BatchError, NoticeAccount, Outbox, PlanRecord, Status, Timing, timing
from offerpress.site.site import Site
from rewards import csv_table, guarded

if TYPE_CHECKING:
    from mailer import MailSettings


@dataclass(frozen=True, slots=True)
class Need:
    """A task that only a person can settle; `why` is in a provider's or our own words, or empty."""

    what: str
    command: str
    why: str = ""


def needs(outbox: Outbox, plan: str, settings: "MailSettings", now: datetime) -> list[Need]:
    """Return the open tasks: first those of the plan, then its unknown notices by partner id."""
    return [*_of_plan(outbox, plan, settings, now), *_of_notices(outbox, plan, now)]


def _of_plan(outbox: Outbox, plan: str, settings: "MailSettings", now: datetime) -> Iterator[Need]:
    record, ready = outbox.plan(plan), outbox.counts(plan)[Status.READY]
    if record.standing == "cancelled" or not ready:
        return
    if not outbox.approvals(plan):
        yield Need("Nobody approved it", f"offerpress approve {plan} --by NAME")
    elif record.standing == "paused":
        yield Need(f"It is paused, {ready:,} notices wait", f"offerpress resume {plan}")
    elif not record.begun and _is_late(outbox, plan, settings, now):
        yield Need("It missed its latest start", f"offerpress send {plan} --late-by NAME")
    elif record.begun and not outbox.next_window(plan, now):
        yield Need(
            f"{ready:,} notices are ready: nobody sends, or they are to be tried again",
            f"offerpress send {plan}",
        )


def _is_late(outbox: Outbox, plan: str, settings: "MailSettings", now: datetime) -> bool:
    hours, first = settings.latest_start_hours, outbox.first_start(outbox.plan(plan))
    return hours is not None and first is not None and timing(first, hours, now) is Timing.LATE


def _of_notices(outbox: Outbox, plan: str, now: datetime) -> Iterator[Need]:
    unknown = outbox.notices_at(plan, Status.UNKNOWN)
    for fence in outbox.fences_in_doubt(plan) if unknown else ():
        if now < fence.cancel_before:
            until = fence.cancel_before.isoformat(timespec="seconds")
            yield Need(
                f"The provider holds a fence back until {until}", f"offerpress withdraw {plan} --by NAME"
            )
    for notice in unknown:
        command = (
            f"offerpress resolve {plan} {quote(notice.partner_id)} resend|give-up --by NAME --reason TEXT"
        )
        yield Need(f"{notice.partner_id}: unknown since {minute(notice.at)}", command, notice.reason)


def untold(record: PlanRecord, records: Sequence[PlanRecord], approved: Collection[str]) -> str:
    """Return why nobody was told the figures of a plan, and nobody will be; empty if its figures count.

    `records` are all plans in the order of their making, `approved` the names of those that a person approved.
    """
    if record.begun:
        return ""
    if record.standing == "cancelled":
        return "cancelled"
    if record.plan not in approved:
        return "nobody approved it"
    later = successors(record, records)
    return next((f"superseded by {one.plan}" for one in later if one.plan in approved), "")


def successors(record: PlanRecord, records: Sequence[PlanRecord]) -> list[PlanRecord]:
    """Return the later plans of the same campaign, edition and kind that nobody cancelled."""
    place = [one.plan for one in records].index(record.plan)
    same = (record.campaign, record.edition, record.corrections)
    return [
        one
        for one in records[place + 1 :]
        if (one.campaign, one.edition, one.corrections) == same and one.standing != "cancelled"
    ]


@dataclass(frozen=True, slots=True)
class PlanState:
    """Where a plan stands, in words, and what is to be done next; `superseded_by` is empty or a later plan."""

    state: str
    next: str
    superseded_by: str = ""


def plan_state(outbox: Outbox, record: PlanRecord, records: Sequence[PlanRecord], now: datetime) -> PlanState:
    """Return where a plan stands among all plans, which are in the order of their making."""
    plan, counts = record.plan, outbox.counts(record.plan)
    approved = bool(outbox.approvals(plan))
    later = [] if record.begun else successors(record, records)
    replacing = [one.plan for one in later if outbox.approvals(one.plan)] or (
        [] if approved else [one.plan for one in later]
    )
    if record.standing == "cancelled":
        return PlanState("cancelled", "nothing, because it stays cancelled")
    if replacing:
        return PlanState("superseded", f"offerpress cancel {plan} --by NAME", replacing[-1])
    if counts[Status.UNKNOWN]:
        command = f"offerpress resolve {plan} PARTNER resend|give-up --by NAME --reason TEXT"
        return PlanState("needs a person", command)
    if counts[Status.READY]:
        return _waiting_state(record, now, approved=approved)
    return PlanState("sending" if counts[Status.SENDING] else "done", "nothing, because no notice waits")


def _waiting_state(record: PlanRecord, now: datetime, *, approved: bool) -> PlanState:
    """Return where a plan stands that still has ready notices."""
    if not approved:
        return PlanState("waits for approval", f"offerpress approve {record.plan} --by NAME")
    if record.standing == "paused":
        return PlanState("paused", f"offerpress resume {record.plan} --by NAME")
    if record.due_at is not None and record.due_at > now and not record.begun:
        return PlanState("due later", "`offerpress send --due` sends it when it is due")
    return PlanState("begun" if record.begun else "due", f"offerpress send {record.plan}")


def due_zone(site: Site) -> ZoneInfo:
    """Return the program's zone, read without the rest of the content; UTC if it cannot be read."""
    try:
        text = (site.folder / "content" / "program.toml").read_text(encoding="utf-8")
        return ZoneInfo(str(tomllib.loads(text)["timezone"]))
    except (OSError, ValueError, KeyError):
        return ZoneInfo("UTC")


def minute(at: str) -> str:
    """Return an instant of the outbox (text) to the minute, as people read it: `2023-12-31 18:00 UTC`."""
    return f"{at[:16].replace('T', ' ')} UTC"


NOTICE_COLUMNS = (
    "partner_id", "to_address", "status", "since", "reason", "attempts", "became", "became_at", "events",
)  # fmt: skip


def account_csv(site: Site, outbox: Outbox, plan: str) -> str:
    """Return a table with a row for each planned notice by partner id; lines end in CR LF (RFC 4180).

    Instants are in UTC. A text that a spreadsheet could take for a formula begins with `'`. There is no address if the
    batch is gone or the partner was forgotten.
    """
    outbox.plan(plan)
    addresses = _addresses(site, plan)
    rows = (_row(one, addresses.get(one.partner_id, "")) for one in outbox.accounts(plan))
    return csv_table(NOTICE_COLUMNS, rows)


def _addresses(site: Site, plan: str) -> Mapping[str, str]:
    try:
        with site.open_batch(plan) as batch:
            return {one.partner_id: one.to_address for one in batch.recipients()}
    except BatchError:
        return {}


def _row(one: NoticeAccount, address: str) -> list[str | int]:
    texts = (one.partner_id, address, one.status.value, one.since, one.reason)
    return [*map(guarded, texts), one.attempts, one.result, one.result_at, guarded("; ".join(one.events))]

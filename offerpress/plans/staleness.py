"""Staleness: whether the messages of a frozen batch would still be made the same way.

A plan is stale if recomputing would change a recipient's message. A ledger that grew without doing so does not matter.
`approve` and the first `send` refuse a stale plan.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from mailer import Batch, BatchHeader, Outbox, notice_digest
from offerpress.build.shards import Job, figures_at, job_of
from offerpress.build.workers import OpenWorkers, choose_workers, in_process
from offerpress.figures.figures import Figures, open_figures
from offerpress.plans.draft import Drafting
from offerpress.plans.planning import message_sources
from offerpress.plans.told import ToldBefore, told_figures
from offerpress.site.folder import OfferpressError
from offerpress.site.site import Site
from rewards import Account, Fault, compute_statement, day_text

_LOOK_UP_COSTS: Final = 64  # times as much as reading an account with its whole shard
_NAMED: Final = 10
_CLOCKS_DIFFER: Final = timedelta(minutes=5)  # of the machines that share an outbox


class StalePlan(OfferpressError):
    """Recomputing would change the messages to `partners`; `why` says which of their sources changed."""

    def __init__(self, plan: str, partners: list[str], why: str) -> None:
        self.plan = plan
        self.partners = tuple(partners)
        named = ", ".join(partners[:_NAMED]) + (", …" if len(partners) > _NAMED else "")
        number = "1 message" if len(partners) == 1 else f"{len(partners)} messages"
        super().__init__(
            f"stale: {plan}: {why}, so {number} would be others now ({named}); plan the campaign again"
        )


class PostponedPlan(OfferpressError):
    """The campaign's file names a later `send_at` than the plan was frozen with."""

    def __init__(self, plan: str, now: datetime, then: datetime | None) -> None:
        self.plan = plan
        planned = f"the plan says {then.isoformat(timespec='minutes')}" if then else "the plan has none"
        super().__init__(
            f"stale: {plan}: send_at is {now.isoformat(timespec='minutes')} in the campaign's file now, {planned}; "
            "plan the campaign again, or put the file back as it was"
        )


class PlanAhead(OfferpressError):
    """The as-of day of a plan has not come yet."""

    def __init__(self, plan: str, as_of: int, today: int, zone: str) -> None:
        self.plan = plan
        why = f"its figures are as of {day_text(as_of)}, and today is {day_text(today)} ({zone})"
        super().__init__(
            f"too early: {plan}: {why}, so sales can still come; approve it from {day_text(as_of)} on, or plan the "
            "campaign as of today"
        )


class ClockBehind(OfferpressError):
    """The clock shows an earlier time than when the plan was made, so no instant that it gives can be trusted."""

    def __init__(self, plan: str, made_at: datetime, now: datetime) -> None:
        self.plan = plan
        made, shown = (at.isoformat(timespec="minutes") for at in (made_at, now))
        super().__init__(
            f"the clock is wrong: {plan}: the plan was made at {made}, and this machine shows {shown}; set the clock "
            "right, then try again"
        )


def refuse_stale(site: Site, batch: Batch, outbox: Outbox) -> None:
    """Raise `StalePlan` if recipients' messages would change, `PostponedPlan` if the campaign is to be sent later.

    Raises `PlanAhead` for a plan that nobody approved yet and whose as-of day has not come, and `ClockBehind`.

    Raises `Faulty` if messages cannot be made.
    """
    header = batch.header
    if site.now < header.made_at - _CLOCKS_DIFFER:
        raise ClockBehind(header.plan, header.made_at, site.now)
    told = told_figures(site, outbox, header.campaign) if header.corrections else None
    with open_figures(site.on(header.as_of)) as figures:
        if not outbox.approvals(header.plan):
            _refuse_ahead(header, figures)
        _refuse_postponed(header, figures)
        if not header.corrections and _has_same_sources(header, figures):
            return
        if stale := stale_partners(batch, figures, told, choose_workers()):
            raise StalePlan(header.plan, stale, _changed_sources(header, figures))


def _has_same_sources(header: BatchHeader, figures: Figures) -> bool:
    """Return whether data, content, templates, settings, keys and program are those of the plan.

    Then every message would be the same. Corrections also depend on what the partners were told.
    """
    return header.snapshot == figures.snapshot.digest and header.sources == message_sources(figures)


def _changed_sources(header: BatchHeader, figures: Figures) -> str:
    """Return a clause that says which sources of the messages are not those of the plan any more.

    A plan of version 0.1 does not name its sources. Its messages were rendered by other code, whatever else changed.
    """
    now = message_sources(figures)
    planned = header.sources or now | {"program": ""}
    names = ["data"] if header.snapshot != figures.snapshot.digest else []
    names += [name for name in ("content", "templates", "settings", "keys") if planned.get(name) != now[name]]
    clauses = [f"{_listed(names)} changed"] if names else []
    if planned["program"] != now["program"]:
        clauses.insert(
            0, _other_program(planned["program"].partition(" ")[0], now["program"].partition(" ")[0])
        )
    if not clauses:
        clauses = [
            "what the partners were told changed, or its batch is damaged"
            if header.corrections
            else "a source of them changed"
        ]
    return ", and ".join(clauses)


def _other_program(planned: str, now: str) -> str:
    same = "it has other code or libraries than then"
    made = same if planned == now else f"the plan was made with {planned or 'an earlier one'}"
    return f"Offerpress renders messages differently since version {now} ({made})"


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]


def _refuse_ahead(header: BatchHeader, figures: Figures) -> None:
    zone = figures.rules.program.timezone
    today = figures.site.clock_day(zone)
    if header.as_of > today:
        raise PlanAhead(header.plan, header.as_of, today, zone)


def _refuse_postponed(header: BatchHeader, figures: Figures) -> None:
    """Raise `PostponedPlan` if the campaign's file now has a `send_at` later than that of the plan.

    Corrections leave as soon as they are approved, whatever the file says.
    """
    campaign = figures.content.campaigns.get(header.campaign)
    now = campaign.send_at if campaign else None
    if now and not header.corrections and (header.send_at is None or now > header.send_at):
        raise PostponedPlan(header.plan, now, header.send_at)


def stale_partners(
    batch: Batch,
    figures: Figures,
    told: ToldBefore | None = None,
    open_workers: OpenWorkers = in_process,
) -> list[str]:
    """Return the recipients, sorted, whose message would change or disappear if it were rendered now.

    `told` is what corrections correct: this process renders those, and the opened workers others. Raises `WorkerDied`.
    """
    drafting = Drafting(figures, batch.header.campaign, told)
    drafting.header = batch.header
    if len(batch) * _LOOK_UP_COSTS < figures.partner_count:
        found = {one: figures.snapshot.account(one) for one in batch.partner_ids()}
        return [one for one, account in found.items() if account is None or stale(drafting, batch, account)]
    same = bytearray(len(batch))
    for places in same_messages(drafting, batch, open_workers):
        for place in places:
            same[place] = 1
    return [one for one, is_same in zip(batch.partner_ids(), same, strict=True) if not is_same]


def same_messages(drafting: Drafting, batch: Batch, open_workers: OpenWorkers) -> Iterator[list[int]]:
    """Return by shard the places of the recipients whose message would be the same if it were rendered now."""
    snapshot = drafting.figures.snapshot
    with open_workers(len(snapshot.shards) if drafting.told is None else 1, snapshot.close) as workers:
        job = CompareJob(job_of(drafting.figures), drafting.campaign.slug, batch.file)
        yield from workers.results(job, (drafting, batch), _same_of_shard, snapshot.shards)


@dataclass(frozen=True, slots=True)
class CompareJob:
    """The messages of one batch, for a worker process."""

    job: Job
    campaign: str
    batch: Path

    def prepare(self) -> tuple[Drafting, Batch]:
        """Open the figures and the batch, and compile the campaign."""
        drafting, batch = Drafting(figures_at(self.job), self.campaign), Batch.open(self.batch)
        drafting.header = batch.header
        return drafting, batch


def _same_of_shard(means: tuple[Drafting, Batch], shard: int) -> list[int]:
    found = []
    drafting, batch = means
    for account in drafting.figures.snapshot.accounts(shard):
        try:
            place = batch.place(account.partner.partner_id)
        except KeyError:
            continue
        if not stale(drafting, batch, account):
            found.append(place)
    return found


def stale(drafting: Drafting, batch: Batch, account: Account) -> bool:
    """Return whether the message to a recipient would change or disappear now."""
    faults: list[Fault] = []
    statement = compute_statement(account, drafting.figures.rules, faults)
    if faults or drafting.uncorrected(statement) or drafting.renderer.reason(account.partner, statement):
        return True
    (notice,) = drafting.notices([(account, statement)])
    now = notice_digest(batch.header, notice, drafting.unsubscribing)
    return now != batch.digest_of(account.partner.partner_id)

"""Staleness: whether the messages of a frozen batch would still be made the same way.

A plan is stale if recomputing would change a recipient's message. A ledger that grew without doing so does not matter.
`approve` and the first `send` refuse a stale plan.

This module loads neither rules nor templates: a plan of the sources of the last build is fresh.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mailer import Batch, BatchHeader, Outbox
from offerpress.build.manifest import Manifest, last_build, unchanged_since
from offerpress.build.workers import choose_workers
from offerpress.site.folder import OfferpressError
from offerpress.site.inputs import message_sources
from offerpress.site.site import Site
from rewards import day_text

if TYPE_CHECKING:  # it loads rules and content
    from offerpress.figures.figures import Figures

_NAMED: Final = 10
_CLOCKS_DIFFER: Final = timedelta(minutes=5)  # of the machines that share an outbox


class StalePlan(OfferpressError):
    """Recomputing would change the messages to `partners`; `why` says which of their sources changed."""

    def __init__(self, plan: str, partners: list[str], why: str) -> None:
        self.partners = tuple(partners)
        named = ", ".join(partners[:_NAMED]) + (", …" if len(partners) > _NAMED else "")
        number = "1 message" if len(partners) == 1 else f"{len(partners)} messages"
        super().__init__(
            f"stale: {plan}: {why}, so {number} would be others now ({named}); plan the campaign again"
        )


class PostponedPlan(OfferpressError):
    """The campaign's file names a later `send_at` than the plan was frozen with."""

    def __init__(self, plan: str, now: datetime, then: datetime | None) -> None:
        planned = f"the plan says {then.isoformat(timespec='minutes')}" if then else "the plan has none"
        super().__init__(
            f"stale: {plan}: send_at is {now.isoformat(timespec='minutes')} in the campaign's file now, {planned}; "
            "plan the campaign again, or put the file back as it was"
        )


class PlanAhead(OfferpressError):
    """The as-of day of a plan has not come yet."""

    def __init__(self, plan: str, as_of: int, today: int, zone: str) -> None:
        why = f"its figures are as of {day_text(as_of)}, and today is {day_text(today)} ({zone})"
        super().__init__(
            f"too early: {plan}: {why}, so sales can still come; approve it from {day_text(as_of)} on, or plan the "
            "campaign as of today"
        )


class ClockBehind(OfferpressError):
    """The clock shows an earlier time than when the plan was made, so no instant that it gives can be trusted."""

    def __init__(self, plan: str, made_at: datetime, now: datetime) -> None:
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
    approved = bool(outbox.approvals(header.plan))
    if built := _fresh_by_build(site, header):
        if not approved:
            _refuse_ahead(header, site, built.zone)
        return
    from offerpress.figures.figures import open_figures  # noqa: PLC0415 - only changed sources are read
    from offerpress.plans.comparison import stale_partners  # noqa: PLC0415 - it renders
    from offerpress.plans.told import told_figures  # noqa: PLC0415 - only corrections need it

    told = told_figures(site, outbox, header.campaign) if header.corrections else None
    with open_figures(site.on(header.as_of)) as figures:
        if not approved:
            _refuse_ahead(header, site, figures.rules.program.timezone)
        _refuse_postponed(header, figures)
        if not header.corrections and _has_same_sources(header, figures):
            return
        if stale := stale_partners(batch, figures, told, choose_workers()):
            raise StalePlan(header.plan, stale, _changed_sources(header, figures))


def _fresh_by_build(site: Site, header: BatchHeader) -> Manifest | None:
    """Return the last build if it had the sources of now, and the plan has the same; otherwise None.

    Then also the campaign's file is that of the plan, so it names no later `send_at`.
    """
    built = None if header.corrections else unchanged_since(site, last_build(site), any_day=True)
    if built and (built.snapshot_digest, built.sources) == (header.snapshot, header.sources):
        return built
    return None


def _has_same_sources(header: BatchHeader, figures: "Figures") -> bool:
    """Return whether data, content, templates, settings, keys and program are those of the plan.

    Then every message would be the same. Corrections also depend on what the partners were told.
    """
    return header.snapshot == figures.snapshot.digest and header.sources == _sources(figures)


def _sources(figures: "Figures") -> dict[str, str]:
    return message_sources(figures.site, figures.content.digest, figures.keys)


def _changed_sources(header: BatchHeader, figures: "Figures") -> str:
    """Return a clause that says which sources of the messages are not those of the plan any more.

    A plan of version 0.1 does not name its sources. Its messages were rendered by other code, whatever else changed.
    """
    now = _sources(figures)
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


def _refuse_ahead(header: BatchHeader, site: Site, zone: str) -> None:
    today = site.clock_day(zone)
    if header.as_of > today:
        raise PlanAhead(header.plan, header.as_of, today, zone)


def _refuse_postponed(header: BatchHeader, figures: "Figures") -> None:
    """Raise `PostponedPlan` if the campaign's file now has a `send_at` later than that of the plan.

    Corrections leave as soon as they are approved, whatever the file says.
    """
    campaign = figures.content.campaigns.get(header.campaign)
    now = campaign.send_at if campaign else None
    if now and not header.corrections and (header.send_at is None or now > header.send_at):
        raise PostponedPlan(header.plan, now, header.send_at)


@dataclass(frozen=True, slots=True)
class BatchFile:
    """A frozen plan, for a worker process."""

    path: Path

    def prepare(self) -> Batch:
        """Open the batch."""
        return Batch.open(self.path)


def verify_by_workers(batch: Batch, digest: str) -> None:
    """Check every message of the batch as `Batch.verify` does, a large one in every core. Raises `WorkerDied`."""

    def checks(ranges: Sequence[range]) -> Iterator[bool]:
        with choose_workers()(len(ranges), lambda: None) as workers:
            yield from workers.results(BatchFile(batch.file), batch, Batch.check, ranges)

    batch.verify(digest, checks)

"""The commands that read batches and the outbox: `status`, `notice`, `told`, `approve`; `reconcile` after a backup."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Literal

import click

from mailer import (
    DELIVERY_RESULTS,
    Fence,
    NoticeAt,
    Outbox,
    SendingProcess,
    Status,
    results_json,
)
from offerpress.options import command, json_option, site_at, site_option
from offerpress.plans.status import account_csv, due_zone, minute, plan_state
from offerpress.site.folder import OfferpressError
from offerpress.site.mail import frozen_message
from offerpress.site.site import Site
from offerpress.terminal import (
    count,
    say,
    show,
    show_json,
    table,
)


@command("status", "", "year-end-credit-1.1", "year-end-credit-1.1 --report")
@click.argument("plan", required=False)
@click.option("--csv", "as_csv", is_flag=True, help="List what became of every notice of PLAN, as CSV.")
@click.option("--report", is_flag=True, help="Write the report on PLAN into private/reports/.")
@click.option("--stale", is_flag=True, help="Say whether a message of PLAN would be different now.")
@site_option
@json_option
def status_command(
    plan: str | None, site_folder: Path | None, *, as_csv: bool, report: bool, stale: bool, as_json: bool
) -> int:
    """Show the status of every notice of PLAN and what needs a person; without PLAN, of all plans."""
    if (as_csv or report or stale) and plan is None:
        raise click.UsageError("--csv, --report and --stale are about one PLAN")
    if as_csv and (as_json or report):
        raise click.UsageError("--csv goes with neither --json nor --report")
    site = site_at(site_folder)
    with site.open_outbox() as outbox:
        plans = [plan] if plan else [record.plan for record in outbox.plans()]
        rows = [_status(site, outbox, one) for one in plans]
        if plan and stale:
            rows[0]["stale"] = _stale(site, outbox, plan)
        unknown = {one: outbox.notices_at(one, Status.UNKNOWN) for one in plans}
        fences = {one: outbox.fences_in_doubt(one) for one in plans}
        if plan and as_csv:
            click.echo(account_csv(site, outbox, plan), nl=False)
        if plan and report:
            # Only the report needs the drawing library and the templates.
            from offerpress.reports.plan_report import write_plan_report  # noqa: PLC0415

            rows[0]["report"] = str(write_plan_report(site, outbox, plan, site.now))
    if as_json:
        show_json(rows[0] if plan else {"plans": rows})
    elif report:
        say(f"Wrote {rows[0]['report']}: open it in a browser. It names partners: keep it private.")
    elif not as_csv:
        _show(rows, unknown, fences, site.now)
    return 1 if any(unknown.values()) else 0


def _show(
    rows: list[dict[str, object]],
    unknown: dict[str, list[NoticeAt]],
    fences: dict[str, list[Fence]],
    now: datetime,
) -> None:
    heads = ["plan", "planned", *(status.value for status in Status)]
    show(table([[str(row[head]) for head in heads] for row in rows], heads))
    for line in (*map(_standing, rows), *filter(None, map(_results, rows))):
        show(line)
    for row in rows:
        if row["next_window"]:
            show(f"{row['plan']}: what is ready waits for its send window, from {row['next_window']} on")
    for one, notices in unknown.items():
        for notice in notices:
            show(f"unknown: {notice.partner_id}: {notice.reason}")
            show(
                f"  settle it: offerpress resolve {one} {notice.partner_id} resend|give-up --by NAME --reason TEXT"
            )
        for fence in fences[one] if notices else ():
            if now < fence.cancel_before:
                until = fence.cancel_before.isoformat()
                show(f"fenced until {until}: offerpress withdraw {one} --by NAME has it discarded")


def _status(site: Site, outbox: Outbox, plan: str) -> dict[str, object]:
    record = outbox.plan(plan)
    state = plan_state(outbox, record, outbox.plans(), site.now)
    due = record.due_at
    return {
        "plan": plan,
        "campaign": record.campaign,
        "edition": record.edition,
        "standing": record.standing,
        "state": state.state,
        "next": state.next,
        "superseded_by": state.superseded_by or None,
        "made_by": record.made_by,
        "made_at": record.made_at,
        "approved": [{"by": one.by, "at": one.at} for one in outbox.approvals(plan)],
        "due_at": due and due.astimezone(due_zone(site)).isoformat(timespec="minutes"),
        "acts": [asdict(one) for one in outbox.acts(plan)],
        "late_by": record.late_by or None,
        "next_window": outbox.next_window(plan, site.now) or None,
        "planned": record.planned,
        **{status.value: number for status, number in outbox.counts(plan).items()},
        **results_json(outbox, plan),
    }


def _stale(site: Site, outbox: Outbox, plan: str) -> str | bool:
    """Return why a plan that has not begun is stale; False if it is not."""
    # Only this option needs the ledger and the templates.
    from offerpress.plans.staleness import (  # noqa: PLC0415
        ClockBehind,
        PlanAhead,
        PostponedPlan,
        StalePlan,
        refuse_stale,
    )

    if outbox.plan(plan).begun:
        return False
    with site.open_batch(plan) as batch:
        try:
            refuse_stale(site, batch, outbox)
        except (ClockBehind, PlanAhead, PostponedPlan, StalePlan) as error:
            return str(error)
    return False


def _standing(row: dict[str, object]) -> str:
    """Return a line about where a plan stands, who made and approved it, when it is due, and what is next."""
    approved = row["approved"]
    assert isinstance(approved, list)
    names = ", ".join(dict.fromkeys(one["by"] for one in approved))
    parts = [
        f"{row['plan']}: {row['state']}" + (f" by {row['superseded_by']}" if row["superseded_by"] else ""),
        f"made by {row['made_by']}",
        f"approved by {names}" if names else "approved by nobody",
    ]
    parts += [f"due {row['due_at']}"] if row["due_at"] else []
    parts += [str(row["stale"] or "not stale")] if "stale" in row else []
    acts = row["acts"]
    assert isinstance(acts, list)
    parts += [f"last act: {one['act']} by {one['by']}, {minute(one['at'])}" for one in acts[-1:]]
    return "; ".join([*parts, f"next: {row['next']}"])


def _results(row: Mapping[str, object]) -> str:
    """Return a line about a plan's events, empty without events."""
    told = [f"{row[name]:,} {name}" for name in (*DELIVERY_RESULTS, "unsubscribed") if row[name]]
    return f"{row['plan']}: of the accepted: {', '.join(told)}" if told else ""


@command("notice", "year-end-credit-1.1 P-1001", "year-end-credit-1.1 P-1001 --format html")
@click.argument("plan")
@click.argument("partner_id", metavar="PARTNER")
@site_option
@click.option(
    "--format", "form", type=click.Choice(["eml", "html", "text"]), default="text", show_default=True
)
def notice_command(
    plan: str, partner_id: str, site_folder: Path | None, form: Literal["eml", "html", "text"]
) -> None:
    """Show the frozen message of PLAN to PARTNER."""
    with site_at(site_folder).open_batch(plan) as batch:
        frozen = frozen_message(batch, partner_id)
        if form == "eml":
            from mailer import message_bytes  # noqa: PLC0415 - only this form needs the parts of a mail

            date_shown = batch.header.send_at or batch.header.made_at
            click.echo(message_bytes(frozen.notice, frozen.message_id, date_shown), nl=False)
        else:
            click.echo(frozen.notice.html if form == "html" else frozen.notice.text)


@command("reconcile", "--by Ada", "--by Ada --json")
@click.option("--by", metavar="NAME", required=True, help="Who restored the backup; it is kept.")
@site_option
@json_option
def reconcile_command(by: str, site_folder: Path | None, *, as_json: bool) -> int:
    """Mark as unknown every notice that was claimed after the backup from which the outbox was restored."""
    site = site_at(site_folder)
    with (
        site.open_outbox() as outbox,
        outbox.alone(SendingProcess.here(site.now.isoformat()), site.now),
    ):
        known = {record.plan for record in outbox.plans()}
        plans = sorted({file.stem for file in site.batches.glob("*.batch")} - known)
        for plan in plans:
            with site.open_batch(plan) as batch:
                outbox.register(batch, site.now)
        unknown = outbox.reconcile(by, site.now)
    if as_json:
        show_json({"unknown": unknown, "registered": plans})
        return 1 if unknown else 0
    for plan in plans:
        say(f"{plan}: registered again from its batch; it needs its approval again")
    say(f"{count(unknown, 'notice')} unknown since the backup: `offerpress status` names them")
    return 1 if unknown else 0


@command("approve", "year-end-credit-1.1 --by Finn", "year-end-credit-1.1 --by Finn --digest 4f2a")
@click.argument("plan")
@click.option("--by", metavar="NAME", required=True, help="Who approves; not who made the plan.")
@click.option("--digest", metavar="HEX", help="The digest that was looked at; another one is refused.")
@site_option
@json_option
def approve_command(
    plan: str, by: str, digest: str | None, site_folder: Path | None, *, as_json: bool
) -> None:
    """Record that NAME approves PLAN, unless it is stale."""
    from offerpress.plans.staleness import refuse_stale, verify_by_workers  # noqa: PLC0415 - no other needs it

    site = site_at(site_folder)
    if site.mail_settings.approvals == "signed":
        raise OfferpressError(
            f'not approved: {plan}: [mail] approvals is "signed"; approve it in `offerpress studio` with a passkey'
        )
    with site.open_outbox() as outbox, site.open_batch(plan) as batch:
        verify_by_workers(batch, digest or outbox.plan(plan).digest)
        refuse_stale(site, batch, outbox)
        outbox.approve(plan, batch.digest, by, site.now, self_approval=site.mail_settings.self_approval)
        if as_json:
            show_json({"plan": plan, "digest": batch.digest, "approved_by": by})
        else:
            say(f"{by} approved {plan} (digest {batch.digest}). Send it: offerpress send {plan}")


@command("told", "P-1001", "P-1001 --json")
@click.argument("partner_id", metavar="PARTNER")
@site_option
@json_option
def told_command(partner_id: str, site_folder: Path | None, *, as_json: bool) -> None:
    """List what PARTNER was told, when, in which plan, and what became of it."""
    from offerpress.plans.told import told_json, told_notices, told_text  # noqa: PLC0415 - no other needs it

    site = site_at(site_folder)
    with site.open_outbox() as outbox:
        notices = told_notices(site, outbox, partner_id)
        skipped = []
        if outbox.plans() and not notices:
            # Only a partner without a notice needs the ledger and the templates.
            from offerpress.plans.draft import why_skipped  # noqa: PLC0415

            skipped = why_skipped(site, outbox, partner_id)
    if as_json:
        rows = [{"plan": plan, "reason": reason or None} for plan, reason in skipped]
        show_json({**told_json(partner_id, notices), "skipped": rows})
        return
    show(told_text(partner_id, notices))
    for plan, reason in skipped:
        show(
            f"  {plan}: {f'skipped: {reason}' if reason else 'it would get a notice now: plan the campaign again'}"
        )

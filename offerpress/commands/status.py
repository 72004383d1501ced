"""The command that tells where notices stand, in numbers, as a table and as a report: `status`."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import click

from mailer import FATES, Fence, NoticeAt, Outbox, Status, fates_json
from offerpress.account_csv import account_csv
from offerpress.mailing import open_outbox
from offerpress.options import folder_at, json_option, moment, site_option
from offerpress.reporting import say, show, show_json, table


@click.command("status")
@click.argument("plan", required=False)
@click.option("--csv", "as_csv", is_flag=True, help="List what became of every notice of PLAN, as CSV.")
@click.option("--report", is_flag=True, help="Write the report on PLAN into private/reports/.")
@site_option
@json_option
def status_command(
    plan: str | None, site_folder: Path | None, *, as_csv: bool, report: bool, as_json: bool
) -> int:
    """Show where every notice of PLAN stands and what needs a person; without PLAN, all plans."""
    if (as_csv or report) and plan is None:
        raise click.UsageError("--csv and --report are about one PLAN")
    if as_csv and (as_json or report):
        raise click.UsageError("--csv goes with neither --json nor --report")
    site, now = folder_at(site_folder), moment()
    with open_outbox(site, now.environment) as outbox:
        plans = [plan] if plan else [record.plan for record in outbox.plans()]
        rows = [_status(outbox, one, now.now) for one in plans]
        unknown = {one: outbox.notices_at(one, Status.UNKNOWN) for one in plans}
        fences = {one: outbox.fences_in_doubt(one) for one in plans}
        if plan and as_csv:
            click.echo(account_csv(site, outbox, plan), nl=False)
        if plan and report:
            rows[0]["report"] = str(_written(site.folder, outbox, plan, now.now))
    if as_json:
        show_json(rows[0] if plan else {"plans": rows})
    elif report:
        say(f"Wrote {rows[0]['report']}: open it in a browser. It names partners: keep it private.")
    elif not as_csv:
        _show(rows, unknown, fences, now.now)
    return 1 if any(unknown.values()) else 0


def _written(folder: Path, outbox: Outbox, plan: str, now: datetime) -> Path:
    # The drawing library and the templates are of no use to anyone who only asks for numbers.
    from offerpress.reports.plan import write_plan_report  # noqa: PLC0415
    from offerpress.site import open_site  # noqa: PLC0415

    return write_plan_report(open_site(folder), outbox, plan, now)


def _show(
    rows: list[dict[str, object]],
    unknown: dict[str, list[NoticeAt]],
    fences: dict[str, list[Fence]],
    now: datetime,
) -> None:
    heads = ["plan", "planned", *(status.value for status in Status)]
    show(table([[str(row[head]) for head in heads] for row in rows], heads))
    for line in filter(None, map(_fates, rows)):
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


def _status(outbox: Outbox, plan: str, now: datetime) -> dict[str, object]:
    record = outbox.plan(plan)
    return {
        "plan": plan,
        "campaign": record.campaign,
        "edition": record.edition,
        "standing": record.standing,
        "late_by": record.late_by or None,
        "next_window": outbox.next_window(plan, now) or None,
        "planned": record.planned,
        **{status.value: number for status, number in outbox.counts(plan).items()},
        **fates_json(outbox, plan),
    }


def _fates(row: Mapping[str, object]) -> str:
    """What events tell of a plan, in one line; empty as long as they tell nothing."""
    told = [f"{row[name]:,} {name}" for name in (*FATES, "unsubscribed") if row[name]]
    return f"{row['plan']}: of the accepted: {', '.join(told)}" if told else ""

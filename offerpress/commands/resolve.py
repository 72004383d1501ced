"""The command that settles what is unknown: `resolve`."""

from pathlib import Path
from typing import Literal, TextIO

import click

from mailer import Status
from offerpress.commands.events import intake_text
from offerpress.mailing import open_outbox
from offerpress.options import folder_at, moment, site_option
from offerpress.reporting import count, say
from offerpress.returning import read_postfix_log


@click.command("resolve")
@click.argument("plan", required=False)
@click.argument("partner_id", metavar="PARTNER", required=False)
@click.argument("decision", type=click.Choice(["resend", "give-up"]), required=False)
@click.option("--by", metavar="NAME", help="Who decides.")
@click.option("--reason", metavar="TEXT", help="Why; it is kept.")
@click.option(
    "--postfix-log",
    "log",
    type=click.File("r", encoding="utf-8", errors="replace"),
    metavar="FILE",
    help="In place of a decision, what a relay's log shows of every notice.",
)
@site_option
def resolve_command(
    plan: str | None,
    partner_id: str | None,
    decision: Literal["resend", "give-up"] | None,
    by: str | None,
    reason: str | None,
    log: TextIO | None,
    site_folder: Path | None,
) -> int:
    """Settle PARTNER's notice of PLAN, whose fate is unknown: send it again, or give it up."""
    if log is not None and (plan, by, reason) == (None, None, None):
        return _resolve_by_log(log, site_folder)
    if log is not None or not (plan and partner_id and decision) or by is None or reason is None:
        raise click.UsageError(
            "name PLAN, PARTNER and resend or give-up, with --by and --reason; or --postfix-log alone"
        )
    now = moment()
    with open_outbox(folder_at(site_folder), now.environment) as outbox:
        outbox.resolve(plan, partner_id, decision, by=by, reason=reason, at=now.now)
    say(f"{plan}: {partner_id}: {decision} by {by}")
    return 0


def _resolve_by_log(log: TextIO, site_folder: Path | None) -> int:
    site, now = folder_at(site_folder), moment()
    with open_outbox(site, now.environment) as outbox:
        taken = read_postfix_log(site, outbox, log, now.now.astimezone())
        unknown = sum(outbox.counts(record.plan)[Status.UNKNOWN] for record in outbox.plans())
    say(f"{intake_text(taken)}; {count(unknown, 'notice')} still unknown")
    return 1 if unknown else 0

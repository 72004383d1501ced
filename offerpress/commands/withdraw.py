"""The command that has a provider discard what it holds back: `withdraw`."""

from datetime import UTC, datetime
from pathlib import Path

import click

from mailer import Status, withdraw
from offerpress.mailing import open_outbox, transport_of
from offerpress.marker import read_mail_settings
from offerpress.options import folder_at, json_option, moment, site_option
from offerpress.reporting import count, say, show_json
from offerpress.sending import fences_of


@click.command("withdraw")
@click.argument("plan")
@click.option("--by", metavar="NAME", required=True, help="Who decides; it is kept.")
@site_option
@json_option
def withdraw_command(plan: str, by: str, site_folder: Path | None, *, as_json: bool) -> int:
    """Have the provider discard each fence of PLAN in which a notice is unknown; all of it is ready again."""
    site, now = folder_at(site_folder), moment()
    way = transport_of(site, read_mail_settings(site), "sendgrid", now.environment)
    with open_outbox(site, now.environment) as outbox:
        done = withdraw(outbox, plan, fences_of(way), by, lambda: datetime.now(UTC))
        unknown = outbox.counts(plan)[Status.UNKNOWN]
    if as_json:
        late = [fence.key for fence in done.late]
        show_json(
            {"plan": plan, "fences": done.fences, "ready": done.ready, "late": late, "unknown": unknown}
        )
        return 1 if unknown else 0
    for fence in done.late:
        say(f"{plan}: too late for {fence.key}, which leaves at {fence.send_at.isoformat()}")
    ready = f"{count(done.ready, 'notice')} ready again, {unknown:,} unknown"
    say(f"{plan}: {count(done.fences, 'fence')} discarded by the provider: {ready}")
    return 1 if unknown else 0

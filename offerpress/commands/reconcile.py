"""The command after an outbox was restored from a backup: `reconcile`."""

from pathlib import Path

import click

from mailer import Sender
from offerpress.mailing import open_batch, open_outbox
from offerpress.options import folder_at, json_option, moment, site_option
from offerpress.reporting import count, say, show_json


@click.command("reconcile")
@click.option("--by", metavar="NAME", required=True, help="Who restored the backup; it is kept.")
@site_option
@json_option
def reconcile_command(by: str, site_folder: Path | None, *, as_json: bool) -> int:
    """Make unknown whatever was claimed after the backup that the outbox was restored from."""
    site, now = folder_at(site_folder), moment()
    with (
        open_outbox(site, now.environment) as outbox,
        outbox.alone(Sender.here(now.now.isoformat()), now.now),
    ):
        known = {record.plan for record in outbox.plans()}
        plans = sorted({file.stem for file in site.batches.glob("*.batch")} - known)
        for plan in plans:
            with open_batch(site, plan) as batch:
                outbox.register(batch, now.now)
        unknown = outbox.reconcile(by, now.now)
    if as_json:
        show_json({"unknown": unknown, "registered": plans})
        return 1 if unknown else 0
    for plan in plans:
        say(f"{plan}: registered again from its batch; it needs its approval again")
    say(f"{count(unknown, 'notice')} unknown since the backup: `offerpress status` names them")
    return 1 if unknown else 0

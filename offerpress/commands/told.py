"""The command that answers what a partner was told: `told`."""

from pathlib import Path

import click

from offerpress.mailing import open_outbox
from offerpress.options import folder_at, json_option, moment, site_option
from offerpress.reporting import show, show_json
from offerpress.told import told_json, told_notices, told_text


@click.command("told")
@click.argument("partner_id", metavar="PARTNER")
@site_option
@json_option
def told_command(partner_id: str, site_folder: Path | None, *, as_json: bool) -> None:
    """List what PARTNER was told, when, in which plan, and what became of it."""
    site = folder_at(site_folder)
    with open_outbox(site, moment().environment) as outbox:
        notices = told_notices(site, outbox, partner_id)
    if as_json:
        show_json(told_json(partner_id, notices))
    else:
        show(told_text(partner_id, notices))

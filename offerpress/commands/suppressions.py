"""The commands about addresses that must not be written to: `suppress`, `unsuppress`, `suppressions`."""

from pathlib import Path
from typing import get_args

import click

from mailer import SuppressionReason
from offerpress.mailing import open_outbox
from offerpress.options import folder_at, json_option, moment, site_option
from offerpress.reporting import count, say, show, show_json, table


@click.command("suppress")
@click.argument("address")
@click.option("--reason", type=click.Choice(get_args(SuppressionReason)), default="manual", show_default=True)
@click.option(
    "--source", metavar="TEXT", default="command line", show_default=True, help="Where it came from."
)
@site_option
def suppress_command(address: str, reason: SuppressionReason, source: str, site_folder: Path | None) -> None:
    """Never write to ADDRESS again; after `unsubscribed`, only announcements are held back."""
    now = moment()
    with open_outbox(folder_at(site_folder), now.environment) as outbox:
        outbox.suppress(address, reason, source, now.now)
    say(f"Suppressed ({reason}): {address}")


@click.command("unsuppress")
@click.argument("address")
@site_option
def unsuppress_command(address: str, site_folder: Path | None) -> int:
    """Write to ADDRESS again."""
    with open_outbox(folder_at(site_folder), moment().environment) as outbox:
        removed = outbox.unsuppress(address)
    say(f"Removed {count(removed, 'suppression')} of {address}")
    return 0 if removed else 1


@click.command("suppressions")
@site_option
@json_option
def suppressions_command(site_folder: Path | None, *, as_json: bool) -> None:
    """List the addresses that are not written to, with reason, source and instant."""
    with open_outbox(folder_at(site_folder), moment().environment) as outbox:
        rows = outbox.suppressions()
    if as_json:
        show_json(
            {
                "suppressions": [
                    {"address": r.address, "reason": r.reason, "source": r.source, "at": r.at} for r in rows
                ]
            }
        )
    else:
        show(
            table(
                [(r.address, r.reason, r.source, r.at) for r in rows],
                ("address", "reason", "source", "since"),
            )
        )

"""The commands about addresses that must not be written to: `suppress`, `unsuppress`, `suppressions`."""

from pathlib import Path
from typing import TextIO, get_args

import click

from mailer import SuppressionReason
from offerpress.mailing import open_outbox
from offerpress.options import folder_at, json_option, moment, site_option
from offerpress.reporting import count, say, show, show_json, table
from offerpress.suppression_csv import read_suppressions, suppressions_csv


@click.command("suppress")
@click.argument("address", required=False)
@click.option("--reason", type=click.Choice(get_args(SuppressionReason)), default="manual", show_default=True)
@click.option(
    "--source", metavar="TEXT", default="command line", show_default=True, help="Where it came from."
)
@click.option(
    "--import",
    "file",
    type=click.File("r", encoding="utf-8-sig"),
    metavar="FILE",
    help="In place of ADDRESS, all of a CSV file.",
)
@site_option
def suppress_command(
    address: str | None,
    reason: SuppressionReason,
    source: str,
    file: TextIO | None,
    site_folder: Path | None,
) -> None:
    """Never write to ADDRESS again; after `unsubscribed`, only announcements are held back."""
    if (address is None) == (file is None):
        raise click.UsageError("name one ADDRESS, or a table with --import")
    now = moment()
    with open_outbox(folder_at(site_folder), now.environment) as outbox:
        if file is not None:
            found = read_suppressions(file.read(), file.name, now.now)
            outbox.import_suppressions(found)
            say(f"Imported {count(len(found), 'suppression')} from {file.name}")
        elif address is not None:
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
@click.option("--csv", "as_csv", is_flag=True, help="As a table that `suppress --import` reads.")
@site_option
@json_option
def suppressions_command(site_folder: Path | None, *, as_csv: bool, as_json: bool) -> None:
    """List the addresses that are not written to, with reason, source and instant."""
    if as_csv and as_json:
        raise click.UsageError("--csv goes without --json")
    with open_outbox(folder_at(site_folder), moment().environment) as outbox:
        rows = outbox.suppressions()
    if as_csv:
        click.echo(suppressions_csv(rows), nl=False)
    elif as_json:
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

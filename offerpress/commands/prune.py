"""The command that deletes what is old and not needed any more: `prune`."""

from datetime import date
from pathlib import Path

import click

from mailer import Sender
from offerpress.mailing import open_outbox
from offerpress.options import Day, json_option, moment, site_option
from offerpress.pruning import Pruning, find_old, prune
from offerpress.reporting import count, say, show, show_json
from offerpress.site import Site, site_at


@click.command("prune")
@click.option(
    "--before", type=Day(), required=True, metavar="DATE", help="What is older than this day (UTC)."
)
@click.option("--dry-run", is_flag=True, help="Say what would be deleted; delete nothing.")
@site_option
@json_option
def prune_command(before: date, site_folder: Path | None, *, dry_run: bool, as_json: bool) -> None:
    """Delete old snapshots, batches and reports that no open plan needs; what was sent stays counted."""
    site, now = site_at(site_folder), moment()
    with (
        open_outbox(site, now.environment) as outbox,
        outbox.alone(Sender.here(now.now.isoformat()), now.now),
    ):
        found = find_old(site, outbox, before)
        if not dry_run:
            prune(site, found.old, now.now)
    if as_json:
        show_json(_json(site, found, dry_run=dry_run))
        return
    for one in found.old:
        show(f"{one.kind}: {one.path.relative_to(site.folder)}")
    for path, why in found.kept:
        show(f"kept: {path.relative_to(site.folder)}: {why}")
    done = "would be deleted (--dry-run)" if dry_run else "deleted"
    say(f"{count(len(found.old), 'item')}, {found.size:,} bytes {done}")


def _json(site: Site, found: Pruning, *, dry_run: bool) -> dict[str, object]:
    return {
        "deleted": not dry_run,
        "bytes": found.size,
        "old": [{"kind": one.kind, "path": str(one.path.relative_to(site.folder))} for one in found.old],
        "kept": [{"path": str(path.relative_to(site.folder)), "why": why} for path, why in found.kept],
    }

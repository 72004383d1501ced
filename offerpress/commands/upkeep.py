"""The commands that delete data: `prune` what is old, and `forget` one partner."""

from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TextIO

import click

from mailer import SendingProcess
from offerpress.options import DayOption, command, json_option, signature_option, site_at, site_option
from offerpress.site.site import Site
from offerpress.terminal import (
    count,
    say,
    show,
    show_json,
)
from offerpress.upkeep.pruning import Pruning, find_old, prune


@command("prune", "--before 2026-01-01 --dry-run", "--before 2026-01-01")
@click.option(
    "--before", type=DayOption(), required=True, metavar="DATE", help="What is older than this day (UTC)."
)
@click.option("--dry-run", is_flag=True, help="Say what would be deleted; delete nothing.")
@site_option
@json_option
def prune_command(before: date, site_folder: Path | None, *, dry_run: bool, as_json: bool) -> int:
    """Delete old snapshots, batches and reports that no open plan needs. The counts of sent notices stay."""
    site = site_at(site_folder)
    with (
        site.open_outbox() as outbox,
        outbox.alone(SendingProcess.here(site.now.isoformat()), site.now),
    ):
        found = find_old(site, outbox, before)
        if not dry_run:
            prune(site, found, site.now)
    if as_json:
        show_json(_json(site, found, dry_run=dry_run))
        return 1 if found.damaged else 0
    for one in found.old:
        show(f"{one.kind}: {one.path.relative_to(site.folder)}")
    for path, why in found.kept:
        show(f"kept: {path.relative_to(site.folder)}: {why}")
    done = "would be deleted (--dry-run)" if dry_run else "deleted"
    say(f"{count(len(found.old), 'item')}, {found.size:,} bytes {done}")
    for _, what, told in found.damaged:
        say(f"kept, and every snapshot and file of rules with it: {what}")
        if told:
            say(f"  {count(told, 'partner')} of it can get no corrections: what they were told is not known")
    return 1 if found.damaged else 0


def _json(site: Site, found: Pruning, *, dry_run: bool) -> dict[str, object]:
    return {
        "deleted": not dry_run,
        "bytes": found.size,
        "old": [{"kind": one.kind, "path": str(one.path.relative_to(site.folder))} for one in found.old],
        "kept": [{"path": str(path.relative_to(site.folder)), "why": why} for path, why in found.kept],
        "damaged": [
            {"path": str(path.relative_to(site.folder)), "why": why, "told": told}
            for path, why, told in found.damaged
        ],
    }


@command("forget", 'P-1001 --by "Ada Privacy"', 'P-1001 --by "Ada Privacy" --json')
@click.argument("partner_id", metavar="PARTNER")
@click.option("--by", metavar="NAME", required=True, help="Who decides so; it is kept.")
@signature_option
@site_option
@json_option
def forget_command(
    partner_id: str, by: str, signature: TextIO | None, site_folder: Path | None, *, as_json: bool
) -> int:
    """Erase PARTNER's data from snapshots, batches, outbox, exports and reports. Counts and digests stay."""
    from offerpress.upkeep.forgetting import (  # noqa: PLC0415 - it reads the data, which `prune` need not
        forget,
        left_over,
        require_absent,
        traces,
    )

    site = site_at(site_folder)
    require_absent(site, partner_id)
    with site.open_outbox() as outbox:
        who = traces(site, outbox, partner_id)
        done = forget(site, outbox, who, by, site.now, signature.read() if signature else None)
    left = left_over(site, who)
    if as_json:
        show_json({**asdict(done), "left": sorted({name for name, _ in left})})
        return 1 if left else 0
    say(
        f"Forgotten: {count(done.notices, 'notice')} in {count(done.batches, 'plan')}, "
        f"{count(done.snapshots, 'snapshot')}, {count(done.exports, 'export')}, {count(done.reports, 'report')}"
    )
    for name in sorted({name for name, _ in left}):
        remedy = "build again" if name.startswith("output/") else "look at it, and edit or delete it"
        say(f"still holds the id, a name or an address: {name}; {remedy}")
    say("Run `offerpress build` and publish: until then the old statement can be opened with its link.")
    return 1 if left else 0

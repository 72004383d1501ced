"""The command that erases one partner's data: `forget`."""

from dataclasses import asdict
from pathlib import Path

import click

from offerpress.forgetting import forget, left_over, require_absent, traces
from offerpress.mailing import open_outbox
from offerpress.options import json_option, moment, site_option
from offerpress.reporting import count, say, show_json
from offerpress.site import site_at


@click.command("forget")
@click.argument("partner_id", metavar="PARTNER")
@click.option("--by", metavar="NAME", required=True, help="Who decides so; it is kept.")
@site_option
@json_option
def forget_command(partner_id: str, by: str, site_folder: Path | None, *, as_json: bool) -> int:
    """Erase PARTNER's data from snapshots, batches, outbox, exports and reports; counts and digests stay."""
    site, now = site_at(site_folder), moment()
    require_absent(site, now, partner_id)
    with open_outbox(site, now.environment) as outbox:
        who = traces(site, outbox, partner_id)
        done = forget(site, outbox, who, by, now.now)
    left = left_over(site, who.words)
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

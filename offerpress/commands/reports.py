"""The command `report`."""

from datetime import date
from pathlib import Path

import click

from offerpress.conserving import holds
from offerpress.figures import Figures, open_figures
from offerpress.mailing import OUTBOX, open_outbox
from offerpress.moment import Moment
from offerpress.options import as_of_option, json_option, moment, site_option
from offerpress.reporting import say, show_json
from offerpress.reports.facts import Told
from offerpress.reports.page import write_report
from offerpress.reports.told import last_told
from offerpress.site import site_at
from rewards import day_text


@click.command("report")
@site_option
@as_of_option
@click.option(
    "--campaign",
    metavar="SLUG",
    help="Measure jumps from this campaign's last plan (default: the last of any).",
)
@json_option
def report_command(
    site_folder: Path | None, as_of: date | None, campaign: str | None, *, as_json: bool
) -> None:
    """Write the figures for staff as an HTML file into private/reports/."""
    now = moment(as_of)
    with open_figures(site_at(site_folder), now, need_keys=False) as figures:
        path, facts = write_report(figures, _told(figures, now, campaign))
    if as_json:
        show_json(
            {
                "as_of": day_text(facts.as_of),
                "report": str(path),
                "snapshot": facts.snapshot,
                "holds": holds(facts.conserved),
                "near": len(facts.near),
                "negative": len(facts.negative),
                "jumped": len(facts.jumped),
                "since": facts.since or None,
            }
        )
    else:
        say(f"Wrote {path}: open it in a browser. It names partners: keep it private.")


def _told(figures: Figures, now: Moment, campaign: str | None) -> Told | None:
    """The plan to compare with; a site that never planned gets no outbox for it."""
    if OUTBOX not in now.environment and not (figures.site.private / "outbox.sqlite").is_file():
        return None
    with open_outbox(figures.site, now.environment) as outbox:
        return last_told(figures.site, outbox, campaign)

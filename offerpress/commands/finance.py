"""The commands for finance: `credits`, `sign-off`, `report`."""

from datetime import date
from pathlib import Path
from typing import TextIO

import click

from offerpress.figures.exports import export_journal
from offerpress.figures.figures import Figures, holds, open_figures
from offerpress.figures.journals import (
    Journal,
    journal_csv,
    journal_json,
    make_journal,
    open_journal,
    require_final,
)
from offerpress.options import as_of_option, command, json_option, signature_option, site_at, site_option
from offerpress.reports.facts import ToldAmounts, last_told_amounts
from offerpress.reports.figures_report import write_report
from offerpress.signing.signing_off import sign_off
from offerpress.site.folder import OUTBOX, OUTBOX_FILE
from offerpress.site.locking import sole_writer
from offerpress.terminal import count, say, show_json
from rewards import day_text, format_amount, journal_sums


@command(
    "credits",
    "cashback-2026 --output credits-2026.csv",
    "cashback-2026 --as-of 2027-01-01",
    "cashback-2026 --accruing --json",
)
@click.argument("offer")
@site_option
@as_of_option
@click.option("--accruing", is_flag=True, help="Also while the offer's period is not over.")
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write the CSV to FILE."
)
@json_option
def credits_command(
    offer: str,
    site_folder: Path | None,
    as_of: date | None,
    output: Path | None,
    *,
    accruing: bool,
    as_json: bool,
) -> None:
    """Write OFFER's credit journal as CSV: append its rows to the credits table once they are posted."""
    with open_figures(site_at(site_folder, as_of), need_keys=False) as figures:
        journal = make_journal(figures, offer)
        if not accruing:
            require_final(journal, "wait for its end, or say --accruing")
        for remark in journal.remarks:
            say(f"remark: {remark}")
        if output:
            export_journal(figures, journal, output)
    if as_json:
        show_json(journal_json(journal))
    elif not output:
        click.echo(journal_csv(journal.lines), nl=False)
    say(f"{offer} as of {day_text(journal.as_of)}: {_summary(journal)}")


def _summary(journal: Journal) -> str:
    sums = journal_sums(journal.lines).items()
    totals = ", ".join(f"{format_amount(minor, currency)} {currency}" for currency, minor in sums)
    if not totals:
        return "nothing to credit"
    signed = len(journal.lines) - len(journal.unsigned)
    return f"{count(len(journal.lines), 'line')}, {totals}" + (f"; {signed:,} signed off" if signed else "")


@command(
    "sign-off", 'cashback-2026 --by "Finn Miller"', 'cashback-2026 --by "Finn Miller" --as-of 2027-01-01'
)
@click.argument("offer")
@click.option("--by", metavar="NAME", required=True, help="Who signs.")
@signature_option
@site_option
@as_of_option
@json_option
def sign_off_command(
    offer: str,
    by: str,
    signature: TextIO | None,
    site_folder: Path | None,
    as_of: date | None,
    *,
    as_json: bool,
) -> None:
    """Freeze OFFER's journal once its period is over: later changes become lines of their own."""
    site = site_at(site_folder, as_of)
    if not by.strip():
        raise click.UsageError("--by needs a name")
    with sole_writer(site), open_figures(site, need_keys=False) as figures:
        journal = open_journal(figures, offer)
        if journal.sign_offs and not journal.unsigned:
            say(f"{offer}: nothing changed since {journal.sign_offs[-1].by} signed it off")
            return
        signed = sign_off(figures, journal, by.strip(), signature.read() if signature else None)
    if as_json:
        show_json(signed.model_dump(mode="json", exclude={"lines"}) | {"lines": len(signed.lines)})
    else:
        say(f"{by} signed off {count(len(signed.lines), 'line')} of {offer} (digest {signed.digest})")


@command("report", "", "--campaign year-end-credit --as-of 2026-12-31")
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
    site = site_at(site_folder, as_of)
    with open_figures(site, need_keys=False) as figures:
        path, facts = write_report(figures, _told(figures, campaign))
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


def _told(figures: Figures, campaign: str | None) -> ToldAmounts | None:
    """Return the plan to compare with. It does not make an outbox for a site that never planned."""
    site = figures.site
    if OUTBOX not in site.environment and not (site.private / OUTBOX_FILE).is_file():
        return None
    with site.open_outbox() as outbox:
        return last_told_amounts(site, outbox, campaign)

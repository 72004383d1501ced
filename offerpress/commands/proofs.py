"""The commands that prove the promises: `verify` and `demo`."""

import os
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from mailer import FolderTransport, Outbox
from offerpress.build.pipeline import build
from offerpress.figures.figures import Figures, open_figures
from offerpress.options import command, json_option, site_at, site_option
from offerpress.plans.draft import Drafting
from offerpress.plans.planning import make_plan, register_plan, settle_unregistered
from offerpress.plans.sending import send_plan
from offerpress.proofs.verifying import verify
from offerpress.site.folder import starter_folder
from offerpress.site.keys import make_site_secret
from offerpress.site.locking import sole_writer
from offerpress.site.site import Site
from offerpress.site.starter import start_site
from offerpress.terminal import (
    count,
    progress,
    say,
    show,
    show_json,
    table,
)
from rewards import format_amount

NOW = datetime(2023, 12, 31, 22, 0, tzinfo=UTC)
CAMPAIGN = "year-end-credit"
MAKER, APPROVER = "Mia (writes the campaign)", "Finn (finance)"
FOLDER = "offerpress-demo"
SHOWN_PARTNER = "P-1001"


def run_demo(folder: Path | None, here: Path, environment: Mapping[str, str]) -> None:
    """Build, plan, approve and send, then say where the results are.

    The sample site is made in `folder`, unless this is a source checkout. A second run sends nothing again.
    """
    site = Site(_sample(folder, here), NOW, environment, NOW.date())
    make_site_secret(site.private, secrets.token_bytes)
    with sole_writer(site), open_figures(site) as figures, site.open_outbox() as outbox:
        say(
            f"1/4  {count(figures.partner_count, 'partner')} read and checked, snapshot {figures.snapshot.digest[:12]}"
        )
        with progress("Building", figures.partner_count) as advance:
            built = build(figures, site.output, advance)
        say(f"2/4  site built: {count(len(built.changed) + built.kept, 'file')} in {site.output}")
        plan = _plan(figures, outbox)
        transport = FolderTransport(site.mail)
        sending = send_plan(site, outbox, plan, transport, clock=_clock(outbox, plan))
        sent = count(sending.delivery.accepted, "notice")
        say(f"4/4  {sent} sent into {site.mail}; run again, none is sent twice")
        _tell(site, figures, plan)


def _sample(folder: Path | None, here: Path) -> Path:
    """Return the folder of the sample site, which is made if it does not exist."""
    if folder is None and here == starter_folder():
        return here
    target = folder or here / FOLDER
    if not target.exists():
        start_site(target, secrets.token_bytes)
    return target.resolve()


def _plan(figures: Figures, outbox: Outbox) -> str:
    """Return the demo's plan, which is made and approved unless an earlier run did."""
    known = [record.plan for record in outbox.plans() if record.campaign == CAMPAIGN]
    if known:
        say("3/4  planned and approved by an earlier run")
        return known[0]
    for sentence in settle_unregistered(figures.site):
        say(sentence)
    drafting = Drafting(figures, CAMPAIGN)
    folder = figures.site.batches
    with progress("Planning", figures.partner_count) as advance:
        batch, made = make_plan(drafting, MAKER, NOW, outbox, folder, advance)
    with batch:
        register_plan(figures.site, batch, made.recipients)
        outbox.approve(batch.header.plan, batch.digest, APPROVER, NOW)
        say(f"3/4  {count(len(batch), 'notice')} planned by {MAKER}, approved by {APPROVER}")
        return batch.header.plan


def _clock(outbox: Outbox, plan: str) -> "Clock":
    """Return a clock that begins one minute after the plan's `send_at`."""
    send_at = outbox.plan(plan).send_at or NOW
    return Clock(max(send_at, NOW) + timedelta(minutes=1))


class Clock:
    """A clock that is one second later at each call."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """Return the next second."""
        self.now += timedelta(seconds=1)
        return self.now


def _tell(site: Site, figures: Figures, plan: str) -> None:
    with site.open_batch(plan) as batch:
        totals = batch.header.totals
    rows = [
        (currency, str(row.partners), format_amount(row.amount, currency), format_amount(row.debit, currency))
        for currency, row in sorted(totals.items())
    ]
    show("")
    show(table(rows, ("currency", "partners", "to credit", "of it debits")))
    link = figures.keys.link(SHOWN_PARTNER).url("http://127.0.0.1:8000") if figures.keys else ""
    show(
        f"""
The site    {site.output}/index.html
The mails   {site.mail} (a Maildir: one file a message; `offerpress notice {plan} {SHOWN_PARTNER}` shows one)
A statement {link}

Open both:  run `python3 -m http.server 8000 --bind 127.0.0.1 --directory {site.output}`, then open
            http://127.0.0.1:8000/ and the statement's address.
Prove them: run `offerpress verify`.
Write:      run `offerpress serve --as-of {NOW.date()}`, which shows each change of the public site as you save it.
In a source checkout the command is .venv/bin/offerpress."""
    )


@command("verify", "", "year-end-credit-1.1 --json")
@click.argument("plan", required=False)
@site_option
@json_option
def verify_command(plan: str | None, site_folder: Path | None, *, as_json: bool) -> int:
    """Recompute every figure from its snapshot and compare packs, batches and exports; with PLAN, only that batch."""
    report = verify(site_at(site_folder), plan)
    if as_json:
        findings = [{"channel": f.channel, "which": f.which, "what": f.what} for f in report.findings]
        show_json({"checked": report.checked, "findings": findings, "remarks": report.remarks})
    else:
        for remark in report.remarks:
            say(f"remark: {remark}")
        for finding in report.findings:
            say(f"differs: {finding}")
        say(
            f"Checked {', '.join(report.checked) or 'nothing'}: "
            + (count(len(report.findings), "difference") if report.findings else "all agree")
        )
    return 1 if report.findings else 0


@command("demo", "", "--folder /tmp/offers")
@click.option(
    "--folder", type=click.Path(file_okay=False, path_type=Path), help="Where to make the sample site."
)
def demo_command(folder: Path | None) -> None:
    """Run the whole journey on the sample site as of 2023-12-31, into a local mail folder."""
    run_demo(folder, Path.cwd(), dict(os.environ))

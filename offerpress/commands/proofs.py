"""The commands that show the promises: `verify`, `demo`."""

from pathlib import Path

import click

from offerpress.demo import run_demo
from offerpress.options import json_option, moment, site_option
from offerpress.reporting import count, say, show_json
from offerpress.site import site_at
from offerpress.verifying import verify


@click.command("verify")
@click.argument("plan", required=False)
@site_option
@json_option
def verify_command(plan: str | None, site_folder: Path | None, *, as_json: bool) -> int:
    """Recompute every figure from its snapshot and compare packs, batches and exports; with PLAN, that batch only."""
    report = verify(site_at(site_folder), moment(), plan)
    if as_json:
        findings = [{"channel": f.channel, "which": f.which, "what": f.what} for f in report.findings]
        show_json({"checked": report.checked, "findings": findings})
    else:
        for finding in report.findings:
            say(f"differs: {finding}")
        say(
            f"Checked {', '.join(report.checked) or 'nothing'}: "
            + (count(len(report.findings), "difference") if report.findings else "all agree")
        )
    return 1 if report.findings else 0


@click.command("demo")
@click.option(
    "--folder", type=click.Path(file_okay=False, path_type=Path), help="Where to make the sample site."
)
def demo_command(folder: Path | None) -> None:
    """Run the whole journey on the sample site as of 2023-12-31, into a local mail folder."""
    run_demo(folder, Path.cwd(), moment().environment)

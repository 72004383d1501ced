"""The commands about the site itself: `new`, `add`, `check`, `build`."""

import secrets
from datetime import date
from pathlib import Path

import click

from offerpress.building import build
from offerpress.checking import find_faults
from offerpress.engines import open_engine
from offerpress.figures import open_figures
from offerpress.options import as_of_option, folder_at, json_option, moment, site_option
from offerpress.reporting import SHOWN_FAULTS, count, fault_json, progress, say, show, show_faults, show_json
from offerpress.site import site_at
from offerpress.starting import start_site
from offerpress.stubs import FOLDERS, Kind, add_stub
from rewards import Faulty


@click.command("new")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
def new_command(folder: Path) -> None:
    """Make a starter site in DIR: sample content and data to change, and a fresh secret."""
    start_site(folder, secrets.token_bytes)
    show(f"Made a site in {folder}. Next: cd {folder} && offerpress check && offerpress build")


@click.command("add")
@click.argument("kind", type=click.Choice(list(FOLDERS)))
@click.argument("title")
@site_option
def add_command(kind: Kind, title: str, site_folder: Path | None) -> None:
    """Add a commented stub of the given KIND under content/, named after TITLE."""
    site = folder_at(site_folder)
    say(
        f"Wrote {add_stub(site.folder, kind, title, moment().now.date())}; fill it in, then `offerpress check`"
    )


@click.command("check")
@site_option
@as_of_option
@json_option
def check_command(site_folder: Path | None, as_of: date | None, *, as_json: bool) -> int:
    """Report every fault in settings, content, data and templates; write nothing."""
    try:
        faults = find_faults(site_at(site_folder), moment(as_of))
    except Faulty as faulty:  # of the settings, without which nothing else can be looked at
        faults = list(faulty.faults)
    real = [fault for fault in faults if fault.severity == "fault"]
    if as_json:
        show_json({"count": len(real), "faults": [fault_json(fault) for fault in faults[:SHOWN_FAULTS]]})
    else:
        show_faults(faults)
    return 1 if real else 0


@click.command("build")
@site_option
@as_of_option
@click.option(
    "--output", type=click.Path(file_okay=False, path_type=Path), help="Where to publish (default: output/)."
)
@click.option(
    "--jobs", type=click.IntRange(min=1), default=1, metavar="N", help="How many processes compute."
)
@click.option("--scheduler", metavar="URL", help="Compute on the Dask cluster of this scheduler.")
@json_option
def build_command(
    site_folder: Path | None,
    as_of: date | None,
    output: Path | None,
    jobs: int,
    scheduler: str | None,
    *,
    as_json: bool,
) -> None:
    """Build the site, the feeds and the private statements into output/."""
    site = site_at(site_folder)
    with (
        open_figures(site, moment(as_of)) as figures,
        open_engine(jobs, scheduler, len(figures.snapshot.shards)) as executor,
        progress("Building", figures.partner_count, quiet=as_json) as advance,
    ):
        done = build(figures, (output or site.output).absolute(), advance, executor=executor)
    files = done.publication
    if as_json:
        show_json(
            {
                "as_of": date.fromordinal(figures.rules.as_of).isoformat(),
                "partners": done.partners,
                "snapshot": figures.snapshot.digest,
                "written": files.written,
                "kept": files.kept,
                "removed": files.removed,
            }
        )
        return
    say(
        f"Built {output or site.output}: {count(done.partners, 'statement')}, "
        f"{count(files.written, 'file')} written, {files.kept:,} kept, {files.removed:,} removed"
    )

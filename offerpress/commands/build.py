"""The commands `build`, which loads the pipeline only if something changed since the last build, and `publish`."""

from datetime import date
from pathlib import Path

import click

from offerpress.build.manifest import last_build, require_apart, unchanged_build
from offerpress.build.workers import choose_workers
from offerpress.options import as_of_option, command, json_option, site_at, site_option
from offerpress.site.folder import require_utf8
from offerpress.site.inputs import TakenInputs
from offerpress.site.locking import sole_writer
from offerpress.terminal import count, say, show_json, show_remarks


@command("build", "", "--output /var/www/offers", "--explain --json")
@site_option
@as_of_option
@click.option("--output", metavar="DIR|URL", help="Where to publish: a folder (default: output/) or a store.")
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    metavar="N",
    help="How many processes compute (default: one a core).",
)
@click.option("--scheduler", metavar="URL", help="Compute on the Dask cluster of this scheduler.")
@click.option("--share", metavar="URL", help="Give the cluster's workers what they need through this store.")
@click.option("--explain", is_flag=True, help="Say why each part was made anew.")
@click.option("--progress", is_flag=True, help="Write the progress as lines, for other programs.")
@json_option
def build_command(
    site_folder: Path | None,
    as_of: date | None,
    output: str | None,
    jobs: int | None,
    scheduler: str | None,
    share: str | None,
    *,
    explain: bool,
    progress: bool,
    as_json: bool,
) -> None:
    """Build the site, the feeds and the private statements into output/."""
    if share and not scheduler:
        raise click.UsageError("--share goes with --scheduler")
    site = site_at(site_folder, as_of)
    store = None
    if output and "://" in output:
        from offerpress.build.uploading import open_store, upload_build  # noqa: PLC0415 - only a store needs it

        store = open_store(output)
    place = Path(output).absolute() if output and not store else site.output
    require_utf8(place)
    require_apart(place, site)
    with sole_writer(site):
        last = last_build(site)
        taken = TakenInputs.of(site, last.data) if last else None
        outcome = unchanged_build(site, last, taken, place) if last and taken else None
        if outcome is None:
            from offerpress.build.pipeline import rebuild  # noqa: PLC0415 - half a second, if there is something to build

            workers = choose_workers(jobs, scheduler, share)
            local = choose_workers(jobs)
            outcome = rebuild(
                site, place, workers, quiet=as_json, lines=progress, taken=taken, open_local=local
            )
    if store:
        outcome = upload_build(site, store, outcome)
    if as_json:
        show_json(outcome.json(explain=explain))
        return
    show_remarks(outcome.remarks)
    if explain:
        say("\n".join(outcome.explained()))
    say(
        f"Built {output or site.output}: {count(outcome.partners, 'statement')}, "
        f"{count(len(outcome.changed), 'file')} written, {outcome.kept:,} kept, {len(outcome.gone):,} removed"
    )


@command("publish", "", "--by Ada --json")
@site_option
@as_of_option
@click.option("--by", metavar="NAME", default="", help="Who publishes, for the record.")
@json_option
def publish_command(site_folder: Path | None, as_of: date | None, by: str, *, as_json: bool) -> None:
    """Put the built site to the place that offerpress.toml names under [publish]."""
    from offerpress.build.publishing import publish_build  # noqa: PLC0415 - it brings the generator

    site = site_at(site_folder, as_of)
    with sole_writer(site):
        done = publish_build(site, by)
    if as_json:
        show_json({"written": done.written, "kept": done.kept, "removed": done.removed})
        return
    say(
        f"Published to {site.settings.publish.to}: {count(done.written, 'file')} written, {done.kept:,} kept, "
        f"{done.removed:,} removed"
    )

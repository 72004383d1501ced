"""The command that makes a new site secret: `rotate-secret`."""

import secrets
from datetime import UTC, timedelta
from pathlib import Path

import click

from offerpress.options import folder_at, json_option, moment, site_option
from offerpress.reporting import say, show_json
from offerpress.rotation import end_grace, rotate


@click.command("rotate-secret")
@click.option(
    "--grace",
    type=click.IntRange(0, 3650),
    metavar="DAYS",
    help="For how many days the former links open too; 0 for none.",
)
@click.option("--end", is_flag=True, help="End the grace of the last rotation now.")
@site_option
@json_option
def rotate_secret_command(grace: int | None, site_folder: Path | None, *, end: bool, as_json: bool) -> None:
    """Make a new site secret: every private link changes with the next build."""
    if (grace is None) != end:
        raise click.UsageError("give --grace DAYS, or --end")
    site, now = folder_at(site_folder), moment()
    if grace is None:
        ended = end_grace(site.make_private())
        if as_json:
            show_json({"ended": ended})
        else:
            words = (
                "The former links open nothing after the next build."
                if ended
                else "There is no grace to end."
            )
            say(words + (" Run `offerpress build` and publish." if ended else ""))
        return
    today = now.now.astimezone(UTC).date()
    until = today + timedelta(days=grace - 1)
    version = rotate(site.make_private(), now.environment, secrets.token_bytes, today, until)
    lasts = until.isoformat() if grace else None
    if as_json:
        show_json({"key_version": version, "former_until": lasts})
        return
    say(
        f"The site secret is of version {version} now. Run `offerpress build` and publish: until then nothing changes."
    )
    say(
        f"The former links open too until the end of {lasts} (UTC), if the site is built and published after it again."
        if lasts
        else "The former links open nothing after it."
    )
    say("Plans that have not begun are stale: plan them again. Back up the new secret.")

"""The commands that serve over HTTP until they are interrupted: `serve`, `studio` and `hooks`."""

import secrets
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import click

from offerpress.options import as_of_option, command, place_or_site_at, site_at, site_option
from offerpress.terminal import say

WEBHOOK_KEY = "SENDGRID_WEBHOOK_KEY"


def _port_option(default: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return click.option(
        "--port",
        type=click.IntRange(0, 65535),
        default=default,
        show_default=True,
        metavar="N",
        help="The port on this machine; 0 takes a free one.",
    )


@command("serve", "", "--as-of 2026-12-31 --port 8080")
@site_option
@as_of_option
@_port_option(8000)
def serve_command(site_folder: Path | None, as_of: date | None, port: int) -> None:
    """Preview the site on this machine, reloading on change.

    The page in your browser reloads when a file changes, and shows faults over it. Drafts have a mark. Partners,
    their statements and their mails are in the studio. Other machines cannot reach it.
    """
    from offerpress.preview.server import serve_preview  # noqa: PLC0415 - each command loads its own server

    serve_preview(lambda: site_at(site_folder, as_of), port)


@command("studio", "", "--as-of 2026-12-31 --port 8080")
@site_option
@as_of_option
@_port_option(8010)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    metavar="ADDRESS",
    help="The address of this machine at which a proxy reaches it; needs [studio] origin.",
)
def studio_command(site_folder: Path | None, as_of: date | None, port: int, host: str) -> None:
    """Begin a site, connect data, write, review, send and search in a browser on this machine.

    People sign in with their own passphrase. The printed address lets the first person join; that one invites the
    others. Other machines reach it through a proxy only, if the settings name one.
    """
    from offerpress.studio.starting import run_studio  # noqa: PLC0415 - likewise

    run_studio(place_or_site_at(site_folder, as_of), (host, port), secrets.token_urlsafe, say)


@command("hooks", "", "--host 127.0.0.1 --port 8025 --max-age 300")
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="Where to listen.")
@click.option("--port", default=8025, show_default=True, type=click.IntRange(0, 65535), metavar="N")
@click.option(
    "--max-age",
    default=600,
    show_default=True,
    type=click.IntRange(min=1),
    metavar="SECONDS",
    help="How old a request of events may be.",
)
@site_option
def hooks_command(host: str, port: int, max_age: int, site_folder: Path | None) -> None:
    """Receive a provider's events and one-click unsubscriptions over HTTP, until interrupted."""
    from offerpress.hooks.service import run_service  # noqa: PLC0415 - only this command needs it

    site = site_at(site_folder)
    key = site.environment.get(WEBHOOK_KEY, "")
    if not key:
        say(f"no events are taken: {WEBHOOK_KEY} is not set; set it to the public key that SendGrid shows")
    run_service(
        site,
        key,
        host,
        port,
        most_age=timedelta(seconds=max_age),
        clock=lambda: datetime.now(UTC),
        ticks=time.monotonic,
        say=say,
    )

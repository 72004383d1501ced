"""The command that runs the service for providers and mail programs: `hooks`."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from offerpress.hooks.service import run_service
from offerpress.options import examples, site_at, site_option
from offerpress.terminal import say

WEBHOOK_KEY = "SENDGRID_WEBHOOK_KEY"


@click.command(
    "hooks",
    epilog=examples(
        "hooks",
        "hooks --host 127.0.0.1 --port 8025 --max-age 300",
    ),
)
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

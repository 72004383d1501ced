"""The command `serve`."""

from datetime import date
from pathlib import Path

import click

from offerpress.options import as_of_option, examples, site_at, site_option
from offerpress.preview.server import serve_preview


@click.command(
    "serve",
    epilog=examples(
        "serve",
        "serve --as-of 2026-12-31 --port 8080",
    ),
)
@site_option
@as_of_option
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    metavar="N",
    help="The port on this machine; 0 takes a free one.",
)
def serve_command(site_folder: Path | None, as_of: date | None, port: int) -> None:
    """Preview the site on this machine, reloading on change.

    The page in your browser reloads when a file changes, and shows faults over it. Drafts have a mark. Under /_staff/
    are every partner's statement and every mail. Other machines cannot reach it.
    """
    serve_preview(lambda: site_at(site_folder, as_of), port)

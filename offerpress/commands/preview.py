"""The command `serve`."""

from datetime import date
from pathlib import Path

import click

from offerpress.options import as_of_option, folder_at, moment, site_option
from offerpress.preview import serve


@click.command("serve")
@site_option
@as_of_option
@click.option(
    "--port", type=click.IntRange(1, 65535), default=8000, show_default=True, help="The port on localhost."
)
def serve_command(site_folder: Path | None, as_of: date | None, port: int) -> None:
    """Preview the site on this machine, reloading on change."""
    serve(folder_at(site_folder).folder, port, lambda: moment(as_of))

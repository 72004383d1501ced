"""The options that several commands share, and the site that they name."""

import os
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import click

from offerpress.site.folder import OfferpressError, find_folder, may_begin
from offerpress.site.site import Site


def command(name: str, *examples: str) -> Callable[[Callable[..., object]], click.Command]:
    """Make a command of a function. Its help ends with `examples`: the words behind the command's name in each."""
    calls = (f"  offerpress {name} {words}".rstrip() for words in examples)
    return click.command(name, epilog="\n".join(["\b", "Examples:", *calls]))


class DayOption(click.ParamType[date]):
    """The type of an option that is a real date, written YYYY-MM-DD."""

    name = "date"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Return the date. Other text is wrong usage."""
        if isinstance(value, date):
            return value
        try:
            day = date.fromisoformat(str(value))
        except ValueError:
            day = None
        if day is None or day.isoformat() != value:
            self.fail(f"{value!r} is no date; write it as YYYY-MM-DD", param, ctx)
        return day


site_option = click.option(
    "--site",
    "site_folder",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="The site folder (default: here or the nearest above).",
)
as_of_option = click.option(
    "--as-of", type=DayOption(), metavar="DATE", help="The day of the figures (default: today)."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print only JSON on standard output.")
signature_option = click.option(
    "--signature",
    type=click.File(encoding="utf-8"),
    metavar="FILE",
    help="The passkey's signature over this act, as the studio gives it (- is the standard input).",
)


def site_at(folder: Path | None, as_of: date | None = None) -> Site:
    """Return the named site, or the one around the current folder, at this instant; raises where there is none.

    Only this module reads the clock and this process's environment for a command.
    """
    return Site(find_folder((folder or Path()).resolve()), datetime.now(UTC), dict(os.environ), as_of)


def place_or_site_at(folder: Path | None, as_of: date | None = None) -> Callable[[], Site]:
    """Return what gives the site at each instant as `site_at` does.

    An empty folder that is named is looked at once: it stays the place while a site begins in it.
    """
    place = (folder or Path()).resolve()
    try:
        site_at(folder, as_of)
    except OfferpressError:
        if not may_begin(place):
            raise
        return lambda: Site(place, datetime.now(UTC), dict(os.environ), as_of)
    return lambda: site_at(folder, as_of)

"""The commands that begin a site and its texts: `new`, `add`."""

import secrets
from datetime import UTC, date, datetime
from pathlib import Path

import click

from generator import read_program
from offerpress.options import command, site_at, site_option
from offerpress.setup.new_site import LANGUAGES, WantedSite, begin_site, parse_level
from offerpress.site.folder import template_folders
from offerpress.site.starter import FOLDERS, Stub, StubKind, add_stub, start_site
from offerpress.terminal import say, show
from rewards import KINDS, required

STARTED = """\
Made a site in {folder}: an invented vendor with offers of 2023 and sixty partners, to be changed into yours.

  offerpress.toml  title, address, languages, sender
  content/         what you write: offers, announcements, campaigns, pages
  data/            what your business exports: sample data for now
  private/         the site's secret: never publish it, and back it up

Next:
  cd {folder}
  offerpress serve --as-of 2023-12-31      look at it while you write
  offerpress add announcement "Our news"   begin with a stub
  offerpress check                         find every mistake"""
BEGUN = """\
Made a site of your own in {folder}.

Next:
  cd {folder}
  offerpress studio     connect your data, write and publish in the browser
  offerpress check      find every mistake"""
NEXT: dict[StubKind, str] = {
    "announcement": "It is a draft: look at it with `offerpress serve`, and remove `draft: true` to publish it.",
    "offer": "It is a draft: look at it with `offerpress serve`. Correct its terms, write into `announced_on` the day "
    "from which it exists, and remove `draft: true`.",
    "campaign": "Look at its mails with `offerpress serve`. Nothing is sent before it is planned and approved.",
    "page": "It is a draft: look at it with `offerpress serve`, and remove `draft: true` to publish it.",
}


@command(
    "new",
    "my-site",
    "/srv/offers",
    "my-site --title 'Our offers' --sender 'Offers <offers@vendor.example>' --language de --level Gold=25000",
)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--title", metavar="TEXT", help="The name of your site. With it a site of your own begins.")
@click.option(
    "--sender", metavar="ADDRESS", help="The sender of mails, such as 'Offers <offers@vendor.example>'."
)
@click.option(
    "--language", type=click.Choice(LANGUAGES), default="en", show_default=True, help="Of texts and stubs."
)
@click.option("--currency", metavar="CODE", default="EUR", show_default=True, help="Of the program.")
@click.option(
    "--level", "levels", metavar="NAME=QUOTA", multiple=True, help="A level, rising; may be repeated."
)
@click.option("--timezone", metavar="ZONE", default="UTC", show_default=True, help="Such as Europe/Berlin.")
@click.option(
    "--address", metavar="URL", default="https://partners.example", help="Where the site will stand."
)
@click.option("--colour", metavar="#RRGGBB", default="", help="The colour of links and buttons.")
@click.option("--logo", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A plain SVG.")
def new_command(
    folder: Path, title: str | None, logo: Path | None, levels: tuple[str, ...], **given: str
) -> None:
    """Make a starter site in DIR: sample content and data to change, and a fresh secret.

    With --title, --sender and levels it makes a site of your own instead: without the sample, with one draft of each
    kind of text in its language.
    """
    if title is None:
        if levels or logo or given["sender"]:
            raise click.UsageError("a site of your own needs --title, --sender and --level")
        start_site(folder, secrets.token_bytes)
        show(STARTED.format(folder=folder))
        return
    sender = given.pop("sender")
    if not sender or not levels:
        raise click.UsageError("a site of your own needs --title, --sender and --level")
    drawing = logo.read_text(encoding="utf-8", errors="replace") if logo else ""
    wanted = WantedSite(title, sender, levels=tuple(map(parse_level, levels)), logo=drawing, **given)
    begin_site(folder, wanted, secrets.token_bytes, datetime.now(UTC).date())
    show(BEGUN.format(folder=folder))


@command(
    "add",
    'announcement "Our autumn offers"',
    'offer "Cashback 2026" --kind cashback',
    'page "Terms and conditions"',
)
@click.argument("kind", type=click.Choice(list(FOLDERS)))
@click.argument("title")
@click.option(
    "--kind",
    "offer_kind",
    type=click.Choice(sorted(KINDS)),
    help="Of an offer: which kind of offer (default: cashback).",
)
@site_option
def add_command(kind: StubKind, title: str, offer_kind: str | None, site_folder: Path | None) -> None:
    """Add a commented stub of the given KIND under content/, named after TITLE."""
    if offer_kind and kind != "offer":
        raise click.UsageError(f"--kind goes with `add offer`, not with `add {kind}`")
    site = site_at(site_folder)
    program = required(lambda faults: read_program(site.folder, faults))
    today = date.fromordinal(site.day(program.timezone))
    folders = template_folders(site.folder)
    stub = Stub(kind, title, offer_kind or "cashback")
    path = add_stub(site.folder, folders, stub, program, today, site.settings.site)
    say(f"Wrote {path}")
    say(NEXT[kind])

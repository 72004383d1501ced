"""The commands about the site itself: `new`, `add`, `check`."""

import secrets
from datetime import UTC, date, datetime
from pathlib import Path

import click

from generator import read_program
from offerpress.build.manifest import last_build
from offerpress.figures.checking import Proved, explain_row, find_faults
from offerpress.options import as_of_option, examples, json_option, site_at, site_option
from offerpress.setup.new_site import LANGUAGES, WantedSite, begin_site, parse_level
from offerpress.site.folder import template_folders
from offerpress.site.inputs import CODE
from offerpress.site.site import Site
from offerpress.site.starter import FOLDERS, Stub, StubKind, add_stub, start_site
from offerpress.terminal import fault_json, say, show, show_faults, show_json
from rewards import KINDS, Fault, Faulty

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


@click.command(
    "new",
    epilog=examples(
        "new my-site",
        "new /srv/offers",
        "new my-site --title 'Our offers' --sender 'Offers <offers@vendor.example>' --language de --level Gold=25000",
    ),
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


@click.command(
    "add",
    epilog=examples(
        'add announcement "Our autumn offers"',
        'add offer "Cashback 2026" --kind cashback',
        'add page "Terms and conditions"',
    ),
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
    faults: list[Fault] = []
    program = read_program(site.folder, faults)
    if program is None:
        raise Faulty(faults)
    today = date.fromordinal(site.day(program.timezone))
    folders = template_folders(site.folder)
    stub = Stub(kind, title, offer_kind or "cashback")
    path = add_stub(site.folder, folders, stub, program, today, site.settings.site)
    say(f"Wrote {path}")
    say(NEXT[kind])


@click.command(
    "check",
    epilog=examples(
        "check",
        "check --site /srv/offers --json",
        "check --explain sales.csv:17",
    ),
)
@click.option(
    "--explain",
    "explained",
    metavar="FILE:ROW",
    help="Show how one row of the data is read instead (a file, or a table such as sales).",
)
@site_option
@as_of_option
@json_option
def check_command(
    site_folder: Path | None, as_of: date | None, explained: str | None, *, as_json: bool
) -> int:
    """Report every fault in settings, content, data and templates; write nothing."""
    if explained is not None:
        return _explain_row(site_at(site_folder, as_of), explained, as_json=as_json)
    try:
        site = site_at(site_folder, as_of)
        faults = find_faults(site, _proved(site))
    except Faulty as faulty:  # of the settings, without which nothing else can be looked at
        faults = list(faulty.faults)
    real = [fault for fault in faults if fault.severity == "fault"]
    if as_json:
        show_json({"count": len(real), "faults": [fault_json(fault) for fault in faults]})
    else:
        show_faults(faults)
    return 1 if real else 0


def _proved(site: Site) -> Proved | None:
    last = last_build(site)
    if last is None:
        return None
    return Proved(last.inputs.get(CODE, ""), last.stamp, last.rules, last.as_of, last.made)


def _explain_row(site: Site, explained: str, *, as_json: bool) -> int:
    name, _, number = explained.rpartition(":")
    if not name or not number.isdecimal():
        raise click.UsageError(f"--explain {explained!r} names no row; write FILE:ROW, such as sales.csv:17")
    found = explain_row(site, name, int(number))
    if found is None:
        say(f"error: there is no row {number} with data in {name}; name a file or table of [data], and a row")
        return 1
    if as_json:
        show_json(
            {
                "file": found.file,
                "row": found.row,
                "cells": [
                    {"column": one.column, "names": one.names, "texts": one.texts, "value": one.value}
                    for one in found.cells
                ],
                "unread": [{"name": name, "text": text} for name, text in found.unread],
                "faults": [fault_json(fault) for fault in found.faults],
            }
        )
    else:
        show(f"{found.file} row {found.row}{'' if found.cells else ' is left out by the settings'}")
        lines = [
            (one.column, " + ".join(map(repr, one.texts)), "not read" if one.value is None else one.value)
            for one in found.cells
        ]
        widths = [max((len(line[at]) for line in lines), default=0) for at in (0, 1)]
        for column, text, value in lines:
            show(f"  {column.ljust(widths[0])}  {text.ljust(widths[1])}  {value}".rstrip())
        for name, text in found.unread:
            show(f"  not used: {name} {text!r}")
        show_faults(found.faults)
    return 1 if any(fault.severity == "fault" for fault in found.faults) else 0

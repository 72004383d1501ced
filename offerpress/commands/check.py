"""The command that finds every mistake: `check`."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from offerpress.build.manifest import last_build, unchanged_since
from offerpress.options import as_of_option, command, json_option, site_at, site_option
from offerpress.site.inputs import CODE
from offerpress.site.site import Site
from offerpress.terminal import fault_json, say, show, show_faults, show_json

if TYPE_CHECKING:  # nothing of it is loaded if nothing changed
    from rewards import Fault


@command("check", "", "--site /srv/offers --json", "--explain sales.csv:17")
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
    faults = _faults(site_at(site_folder, as_of))
    real = [fault for fault in faults if fault.severity == "fault"]
    if as_json:
        show_json({"count": len(real), "faults": [fault_json(fault) for fault in faults]})
    else:
        show_faults(faults)
    return 1 if real else 0


def _faults(site: Site) -> "list[Fault]":
    """Return what the last build found, if nothing changed since; otherwise look for all of it."""
    last = last_build(site)
    unchanged = unchanged_since(site, last)
    if unchanged and not unchanged.remarks:
        return []
    from rewards import Fault, Faulty  # noqa: PLC0415 - only a remark or a change needs it

    if unchanged:
        return [Fault(**one) for one in unchanged.remarks]
    from offerpress.figures.checking import Proved, find_faults  # noqa: PLC0415 - it loads half of the program

    try:
        if last is None:
            return find_faults(site)
        proved = Proved(last.inputs.get(CODE, ""), last.stamp, last.rules, last.as_of, last.made)
        return find_faults(site, proved)
    except Faulty as faulty:  # of the settings, without which nothing else can be looked at
        return list(faulty.faults)


def _explain_row(site: Site, explained: str, *, as_json: bool) -> int:
    from offerpress.figures.checking import explain_row  # noqa: PLC0415 - it reads data

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

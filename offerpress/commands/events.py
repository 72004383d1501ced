"""The command that takes in a provider's events from a file: `events`."""

from pathlib import Path
from typing import BinaryIO

import click

from mailer import Intake, read_events
from mailer.events.sendgrid import SOURCE
from offerpress.folder import OfferpressError
from offerpress.mailing import open_outbox
from offerpress.options import folder_at, json_option, moment, site_option
from offerpress.reporting import count, say, show_json


@click.command("events")
@click.argument("file", type=click.File("rb"))
@site_option
@json_option
def events_command(file: BinaryIO, site_folder: Path | None, *, as_json: bool) -> int:
    """Take in the events in FILE (`-`: standard input), as SendGrid posts them: a JSON array, or lines of JSON."""
    site, now = folder_at(site_folder), moment()
    try:
        read = read_events(file.read())
    except ValueError as error:
        raise OfferpressError(
            f"no events: {file.name}: {error}; give what the provider posts, an array or one event a line"
        ) from error
    with open_outbox(site, now.environment) as outbox:
        taken = outbox.take_in(read.events, SOURCE, now.now)
    if as_json:
        show_json({**intake_json(taken), "ignored": read.ignored, "damaged": read.damaged})
    else:
        say(f"{intake_text(taken)}; {read.ignored:,} ignored, {read.damaged:,} damaged")
    return 1 if read.damaged else 0


def intake_json(taken: Intake) -> dict[str, int]:
    """What came of events, each number by its name."""
    return {
        "new": taken.new,
        "repeated": taken.repeated,
        "foreign": taken.foreign,
        "proved": taken.proved,
        "suppressed": taken.suppressed,
    }


def intake_text(taken: Intake) -> str:
    """The same in a line."""
    known = f"{count(taken.new, 'event')} taken in, {taken.repeated:,} known before, {taken.foreign:,} of no notice"
    return f"{known}; {count(taken.proved, 'notice')} proved to be accepted, {count(taken.suppressed, 'suppression')}"

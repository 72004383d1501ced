"""The command that reads the mailbox for bounces: `bounces`."""

from importlib import import_module
from pathlib import Path

import click

from mailer import ImapInbox, MaildirInbox
from offerpress.commands.events import intake_json, intake_text
from offerpress.folder import OfferpressError
from offerpress.mailing import open_outbox
from offerpress.options import folder_at, json_option, moment, site_option
from offerpress.reporting import count, say, show_json
from offerpress.site_keys import read_site_keys

IMAP_URL = "OFFERPRESS_IMAP_URL"


@click.command("bounces")
@click.option(
    "--maildir",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    metavar="DIR",
    help=f"Read a Maildir, in place of the folder that {IMAP_URL} names.",
)
@site_option
@json_option
def bounces_command(maildir: Path | None, site_folder: Path | None, *, as_json: bool) -> None:
    """Take in the bounces, complaints and unsubscriptions that came to a mailbox."""
    site, now = folder_at(site_folder), moment()
    try:
        bouncing = import_module("offerpress.bouncing")
    except ImportError as error:
        raise OfferpressError("no bounces: they need flufl.bounce; install offerpress[bounces]") from error
    mailbox = _mailbox(maildir, now.environment.get(IMAP_URL, ""))
    keys = read_site_keys(site.private, now.environment, [])
    try:
        with open_outbox(site, now.environment) as outbox:
            done = bouncing.sort_mailbox(site, outbox, mailbox, keys.tokens if keys else None, now.now)
    finally:
        mailbox.close()
    left = {
        "reports": done.reports,
        "replies": done.replies,
        "unmatched": done.unmatched,
        "other": done.other,
    }
    if as_json:
        show_json({**intake_json(done.taken), **left})
        return
    say(f"{count(done.reports, 'report')}, {done.replies:,} automatic replies: {intake_text(done.taken)}")
    if done.unmatched or done.other:
        say(
            f"left unread for a person: {done.unmatched:,} reports about no notice of ours, {done.other:,} other"
        )


def _mailbox(maildir: Path | None, url: str) -> MaildirInbox | ImapInbox:
    if maildir is not None:
        return MaildirInbox(maildir)
    if not url:
        raise OfferpressError(
            f"no mailbox: name a Maildir with --maildir, or set {IMAP_URL} to imaps://user:password@host/INBOX"
        )
    return ImapInbox(url)

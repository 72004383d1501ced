"""The commands about what returns after sending: events, what became of unknown notices, bounces, suppressions."""

from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import BinaryIO, Literal, TextIO, get_args

import click

from mailer import (
    ImapInbox,
    MaildirInbox,
    Status,
    SuppressionReason,
    read_events,
)
from mailer.providers.sendgrid.events import SENDGRID_SOURCE
from offerpress.options import command, json_option, site_at, site_option
from offerpress.plans.returns import (
    SUPPRESSION_COLUMNS,
    intake_text,
    read_postfix_log,
    read_suppressions,
    suppressible,
    suppressions_csv,
)
from offerpress.signing.acts import decision_facts, require_named
from offerpress.site.folder import OfferpressError
from offerpress.terminal import (
    count,
    say,
    show,
    show_json,
    table,
)


@command("events", "events.json", "- --json")
@click.argument("file", type=click.File("rb"))
@site_option
@json_option
def events_command(file: BinaryIO, site_folder: Path | None, *, as_json: bool) -> int:
    """Record the events in FILE (`-`: standard input) as SendGrid posts them: a JSON array, or lines of JSON."""
    site = site_at(site_folder)
    try:
        read = read_events(file.read())
    except ValueError as error:
        raise OfferpressError(
            f"no events: {file.name}: {error}; give what the provider posts, an array or one event a line"
        ) from error
    with site.open_outbox() as outbox:
        taken = outbox.take_in(read.events, SENDGRID_SOURCE, site.now)
    if as_json:
        show_json({**asdict(taken), "ignored": read.ignored, "damaged": read.damaged})
    else:
        say(f"{intake_text(taken)}; {read.ignored:,} ignored, {read.damaged:,} damaged")
    return 1 if read.damaged else 0


@command(
    "resolve",
    'year-end-credit-1.1 P-1001 resend --by Finn --reason "not in the relay\'s log"',
    "--postfix-log /var/log/mail.log",
)
@click.argument("plan", required=False)
@click.argument("partner_id", metavar="PARTNER", required=False)
@click.argument("decision", type=click.Choice(["resend", "give-up"]), required=False)
@click.option("--by", metavar="NAME", help="Who decides.")
@click.option("--reason", metavar="TEXT", help="Why; it is kept.")
@click.option(
    "--postfix-log",
    "log",
    type=click.File("r", encoding="utf-8", errors="replace"),
    metavar="FILE",
    help="In place of a decision, what a relay's log shows of every notice.",
)
@site_option
def resolve_command(
    plan: str | None,
    partner_id: str | None,
    decision: Literal["resend", "give-up"] | None,
    by: str | None,
    reason: str | None,
    log: TextIO | None,
    site_folder: Path | None,
) -> int:
    """Settle PARTNER's notice of PLAN, whose status is unknown: send it again, or give it up."""
    if log is not None and (plan, by, reason) == (None, None, None):
        return _resolve_by_log(log, site_folder)
    if log is not None or not (plan and partner_id and decision) or by is None or reason is None:
        raise click.UsageError(
            "name PLAN, PARTNER and resend or give-up, with --by and --reason; or --postfix-log alone"
        )
    site = site_at(site_folder)
    with site.open_outbox() as outbox:
        require_named(site, "decision", decision_facts(plan, partner_id, decision, reason))
        outbox.resolve(plan, partner_id, decision, by=by, reason=reason, at=site.now)
    say(f"{plan}: {partner_id}: {decision} by {by}")
    return 0


def _resolve_by_log(log: TextIO, site_folder: Path | None) -> int:
    site = site_at(site_folder)
    with site.open_outbox() as outbox:
        taken = read_postfix_log(site, outbox, log, site.now.astimezone())
        unknown = sum(outbox.counts(record.plan)[Status.UNKNOWN] for record in outbox.plans())
    say(f"{intake_text(taken)}; {count(unknown, 'notice')} still unknown")
    return 1 if unknown else 0


IMAP_URL = "OFFERPRESS_IMAP_URL"


@command("bounces", "", "--maildir /var/mail/bounces")
@click.option(
    "--maildir",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    metavar="DIR",
    help=f"Read a Maildir, in place of the folder that {IMAP_URL} names.",
)
@site_option
@json_option
def bounces_command(maildir: Path | None, site_folder: Path | None, *, as_json: bool) -> None:
    """Record the bounces, complaints and unsubscriptions in a mailbox."""
    site = site_at(site_folder)
    try:
        bouncing = import_module("offerpress.plans.bouncing")
    except ImportError as error:
        raise OfferpressError("no bounces: they need flufl.bounce; install offerpress[bounces]") from error
    mailbox = _mailbox(maildir, site.environment.get(IMAP_URL, ""))
    keys = site.read_keys([])
    try:
        with site.open_outbox() as outbox:
            done = bouncing.sort_mailbox(site, outbox, mailbox, keys.tokens if keys else None, site.now)
    finally:
        mailbox.close()
    if as_json:
        left = asdict(done)
        show_json({**left.pop("taken"), **left})
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


@command(
    "suppress",
    "jo@partner.example",
    'jo@partner.example --reason unsubscribed --source "phone call"',
    "--import suppressions.csv",
)
@click.argument("address", required=False)
@click.option("--reason", type=click.Choice(get_args(SuppressionReason)), default="manual", show_default=True)
@click.option(
    "--source", metavar="TEXT", default="command line", show_default=True, help="Where it came from."
)
@click.option(
    "--import",
    "file",
    type=click.File("rb"),
    metavar="FILE",
    help="In place of ADDRESS, all of a CSV file.",
)
@site_option
def suppress_command(
    address: str | None,
    reason: SuppressionReason,
    source: str,
    file: BinaryIO | None,
    site_folder: Path | None,
) -> None:
    """Never write to ADDRESS again; after `unsubscribed`, only announcements are held back."""
    if (address is None) == (file is None):
        raise click.UsageError("name one ADDRESS, or a table with --import")
    site = site_at(site_folder)
    with site.open_outbox() as outbox:
        if file is not None:
            found = read_suppressions(file.read(), file.name, site.now)
            outbox.import_suppressions(found)
            say(f"Imported {count(len(found), 'suppression')} from {file.name}")
        elif address is not None:
            bare = _bare(address)
            outbox.suppress(bare, reason, source, site.now)
            say(f"Suppressed ({reason}): {bare}")


def _bare(address: str) -> str:
    try:
        return suppressible(address)
    except ValueError as error:
        raise OfferpressError(f"nothing changed: {error}") from error


@command("unsuppress", "jo@partner.example", "jo@partner.example --site /srv/offers")
@click.argument("address")
@site_option
def unsuppress_command(address: str, site_folder: Path | None) -> int:
    """Write to ADDRESS again."""
    with site_at(site_folder).open_outbox() as outbox:
        removed = outbox.unsuppress(address)  # older versions kept the text as it was given
        bare = address if removed else _bare(address)
        removed += outbox.unsuppress(bare)
    say(f"Removed {count(removed, 'suppression')} of {bare}")
    return 0 if removed else 1


@command("suppressions", "", "--csv")
@click.option("--csv", "as_csv", is_flag=True, help="As a table that `suppress --import` reads.")
@site_option
@json_option
def suppressions_command(site_folder: Path | None, *, as_csv: bool, as_json: bool) -> None:
    """List the addresses that are not written to, with reason, source and instant."""
    if as_csv and as_json:
        raise click.UsageError("--csv goes without --json")
    with site_at(site_folder).open_outbox() as outbox:
        rows = outbox.suppressions()
    if as_csv:
        click.echo(suppressions_csv(rows), nl=False)
    elif as_json:
        show_json({"suppressions": [asdict(one) for one in rows]})
    else:
        show(table([tuple(asdict(one).values()) for one in rows], SUPPRESSION_COLUMNS))

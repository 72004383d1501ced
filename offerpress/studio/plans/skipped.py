"""Who does not get a plan's mail, and why: the names follow from the figures of today."""

from collections.abc import Iterator, Mapping
from contextlib import suppress

from mailer import Batch, MailerError, Outbox
from offerpress.plans.draft import Barred, Drafting, skipped_for, without_statement
from offerpress.plans.told import told_figures
from offerpress.studio.state.studio import Context, Visit
from rewards import Faulty

_MOST_NAMED = 200
SKIPPED: Mapping[str, tuple[str, str]] = {
    "audience": ("not in the audience of this campaign", "Nothing to do, or change the audience."),
    "nothing_to_say": ("no entry in the statement, so there is nothing to say", "Nothing to do."),
    "bad_address": (
        "no address that mail can go to",
        "Correct the address in the data, then plan again.",
    ),
    "negative": ("a negative amount", "Write to them in person, or let the campaign include them."),
    "closed": ("closed", "Nothing to do."),
    "merged": ("merged into another partner", "Nothing to do: the other one gets the mail."),
    "already_sent": ("this edition was sent to them already", "Nothing to do."),
    "not_told": ("nothing was told before that could be corrected", "Nothing to do."),
    "told_is_lost": (
        "told before by a batch that is pruned or damaged, so the words are not known",
        "Restore the batch from a backup, or write to them in person.",
    ),
    "suppressed": ("not to be written to: mail came back, or somebody complained", "Find another address."),
    "unsubscribed": ("unsubscribed from announcements", "Nothing to do: respect it."),
}


def skipped_rows(visit: Visit, batch: Batch, outbox: Outbox) -> Iterator[Context]:
    """Yield each reason with the number that the plan froze, and those whom today's figures skip for it."""
    named = _skipped_now(visit, batch, outbox)
    for reason, number in batch.header.skipped.items():
        what, remedy = SKIPPED.get(reason, (reason.replace("_", " "), ""))
        people = sorted(named.get(reason, []))
        yield {
            "what": what,
            "remedy": remedy,
            "number": number,
            "people": people[:_MOST_NAMED],
            "more": max(0, len(people) - _MOST_NAMED),
        }


def _skipped_now(visit: Visit, batch: Batch, outbox: Outbox) -> Mapping[str, list[tuple[str, str]]]:
    current, header = visit.studio.reader.last, batch.header
    if current is None or header.campaign not in current.figures.content.campaigns:
        return {}
    inside = {*batch.partner_ids()}
    found: dict[str, list[tuple[str, str]]] = {}
    with suppress(MailerError, Faulty):
        told = told_figures(visit.site, outbox, header.campaign) if header.corrections else None
        drafting = Drafting(current.figures, header.campaign, told)
        barred = Barred.of(drafting.campaign, outbox)
        for one, (account, statement) in current.people.items():
            if one not in inside and (reason := skipped_for(drafting, barred, account.partner, statement)):
                found.setdefault(reason, []).append((one, account.partner.name))
        for partner in without_statement(current.figures.snapshot):
            reason = "merged" if partner.merged_into else "closed"
            found.setdefault(reason, []).append((partner.partner_id, partner.name))
    return found

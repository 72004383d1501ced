"""Bounces: mail that came back is taken from a mailbox into the outbox."""

from dataclasses import dataclass, field
from datetime import datetime

from mailer import Event, Inbox, Intake, Outbox, UnsubscribeTokens
from mailer.events.bounces import BOUNCE_SOURCE, ReturnedMail, read_returned
from offerpress.plans.returns import Recipients, groups
from offerpress.site.site import Site


@dataclass(slots=True)
class Sorted:
    """The events of a mailbox, and how many messages were reports, replies, or left to a person.

    `unmatched` are reports that name no notice of ours, or none of its recipients. They stay unread, as `other` do.
    """

    taken: Intake = field(default_factory=Intake)
    reports: int = 0
    replies: int = 0
    unmatched: int = 0
    other: int = 0


def sort_mailbox(
    site: Site, outbox: Outbox, inbox: Inbox, tokens: UnsubscribeTokens | None, now: datetime
) -> Sorted:
    """Take in every unread message, and mark it as read once its events are durable."""
    done, recipients = Sorted(), Recipients(site, outbox)
    for group in groups(inbox.unread()):
        events: list[Event] = []
        names: list[str] = []
        for name, content in group:
            told = read_returned(content, tokens, now)
            found = _events(told, recipients)
            events += found
            if _counted(done, told, found):
                names.append(name)
        done.taken += outbox.take_in(events, BOUNCE_SOURCE, now)
        inbox.mark_read(names)
    return done


def _events(told: ReturnedMail, recipients: Recipients) -> list[Event]:
    """Return the events about the first quoted id that belongs to a notice of ours."""
    key = next((one for one in told.keys if recipients.of(one)), None)
    return [] if key is None else told.events(key, recipients.of(key))


def _counted(done: Sorted, told: ReturnedMail, events: list[Event]) -> bool:
    """Count one message, and return whether it is dealt with."""
    if events:
        done.reports += 1
    elif told.kind == "reply":
        done.replies += 1
    elif told.kind == "other":
        done.other += 1
    else:
        done.unmatched += 1
    return bool(events) or told.kind == "reply"

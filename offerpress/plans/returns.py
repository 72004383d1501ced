"""Returned information: the recipients of a notice, and the log of a relay."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Final, TypeVar

from mailer import (
    BatchError,
    Intake,
    Outbox,
    recipient_events,
)
from mailer.events.postfix_log import POSTFIX_SOURCE, PostfixLog
from offerpress.site.site import Site

_GROUP: Final = 500
_Item = TypeVar("_Item")


@dataclass(slots=True)
class Recipients:
    """The addresses of an outbox's notices, the partner first and then the copies."""

    site: Site
    outbox: Outbox
    _known: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def of(self, key: str) -> tuple[str, ...]:
        """Return the addresses of the notice with that own id; none if the notice is not ours."""
        if key not in self._known:
            self._known[key] = self._read(key)
        return self._known[key]

    def _read(self, key: str) -> tuple[str, ...]:
        found = self.outbox.addressed(key)
        if found is None:
            return ()
        try:
            with self.site.open_batch(found.plan) as batch:
                return (found.address, *batch.message(found.partner_id).cc)
        except (BatchError, KeyError):
            return (found.address,)


def read_postfix_log(site: Site, outbox: Outbox, lines: Iterable[str], now: datetime) -> Intake:
    """Take in what a relay's log shows of our messages."""
    taken, recipients = Intake(), Recipients(site, outbox)
    for group in groups(PostfixLog(now).events(lines)):
        events = [
            event
            for one in group
            for event in recipient_events(one.event, one.addresses, recipients.of(one.event.key))
        ]
        taken += outbox.take_in(events, POSTFIX_SOURCE, now)
    return taken


def groups(items: Iterable[_Item]) -> Iterator[list[_Item]]:
    """Return the items in lists of a length that one durable write takes."""
    iterator = iter(items)
    while group := list(islice(iterator, _GROUP)):
        yield group

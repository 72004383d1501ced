"""What came back about whom: the recipients of each notice, and what a relay's log shows of them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Final, TypeVar

from mailer import BatchError, Intake, Outbox, placed
from mailer.events.postfix_log import SOURCE, PostfixLog
from offerpress.folder import SiteFolder
from offerpress.mailing import open_batch

_GROUP: Final = 500
_Item = TypeVar("_Item")


@dataclass(slots=True)
class Recipients:
    """To whom the notices of an outbox were written, the partner first and then who got a copy."""

    site: SiteFolder
    outbox: Outbox
    _known: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def of(self, key: str) -> tuple[str, ...]:
        """The addresses of the notice with that own id; none for one that is not ours."""
        if key not in self._known:
            self._known[key] = self._read(key)
        return self._known[key]

    def _read(self, key: str) -> tuple[str, ...]:
        found = self.outbox.addressed(key)
        if found is None:
            return ()
        try:
            with open_batch(self.site, found.plan) as batch:
                return (found.address, *batch.message(found.partner_id).cc)
        except (BatchError, KeyError):
            return (found.address,)


def read_postfix_log(site: SiteFolder, outbox: Outbox, lines: Iterable[str], now: datetime) -> Intake:
    """Take in what a relay's log shows of our messages."""
    taken, recipients = Intake(), Recipients(site, outbox)
    for group in groups(PostfixLog(now).events(lines)):
        events = [
            event for one in group for event in placed(one.event, one.addresses, recipients.of(one.event.key))
        ]
        taken += outbox.take_in(events, SOURCE, now)
    return taken


def groups(items: Iterable[_Item]) -> Iterator[list[_Item]]:
    """The items in lists of a length that one durable write takes."""
    iterator = iter(items)
    while group := list(islice(iterator, _GROUP)):
        yield group

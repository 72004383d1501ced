"""Returned information: the recipients of a notice, the log of a relay, and tables of suppressions."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import StringIO
from itertools import islice
from typing import Final, TypeVar, get_args

from mailer import (
    BatchError,
    Intake,
    Outbox,
    Suppression,
    SuppressionReason,
    instant_text,
    is_digest,
    recipient_events,
)
from mailer.events.postfix_log import POSTFIX_SOURCE, PostfixLog
from offerpress.site.site import Site
from rewards import Fault, Faulty, guarded, sendable

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


SUPPRESSION_COLUMNS: Final = ("address", "reason", "source", "since")
_REASONS: Final[dict[str, SuppressionReason]] = {reason: reason for reason in get_args(SuppressionReason)}


def suppressions_csv(rows: Sequence[Suppression]) -> str:
    """Return the table in the order of its rows; lines end in CR LF (RFC 4180).

    A text that a spreadsheet could take for a formula begins with `'`.
    """
    table = StringIO(newline="")
    writer = csv.writer(table, lineterminator="\r\n")
    writer.writerow(SUPPRESSION_COLUMNS)
    writer.writerows([*map(guarded, (row.address, row.reason, row.source)), row.at] for row in rows)
    return table.getvalue()


def read_suppressions(text: str, file: str, now: datetime) -> list[Suppression]:
    """Read the rows of such a table; only `address` is required, and other columns are ignored.

    The default reason is `manual`, the default source the file, the default instant now. Raises `Faulty`.
    """
    reader = csv.DictReader(StringIO(text, newline=""))
    if "address" not in (reader.fieldnames or ()):
        raise Faulty(
            [
                Fault(
                    "there is no column 'address'",
                    f"name the columns {', '.join(SUPPRESSION_COLUMNS)}",
                    file,
                    row=1,
                )
            ]
        )
    faults: list[Fault] = []
    found = [_read(row, file, number, now, faults) for number, row in enumerate(reader, start=2)]
    if faults:
        raise Faulty(faults)
    return [one for one in found if one is not None]


def _read(
    row: dict[str, str | None], file: str, number: int, now: datetime, faults: list[Fault]
) -> Suppression | None:
    cells = {name: _unguarded((row.get(name) or "").strip()) for name in SUPPRESSION_COLUMNS}
    before = len(faults)
    if not sendable(cells["address"]) and not is_digest(cells["address"]):
        what = f"{cells['address']!r} is no mail address"
        faults.append(Fault(what, "write one bare address", file, row=number, field="address"))
    reason = _REASONS.get((cells["reason"] or "manual").lower())
    if reason is None:
        what = f"{cells['reason']!r} is no reason"
        faults.append(Fault(what, f"write one of {', '.join(_REASONS)}", file, row=number, field="reason"))
    since = _instant(cells["since"], now)
    if since is None:
        what = f"{cells['since']!r} is no instant"
        faults.append(
            Fault(what, "write 2023-12-31, or 2023-12-31T12:00:00Z", file, row=number, field="since")
        )
    if len(faults) > before or reason is None or since is None:
        return None
    return Suppression(cells["address"], reason, cells["source"] or file, instant_text(since))


def _unguarded(text: str) -> str:
    return text[1:] if text.startswith("'") and guarded(text[1:]) == text else text


def _instant(text: str, now: datetime) -> datetime | None:
    """Return the instant, in UTC if it has no offset; now for an empty text, None for other text."""
    if not text:
        return now
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)

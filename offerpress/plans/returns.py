"""Information from outside: the recipients of a notice, the log of a relay, and lists of suppressions."""

import codecs
import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
from offerpress.terminal import count
from rewards import Fault, Faulty, bare_address, csv_table, guarded

SUPPRESSION_COLUMNS: Final = ("address", "reason", "source", "since")
_REASONS: Final[dict[str, SuppressionReason]] = {reason: reason for reason in get_args(SuppressionReason)}
_DELIMITERS: Final = (",", ";", "\t")
_SHOWN: Final = 100  # characters of a wrong cell that a fault repeats
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
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


def intake_text(taken: Intake) -> str:
    """Return the numbers of recorded events in a line."""
    known = f"{count(taken.new, 'event')} taken in, {taken.repeated:,} known before, {taken.foreign:,} of no notice"
    return f"{known}; {count(taken.proved, 'notice')} proved to be accepted, {count(taken.suppressed, 'suppression')}"


def suppressions_csv(rows: Sequence[Suppression]) -> str:
    """Return the table in the order of its rows; lines end in CR LF (RFC 4180).

    A text that a spreadsheet could take for a formula begins with `'`.
    """
    cells = ([*map(guarded, (row.address, row.reason, row.source)), row.at] for row in rows)
    return csv_table(SUPPRESSION_COLUMNS, cells)


def read_suppressions(content: bytes, file: str, now: datetime) -> list[Suppression]:
    """Read the rows of such a table; only `address` is required, and other columns are ignored.

    The table is in UTF-8, or in UTF-16 with a byte order mark, and separated by commas, semicolons or tabs. Blank lines
    count as rows. The default reason is `manual`, the default source the file, the default instant now.

    Raises `Faulty` with every fault.
    """
    faults: list[Fault] = []
    found = [
        _suppression(row, file, number, now, faults) for number, row in _rows(_decoded(content, file), file)
    ]
    if faults:
        raise Faulty(faults)
    return [one for one in found if one is not None]


def suppressible(text: str) -> str:
    """Return the bare address in a text, or the digest of a forgotten one; a ValueError if it holds neither."""
    return text.strip() if is_digest(text.strip()) else bare_address(text)


def _decoded(content: bytes, file: str) -> str:
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), "utf-8")
    try:
        text, wrong = content.decode(encoding), 0
    except UnicodeDecodeError as error:
        text, wrong = "\0", error.start
    if "\0" in text:  # also UTF-16 without a mark
        row = content[:wrong].count(b"\n") + 1
        raise Faulty([Fault("the text is not UTF-8", "save the table as 'CSV UTF-8'", file, row=row)])
    return text


def _rows(text: str, file: str) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Yield the rows that hold anything, each with its number in a spreadsheet."""
    heads = (_header(text, delimiter, file) for delimiter in _DELIMITERS)
    delimiter, names = next((found for found in heads if "address" in found[1]), ("", []))
    if not delimiter:
        remedy = f"name the columns {', '.join(SUPPRESSION_COLUMNS)}"
        raise Faulty([Fault("there is no column 'address'", remedy, file, row=1)])
    for number, cells in _records(text, delimiter, file):
        if number > 1 and any(cell.strip() for cell in cells):
            yield number, dict(zip(names, cells, strict=False))


def _header(text: str, delimiter: str, file: str) -> tuple[str, list[str]]:
    cells = next((cells for _, cells in _records(text, delimiter, file)), [])
    return delimiter, [cell.strip().lower() for cell in cells]


def _records(text: str, delimiter: str, file: str) -> Iterator[tuple[int, list[str]]]:
    reader, number = csv.reader(StringIO(text, newline=""), delimiter=delimiter), 0
    try:
        for number, cells in enumerate(reader, start=1):
            yield number, cells
    except csv.Error as error:
        fault = Fault(f"the table cannot be read ({error})", "save it as CSV again", file, row=number + 1)
        raise Faulty([fault]) from error


def _suppression(
    row: Mapping[str, str], file: str, number: int, now: datetime, faults: list[Fault]
) -> Suppression | None:
    cells = {name: _unguarded(row.get(name, "").strip()) for name in SUPPRESSION_COLUMNS}
    before = len(faults)
    address = ""
    try:
        address = suppressible(cells["address"])
    except ValueError:
        what = f"{cells['address'][:_SHOWN]!r} is no mail address"
        faults.append(Fault(what, "write one bare address", file, row=number, field="address"))
    reason = _REASONS.get((cells["reason"] or "manual").lower())
    if reason is None:
        what = f"{cells['reason'][:_SHOWN]!r} is no reason"
        faults.append(Fault(what, f"write one of {', '.join(_REASONS)}", file, row=number, field="reason"))
    since = _instant(cells["since"], now)
    if since is None:
        what = f"{cells['since'][:_SHOWN]!r} is no instant"
        faults.append(
            Fault(what, "write 2023-12-31, or 2023-12-31T12:00:00Z", file, row=number, field="since")
        )
    if not cells["source"].isprintable():
        faults.append(
            Fault("the source holds a control character", "take it out", file, row=number, field="source")
        )
    if len(faults) > before or reason is None or since is None:
        return None
    return Suppression(address, reason, cells["source"] or file, instant_text(since))


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

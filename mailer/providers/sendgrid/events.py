"""SendGrid's events, as its webhook posts them, translated into our own events."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from mailer.events.events import SUPPRESSES, Event, EventKind, failure_of
from mailer.rules.status_codes import code_in
from mailer.rules.suppression import SuppressionReason

SENDGRID_SOURCE: Final = "sendgrid"
_KINDS: Final = {
    "processed": EventKind.PROCESSED,
    "deferred": EventKind.DEFERRED,
    "delivered": EventKind.DELIVERED,
    "bounce": EventKind.BOUNCED,
    "dropped": EventKind.DROPPED,
    "spamreport": EventKind.COMPLAINED,
    "unsubscribe": EventKind.UNSUBSCRIBED,
    "group_unsubscribe": EventKind.UNSUBSCRIBED,
    "group_resubscribe": EventKind.RESUBSCRIBED,
}
_DROPPED_FOR: Final[dict[str, SuppressionReason]] = {
    "bounced address": "bounced",
    "spam reporting address": "complained",
    "unsubscribed address": "unsubscribed",
}
_LATEST: Final = 4_102_444_800  # the year 2100


def _storable(text: str) -> str:
    """Return the text if every database can hold it: no half of a surrogate pair and no NUL."""
    if "\0" in text or (not text.isascii() and any("\ud800" <= c <= "\udfff" for c in text)):
        raise ValueError("holds a character that cannot be stored")
    return text


_Text = Annotated[str, AfterValidator(_storable)]


class _ProviderEvent(BaseModel):
    """The fields of an event that are read; it has more, which differ between accounts."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", defer_build=True)

    event: _Text
    timestamp: Annotated[int, Field(ge=0, le=_LATEST)]
    email: _Text = ""
    offerpress_notice: _Text = ""
    type: _Text = ""
    status: _Text | None = None
    reason: _Text | None = None
    response: _Text | None = None
    bounce_classification: _Text | None = None


@dataclass(frozen=True, slots=True)
class ReadEvents:
    """The events of a request or file, the number of ignored ones (opens, other programs'), and of damaged ones."""

    events: tuple[Event, ...]
    ignored: int = 0
    damaged: int = 0


def read_events(content: bytes) -> ReadEvents:
    """Read the events in a JSON array, or in lines of JSON that each hold an event or an array of events.

    Other content is a ValueError. An element or line that is no event is counted as damaged.
    """
    events: list[Event] = []
    ignored = damaged = 0
    for one in _objects(content):
        try:
            told = _ProviderEvent.model_validate(one)
        except ValidationError:
            damaged += 1
            continue
        if told.event in _KINDS and told.offerpress_notice:
            events.append(_event(told))
        else:
            ignored += 1
    return ReadEvents(tuple(events), ignored, damaged)


def _objects(content: bytes) -> Iterator[object]:
    text = content.decode("utf-8-sig")
    try:
        parts = [_parsed(text)]
    except ValueError:
        parts = list(_lines(text))
    if not any(isinstance(part, list | dict) for part in parts):
        raise ValueError("it holds no events; an event is an object, several are an array")
    for part in parts:
        yield from part if isinstance(part, list) else [part]


def _lines(text: str) -> Iterator[object]:
    """Parse each line that holds anything; a line that cannot be parsed is None, which is no event."""
    for line in text.split("\n"):  # a JSON string may hold the other ends of lines that Unicode has
        if line.strip():
            try:
                yield _parsed(line)
            except ValueError:
                yield None


def _parsed(text: str) -> object:
    """Parse JSON; text that nests too deep, or holds a number with thousands of digits, is a ValueError as well."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it nests too deep to be events") from None


def _event(told: _ProviderEvent) -> Event:
    kind = _KINDS[told.event]
    reason = told.reason or told.response or ""
    if kind is EventKind.BOUNCED and told.type == "blocked":
        kind = EventKind.BLOCKED
    elif kind is EventKind.BOUNCED and (told.status or reason):
        kind = failure_of(told.status or code_in(reason), reason)
    return Event(
        key=told.offerpress_notice,
        kind=kind,
        at=datetime.fromtimestamp(told.timestamp, UTC),
        address=told.email,
        code=told.status or told.bounce_classification or "",
        detail=reason,
        suppresses=_DROPPED_FOR.get(reason.lower()) if kind is EventKind.DROPPED else SUPPRESSES.get(kind),
    )

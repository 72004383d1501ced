"""Postfix's log: which of our messages the relay took, and what it did with them.

`cleanup` logs a message's id while it still reads the message, which may break off. Only the line of the queue
manager (`queue active`) or of a delivery proves that the relay has the message. A missing line proves nothing:
another relay may have taken the message, or the log may have been rotated.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from mailer.events.events import Event, EventKind, failure_of

POSTFIX_SOURCE: Final = "relay's log"
_LINE: Final = re.compile(
    r"(?P<when>\d{4}-\d\d-\d\dT\S+|[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d) \S+ "
    r"postfix[\w.-]*/(?:[\w-]+/)*(?P<daemon>\w+)\[\d+\]: (?P<queue>[0-9A-Za-z]{6,20}): (?P<rest>.*)"
)
_ID: Final = re.compile(r"message-id=<([0-9a-f]{40})@[^>]*>")
_TO: Final = re.compile(r"\bto=<([^>]*)>")
_ORIGINALLY: Final = re.compile(r"\borig_to=<([^>]*)>")
_RESULT: Final = re.compile(r"\bdsn=(?P<code>[245]\.\d+\.\d+), status=(?P<status>\w+)(?: \((?P<words>.*)\))?")


@dataclass(frozen=True, slots=True)
class Logged:
    """An event from a log, and the recipient's addresses in its line; none for an event about the message as such."""

    event: Event
    addresses: tuple[str, ...]


@dataclass(slots=True)
class PostfixLog:
    """Reads lines in their order. `now` (with its zone) gives the year of lines that name none."""

    now: datetime
    _keys: dict[str, str] = field(default_factory=dict)

    def events(self, lines: Iterable[str]) -> Iterator[Logged]:
        """Yield the events of messages with an own id of ours."""
        for line in lines:
            found = _LINE.match(line)
            if found is None:
                continue
            if named := _ID.search(found["rest"]):
                self._keys[found["queue"]] = named[1]
            elif found["rest"].startswith("removed"):
                self._keys.pop(found["queue"], None)
            elif (key := self._keys.get(found["queue"])) is not None:
                yield from self._told(key, found["rest"], self._instant(found["when"]))

    def _told(self, key: str, rest: str, at: datetime) -> Iterator[Logged]:
        result, to = _RESULT.search(rest), _TO.search(rest)
        if "(queue active)" in rest:
            yield Logged(Event(key, EventKind.PROCESSED, at), ())
        elif result and to and (kind := _kind(result["status"], result["code"], result["words"] or "")):
            first = _ORIGINALLY.search(rest)
            addresses = tuple(match[1] for match in (first, to) if match)
            event = Event(key, kind, at, code=result["code"], detail=result["words"] or "")
            yield Logged(event, addresses)

    def _instant(self, text: str) -> datetime:
        if text[0].isdigit():
            try:
                at = datetime.fromisoformat(text)
            except ValueError:
                return self.now
            return at if at.tzinfo else at.replace(tzinfo=self.now.tzinfo)
        year = self.now.year
        for candidate in (year, year - 1, year - 2, year - 3, year - 4):
            try:
                at = datetime.strptime(f"{candidate} {text}", "%Y %b %d %H:%M:%S").replace(
                    tzinfo=self.now.tzinfo
                )
            except ValueError:  # 29 February of another year
                continue
            if at <= self.now:
                return at
        return self.now


def _kind(status: str, code: str, words: str) -> EventKind | None:
    kinds = {"sent": EventKind.DELIVERED, "deferred": EventKind.DEFERRED, "expired": EventKind.BLOCKED}
    return failure_of(code, words) if status == "bounced" else kinds.get(status)

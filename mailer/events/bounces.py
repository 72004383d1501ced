"""Mail that comes back: delivery reports (RFC 3464 and others), complaints (RFC 5965), unsubscriptions and replies.

A report counts only if it quotes the own id of a notice of ours, and only for the recipients of that notice: nobody
else can know the id. A report without an id is left to a person.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import Message
from email.utils import parseaddr, parsedate_to_datetime
from typing import Final, Literal

from flufl.bounce import all_failures

from mailer.batch.unsubscribe import UnsubscribeTokens
from mailer.events.events import (
    Event,
    EventKind,
    code_in,
    failure_of,
    recipient_events,
)

_FULL: Final = ("mailbox is full", "mailbox full", "over quota", "quota exceeded", "exceeded storage")
_COPY: Final = (
    "--- below this line is a copy",
    "original message",
    "return-path:",
    "received:",
    "message-id:",
)


def odd_verdicts(message: Message) -> Iterator[tuple[str, EventKind, str, str]]:
    """Read a report in a form that no standard describes, with `flufl.bounce`, which Mailman's authors maintain.

    Yield address, kind, enhanced status code and the surrounding words for each recipient that the report names.
    """
    temporary, permanent = all_failures(message)
    text = _report(message)
    for address in sorted(permanent):
        plain = address.decode("ascii", "replace")
        words = _around(text, plain)
        code = code_in(words)
        full = any(one in words.lower() for one in _FULL)
        yield plain, EventKind.BLOCKED if full else failure_of(code), code, words
    for address in sorted(temporary - permanent):
        plain = address.decode("ascii", "replace")
        yield plain, EventKind.DEFERRED, code_in(_around(text, plain)), _around(text, plain)


def _report(message: Message) -> str:
    """Return the text that the server wrote, up to the copy of our message."""
    for part in message.walk():
        if part.get_content_type() in {"text/plain", "text/html"}:
            body = part.get_payload(decode=True)
            text = body.decode("utf-8", "replace") if isinstance(body, bytes) else ""
            lower = text.lower()
            return text[: min((at for mark in _COPY if (at := lower.find(mark)) > 0), default=len(text))]
    return ""


def _around(text: str, address: str) -> str:
    """Return the text about an address: from the address to the next paragraph but one."""
    at = text.lower().find(address.lower())
    return "\n\n".join(text[max(at, 0) :].split("\n\n")[:2]) if text else ""


BOUNCE_SOURCE: Final = "bounce report"
_LONGEST: Final = 4 << 20  # bytes of one message that are looked at
_KEY: Final = re.compile(rb"(?<![0-9a-f])([0-9a-f]{40})@")
_LEAVING: Final = re.compile(r"\bunsubscribe\s+([\w-]{44})(?![\w-])", re.IGNORECASE)
_SERVERS: Final = frozenset(
    {"mailer-daemon", "postmaster", "mail-daemon", "maildaemon", "mdaemon", "mailerdaemon"}
)
_ACTIONS: Final = {
    "delayed": EventKind.DEFERRED,
    "delivered": EventKind.DELIVERED,
    "relayed": EventKind.DELIVERED,
    "expanded": EventKind.DELIVERED,
}

MailKind = Literal["report", "complaint", "unsubscribe", "reply", "other"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result that a report gives for one recipient, with every address that it uses for the recipient."""

    addresses: tuple[str, ...]
    kind: EventKind
    code: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ReturnedMail:
    """A message that came back: its kind, the own ids that it quotes, its instant, and its verdicts."""

    kind: MailKind
    keys: tuple[str, ...]
    at: datetime
    verdicts: tuple[Verdict, ...] = ()

    def events(self, key: str, recipients: Sequence[str]) -> list[Event]:
        """Return the events of the notice with that own id, which went to `recipients`, the partner first.

        Only they can be suppressed. A report about another address, such as that of a forwarding, counts for the
        notice if it had one recipient only.
        """
        return [
            event
            for verdict in self.verdicts
            for event in recipient_events(_event(key, verdict, self.at), verdict.addresses, recipients)
        ]


def read_returned(content: bytes, tokens: UnsubscribeTokens | None, now: datetime) -> ReturnedMail:
    """Read a message that came to the address for bounces. No content of it is an error."""
    message = message_from_bytes(content[:_LONGEST])
    keys = tuple(dict.fromkeys(_keys(content[:_LONGEST], message)))
    at = _date(message, now)
    status = [part for part in message.walk() if part.get_content_type() == "message/delivery-status"]
    if status:
        return ReturnedMail("report", keys, at, tuple(_reported(status)))
    if any(part.get_content_type() == "message/feedback-report" for part in message.walk()):
        return ReturnedMail(
            "complaint", keys, at, (Verdict((), EventKind.COMPLAINED, detail="reported as spam"),)
        )
    if (key := _leaving(message, tokens)) is not None:
        return ReturnedMail("unsubscribe", (key,), at, (Verdict((), EventKind.UNSUBSCRIBED),))
    if not _from_a_server(message):
        return ReturnedMail("reply" if _is_automatic(message) else "other", keys, at)
    odd = tuple(Verdict((one,), kind, code, words) for one, kind, code, words in odd_verdicts(message))
    return ReturnedMail("report" if odd else "other", keys, at, odd)


def _event(key: str, verdict: Verdict, at: datetime) -> Event:
    return Event(key, verdict.kind, at, code=verdict.code, detail=verdict.detail)


def _reported(parts: Sequence[Message]) -> Iterator[Verdict]:
    """Read the blocks of a delivery status (RFC 3464 2.3), one for each recipient."""
    for part in parts:
        blocks = part.get_payload()
        for block in blocks if isinstance(blocks, list) else []:
            if not isinstance(block, Message) or "action" not in block:
                continue
            names = (_mailbox(block.get(name, "")) for name in ("original-recipient", "final-recipient"))
            words = str(block.get("diagnostic-code", ""))
            code = _code(str(block.get("status", "")), words)
            action = str(block["action"]).split("(")[0].strip().lower()
            kind = _ACTIONS.get(action) or (
                failure_of(code) if action.startswith(("fail", "error")) else None
            )
            if kind is not None:
                yield Verdict(tuple(filter(None, names)), kind, code, words)


def _code(status: str, words: str) -> str:
    """Return the status code, or that in the server's words if the status holds nothing but the class."""
    plain = code_in(status)
    if plain and not plain.endswith(".0.0"):
        return plain
    told = code_in(words)
    return told if told and told[0] == (plain or told)[0] else plain or told


def _mailbox(field: object) -> str:
    """Return the address in a field such as `rfc822; jo@reseller.example` (RFC 3464 2.3.1)."""
    address = str(field).rpartition(";")[2].strip()
    return parseaddr(address)[1] if "@" in address else ""


def _keys(content: bytes, message: Message) -> Iterator[str]:
    for found in _KEY.finditer(content):
        yield found[1].decode("ascii")
    for part in message.walk():
        encoded = str(part.get("content-transfer-encoding", "")).lower() in {"quoted-printable", "base64"}
        body = part.get_payload(decode=True) if encoded and not part.is_multipart() else None
        if isinstance(body, bytes):
            yield from (found[1].decode("ascii") for found in _KEY.finditer(body))


def _leaving(message: Message, tokens: UnsubscribeTokens | None) -> str | None:
    found = _LEAVING.search(str(message.get("subject", "")))
    return tokens.notice(found[1]) if found and tokens else None


def _from_a_server(message: Message) -> bool:
    sender = parseaddr(str(message.get("from", "")))[1].partition("@")[0].casefold()
    return sender in _SERVERS or "x-failed-recipients" in message


def _is_automatic(message: Message) -> bool:
    """Return whether a machine wrote it: an out-of-office reply or a receipt (RFC 3834 5 and older headers)."""
    told = str(message.get("auto-submitted", "no")).split(";")[0].strip().lower() != "no"
    precedence = str(message.get("precedence", "")).lower() in {"auto_reply", "bulk", "junk"}
    own = ("x-autoreply", "x-autorespond", "x-auto-response-suppress")
    return (
        told
        or precedence
        or any(name in message for name in own)
        or message.get_content_type() == "multipart/report"
    )


def _date(message: Message, now: datetime) -> datetime:
    try:
        at = parsedate_to_datetime(str(message["date"]))
    except ValueError:
        return now
    return min(at if at.tzinfo else at.replace(tzinfo=UTC), now)

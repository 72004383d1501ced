"""Mail that comes back: delivery reports (RFC 3464 and others), complaints (RFC 5965), unsubscriptions and replies.

A report counts only if it quotes the own id of a notice of ours, and only for the recipients of that notice: nobody
else can know the id. A report without an id is left to a person.
"""

import logging
import re
from base64 import b64decode
from binascii import a2b_qp
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, message_from_string
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.policy import compat32
from email.utils import parseaddr, parsedate_to_datetime
from typing import Final, Literal

from flufl.bounce import all_failures

from mailer.batch.unsubscribe import UnsubscribeTokens
from mailer.events.events import Event, EventKind, failure_of, recipient_events
from mailer.rules.status_codes import code_in
from rewards import address_key, bare_address

_COPY: Final = (
    "--- below this line is a copy",
    "original message",
    "return-path:",
    "received:",
    "message-id:",
)


def odd_verdicts(message: Message, content: bytes) -> Iterator[tuple[str, EventKind, str, str]]:
    """Read a report in a form that no standard describes, with `flufl.bounce`, which Mailman's authors maintain.

    Yield address, kind, enhanced status code and the surrounding words for each recipient that the report names.
    """
    temporary, permanent = _failures(content)
    text = _report(message)
    for address in sorted(permanent):
        plain = address.decode("ascii", "replace")
        words = _around(text, plain)
        code = code_in(words)
        yield plain, failure_of(code, words), code, words
    for address in sorted(temporary - permanent):
        plain = address.decode("ascii", "replace")
        yield plain, EventKind.DEFERRED, code_in(_around(text, plain)), _around(text, plain)


_log = logging.getLogger("flufl.bounce")  # the detectors log a message that they cannot read with a traceback
_log.addHandler(logging.NullHandler())
_log.propagate = False


def _failures(content: bytes) -> tuple[set[bytes], set[bytes]]:
    """Return the addresses that failed for now and for good; none if a detector cannot read the message."""
    try:
        temporary, permanent = all_failures(message_from_bytes(content[:_LONGEST_ODD].translate(_ASCII)))
    except Exception:  # noqa: BLE001 - the detectors expect well-formed headers; a person reads what they cannot
        return set(), set()
    return set(temporary), set(permanent)


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
_LONGEST_ODD: Final = 256 << 10  # bytes of a message in no standard form
_ASCII: Final = bytes(range(128)) + b"?" * 128
_LONGEST_FIELD: Final = 998  # characters of one field that are looked at (RFC 5322 2.1.1)
_CODE_POINTS: Final = 0x110000
_FIELDS: Final = compat32.clone(max_line_length=None)
_KEY: Final = re.compile(
    rb"(?<![0-9a-f])([0-9a-f]{40})@|(?i:x-offerpress-notice: *)([0-9a-f]{40})(?![0-9a-f])"
)
_LEAVING: Final = re.compile(r"\bunsubscribe\s+([\w-]{44})(?![\w-])", re.IGNORECASE)
# RFC 3464, RFC 6533
_STATUS: Final = frozenset({"message/delivery-status", "message/global-delivery-status"})
_XTEXT: Final = re.compile(r"\\x\{([0-9A-Fa-f]{1,6})\}")  # RFC 6533 3
# What a reader reports about our message (IANA's feedback report types); the others are about neither.
_COMPLAINTS: Final = {
    "abuse": EventKind.COMPLAINED,
    "fraud": EventKind.COMPLAINED,
    "opt-out": EventKind.UNSUBSCRIBED,
    "opt-out-list": EventKind.UNSUBSCRIBED,
}
_READER_FIELDS: Final = ("original-rcpt-to", "removal-recipient")
_READER_HEADERS: Final = ("x-hmxmroriginalrecipient", "x-original-to", "delivered-to")
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
        found: list[Event] = []
        for one in self.verdicts:
            event = Event(key, one.kind, self.at, code=one.code, detail=one.detail)
            found += recipient_events(event, self._named(one, recipients), recipients)
        return found

    def _named(self, verdict: Verdict, recipients: Sequence[str]) -> tuple[str, ...]:
        """Return the verdict's addresses; whoever sends an unsubscribe token from another address means the partner."""
        if self.kind != "unsubscribe":
            return verdict.addresses
        known = {address_key(one) for one in recipients}
        return tuple(one for one in verdict.addresses if address_key(one) in known)


def read_returned(content: bytes, tokens: UnsubscribeTokens | None, now: datetime) -> ReturnedMail:
    """Read a message that came to the address for bounces. No content of it is an error."""
    try:
        return _read(content, tokens, now)
    except RecursionError:  # parts within parts, thousands of them: no mail server writes that
        return ReturnedMail("other", (), now)


def _read(content: bytes, tokens: UnsubscribeTokens | None, now: datetime) -> ReturnedMail:
    message = message_from_bytes(content[:_LONGEST])
    keys = tuple(dict.fromkeys(_keys(content[:_LONGEST], message)))
    at = _date(message, now)
    status = [part for part in message.walk() if part.get_content_type() in _STATUS]
    if status:
        return ReturnedMail("report", keys, at, tuple(_reported(status)))
    feedback = next(
        (part for part in message.walk() if part.get_content_type() == "message/feedback-report"), None
    )
    if feedback is not None:
        return _complaint(message, feedback, keys, at)
    if (key := _leaving(message, tokens)) is not None:
        verdict = Verdict((_sender(message),), EventKind.UNSUBSCRIBED)
        return ReturnedMail("unsubscribe", (key,), at, (verdict,))
    if not _from_a_server(message):
        return ReturnedMail("reply" if _is_automatic(message) else "other", keys, at)
    odd = tuple(
        Verdict((one,), kind, code, words) for one, kind, code, words in odd_verdicts(message, content)
    )
    return ReturnedMail("report" if odd else "other", keys, at, odd)


def _complaint(message: Message, feedback: Message, keys: tuple[str, ...], at: datetime) -> ReturnedMail:
    """Read a feedback report (RFC 5965): only a reader's own complaint counts, and only for that reader."""
    (fields,) = _blocks(feedback)[:1] or (Message(),)
    kind = _COMPLAINTS.get(str(fields.get("feedback-type", "")).strip().lower())
    if kind is None:
        return ReturnedMail("other", keys, at)
    named = [str(value) for name in _READER_FIELDS for value in fields.get_all(name, [])]
    if not named:
        parts = list(message.walk())[1:]
        named = [str(part[name]) for name in _READER_HEADERS for part in parts if name in part][:1]
    verdicts = [Verdict((one,), kind, detail="reported by the reader") for one in map(_mailbox, named) if one]
    return ReturnedMail(
        "complaint", keys, at, tuple(verdicts) or (Verdict((), kind, detail="reported by the reader"),)
    )


def _reported(parts: Sequence[Message]) -> Iterator[Verdict]:
    """Read the blocks of a delivery status (RFC 3464 2.3), one for each recipient."""
    for block in (block for part in parts for block in _blocks(part)):
        if "action" not in block:
            continue
        names = (_mailbox(block.get(name, "")) for name in ("original-recipient", "final-recipient"))
        words = str(block.get("diagnostic-code", ""))
        code = _code(str(block.get("status", "")), words)
        action = str(block["action"]).split("(")[0].strip().lower()
        failed = failure_of(code, words) if action.startswith(("fail", "error")) else None
        kind = _ACTIONS.get(action) or failed
        if kind is not None:
            yield Verdict(tuple(filter(None, names)), kind, code, words)


def _blocks(part: Message) -> list[Message]:
    """Return the blocks of fields in a part, whatever its transfer encoding (RFC 6533 allows any)."""
    text = _decoded(part).replace(b"\r\n", b"\n").decode("utf-8", "replace")
    return [message_from_string(block, policy=_FIELDS) for block in re.split(r"\n\s*\n", text.strip("\n"))]


def _decoded(part: Message) -> bytes:
    """Return the content of a part; the parser reads `message/*` as a message and leaves its encoding alone."""
    held = part.get_payload()
    if not isinstance(held, list):
        decoded = part.get_payload(decode=True)
        return decoded if isinstance(decoded, bytes) else b""
    content = b"\n".join(one.as_bytes(policy=_FIELDS) for one in held if isinstance(one, Message))
    encoding = str(part.get("content-transfer-encoding", "")).strip().lower()
    try:
        if encoding == "base64":
            return b64decode(content)
        return a2b_qp(content) if encoding == "quoted-printable" else content
    except ValueError:
        return b""


def _code(status: str, words: str) -> str:
    """Return the status code, or that in the server's words if the status holds nothing but the class."""
    plain = code_in(status)
    if plain and not plain.endswith(".0.0"):
        return plain
    told = code_in(words)
    return told if told and told[0] == (plain or told)[0] else plain or told


def _mailbox(field: object) -> str:
    """Return the address in a field such as `rfc822; jo@reseller.example` (RFC 3464 2.3.1, RFC 6533 3)."""
    text = str(field).rpartition(";")[2].strip()[:_LONGEST_FIELD]
    address = _XTEXT.sub(_character, text)
    try:
        return bare_address(address)
    except ValueError:
        return parseaddr(address)[1] if address.count("@") == 1 else ""


def _character(escaped: re.Match[str]) -> str:
    number = int(escaped[1], 16)
    return chr(number) if number < _CODE_POINTS else escaped[0]


def _keys(content: bytes, message: Message) -> Iterator[str]:
    """Yield the own ids in a message: in `Message-ID`, in our own header, or in the return path."""
    yield from _found(content)
    for part in message.walk():
        encoded = str(part.get("content-transfer-encoding", "")).strip().lower() in {
            "quoted-printable",
            "base64",
        }
        if encoded and part.get_content_maintype() != "multipart":
            yield from _found(_decoded(part))


def _found(content: bytes) -> Iterator[str]:
    yield from ((found[1] or found[2]).decode("ascii") for found in _KEY.finditer(content))


def _leaving(message: Message, tokens: UnsubscribeTokens | None) -> str | None:
    found = _LEAVING.search(_subject(message))
    return tokens.notice(found[1]) if found and tokens else None


def _subject(message: Message) -> str:
    """Return the subject with its encoded words (RFC 2047) decoded, as far as they can be."""
    raw = str(message.get("subject", ""))[:_LONGEST_FIELD]
    try:
        return str(make_header(decode_header(raw)))
    except (HeaderParseError, LookupError, ValueError):
        return raw


def _sender(message: Message) -> str:
    return parseaddr(str(message.get("from", ""))[:_LONGEST_FIELD])[1]


def _from_a_server(message: Message) -> bool:
    return _sender(message).partition("@")[0].casefold() in _SERVERS or "x-failed-recipients" in message


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

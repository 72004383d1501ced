"""Reports in forms that no standard describes, read by `flufl.bounce`, which Mailman's authors keep."""

from collections.abc import Iterator
from email.message import Message
from typing import Final

from flufl.bounce import all_failures

from mailer.events import EventKind
from mailer.status_codes import code_in, failure_of

_FULL: Final = ("mailbox is full", "mailbox full", "over quota", "quota exceeded", "exceeded storage")
_COPY: Final = (
    "--- below this line is a copy",
    "original message",
    "return-path:",
    "received:",
    "message-id:",
)


def odd_verdicts(message: Message) -> Iterator[tuple[str, EventKind, str, str]]:
    """For each recipient that the report names: address, kind, enhanced status code, and the words around it."""
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
    """The text that the server wrote, up to the copy of our message."""
    for part in message.walk():
        if part.get_content_type() in {"text/plain", "text/html"}:
            body = part.get_payload(decode=True)
            text = body.decode("utf-8", "replace") if isinstance(body, bytes) else ""
            lower = text.lower()
            return text[: min((at for mark in _COPY if (at := lower.find(mark)) > 0), default=len(text))]
    return ""


def _around(text: str, address: str) -> str:
    """What is said of an address: from it to the next paragraph but one."""
    at = text.lower().find(address.lower())
    return "\n\n".join(text[max(at, 0) :].split("\n\n")[:2]) if text else ""

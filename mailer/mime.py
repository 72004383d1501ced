"""The message as it goes over the wire (RFC 5322).

A fixed function of the notice, its Message-ID and the date. The standard library writes the skeleton of parts once for
each kind of message; every message then fills its bodies into that, which is fifty times as fast as having each
written anew.
"""

import hashlib
import re
from binascii import b2a_qp
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import lru_cache
from typing import Final, NamedTuple

from mailer.addresses import Mailbox
from mailer.header_lines import HeaderLine, mailboxes_line, text_line
from rewards import Notice

_MARK: Final = (
    b"0123456789abcdef01234567"  # stands in a skeleton for what tells a message's boundaries from others'
)
_BODY: Final = "here stands a body"
_PART: Final = re.compile(rb"(?m)^here stands a body\r\n")


def message_bytes(notice: Notice, message_id: str, date: datetime) -> bytes:
    """The whole message with CRLF line ends, 7-bit clean.

    `message_id` comes with its angle brackets, `date` with its zone. What cannot be a header is a ValueError.
    """
    return dated(message_pieces(notice, message_id), date)


def dated(pieces: tuple[bytes, bytes], date: datetime) -> bytes:
    """A message from what goes before its date and what goes after it."""
    return _written(date.replace(microsecond=0)).join(pieces)


def message_pieces(notice: Notice, message_id: str) -> tuple[bytes, bytes]:
    """All of a message but its date, and so all that can be written before its turn has come."""
    before = [*header_lines(notice), HeaderLine("Date", "")]
    after = [HeaderLine("Message-ID", message_id), HeaderLine("Auto-Submitted", "auto-generated")]
    files = tuple(_File(one.filename, one.media_type.partition("/")[2]) for one in notice.attachments)
    bodies = (notice.text, notice.html, *(one.text for one in notice.attachments))
    mark = hashlib.sha256(message_id.encode()).hexdigest()[:24].encode()
    first, *rest = (piece.replace(_MARK, mark) for piece in _skeleton(files))
    filled = (_quoted(body) + piece for body, piece in zip(bodies, rest, strict=True))
    return _folded(before).removesuffix(b"\r\n"), b"".join((b"\r\n", _folded(after), first, *filled))


def _folded(lines: list[HeaderLine]) -> bytes:
    return "".join(line.fold(policy=SMTP) for line in lines).encode("ascii")


def header_lines(notice: Notice) -> list[HeaderLine]:
    """The headers that the notice itself decides, in order; a ValueError says which of them cannot be one."""
    lines = [
        mailboxes_line("From", [Mailbox(notice.from_name, notice.from_address)]),
        mailboxes_line("To", [Mailbox(notice.to_name, notice.to_address)]),
    ]
    if notice.cc:
        lines.append(mailboxes_line("Cc", [Mailbox("", address) for address in notice.cc]))
    if notice.reply_to:
        lines.append(mailboxes_line("Reply-To", [Mailbox("", notice.reply_to)]))
    lines.append(text_line("Subject", notice.subject))
    lines.extend(text_line(name, value) for name, value in notice.headers)
    return lines


@lru_cache(maxsize=16)
def _written(date: datetime) -> bytes:
    return format_datetime(date).encode()


class _File(NamedTuple):
    """What of an attachment stands in the skeleton."""

    filename: str
    subtype: str


@lru_cache(maxsize=64)
def _skeleton(files: tuple[_File, ...]) -> tuple[bytes, ...]:
    """A message of text, HTML and those files, without headers of its own, cut where each body belongs."""
    message, mark = EmailMessage(policy=SMTP), _MARK.decode()
    # "=_" cannot occur in quoted-printable text, so no body can hold a boundary
    message.set_content(_BODY, cte="quoted-printable")
    message.make_alternative(boundary=f"=_a{mark}")
    message.add_alternative(_BODY, subtype="html", cte="quoted-printable")
    if files:
        message.make_mixed(boundary=f"=_m{mark}")
    for filename, subtype in files:
        message.add_attachment(
            _BODY, subtype=subtype, cte="quoted-printable", filename=filename, charset="utf-8"
        )
    return tuple(_PART.split(message.as_bytes()))


def _quoted(text: str) -> bytes:
    """A body in quoted-printable (RFC 2045 6.7), each line ended by CRLF, however it ended."""
    return b"".join(map(_quoted_line, text.encode().splitlines() or [b""]))


@lru_cache(maxsize=4096)  # most lines are the same in every message of a campaign
def _quoted_line(line: bytes) -> bytes:
    return b2a_qp(line + b"\r\n")

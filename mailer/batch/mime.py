"""The message as it goes over the wire (RFC 5322): a fixed function of the notice, its Message-ID and the date.

The standard library writes a skeleton of the parts once for each kind of message. Every message then fills its bodies
into the skeleton, which is fifty times as fast as writing each from scratch.
"""

import hashlib
import re
from base64 import b64encode
from binascii import b2a_qp
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP, Policy
from email.utils import format_datetime
from functools import lru_cache
from typing import Final, NamedTuple, Self
from unicodedata import category

from rewards import Mailbox, Notice, wire_address

_LINE: Final = 76
_MARKS: Final = len("=?utf-8?b??=")
_LONGEST_RAW: Final = 800  # under RFC 5322's limit of 998 to a line, names included
_NAME = re.compile(r"[A-Za-z0-9-]+")
_PLAIN = re.compile(r"[!-~]+(?: [!-~]+)*")


NOTICE_HEADER: Final = "X-Offerpress-Notice"
"""The header that carries the notice's own id behind relays that replace the `Message-ID`, such as Amazon SES."""

_OF_ADDRESSES: Final = "list-unsubscribe"  # RFC 2369: addresses, in which no word is encoded


class HeaderLine(str):
    """A header value that is already folded; `EmailMessage` stores it unchanged, because it has a `name`."""

    __slots__ = ("name",)
    name: str

    def __new__(cls, name: str, folded: str) -> Self:
        """`folded` is ASCII; its line breaks are CRLF and a space."""
        self = super().__new__(cls, folded)
        self.name = name
        return self

    def fold(self, *, policy: Policy) -> str:
        """Return the whole header."""
        return f"{self.name}: {self}{policy.linesep}"


@lru_cache(maxsize=1024)  # most are the same in every message of a campaign
def text_line(name: str, text: str) -> HeaderLine:
    """Return a header of free text, such as a subject, which every reader decodes to `text`.

    A control character is a ValueError.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a header; use letters, digits and hyphens")
    _refuse_controls(name, text)
    as_it_is = name.lower() == _OF_ADDRESSES and _PLAIN.fullmatch(text)
    if as_it_is or _is_plain(text):
        return HeaderLine(name, _folded_value(text, len(name) + 2))
    return HeaderLine(name, _encoded(text, len(name) + 2) if text else "")


def mailboxes_line(name: str, mailboxes: list[Mailbox]) -> HeaderLine:
    """Return a header of addresses, such as `To`; an address that cannot be sent to is a ValueError."""
    return HeaderLine(name, ",\r\n ".join(_mailbox(name, box) for box in mailboxes))


def _refuse_controls(name: str, text: str) -> None:
    """Raise a ValueError if `text` could break out of the header `name`, or cannot be written as UTF-8."""
    if text.isprintable():
        return
    bad = next((c for c in text if category(c) in {"Cc", "Cs"}), None)
    if bad is not None:
        raise ValueError(f"{name} holds the control character U+{ord(bad):04X}; take it out")


def _is_plain(text: str) -> bool:
    words = _PLAIN.fullmatch(text) is not None and "=?" not in text
    return words and max(map(len, text.split(" "))) <= _LONGEST_RAW


def _folded_value(text: str, column: int) -> str:
    lines, line = [], ""
    for word in text.split(" "):
        if line and column + len(line) + 1 + len(word) > _LINE:
            lines.append(line)
            line, column = word, 1
        else:
            line = f"{line} {word}" if line else word
    return "\r\n ".join([*lines, line])


def _encoded(text: str, column: int) -> str:
    """Return encoded words of at most 75 characters in lines of at most 76 (RFC 2047), broken after spaces."""
    words: list[str] = []
    rest = text
    while rest or not words:
        head = _fitting(rest, (_LINE - (1 if words else column) - _MARKS) // 4 * 3)
        words.append(f"=?utf-8?b?{b64encode(head.encode()).decode()}?=")
        rest = rest[len(head) :]
    return "\r\n ".join(words)


def _fitting(text: str, room: int) -> str:
    size, end = 0, 0
    for character in text:
        size += len(character.encode())
        if size > room:
            break
        end += 1
    space = text.rfind(" ", 0, end) + 1
    return text[: space or end] if end < len(text) else text


@lru_cache(maxsize=256)  # the sender is the same in every message of a campaign
def _mailbox(name: str, box: Mailbox) -> str:
    address = wire_address(box.address)
    if address is None:
        raise ValueError(
            f"{name} holds {box.address!r}, which is no address to send to; correct it in the ledger"
        )
    _refuse_controls(name, box.name)
    if not box.name:
        return address
    if _is_plain(box.name) and len(box.name) < _LINE // 2:
        quoted = box.name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{quoted}" <{address}>'
    return f"{_encoded(box.name, len(name) + 2)}\r\n <{address}>"


_MARK: Final = b"0123456789abcdef01234567"  # the placeholder in a skeleton for a message's own boundary
_FROM: Final = b"From "
_BODY: Final = "here stands a body"
_PART: Final = re.compile(rb"(?m)^here stands a body\r\n")


def message_bytes(notice: Notice, message_id: str, date: datetime) -> bytes:
    """Return the whole message with CRLF line ends, in 7-bit ASCII.

    `message_id` has its angle brackets, `date` its zone. A value that cannot be a header is a ValueError.
    """
    lines = [
        *header_lines(notice),
        HeaderLine("Date", _date(date.replace(microsecond=0))),
        HeaderLine("Message-ID", message_id),
        HeaderLine(NOTICE_HEADER, message_id.strip("<>").partition("@")[0]),
        HeaderLine("Auto-Submitted", "auto-generated"),
    ]
    files = tuple(_File(one.filename, one.media_type.partition("/")[2]) for one in notice.attachments)
    bodies = (notice.text, notice.html, *(one.text for one in notice.attachments))
    mark = hashlib.sha256(message_id.encode()).hexdigest()[:24].encode()
    first, *rest = (piece.replace(_MARK, mark) for piece in _skeleton(files))
    filled = (_quoted(body) + piece for body, piece in zip(bodies, rest, strict=True))
    head = "".join(line.fold(policy=SMTP) for line in lines).encode("ascii")
    return b"".join((head, first, *filled))


def header_lines(notice: Notice) -> list[HeaderLine]:
    """Return the headers that the notice itself decides, in order; a ValueError names one that cannot be written."""
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
def _date(date: datetime) -> str:
    return format_datetime(date)


class _File(NamedTuple):
    """The facts of an attachment that the skeleton holds."""

    filename: str
    subtype: str


@lru_cache(maxsize=64)
def _skeleton(files: tuple[_File, ...]) -> tuple[bytes, ...]:
    """Write a message of text, HTML and those files, without its own headers, and cut it where each body belongs."""
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
    """Encode a body in quoted-printable (RFC 2045 6.7), with CRLF at the end of each line."""
    return b"".join(map(_quoted_line, text.encode().splitlines() or [b""]))


@lru_cache(maxsize=4096)  # most lines are the same in every message of a campaign
def _quoted_line(line: bytes) -> bytes:
    return b"".join(map(_safe_line, b2a_qp(line + b"\r\n").splitlines(keepends=True)))


def _safe_line(line: bytes) -> bytes:
    """Encode a `From ` at the beginning of a line, which an mbox on the way would change (RFC 2049 3).

    Cut a line of more than 76 characters, which this may make, and a space at the end of a full line as well.
    """
    begins = line.startswith(_FROM)
    if not begins and len(line) <= _LINE + 2:
        return line
    end = b"=\r\n" if line.endswith(b"=\r\n") else b"\r\n"
    text = line.removesuffix(end)
    text = b"=46rom " + text[len(_FROM) :] if begins else text
    if len(text) + len(end) - 2 <= _LINE:
        return text + end
    escape = text.rfind(b"=", _LINE - 3, _LINE - 1)  # an escape of three characters is not cut
    cut = escape if escape > 0 else _LINE - 1
    return text[:cut] + b"=\r\n" + _safe_line(text[cut:] + end)

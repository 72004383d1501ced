"""Header values that a reader decodes to exactly what went in, however hostile.

The standard library's own folding reads `=?utf-8?q?x?=` in a subject as an encoded word and so
changes the text; here whatever could be misread is encoded. Values are handed to `EmailMessage` as
finished headers.
"""

import re
from base64 import b64encode
from email.policy import Policy
from functools import lru_cache
from typing import Final, Self
from unicodedata import category

from mailer.addresses import Mailbox, wire_address

_LINE: Final = 76
_MARKS: Final = len("=?utf-8?b??=")
_LONGEST_RAW: Final = 800  # under RFC 5322's limit of 998 to a line, names included
_NAME = re.compile(r"[A-Za-z0-9-]+")
_PLAIN = re.compile(r"[!-~]+(?: [!-~]+)*")


class HeaderLine(str):
    """A header value that is already folded; `EmailMessage` stores it as it is, because it has a `name`."""

    __slots__ = ("name",)
    name: str

    def __new__(cls, name: str, folded: str) -> Self:
        """`folded` is ASCII; its line breaks are CRLF and a space."""
        self = super().__new__(cls, folded)
        self.name = name
        return self

    def fold(self, *, policy: Policy) -> str:
        """The whole header as the generator writes it."""
        return f"{self.name}: {self}{policy.linesep}"


@lru_cache(maxsize=1024)  # most are the same in every message of a campaign
def text_line(name: str, text: str) -> HeaderLine:
    """A header of free text, such as a subject. Control characters are a ValueError."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a header; use letters, digits and hyphens")
    _refuse_controls(name, text)
    if _is_plain(text):
        return HeaderLine(name, _folded(text, len(name) + 2))
    return HeaderLine(name, _encoded(text, len(name) + 2) if text else "")


def mailboxes_line(name: str, mailboxes: list[Mailbox]) -> HeaderLine:
    """A header of addresses, such as `To`. An address that cannot be sent to is a ValueError."""
    return HeaderLine(name, ",\r\n ".join(_mailbox(name, box) for box in mailboxes))


def _refuse_controls(name: str, text: str) -> None:
    """A ValueError where `text` could break out of the header `name`, or cannot be written as UTF-8."""
    if text.isprintable():
        return
    bad = next((c for c in text if category(c) in {"Cc", "Cs"}), None)
    if bad is not None:
        raise ValueError(f"{name} holds the control character U+{ord(bad):04X}; take it out")


def _is_plain(text: str) -> bool:
    words = _PLAIN.fullmatch(text) is not None and "=?" not in text
    return words and max(map(len, text.split(" "))) <= _LONGEST_RAW


def _folded(text: str, column: int) -> str:
    lines, line = [], ""
    for word in text.split(" "):
        if line and column + len(line) + 1 + len(word) > _LINE:
            lines.append(line)
            line, column = word, 1
        else:
            line = f"{line} {word}" if line else word
    return "\r\n ".join([*lines, line])


def _encoded(text: str, column: int) -> str:
    """Encoded words of at most 75 characters in lines of at most 76 (RFC 2047), broken after spaces."""
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

"""Mail addresses.

Parsed with the standard library's header grammar, compared without regard to case, never built by
hand.
"""

import re
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.utils import getaddresses
from functools import lru_cache
from hashlib import sha256
from typing import Final, NamedTuple
from unicodedata import category

_DIGEST: Final = "sha256:"
_LONGEST: Final = 254  # RFC 5321's path of 256 without its brackets
_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_USUAL: Final = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+{_LABEL}")


class Mailbox(NamedTuple):
    """A display name, empty if there is none, and a bare address."""

    name: str
    address: str


def parse_mailbox(text: str) -> Mailbox:
    """`Name <a@b.example>` or `a@b.example`; anything else is a ValueError that says what would be right."""
    name, address = (getaddresses([text]) or [("", "")])[0]
    if len(getaddresses([text])) != 1 or not sendable(address) or address not in text:
        raise ValueError(f'{text!r} is no mail address; write "Name <name@example.org>"')
    return Mailbox(name, address)


def sendable(address: str) -> bool:
    """Whether a message can be addressed so.

    One bare `local@domain`, ASCII before the @, no comment, group or route.
    """
    return wire_address(address) is not None


@lru_cache(maxsize=4096)  # each address is asked for several times for each message
def wire_address(address: str) -> str | None:
    """The address with its domain in ASCII (IDNA), as it goes into headers and the envelope.

    None if it cannot be sent to.
    """
    if _USUAL.fullmatch(address) and len(address) <= _LONGEST:
        return address  # as the grammar says, which takes fifty times as long
    local, _, domain = address.rpartition("@")
    if (
        not local
        or not domain
        or not local.isascii()
        or any(category(c) in {"Cc", "Cs", "Zs"} for c in address)
    ):
        return None
    try:
        ascii_domain = domain.encode("idna").decode("ascii")
        parsed = Address(addr_spec=f"{local}@{ascii_domain}")
    except (HeaderParseError, UnicodeError, ValueError, IndexError):
        return None
    return (
        parsed.addr_spec
        if parsed.addr_spec == f"{local}@{ascii_domain}" and len(parsed.addr_spec) <= _LONGEST
        else None
    )


def address_key(address: str) -> str:
    """The form under which addresses are compared.

    Case folded, because no provider tells `A@b` from `a@b`.
    """
    return (wire_address(address) or address).strip().casefold()


def address_digest(address: str) -> str:
    """What stands in the place of a forgotten address: by it the address is recognised, and cannot be read."""
    return _DIGEST + sha256(address_key(address).encode()).hexdigest()


def is_digest(key: str) -> bool:
    """Whether an address in the form under which addresses are compared is that of a forgotten one."""
    return key.startswith(_DIGEST)

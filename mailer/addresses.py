"""Mail addresses, parsed by the standard library's header grammar and compared without regard to case."""

import re
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.utils import getaddresses
from functools import lru_cache
from hashlib import sha256
from typing import Final, NamedTuple
from unicodedata import category

_DIGEST: Final = "sha256:"
_PSEUDONYM: Final = re.compile(r"forgotten-[0-9a-f]{24}")
_LONGEST: Final = 254  # RFC 5321's path of 256 without its brackets
_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_USUAL: Final = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+{_LABEL}")


class Mailbox(NamedTuple):
    """A display name, empty if there is none, and a bare address."""

    name: str
    address: str


def parse_mailbox(text: str) -> Mailbox:
    """Read `Name <a@b.example>` or `a@b.example`; other text is a ValueError that tells the right form."""
    name, address = (getaddresses([text]) or [("", "")])[0]
    if len(getaddresses([text])) != 1 or not sendable(address) or address not in text:
        raise ValueError(f'{text!r} is no mail address; write "Name <name@example.org>"')
    return Mailbox(name, address)


def sendable(address: str) -> bool:
    """Return whether a message can go to `address`: one bare `local@domain`, ASCII before the @."""
    return wire_address(address) is not None


@lru_cache(maxsize=4096)  # each address is asked for several times for each message
def wire_address(address: str) -> str | None:
    """Return the address with its domain in ASCII (IDNA), for headers and the envelope; None if it is not sendable."""
    if _USUAL.fullmatch(address) and len(address) <= _LONGEST:
        return address  # the same result as the grammar, in a fiftieth of the time
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
    """Return the form in which addresses are compared: case folded, because no provider tells `A@b` from `a@b`."""
    return (wire_address(address) or address).strip().casefold()


def address_digest(address: str) -> str:
    """Return the digest that replaces a forgotten address: it recognises the address and does not reveal it."""
    return _DIGEST + sha256(address_key(address).encode()).hexdigest()


def is_digest(key: str) -> bool:
    """Return whether an address key is the digest of a forgotten address."""
    return key.startswith(_DIGEST)


def pseudonym(partner_id: str) -> str:
    """Return the replacement for a forgotten partner's id: a digest that is always the same."""
    return f"forgotten-{sha256(b'offerpress forgotten ' + partner_id.encode()).hexdigest()[:24]}"


def is_pseudonym(partner_id: str) -> bool:
    """Return whether an id is the pseudonym of a forgotten partner."""
    return _PSEUDONYM.fullmatch(partner_id) is not None

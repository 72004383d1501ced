"""Which addresses can be written to: exactly one plain address, nothing that only looks like one."""

import re
from functools import lru_cache

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL = re.compile(rf"{_ATOM}(\.{_ATOM})*", re.ASCII)
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_MAPPED_AWAY = frozenset("ß\u03c2\u200c\u200d")
_LONGEST, _LONGEST_LOCAL = 254, 64


def plain_address(text: str) -> str | None:
    """`text` trimmed, if it is one `local@domain` (RFC 5322 addr-spec of atoms); None for everything else.

    None, so a bad address: quoted local parts, comments, groups, routes, address literals, several addresses,
    control characters, a local part that is not ASCII (few servers take it), and a domain with `ß`, `ς` or a
    joiner, which IDNA
    2003 would turn into another domain. Other domains in Unicode are fine; the mailer encodes them.
    """
    address = text.strip(" \t")
    local, at, domain = address.rpartition("@")
    if not at or not _LOCAL.fullmatch(local) or len(local) > _LONGEST_LOCAL:
        return None
    encoded = _encoded(domain)
    return address if encoded is not None and len(local) + 1 + len(encoded) <= _LONGEST else None


@lru_cache(maxsize=1024)
def _encoded(domain: str) -> str | None:
    """The domain in the form that is looked up (IDNA); None where it is none."""
    if _MAPPED_AWAY & set(domain):
        return None
    try:
        encoded = domain.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return None
    return encoded if all(_LABEL.fullmatch(label) for label in encoded.split(".")) else None


def address_list(text: str) -> tuple[str, ...] | None:
    """The addresses in `text`, separated by commas or semicolons, each once; None if any of them is bad."""
    parts = [part for part in re.split(r"[,;]", text) if part.strip()]
    addresses = [plain_address(part) for part in parts]
    good = [address for address in addresses if address is not None]
    return tuple(dict.fromkeys(good)) if len(good) == len(addresses) else None

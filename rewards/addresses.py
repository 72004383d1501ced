"""Mail addresses: the one rule for which of them are usable, and the form in which they are compared.

Every function takes time in proportion to the text, because a length limit stands before every pattern.
"""

import re
from functools import lru_cache
from typing import Final, NamedTuple
from unicodedata import category
from urllib.parse import unquote

_LONGEST: Final = 254  # RFC 5321's path of 256 without its brackets
_LONGEST_LOCAL: Final = 64  # RFC 5321 4.5.3.1.1
_LONGEST_MAILBOX: Final = 998  # one line of a header (RFC 5322 2.1.1)
_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_DOT_ATOM: Final = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_QUOTED: Final = re.compile(r'"(?:[!#-\[\]-~]|\\["\\])+"')
_SPECIALS: Final = frozenset('()<>@,:;\\"[]')
_LITERAL: Final = re.compile(r"\[[!-Z^-~]+\]")
_LABEL: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_QUOTED_WORD: Final = r'"(?:[^"\\]|\\.)*"'
_NAMED: Final = re.compile(rf'(?P<name>(?:{_QUOTED_WORD}|[^"<>,;:@\\])*)<(?P<address>[^<>]*)>')
_COMMENTED: Final = re.compile(r"(?P<address>\S+)\s+\((?P<name>[^()]*)\)")
_USUAL: Final = re.compile(rf"(?P<local>{_DOT_ATOM.pattern})@(?:{_LABEL.pattern}\.)+{_LABEL.pattern}")
_MAPPED_AWAY: Final = frozenset("ß\u03c2\u200c\u200d")
_FORM: Final = 'write "Name <name@example.org>"'


class Mailbox(NamedTuple):
    """A display name, empty if there is none, and a bare address."""

    name: str
    address: str


def parse_mailbox(text: str) -> Mailbox:
    """Read `Name <a@b.example>` or `a@b.example`; other text is a ValueError that tells the right form."""
    if len(text) > _LONGEST_MAILBOX:
        raise ValueError(f"a text of {len(text):,} characters is no mail address; {_FORM}")
    trimmed = text.strip()
    if sendable(trimmed):
        return Mailbox("", trimmed)
    found = _NAMED.fullmatch(trimmed) or _COMMENTED.fullmatch(trimmed)
    if found is None or not sendable(found["address"].strip()):
        raise ValueError(f"{text!r} is no mail address; {_FORM}")
    name = re.sub(_QUOTED_WORD, lambda word: re.sub(r"\\(.)", r"\1", word[0][1:-1]), found["name"])
    return Mailbox(" ".join(name.split()), found["address"].strip())


def bare_address(text: str) -> str:
    """Return the address in a text that people paste: bare, in brackets, after a name, or as a `mailto:` link.

    Any other text is a ValueError that tells the right form.
    """
    trimmed = text.strip()[: _LONGEST_MAILBOX + 1]
    if trimmed[:7].lower() == "mailto:":
        trimmed = unquote(trimmed[7:].partition("?")[0])
    try:
        return parse_mailbox(trimmed).address
    except ValueError:
        raise ValueError(
            f"{text[:_LONGEST]!r} is no mail address; write one such as name@example.org"
        ) from None


def sendable(address: str) -> bool:
    """Return whether the mailer can address a message: one bare `local@domain`, ASCII before the @."""
    return wire_address(address) is not None


@lru_cache(maxsize=4096)  # each address is asked for several times for each message
def wire_address(address: str) -> str | None:
    """Return the address with its domain in ASCII (IDNA), for headers and the envelope; None if it is not sendable.

    The grammar is RFC 5322's `addr-spec` without comments and folding.
    """
    if len(address) > _LONGEST:
        return None
    if _USUAL.fullmatch(address):
        return address  # what the rest gives, in a tenth of the time
    local, _, domain = address.rpartition("@")
    if not (_DOT_ATOM.fullmatch(local) or _is_quoted(local)):
        return None
    encoded = _wire_domain(domain)
    found = f"{local}@{encoded}"
    return found if encoded and len(found) <= _LONGEST else None


def _is_quoted(local: str) -> bool:
    """Return whether a local part is quoted and needs to be."""
    return _QUOTED.fullmatch(local) is not None and bool(_SPECIALS & set(local[1:-1]))


def _wire_domain(domain: str) -> str | None:
    if any(category(c) in {"Cc", "Cs", "Zs"} for c in domain):
        return None
    try:
        encoded = domain.encode("idna").decode("ascii")
    except UnicodeError:
        return None
    return encoded if _DOT_ATOM.fullmatch(encoded) or _LITERAL.fullmatch(encoded) else None


def plain_address(text: str) -> str | None:
    """Return `text` without spaces and tabs at its ends if it is a usable address of a partner, otherwise None."""
    return text.strip(" \t") if address_fault(text) is None else None


def address_fault(text: str) -> str | None:
    """Return why no notice goes to an address, with the remedy; None if it is usable.

    Usable is one `local@domain` of atoms (RFC 5322) whose domain is fully qualified (RFC 5321 2.3.5). Quoted local
    parts, address literals and local parts beyond ASCII are refused, because few servers accept them. A domain with
    `ß`, `ς` or a joiner is refused, because IDNA 2003 would turn it into another domain.
    """
    address = text.strip(" \t")
    if not address:
        return "there is no address; write one such as name@example.org"
    if len(address) > _LONGEST:
        return f"the address has more than {_LONGEST} characters (RFC 5321); correct it"
    if (usual := _USUAL.fullmatch(address)) and len(usual["local"]) <= _LONGEST_LOCAL:
        return None
    if (strange := next((c for c in address if c != " " and category(c)[0] in "CZ"), None)) is not None:
        return f"the address holds U+{ord(strange):04X}, which no address can hold; take it out"
    local, at, domain = address.rpartition("@")
    if not at:
        return "there is no @; write an address such as name@example.org"
    return _form_fault(address) or _local_fault(local) or _domain_fault(local, domain)


def _form_fault(address: str) -> str | None:
    try:
        inside = bare_address(address)
    except ValueError:
        return None
    return None if inside == address else f"only the bare address is usable; write {inside}"


def _local_fault(local: str) -> str | None:
    if not local.isascii():
        return "the part before the @ holds other letters than ASCII, which few servers accept; use another address"
    if len(local) > _LONGEST_LOCAL:
        return f"the part before the @ has more than {_LONGEST_LOCAL} characters (RFC 5321); correct it"
    if not _DOT_ATOM.fullmatch(local):
        return "the part before the @ is not usable; write an address such as name@example.org"
    return None


def _domain_fault(local: str, domain: str) -> str | None:
    encoded = _qualified(domain)
    if encoded is None:
        return "the domain after the @ is not usable; write an address such as name@example.org"
    if "." not in encoded:
        return (
            "the domain after the @ has no dot (RFC 5321 2.3.5); write it in full, such as name@example.org"
        )
    if len(local) + 1 + len(encoded) > _LONGEST:
        return f"the address has more than {_LONGEST} characters (RFC 5321); correct it"
    return None


@lru_cache(maxsize=1024)
def _qualified(domain: str) -> str | None:
    """Return the domain in the form of the DNS (IDNA); None if it has none."""
    if _MAPPED_AWAY & set(domain):
        return None
    try:
        encoded = domain.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return None
    return encoded if all(map(_LABEL.fullmatch, encoded.split("."))) else None


def address_list(text: str) -> tuple[str, ...] | None:
    """Return the addresses in `text`, separated by commas or semicolons, each once; None if one is unusable."""
    addresses = [plain_address(part) for part in re.split(r"[,;]", text) if part.strip()]
    good = [address for address in addresses if address is not None]
    return tuple(dict.fromkeys(good)) if len(good) == len(addresses) else None


def address_key(address: str) -> str:
    """Return the form in which addresses are compared: case folded, because no provider tells `A@b` from `a@b`."""
    return (wire_address(address) or address).strip().casefold()

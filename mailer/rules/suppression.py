"""Suppressed addresses, and which messages each reason holds back."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Literal, Self

from rewards import Category, address_key, sendable

_DIGEST: Final = "sha256:"
_PSEUDONYM: Final = re.compile(r"forgotten-[0-9a-f]{24}")

SuppressionReason = Literal["manual", "bounced", "complained", "unsubscribed"]


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


@dataclass(frozen=True, slots=True)
class Suppression:
    """An address that must not be written to, with the reason, its source, and since when (an instant as text)."""

    address: str
    reason: SuppressionReason
    source: str
    at: str


def suppression_reason(category: Category, *, barred: bool, unsubscribed: bool) -> str | None:
    """Return why a message of `category` is not sent, None if it is.

    A partner that unsubscribed from announcements still gets notices about its own account. A bounce, a complaint or a
    person's decision (`barred`) holds every message back.
    """
    if barred:
        return "suppressed"
    if unsubscribed and category == "announcement":
        return "unsubscribed"
    return None


def envelope_recipients(
    to_address: str, copies: Iterable[str], withheld: Collection[str] = ()
) -> tuple[str, ...]:
    """Return the addresses to which a message goes, for every transport: the partner's first, each one once.

    `withheld` holds the keys of the copies that must not be written to. A copy that cannot be sent to is left out.
    """
    found = {address_key(to_address): to_address}
    for copy in copies:
        key = address_key(copy)
        if key not in withheld and sendable(copy):
            found.setdefault(key, copy)
    return tuple(found.values())


@dataclass(frozen=True, slots=True)
class Suppressed:
    """The addresses to which no message of one category goes: `reasons` by address key or digest."""

    reasons: Mapping[str, str]

    @classmethod
    def of(cls, category: Category, suppressions: Iterable[tuple[str, SuppressionReason]]) -> Self:
        """Collect keys or digests, each with the reason for which it is suppressed."""
        reasons: dict[str, str] = {}
        for key, reason in suppressions:
            unsubscribed = reason == "unsubscribed"
            found = suppression_reason(category, barred=not unsubscribed, unsubscribed=unsubscribed)
            if found and reasons.get(key) != "suppressed":
                reasons[key] = found
        return cls(reasons)

    def reason(self, address: str) -> str | None:
        """Return why no message goes to `address`: `suppressed`, `unsubscribed`, else None."""
        if not self.reasons:
            return None
        found = {self.reasons.get(address_key(address)), self.reasons.get(address_digest(address))}
        return next((one for one in ("suppressed", "unsubscribed") if one in found), None)

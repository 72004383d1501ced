"""Addresses that must not be written to, and what each reason keeps back."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, Self

from mailer.addresses import address_digest, address_key
from rewards import Category

SuppressionReason = Literal["manual", "bounced", "complained", "unsubscribed"]


@dataclass(frozen=True, slots=True)
class Suppression:
    """An address with the reason, where it came from, and since when (an instant as text)."""

    address: str
    reason: SuppressionReason
    source: str
    at: str


def skip_reason(category: Category, *, barred: bool, unsubscribed: bool) -> str | None:
    """Why a message of `category` is not sent, None if it is.

    Who unsubscribed from announcements still gets notices about its own account; a bounce, a
    complaint or a person's decision (`barred`) keeps everything back.
    """
    if barred:
        return "suppressed"
    if unsubscribed and category == "announcement":
        return "unsubscribed"
    return None


@dataclass(frozen=True, slots=True)
class Suppressed:
    """To which addresses no message of one category goes: `reasons` by the key of each, or a forgotten one's digest."""

    reasons: Mapping[str, str]

    @classmethod
    def of(cls, category: Category, suppressions: Iterable[tuple[str, SuppressionReason]]) -> Self:
        """From keys or digests, each with a reason for which it is suppressed."""
        reasons: dict[str, str] = {}
        for key, reason in suppressions:
            unsubscribed = reason == "unsubscribed"
            found = skip_reason(category, barred=not unsubscribed, unsubscribed=unsubscribed)
            if found and reasons.get(key) != "suppressed":
                reasons[key] = found
        return cls(reasons)

    def reason(self, address: str) -> str | None:
        """Why no message goes to `address`: `suppressed`, `unsubscribed`, else None."""
        if not self.reasons:
            return None
        found = {self.reasons.get(address_key(address)), self.reasons.get(address_digest(address))}
        return next((one for one in ("suppressed", "unsubscribed") if one in found), None)

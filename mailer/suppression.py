"""Addresses that must not be written to, and what each reason keeps back."""

from dataclasses import dataclass
from typing import Literal

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

"""How many notices may be claimed to one domain now, and when the next may be: decided from values alone.

The history of a domain is one instant, at which it opens. A notice moves it on by the time that one notice takes at the
domain's rate, so a rate holds over any stretch of time. What finds its domain closed stays `ready`.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Final

Rate = Decimal | int
"""Messages a second."""

Rates = Mapping[str, Rate]
"""Rates by domain, as `domain_of` writes it; `*` stands for every domain that is not named."""

ANY_DOMAIN: Final = "*"
NO_RATES: Final[Rates] = MappingProxyType({})
_CATCH_UP: Final = timedelta(milliseconds=100)  # a late turn makes up for so much; more would be a burst


def domain_of(address_key: str) -> str:
    """The domain of an address in the form under which addresses are compared."""
    return address_key.rpartition("@")[2]


def rate_of(domain: str, rates: Rates) -> Rate | None:
    """The rate that holds for a domain; None for no limit."""
    return rates.get(domain, rates.get(ANY_DOMAIN))


def room(open_at: datetime | None, rate: Rate, now: datetime) -> int:
    """How many notices may be claimed now to a domain that opens at `open_at` (None: it was never written to)."""
    if open_at is None:
        return 1
    if now < open_at:
        return 0
    return 1 + int(Decimal(str((now - _since(open_at, now)).total_seconds())) * rate)


def opening(open_at: datetime | None, rate: Rate, now: datetime, claimed: int) -> datetime:
    """When the domain opens again after so many were claimed to it now."""
    return _since(open_at, now) + timedelta(seconds=float(claimed / Decimal(rate)))


class Openings:
    """The domains of one claim: which of them have room, and when each opens again."""

    def __init__(self, rates: Rates, now: datetime) -> None:
        self._rates, self._now = rates, now
        self._opened: dict[str, datetime | None] = {}
        self._admitted: dict[str, int] = {}

    def admit(self, domain: str, open_at: str) -> bool:
        """Whether one more may go to the domain, which opens at `open_at` (text; empty: it was never written to)."""
        rate = rate_of(domain, self._rates)
        if rate is None:
            return True
        opened = self._opened.setdefault(domain, datetime.fromisoformat(open_at) if open_at else None)
        number = self._admitted.get(domain, 0)
        if number >= room(opened, rate, self._now):
            return False
        self._admitted[domain] = number + 1
        return True

    def moved(self) -> dict[str, datetime]:
        """The domains that were admitted to, with the instant at which each opens again."""
        return {
            domain: opening(self._opened[domain], rate, self._now, number)
            for domain, number in self._admitted.items()
            if (rate := rate_of(domain, self._rates)) is not None
        }


def longest_wait(rates: Rates) -> float:
    """The most seconds for which these rates ever close a domain that had room for one."""
    return max((float(1 / Decimal(rate)) for rate in rates.values()), default=0.0)


def _since(open_at: datetime | None, now: datetime) -> datetime:
    """From when on the domain's unused time counts."""
    return now if open_at is None else max(open_at, now - _CATCH_UP)

"""The pace per domain: how many notices to one domain may be claimed now, and when the next one may be.

The history of a domain is one instant, at which it opens. Each notice moves the instant on by the time of one notice at
the domain's rate, so that a rate holds over any length of time. A notice whose domain is closed stays `ready`.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Final

MessageRate = Decimal | int
"""Messages a second."""

DomainRates = Mapping[str, MessageRate]
"""DomainRates by domain, as `domain_of` writes it; `*` stands for every domain that is not named."""

ANY_DOMAIN: Final = "*"
NO_RATES: Final[DomainRates] = MappingProxyType({})
_CATCH_UP: Final = timedelta(milliseconds=100)
"""The most that a late turn makes up for; more would be a burst."""


def domain_of(address_key: str) -> str:
    """Return the domain of an address in the form in which addresses are compared."""
    return address_key.rpartition("@")[2]


def rate_of(domain: str, rates: DomainRates) -> MessageRate | None:
    """Return the rate of a domain; None for no limit."""
    return rates.get(domain, rates.get(ANY_DOMAIN))


def room(open_at: datetime | None, rate: MessageRate, now: datetime) -> int:
    """Return how many notices may be claimed now to a domain that opens at `open_at` (None: never written to)."""
    if open_at is None:
        return 1
    if now < open_at:
        return 0
    return 1 + int(Decimal(str((now - _since(open_at, now)).total_seconds())) * rate)


def opening(open_at: datetime | None, rate: MessageRate, now: datetime, claimed: int) -> datetime:
    """Return when the domain opens again after `claimed` notices were claimed now."""
    return _since(open_at, now) + timedelta(seconds=float(claimed / Decimal(rate)))


class DomainOpenings:
    """The domains of one claim: which of them have room, and when each opens again."""

    def __init__(self, rates: DomainRates, now: datetime) -> None:
        self._rates, self._now = rates, now
        self._opened: dict[str, datetime | None] = {}
        self._admitted: dict[str, int] = {}

    def admit(self, domain: str, open_at: str) -> bool:
        """Return whether one more notice may go to the domain that opens at `open_at` (text; empty: new domain)."""
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
        """Return the domains with admitted notices, each with the instant at which it opens again."""
        return {
            domain: opening(self._opened[domain], rate, self._now, number)
            for domain, number in self._admitted.items()
            if (rate := rate_of(domain, self._rates)) is not None
        }


def longest_wait(rates: DomainRates) -> float:
    """Return the most seconds for which these rates close a domain."""
    return max((float(1 / Decimal(rate)) for rate in rates.values()), default=0.0)


def _since(open_at: datetime | None, now: datetime) -> datetime:
    """Return the instant from which a domain's unused time counts."""
    return now if open_at is None else max(open_at, now - _CATCH_UP)

"""The warm-up: how many notices may leave today from an address or domain that mailbox providers do not know yet.

The n-th day on which any notice was handed over has the n-th allowance; days without mail do not count. Days are in
UTC.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from mailer.settings import WarmUpSettings


@dataclass(frozen=True, slots=True)
class Allowance:
    """A day's allowance: its `notices`, how many are `left`, and that of the `next` day (None: no limit)."""

    day: date
    notices: int
    left: int
    next: int | None

    @property
    def used_up(self) -> str:
        """The reason for which the delivery ends today."""
        then = "the rest" if self.next is None else f"{self.next:,} more"
        return (
            f"today's {self.notices:,} notices of the warm-up have left; call send again from {self.goes_on} (UTC) "
            f"on, when {then} may leave"
        )

    @property
    def goes_on(self) -> str:
        """The next day, as text."""
        return (self.day + timedelta(days=1)).isoformat()


def allowance(warm_up: WarmUpSettings, handed: Mapping[str, int], now: datetime) -> Allowance | None:
    """Return today's allowance after the notices `handed` over by day (text); None outside the warm-up."""
    today = now.astimezone(UTC).date()
    if today < warm_up.since:
        return None
    since, this = warm_up.since.isoformat(), today.isoformat()
    before = sum(1 for day, notices in handed.items() if since <= day < this and notices)
    if before >= len(warm_up.daily):
        return None
    notices = warm_up.daily[before]
    after = warm_up.daily[before + 1] if before + 1 < len(warm_up.daily) else None
    return Allowance(today, notices, max(0, notices - handed.get(this, 0)), after)


class WarmUp:
    """The allowance as it is now.

    `handed` counts what left on each day from a day on, and is asked for today each time, so that several senders share
    one allowance, apart from what each of them has under way.
    """

    def __init__(self, settings: WarmUpSettings | None, handed: Callable[[date], Mapping[str, int]]) -> None:
        self._settings, self._handed = settings, handed
        self._before: tuple[date, Mapping[str, int]] | None = None

    def at(self, now: datetime) -> Allowance | None:
        """Return today's allowance; None for no limit."""
        if self._settings is None:
            return None
        day = now.astimezone(UTC).date()
        if self._before is None or self._before[0] != day:
            self._before = day, self._handed(self._settings.since)
        return allowance(self._settings, {**self._before[1], **self._handed(day)}, now)

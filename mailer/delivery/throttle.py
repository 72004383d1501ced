"""The limits of a delivery in time: the rate, the rests after refusals, the waits for retries, and the warm-up."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from mailer.delivery.retries import backoff
from mailer.rules.domain_pace import longest_wait
from mailer.rules.states import NEXT_CALL, Outcome
from mailer.settings import MailSettings, WarmUpSettings


class Throttle:
    """Decides how long a delivery waits.

    `elapsed` (seconds, rising) measures the waits, so that they end under a pinned `clock` too.
    """

    def __init__(
        self,
        clock: Callable[[], datetime],
        elapsed: Callable[[], float],
        settings: MailSettings,
        transport: str = "",
    ) -> None:
        self._clock, self._elapsed, self._settings = clock, elapsed, settings
        self._rate = settings.rate_of_transport(transport)
        # always wait for a domain's pace, however slow it is
        self._longest = max(float(settings.retries.patience_seconds), longest_wait(settings.per_domain))
        self._earliest = clock()
        self._paced_until = self._held_until = elapsed()
        self._holds = 0

    def now(self) -> datetime:
        """Return the clock's instant, or the latest instant that was waited for if the clock is behind it."""
        return max(self._clock(), self._earliest)

    def seconds_held(self) -> float:
        """Return for how many seconds nothing may be claimed."""
        return max(0.0, max(self._paced_until, self._held_until) - self._elapsed())

    def burst(self) -> int:
        """Return how many notices may be claimed at once without exceeding the rate within one group's wait."""
        group = self._settings.group
        if self._rate is None:
            return group.size
        return max(1, int(self._rate * group.wait_ms / 1000))

    def sent(self, number: int) -> None:
        """Note that notices were claimed, and hold the next ones until the rate allows them."""
        if self._rate is not None and number:
            self._paced_until = self._elapsed() + number / float(self._rate)

    def served(self) -> None:
        """Note that the transport works, and start over with the shortest rest."""
        self._holds = 0

    def refused(self, outcome: Outcome) -> str:
        """Note that the transport refuses or breaks: rest, longer each time.

        Return why the delivery ends once the rests are used up, else an empty text.
        """
        if self._elapsed() < self._held_until:
            return ""
        self._holds += 1
        retries = self._settings.retries
        seconds = max(backoff(self._holds, retries), outcome.wait_seconds or 0.0)
        self._held_until = self._elapsed() + seconds
        if self._holds < retries.attempts and seconds <= retries.patience_seconds:
            return ""
        if outcome.wait_seconds == NEXT_CALL:
            return f"the provider refuses the sender, not a recipient: {outcome.detail}"
        return f"the transport cannot be used now: {outcome.detail}"

    def outlasts(self, due: str) -> bool:
        """Return whether an instant (text, empty for at once) is near enough to wait for."""
        return self._seconds_to(due) <= self._longest

    def reached(self, due: str) -> bool:
        """Return whether an instant (text) has come."""
        return self._seconds_to(due) == 0.0

    def wait_until(self, due: str, stop: threading.Event, meanwhile: Callable[[], None]) -> None:
        """Wait for an instant (text), or until `stop` is set; `meanwhile` is called every second."""
        left = self._seconds_to(due)
        while left > 0 and not stop.wait(min(left, 1.0)):
            meanwhile()
            left -= 1.0
        if due and not stop.is_set():
            self._earliest = max(self._earliest, datetime.fromisoformat(due))

    def _seconds_to(self, due: str) -> float:
        return max(0.0, (datetime.fromisoformat(due) - self.now()).total_seconds()) if due else 0.0


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
    """How many notices may leave today from an address or domain that mailbox providers do not know yet.

    The n-th day on which any notice was handed over has the n-th allowance; days without mail do not count. Days are
    in UTC.

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

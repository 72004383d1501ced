"""Send windows: when a notice with a window may be handed over.

A window follows the wall clock of its zone. If clocks are put forward over its opening, it opens that much later. If
clocks are put back, it may be open for an hour more. Both are what people there expect.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from mailer.rules.states import instant_text
from rewards import Window, parse_window

_WEEK: Final = 8  # days, today's next week included: the longest wait for a window of one day a week


def is_open(window: Window, now: datetime) -> bool:
    """Return whether the window is open at an instant."""
    here = now.astimezone(window.zone)
    return here.weekday() in window.days and window.opens <= here.hour * 60 + here.minute < window.closes


def next_opening(window: Window, now: datetime) -> datetime:
    """Return the first instant (UTC) from now on at which the window is open."""
    if is_open(window, now):
        return now.astimezone(UTC)
    today = now.astimezone(window.zone).date()
    for days in range(_WEEK + 1):
        day = datetime.combine(today + timedelta(days=days), datetime.min.time(), window.zone)
        wall = day + timedelta(minutes=window.opens)  # on the wall clock, whatever happens before
        for fold in (0, 1):  # twice a year the wall clock says the same again
            found = wall.replace(fold=fold).astimezone(UTC)
            if found >= now and is_open(window, found):
                return found
    # a zone that skips a whole day can skip the only one of a week: look in the next one
    return next_opening(window, now + timedelta(days=_WEEK))


class Windows:
    """The windows of one claim, each computed once."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._opens: dict[str, str] = {}

    def opens(self, window: str) -> str:
        """Return when a closed window opens (text); empty if it is open, or there is no window."""
        if not window:
            return ""
        if window not in self._opens:
            opening = next_opening(parse_window(window), self._now)
            self._opens[window] = instant_text(opening) if opening > self._now else ""
        return self._opens[window]


@dataclass(frozen=True, slots=True)
class Waiting:
    """The number of ready notices with one window, and the earliest instant at which one may be claimed (text)."""

    window: str
    notices: int
    not_before: str


def next_window(groups: Iterable[Waiting], now: datetime) -> str:
    """Return when the first window of the ready notices opens (text).

    Empty if no notice is ready, or one of them waits for no window.
    """
    windows = Windows(now)
    found = []
    for group in groups:
        opens = windows.opens(group.window)
        if not opens:
            return ""
        found.append(max(opens, group.not_before))
    return min(found, default="")


def first_start(send_at: datetime, windows: Iterable[str]) -> datetime:
    """Return the first instant from `send_at` on at which a notice of a plan with these windows may be handed over.

    A window that opens late delays the latest start as well: a plan cannot miss a start that was not allowed.
    """
    return min(
        (next_opening(parse_window(one), send_at) if one else send_at for one in windows), default=send_at
    )

"""Sending behind fences, and withdrawing one whose notices are in doubt."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from mailer.batch.header import instant_text
from mailer.errors import FenceRefused
from mailer.outbox.database import Sender
from mailer.outbox.outbox import Outbox
from mailer.rules.fences import SIZE, Fence, FenceProvider


class Fences:
    """The fences of one delivery: each is recorded before anything is claimed under it, and takes so many only."""

    def __init__(self, outbox: Outbox, plan: str, provider: FenceProvider) -> None:
        self._outbox, self._plan, self._provider = outbox, plan, provider
        self._opened: dict[str, Fence] = {}
        self._current: Fence | None = None
        self._room = 0

    def current(self, now: datetime, most: int) -> Fence:
        """The fence to claim up to `most` notices under; FenceRefused if the provider gives none."""
        if self._current is None or now >= self._current.closes_at or self._room < most:
            fence = Fence.opened(self._provider.open(now), now)
            self._outbox.open_fence(self._plan, fence, now)
            self._current, self._opened[fence.key], self._room = fence, fence, max(SIZE, most)
        self._room -= most
        return self._current

    def of(self, key: str) -> Fence | None:
        """The fence of that key; None for none."""
        return self._opened.get(key)


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """How many fences were cancelled, how many notices are ready again, and which fences it is too late for."""

    fences: int = 0
    ready: int = 0
    late: tuple[Fence, ...] = ()


def withdraw(
    outbox: Outbox, plan: str, provider: FenceProvider, by: str, clock: Callable[[], datetime]
) -> Withdrawal:
    """Cancel every fence of a plan in which a notice is unknown: all that it holds is ready again.

    What was accepted into it as well, because the provider discards that too. OutboxOwned while anyone sends;
    FenceRefused, with what was cancelled before recorded, where the provider does not say that it discards one.
    """
    if not by.strip():
        raise FenceRefused(f"{plan}: to withdraw it takes the name of who decides so; give it")
    done, late, ready = 0, [], 0
    with outbox.alone(Sender.here(instant_text(clock())), clock()):
        for fence in outbox.fences_in_doubt(plan):
            if clock() < fence.cancel_before:
                provider.cancel(fence.key)
            if clock() < fence.cancel_before:
                ready += outbox.withdraw(plan, fence, by.strip(), clock())
                done += 1
            else:
                late.append(fence)
    return Withdrawal(done, ready, tuple(late))

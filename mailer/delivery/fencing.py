"""Sending behind fences, and withdrawing a fence whose notices are in doubt."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from mailer.errors import FenceRefused
from mailer.outbox.database import SendingProcess
from mailer.outbox.outbox import Outbox
from mailer.rules.fences import SIZE, Fence, FenceProvider
from mailer.rules.states import instant_text


class Fences:
    """The fences of one delivery: each is recorded before a notice is claimed under it, and holds a limited number."""

    def __init__(self, outbox: Outbox, plan: str, provider: FenceProvider) -> None:
        self._outbox, self._plan, self._provider = outbox, plan, provider
        self._opened: dict[str, Fence] = {}
        self._current: Fence | None = None
        self._room = 0

    def current(self, now: datetime, most: int) -> Fence:
        """Return the fence under which to claim up to `most` notices; FenceRefused if the provider gives none."""
        if self._current is None or now >= self._current.closes_at or self._room < most:
            fence = Fence.opened(self._provider.open(now), now)
            self._outbox.open_fence(self._plan, fence, now)
            self._current, self._opened[fence.key], self._room = fence, fence, max(SIZE, most)
        self._room -= most
        return self._current

    def of(self, key: str) -> Fence | None:
        """Return the fence with that key, None if there is none."""
        return self._opened.get(key)


@dataclass(frozen=True, slots=True)
class FenceWithdrawal:
    """The numbers of cancelled fences and ready notices, and the fences that were cancelled too late."""

    fences: int = 0
    ready: int = 0
    late: tuple[Fence, ...] = ()


def withdraw(
    outbox: Outbox, plan: str, provider: FenceProvider, by: str, clock: Callable[[], datetime]
) -> FenceWithdrawal:
    """Cancel every fence of a plan that holds an unknown notice, and make all notices in it ready again.

    That includes accepted notices, because the provider discards those too. Raises OutboxOwned while a sender is at
    work, and FenceRefused if the provider does not confirm a cancellation; earlier cancellations stay recorded.
    """
    if not by.strip():
        raise FenceRefused(f"{plan}: to withdraw it takes the name of who decides so; give it")
    done, late, ready = 0, [], 0
    with outbox.alone(SendingProcess.here(instant_text(clock())), clock()):
        for fence in outbox.fences_in_doubt(plan):
            if clock() < fence.cancel_before:
                provider.cancel(fence.key)
            if clock() < fence.cancel_before:
                ready += outbox.withdraw(plan, fence, by.strip(), clock())
                done += 1
            else:
                late.append(fence)
    return FenceWithdrawal(done, ready, tuple(late))

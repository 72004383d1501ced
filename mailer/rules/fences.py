"""A fence: messages that the provider holds back until an instant, and discards if it is told so early enough.

It is the one way to prove that a message was never sent. What was submitted at least 30 minutes before that instant,
and cancelled at least 10 minutes before it, is discarded, whether or not its answer ever came.
"""

from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple, Protocol

SIZE: Final = 1000
"""How many notices one fence holds at most: so many go out again when it is cancelled."""

_HELD: Final = timedelta(minutes=60)
_SUBMITTED: Final = timedelta(minutes=30)
_CANCELLED: Final = timedelta(minutes=10)
_MARGIN: Final = timedelta(minutes=2)  # for clocks that differ, and requests that are on their way


class Fence(NamedTuple):
    """The provider's key for it, and when it sends what it holds."""

    key: str
    send_at: datetime

    @classmethod
    def opened(cls, key: str, now: datetime) -> "Fence":
        """A fence that holds from now on, for an hour."""
        return cls(key, (now + _HELD).astimezone(UTC).replace(microsecond=0))

    @property
    def closes_at(self) -> datetime:
        """From when on nothing more may be submitted."""
        return self.send_at - _SUBMITTED - _MARGIN

    @property
    def cancel_before(self) -> datetime:
        """From when on cancelling proves nothing."""
        return self.send_at - _CANCELLED - _MARGIN


class FenceProvider(Protocol):
    """What a provider must offer for fences."""

    def open(self, now: datetime) -> str:
        """The key of a new fence; FenceRefused where there is none to be had."""

    def cancel(self, key: str) -> None:
        """Have all of it discarded; FenceRefused unless the provider says that it will."""

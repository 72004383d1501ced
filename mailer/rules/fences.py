"""A fence: messages that the provider holds back until an instant, and discards if that is asked early enough.

A fence is the only proof that a message was never sent. The provider discards a message that was submitted at least 30
minutes and cancelled at least 10 minutes before the instant, even if its answer was lost.
"""

from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple, Protocol

SIZE: Final = 1000
"""The most notices in one fence: all of them are sent again if it is cancelled."""

_HELD: Final = timedelta(minutes=60)
_SUBMITTED: Final = timedelta(minutes=30)
_CANCELLED: Final = timedelta(minutes=10)
_MARGIN: Final = timedelta(minutes=2)  # for clocks that differ, and requests that are on their way


class Fence(NamedTuple):
    """The provider's key for a fence, and the instant at which the provider sends its messages."""

    key: str
    send_at: datetime

    @classmethod
    def opened(cls, key: str, now: datetime) -> "Fence":
        """Return a fence that holds messages from now on, for an hour."""
        return cls(key, (now + _HELD).astimezone(UTC).replace(microsecond=0))

    @property
    def closes_at(self) -> datetime:
        """The instant from which nothing more may be submitted."""
        return self.send_at - _SUBMITTED - _MARGIN

    @property
    def cancel_before(self) -> datetime:
        """The instant from which cancelling proves nothing."""
        return self.send_at - _CANCELLED - _MARGIN


class FenceProvider(Protocol):
    """A provider that supports fences."""

    def open(self, now: datetime) -> str:
        """Return the key of a new fence; FenceRefused if the provider gives none."""

    def cancel(self, key: str) -> None:
        """Discard all messages of a fence; FenceRefused unless the provider confirms it."""

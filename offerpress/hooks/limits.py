"""How much the service takes: bytes of a body, and requests a second from one address."""

from collections import OrderedDict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final

EVENTS_BYTES: Final = 2 << 20
"""The largest body of events; SendGrid posts less than one megabyte at a time."""

CLICK_BYTES: Final = 4096
_ADDRESSES: Final = 10_000


class TooLarge(Exception):
    """A body has more bytes than are taken."""


async def limited_body(declared: str | None, chunks: AsyncIterator[bytes], most: int) -> bytes:
    """A body of at most `most` bytes. Raises `TooLarge` as soon as it is known to be longer, without reading on."""
    if declared is not None and declared.isdecimal() and int(declared) > most:
        raise TooLarge
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        if len(body) > most:
            raise TooLarge
    return bytes(body)


@dataclass(slots=True)
class Rate:
    """A bucket for each address: `per_second` requests in the long run, `burst` at once."""

    per_second: float
    burst: float
    _known: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)

    def admit(self, address: str, now: float) -> bool:
        """Whether a request from that address is taken at that instant (in seconds of any clock that only rises)."""
        left, since = self._known.pop(address, (self.burst, now))
        left = min(self.burst, left + (now - since) * self.per_second)
        self._known[address] = (left - 1 if left >= 1 else left, now)
        if len(self._known) > _ADDRESSES:
            self._known.popitem(last=False)
        return left >= 1

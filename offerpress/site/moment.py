"""The world outside at one call: clock and environment, read once and passed on."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Moment:
    """The clock's instant, the environment, and the as-of day if one was named."""

    now: datetime
    environment: Mapping[str, str]
    as_of: date | None = None

    def day(self, zone: str) -> int:
        """The as-of day as an ordinal: the named one, else today in that zone."""
        return (self.as_of or self.now.astimezone(ZoneInfo(zone)).date()).toordinal()

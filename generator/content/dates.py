"""Dates and instants in front matter: `2023-12-31`, an instant with an offset, or local time.

A time without an offset is local time in the program's zone.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_INSTANT = re.compile(
    r"(?P<day>\d{4}-\d{2}-\d{2})[Tt ]+(?P<time>\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?)"
    r"\s*(?P<offset>[Zz]|[+-]\d{2}:?\d{2})?",
    re.ASCII,
)
_REMEDY = "write a date as 2023-12-31, or an instant as 2023-12-31T09:00:00+01:00"


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant and its day in the program's zone (a proleptic ordinal)."""

    instant: datetime
    day: int


def parse_moment(text: str, zone: ZoneInfo) -> Moment:
    """Parse a moment; a date alone is midnight in `zone`. Raises ValueError with `what; remedy`."""
    text = text.strip()
    if _DAY.fullmatch(text):
        return Moment(_local(_day(text), time(), zone), _day(text).toordinal())
    match = _INSTANT.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is neither a date nor an instant; {_REMEDY}")
    try:
        clock = time.fromisoformat(match["time"])
        offset = (match["offset"] or "").upper().replace("Z", "+00:00")
        if not offset:
            instant = _existing(_day(match["day"]), clock, zone)
        else:
            instant = datetime.fromisoformat(f"{_day(match['day'])}T{clock.isoformat()}{offset}")
        return Moment(instant, instant.astimezone(zone).date().toordinal())
    except (ValueError, OverflowError) as error:
        if "; " in str(error):
            raise
        raise ValueError(f"{text!r} is no real time; {_REMEDY}") from error


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is no real date; {_REMEDY}") from error


def _local(day: date, clock: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, clock, tzinfo=zone)


def _existing(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """Return the local time with its offset, the earlier one of two; raises ValueError inside a gap."""
    instant = _local(day, clock, zone)
    if instant.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != instant.replace(tzinfo=None):
        raise ValueError(
            f"{day} {clock} does not exist in {zone.key}, where clocks are put forward then; "
            "add an offset or choose another time"
        )
    return instant

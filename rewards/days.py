"""Days as proleptic ordinals (`datetime.date.toordinal`): their text, month arithmetic, time zones."""

import re
from calendar import monthrange
from datetime import MAXYEAR, date, datetime
from functools import cache, lru_cache
from zoneinfo import ZoneInfo, available_timezones

from rewards.faults import suggestion

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_WITH_POINTS = re.compile(r"([0-9]{1,2})\. ?([0-9]{1,2})\. ?([0-9]{4})")
_INSTANT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]"
    r"([0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?)"
    r"(Z|z|[+-][0-9]{2}:?[0-9]{2})?"
)
LAST_DAY = date.max.toordinal()
"""9999-12-31, which exports use for "never"."""


def parse_day(text: str) -> int:
    """Return the ordinal of a day written as `2023-12-31`, trimmed first; raise `ValueError` ("what; remedy")."""
    trimmed = text.strip()
    if _DAY.fullmatch(trimmed) is None:
        raise ValueError(f"{trimmed[:40]!r} is no date; {_day_remedy(trimmed)}")
    try:
        return date.fromisoformat(trimmed).toordinal()
    except ValueError:
        raise ValueError(f"{trimmed!r} is no day of the calendar; correct the year, month or day") from None


def _day_remedy(text: str) -> str:
    """Name the day that is meant where points part it: with slashes, day and month may be either."""
    found = _WITH_POINTS.fullmatch(text)
    if found:
        try:
            return f"did you mean {date(int(found[3]), int(found[2]), int(found[1])).isoformat()!r}?"
        except ValueError:
            pass
    return "write YYYY-MM-DD, such as 2023-12-31"


@lru_cache(maxsize=65536)
def day_text(day: int) -> str:
    """Return an ordinal as `2023-12-31`."""
    return date.fromordinal(day).isoformat()


@lru_cache(maxsize=65536)
def add_months(day: int, months: int) -> int:
    """Return the same day `months` later, or the last day of a shorter month; the result never passes 9999-12-31.

    Months are counted once from `day`: 2023-12-31 and 3 months give 2024-03-31, whereas three times one month would
    give 2024-03-29.
    """
    start = date.fromordinal(day)
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    if year > MAXYEAR:
        return LAST_DAY
    return date(year, month + 1, min(start.day, monthrange(year, month + 1)[1])).toordinal()


@cache
def time_zone(name: str) -> ZoneInfo:
    """Return the zone of an IANA name; raise `ValueError` ("what; remedy") for an unknown name."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"{name!r} is no time zone; {_zone_remedy(name)}") from None


def _zone_remedy(name: str) -> str:
    near = suggestion(name, sorted(available_timezones()))
    return near if near.startswith("did") else "use an IANA name such as 'Europe/Berlin'"


def day_in_zone(text: str, zone: str) -> int:
    """Return the day in `zone` of a date, or of an instant with an offset (`2023-12-31T23:30:00Z`).

    Raises `ValueError` ("what; remedy"). A time without an offset names no instant.
    """
    trimmed = text.strip()
    if _DAY.fullmatch(trimmed):
        return parse_day(trimmed)
    match = _INSTANT.fullmatch(trimmed)
    if match is None:
        raise ValueError(
            f"{trimmed[:40]!r} is no date or instant; write YYYY-MM-DD or 2023-12-31T23:30:00+01:00"
        )
    day, time, offset = match.groups()
    if offset is None:
        raise ValueError(
            f"{trimmed!r} has a time without an offset; add one such as +01:00 or Z, or write the date alone"
        )
    try:
        instant = datetime.fromisoformat(f"{day}T{time}{'+00:00' if offset in 'Zz' else offset}")
        return instant.astimezone(time_zone(zone)).toordinal()
    except (ValueError, OverflowError):
        raise ValueError(f"{trimmed!r} is no real instant; correct the date, time or offset") from None


def year_of(day: int) -> tuple[int, int]:
    """Return the first and last day of the calendar year that holds `day`."""
    year = date.fromordinal(day).year
    return date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal()

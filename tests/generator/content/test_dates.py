"""Dates and instants in content."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest

from generator.content.front_matter import parse_moment

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "instant", "day"),
    [
        ("2023-04-14", "2023-04-14T00:00:00+02:00", "2023-04-14"),
        (" 2023-12-31 ", "2023-12-31T00:00:00+01:00", "2023-12-31"),
        ("2023-12-31T18:00", "2023-12-31T18:00:00+01:00", "2023-12-31"),
        ("2023-12-31 18:00:30", "2023-12-31T18:00:30+01:00", "2023-12-31"),
        ("2023-12-31T23:30:00Z", "2023-12-31T23:30:00+00:00", "2024-01-01"),
        ("2024-01-01T00:30:00 +05:30", "2024-01-01T00:30:00+05:30", "2023-12-31"),
        ("2023-10-29T02:30", "2023-10-29T02:30:00+02:00", "2023-10-29"),
    ],
)
def test_moments(text: str, instant: str, day: str) -> None:
    """A moment is an instant, and a day in the program's zone."""
    found = parse_moment(text, BERLIN)
    assert (found.instant.isoformat(), found.day) == (instant, date.fromisoformat(day).toordinal())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tomorrow",
        "2023-02-30",
        "2023-2-3",
        "20230203",
        "2023-W01-1",
        "2023-12-31T25:00",
        "2023-12-31T10",
        "2023-12-31T10:00+99:00",
        "2023-03-26T02:30",
        "31.12.2023",
        "\uff12\uff10\uff12\uff13-12-31",
        "0001-01-01T00:00:00+14:00",
    ],
)
def test_no_moments(text: str) -> None:
    """What is no real day, time or local time is refused with a remedy."""
    with pytest.raises(ValueError, match="; "):
        parse_moment(text, BERLIN)

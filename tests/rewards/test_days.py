"""Days: their text, month arithmetic and the program's zone."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards import add_months, day_in_zone, day_text, parse_day, time_zone


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ("2022-11-30", 3, "2023-02-28"),
        ("2023-11-29", 3, "2024-02-29"),
        ("2023-11-30", 3, "2024-02-29"),
        ("2023-12-31", 3, "2024-03-31"),  # one month three times would give 03-29
        ("2023-05-31", 3, "2023-08-31"),
        ("2023-03-31", 3, "2023-06-30"),
        ("2024-02-29", 12, "2025-02-28"),
        ("2023-12-31", 0, "2023-12-31"),
        ("9999-12-31", 3, "9999-12-31"),
    ],
)
def test_months_are_added_once_and_clamped(start: str, months: int, end: str) -> None:
    """The day of the month stays, or becomes the month's last; "never" stays "never"."""
    assert end == day_text(add_months(parse_day(start), months))


@given(st.dates(max_value=date(9000, 1, 1)), st.integers(0, 1200))
def test_months_land_in_the_month_meant(start: date, months: int) -> None:
    """The result lies in the month that is `months` later, never after the day it started from."""
    end = date.fromordinal(add_months(start.toordinal(), months))
    assert end.year * 12 + end.month == start.year * 12 + start.month + months
    assert end.day <= start.day


@pytest.mark.parametrize(
    "text",
    [
        "2023-02-29",
        "2023-1-1",
        "01.02.2023",
        "20230101",
        "",
        "2023-01-01T00:00",
        "\uff12\uff10\uff12\uff13-01-01",
    ],
)
def test_what_is_no_date_is_refused_with_a_remedy(text: str) -> None:
    """Only real days in the form YYYY-MM-DD are dates."""
    with pytest.raises(ValueError, match="; "):
        parse_day(text)


@pytest.mark.parametrize(
    ("text", "zone", "day"),
    [
        ("2023-12-31", "Pacific/Auckland", "2023-12-31"),
        ("2023-12-31T23:30:00Z", "Europe/Berlin", "2024-01-01"),
        ("2023-12-31T23:30:00+01:00", "Europe/Berlin", "2023-12-31"),
        ("2023-12-31T10:00-05:00", "Pacific/Auckland", "2024-01-01"),
        ("2024-01-01 00:30:00.125+13:00", "America/New_York", "2023-12-31"),
        ("2023-06-30t22:00:00z", "Europe/Berlin", "2023-07-01"),
    ],
)
def test_an_instant_is_a_day_of_the_zone(text: str, zone: str, day: str) -> None:
    """A date is itself; an instant is the day that the program's zone calls it."""
    assert day == day_text(day_in_zone(text, zone))


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("2023-12-31T23:30:00", "offset"),
        ("2023-12-31T25:00:00Z", "correct"),
        ("2023-02-30T10:00:00Z", "correct"),
        ("0001-01-01T00:00:00+14:00", "correct"),
        ("31.12.2023 10:00", "write"),
    ],
)
def test_a_time_that_names_no_instant_is_refused(text: str, remedy: str) -> None:
    """A time without an offset, or that no clock shows, is refused with a remedy."""
    with pytest.raises(ValueError, match=f"{remedy}.*; |; .*{remedy}"):
        day_in_zone(text, "America/New_York")


@pytest.mark.parametrize("zone", ["Europe/Berlim", "", "..", "/etc/passwd", "Europe"])
def test_an_unknown_zone_is_refused(zone: str) -> None:
    """Only names of the time zone database are zones."""
    with pytest.raises(ValueError, match="; "):
        time_zone(zone)

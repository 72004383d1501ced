"""How a report writes figures: the currency's places, grouped by thousands, a true minus."""

from datetime import date
from fractions import Fraction

from offerpress.plans.dues import Bin
from rewards import format_amount


def amount_text(minor: int, currency: str) -> str:
    """`-123456` EUR as `1,234.56` after a true minus."""
    whole, point, places = format_amount(abs(minor), currency).partition(".")
    sign = "\N{MINUS SIGN}" if minor < 0 else ""
    return f"{sign}{int(whole):,}{point}{places}"


def bin_text(one: Bin) -> str:
    """A step of the distribution, such as 1k to 2k; its upper end belongs to the next one."""
    if one.low is None:
        return "below 0"
    return "nothing" if one.high == one.low else f"{_short(one.low)}\N{EN DASH}{_short(one.high or 0)}"


def _short(number: int) -> str:
    for size, letter in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if number >= size:
            return f"{number // size}{letter}"
    return str(number)


def percent_text(share: Fraction) -> str:
    """A share with one decimal place, such as `9.4 %`; more than nothing is never shown as nothing."""
    tenths = round(share * 1000)
    return "under 0.1 %" if share > 0 and not tenths else f"{tenths // 10}.{tenths % 10} %"


def day_words(day: int) -> str:
    """`31 December 2023`, whatever the reader's locale."""
    at = date.fromordinal(day)
    return f"{at.day} {_MONTHS[at.month - 1]} {at.year}"


_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)

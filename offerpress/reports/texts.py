"""Figures as text: amounts, days and shares of a report, and the short form for a terminal."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from functools import cache

from babel import Locale, UnknownLocaleError

from offerpress.plans.dues import Bin, Due, Jump, jumped, largest, negative
from offerpress.reports.facts import ToldAmounts
from rewards import format_amount

_NUMBER = re.compile(r"(-?)([0-9]+)((?:\.[0-9]+)?)")


def grouped_amount(minor: int, currency: str) -> str:
    """Return an amount grouped by thousands, such as `1,234.56` for `123456` EUR; a negative one has a true minus."""
    return grouped_figure(format_amount(minor, currency))


def grouped_figure(value: object) -> str:
    """Return a figure of a statement's JSON for people: a number is grouped by thousands, `1,234.56` for `1234.56`."""
    found = _NUMBER.fullmatch(str(value))
    if not found:
        return str(value)
    sign, whole, places = found.groups()
    return ("\N{MINUS SIGN}" if sign else "") + f"{int(whole):,}{places}"


def sum_words(sums: Mapping[str, int]) -> list[str]:
    """Return each sum (minor units by currency) with its currency: `2,790.81 EUR`."""
    return [f"{grouped_amount(minor, currency)} {currency}" for currency, minor in sums.items()]


@cache
def language_word(code: str) -> str:
    """Return the English name of a language, such as `German` for `de`; the code itself if it is no known one."""
    try:
        return Locale.parse(code, sep="-").get_display_name("en") or code
    except (UnknownLocaleError, ValueError):
        return code


def country_word(code: str) -> str:
    """Return the English name of a country, such as `Switzerland` for `CH`; the code itself if it is no known one."""
    return str(Locale("en").territories.get(code.upper(), code)) if code else ""


def bin_text(one: Bin) -> str:
    """Return a bin of the distribution, such as 1k to 2k. Its upper end belongs to the next one."""
    if one.low is None:
        return "below 0"
    return "nothing" if one.high == one.low else f"{_short(one.low)}\N{EN DASH}{_short(one.high or 0)}"


def _short(number: int) -> str:
    for size, letter in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if number >= size:
            return f"{number // size}{letter}"
    return str(number)


def percent_text(share: Fraction) -> str:
    """Return a share with one decimal place, such as `9.4 %`. A share above 0 is never shown as 0."""
    tenths = round(share * 1000)
    return "under 0.1 %" if share > 0 and not tenths else f"{tenths // 10}.{tenths % 10} %"


@cache
def day_words(day: int) -> str:
    """Return a day as `31 December 2023`, in every locale."""
    at = date.fromordinal(day)
    return f"{at.day} {Locale('en').months['format']['wide'][at.month]} {at.year}"


_SHOWN = 3


def approval_summary(rows: Iterable[Due], told: ToldAmounts | None) -> list[str]:
    """Return three lines: the largest credit of each currency, negative sums, and jumps since `told`."""
    rows = list(rows)
    top = "; ".join(_due_text(due) for due in largest(rows, 1))
    lines = [f"Largest: {top or 'none'}", _listed("Negative", [_due_text(due) for due in negative(rows)])]
    if told is None:
        return [*lines, "Jumped: no earlier plan of this campaign"]
    return [
        *lines,
        _listed(f"Jumped since {told.plan}", [_jump_text(one) for one in jumped(rows, told.amounts)]),
    ]


def _listed(name: str, texts: Sequence[str]) -> str:
    if not texts:
        return f"{name}: none"
    rest = f"; and {len(texts) - _SHOWN:,} more" if len(texts) > _SHOWN else ""
    return f"{name}: {len(texts):,}: {'; '.join(texts[:_SHOWN])}{rest}"


def _due_text(due: Due) -> str:
    return f"{format_amount(due.to_credit, due.currency)} {due.currency} {due.partner_id}"


def _jump_text(one: Jump) -> str:
    before = format_amount(one.before, one.due.currency)
    return f"{before} to {_due_text(one.due)}"

"""The kinds of values that staff write in front matter and settings, as pydantic fields with remedies.

Numbers arrive as int or Decimal, never as float; days arrive as text from YAML and as dates from TOML.
"""

import re
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Annotated

from pydantic import BeforeValidator, ConfigDict, Field, StringConstraints

from rewards.days import parse_day

TERMS = ConfigDict(frozen=True, strict=True, extra="forbid", arbitrary_types_allowed=True)
"""How every model of terms is validated: no conversions, no unknown keys."""

_PERCENT = re.compile(r"([0-9]+)(?:\.([0-9]+))?\s*%")
_MOST_SHOWN = 40
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")


def as_day(value: object) -> int:
    """A date as text or as a date; raises `ValueError` ("what; remedy")."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.toordinal()
    if isinstance(value, str):
        return parse_day(value)
    raise ValueError(f"{value!r} is no date; write YYYY-MM-DD, such as 2023-12-31")


def as_percentage(value: object) -> Fraction:
    """`15%` as 3/20; raises `ValueError` ("what; remedy") for a bare number, which could mean 15 or 0.15."""
    if isinstance(value, str):
        match = _PERCENT.fullmatch(value.strip())
        if match is not None:
            places = match[2] or ""
            return Fraction(int(match[1] + places), 100 * 10 ** len(places))
    raise ValueError(f"{_shown(value)} is no percentage; write it with a percent sign, such as 15%")


def as_number(value: object) -> str:
    """A number as plain digits with the places that were written; raises `ValueError` ("what; remedy")."""
    if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        decimal = Decimal(value)
        exponent = decimal.as_tuple().exponent
        if isinstance(exponent, int) and exponent <= 0:
            return format(decimal, "f")
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        return value.strip()
    raise ValueError(
        f"{_shown(value)} is no plain number; write digits with a point and no grouping, such as 1234.50"
    )


def _shown(value: object) -> str:
    text = str(value) if isinstance(value, Decimal) else repr(value)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}..."


Day = Annotated[int, BeforeValidator(as_day)]
"""An ordinal, written as a date."""
Percentage = Annotated[Fraction, BeforeValidator(as_percentage)]
"""A share, written with a percent sign."""
Number = Annotated[str, BeforeValidator(as_number)]
"""Plain digits of a number whose places matter, because an amount of a currency is made of it."""
Text = Annotated[str, StringConstraints(min_length=1, pattern=r"\S")]
"""Text that says something."""
Count = Annotated[int, Field(ge=0)]
"""A whole number from 0."""

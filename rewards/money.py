"""Exact money: integers of the minor unit of an ISO 4217 currency, and the one rounding rule."""

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Self

from rewards.faults import RewardsError, suggestion

# The minor units of ISO 4217, not those of CLDR, which rounds ISK, HUF or IQD as shoppers do.

_TWO = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW
CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF
IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK
MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP
SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG
YER ZAR ZMW ZWG
"""
_NONE = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE = "BHD IQD JOD KWD LYD OMR TND"
_FOUR = "CLF UYW"
# A ledger may hold lines from before a currency was withdrawn; these are the ones withdrawn since 2021.
_WITHDRAWN_TWO = "ANG BGN CUC HRK SLL ZWL"
_WITHOUT = "XAG XAU XBA XBB XBC XBD XDR XPD XPT XSU XTS XUA XXX"

MINOR_UNITS: dict[str, int] = {
    code: places
    for places, codes in ((0, _NONE), (2, _TWO), (2, _WITHDRAWN_TWO), (3, _THREE), (4, _FOUR))
    for code in codes.split()
}
"""Decimal places by currency code."""

WITHOUT_MINOR_UNIT = frozenset(_WITHOUT.split())
"""Codes of the list that are no money in the sense of an amount with places."""


_AMOUNT = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?")
# A frozen ledger holds amounts in 64 bits.
_MOST_DIGITS = 18
_MOST_SHOWN = 40


class UnknownCurrency(RewardsError, ValueError):
    """A code that ISO 4217 does not list, or to which it gives no minor unit; `code` is the text found."""

    def __init__(self, code: str) -> None:
        self.code = code
        what = "has no minor unit" if code in WITHOUT_MINOR_UNIT else "is no ISO 4217 currency"
        super().__init__(f"{code!r} {what}; {_remedy(code)}")


class UnlikeCurrencies(RewardsError):
    """Two amounts of different currencies were added or compared; `left` and `right` are their codes."""

    def __init__(self, left: str, right: str) -> None:
        self.left, self.right = left, right
        super().__init__(f"amounts of unlike currencies cannot be added or compared: {left} and {right}")


def _remedy(code: str) -> str:
    if code in WITHOUT_MINOR_UNIT:
        return "use a currency that has one, such as 'EUR'"
    if code.strip().upper() in MINOR_UNITS:
        return f"did you mean {code.strip().upper()!r}?"
    near = suggestion(code, list(MINOR_UNITS))
    return near if near.startswith("did") else "use a three-letter code such as 'EUR'"


def minor_units(currency: str) -> int:
    """Return the decimal places of `currency` in ISO 4217 (2 for EUR, 0 for JPY); raise `UnknownCurrency`."""
    places = MINOR_UNITS.get(currency)
    if places is None:
        raise UnknownCurrency(currency)
    return places


def parse_amount(text: str, currency: str) -> int:
    """Return `-12.30` EUR as -1230; the text is trimmed first.

    Raises `UnknownCurrency`, and `ValueError` ("what; remedy") for grouping, exponents, signs other than `-`, more
    places than the currency has, or more than 18 digits of the minor unit.
    """
    places = minor_units(currency)
    trimmed = text.strip()
    match = _AMOUNT.fullmatch(trimmed)
    if match is None:
        raise ValueError(
            f"{_short(trimmed)} is no amount; write digits with a point and no grouping, such as 1234.50"
        )
    sign, whole, fraction = match[1], match[2], match[3] or ""
    if len(fraction) > places:
        raise ValueError(f"{_short(trimmed)} has {len(fraction)} decimal places; {_places(currency, places)}")
    digits = (whole + fraction.ljust(places, "0")).lstrip("0")
    if len(digits) > _MOST_DIGITS:
        raise ValueError(f"{_short(trimmed)} is too large; at most {_MOST_DIGITS} digits can be held")
    return int(sign + (digits or "0"))


def _short(text: str) -> str:
    return repr(text) if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]!r}..."


def _places(currency: str, places: int) -> str:
    return f"{currency} has {places}" if places else f"{currency} has none"


def format_amount(minor: int, currency: str) -> str:
    """Return -1230 EUR as `-12.30`: exactly the places of the currency, no grouping; raise `UnknownCurrency`."""
    places = minor_units(currency)
    if not places:
        return str(minor)
    digits = str(minor).zfill(places + 1 + (minor < 0))
    return f"{digits[:-places]}.{digits[-places:]}"


def round_half_away(exact: Fraction) -> int:
    """Round to the nearest integer, ties away from zero: 5/2 is 3, -5/2 is -3."""
    return rounded_quotient(exact.numerator, exact.denominator)


def rounded_quotient(numerator: int, denominator: int) -> int:
    """Divide and round to the nearest integer, ties away from zero; `denominator` is above 0."""
    magnitude = (2 * abs(numerator) + denominator) // (2 * denominator)
    return -magnitude if numerator < 0 else magnitude


@cache
def scale(currency: str) -> int:
    """Return the minor units in one unit of `currency` (100 for EUR, 1 for JPY); raise `UnknownCurrency`."""
    return int(10 ** minor_units(currency))


@dataclass(frozen=True, slots=True)
class Money:
    """`minor` units of `currency`; adds to and compares with its own currency only (`UnlikeCurrencies`)."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        minor_units(self.currency)

    @classmethod
    def parse(cls, text: str, currency: str) -> Self:
        """Parse an amount as `parse_amount` does, with the same errors."""
        return cls(parse_amount(text, currency), currency)

    def __add__(self, other: "Money") -> "Money":
        return Money(self.minor + self._like(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.minor - self._like(other), self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.minor < self._like(other)

    def __le__(self, other: "Money") -> bool:
        return self.minor <= self._like(other)

    def __str__(self) -> str:
        return f"{format_amount(self.minor, self.currency)} {self.currency}"

    def _like(self, other: "Money") -> int:
        if other.currency != self.currency:
            raise UnlikeCurrencies(self.currency, other.currency)
        return other.minor

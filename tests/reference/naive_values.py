"""Values as the naive reference writes and reads them; it shares no code with the packages."""

import calendar
import datetime as dt
from decimal import Decimal
from fractions import Fraction
from typing import TypeAlias

Terms: TypeAlias = dict[str, object]

NO_PLACES = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
THREE_PLACES = "BHD IQD JOD KWD LYD OMR TND"
PLACES = {
    **dict.fromkeys(NO_PLACES.split(), 0),
    **dict.fromkeys(THREE_PLACES.split(), 3),
    **dict.fromkeys(["CLF", "UYW"], 4),
}


def number(value: object) -> Fraction:
    """A number as written."""
    return Fraction(str(value).strip())


def percent(value: object) -> Fraction:
    """A share as written, with its percent sign."""
    return Fraction(str(value).strip().removesuffix("%").strip()) / 100


def day(value: object) -> dt.date:
    """A date as text or as a date."""
    return value if isinstance(value, dt.date) else dt.date.fromisoformat(str(value).strip())


def rounded(exact: Fraction, currency: str) -> Fraction:
    """Half away from zero to the currency's places."""
    scale = 10 ** PLACES.get(currency, 2)
    whole = (abs(exact) * scale + Fraction(1, 2)).__floor__()
    return Fraction(whole if exact >= 0 else -whole, scale)


def money(exact: Fraction, currency: str) -> str:
    """Exactly the places of the currency."""
    places = PLACES.get(currency, 2)
    shown = rounded(exact, currency)
    sign = "-" if shown < 0 else ""
    digits = f"{abs(shown) * 10**places}".zfill(places + 1)
    return sign + (f"{digits[:-places]}.{digits[-places:]}" if places else digits)


def plain(share: Fraction) -> str:
    """A decimal without trailing zeros."""
    text = f"{Decimal(share.numerator) / Decimal(share.denominator):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def months_later(start: dt.date, months: int) -> dt.date:
    """The same day, or the month's last; never past the year 9999."""
    month = start.year * 12 + start.month - 1 + months
    if month >= 10000 * 12:
        return dt.date.max
    year, month = month // 12, month % 12 + 1
    return dt.date(year, month, min(start.day, calendar.monthrange(year, month)[1]))


def terms_on(offer: Terms, as_of: dt.date) -> Terms:
    """The terms after the amendments that are effective; a key without a value is taken away."""
    terms = {key: value for key, value in offer.items() if key != "amendments"}
    written = offer.get("amendments")
    amendments = list(written) if isinstance(written, list) else []
    for amendment in sorted(amendments, key=lambda one: day(one["effective_on"])):
        if day(amendment["effective_on"]) <= as_of:
            terms.update(
                {key: value for key, value in amendment.items() if key not in ("effective_on", "note")}
            )
    return {key: value for key, value in terms.items() if value not in (None, "", "null", "~")}


def amendments_of(program: Terms) -> list[Terms]:
    """The amendments of a program, none without them."""
    written = program.get("amendments", [])
    assert isinstance(written, list)
    return written


def amendment_days(program: Terms) -> list[dt.date]:
    """The days on which a program changes."""
    return [day(one["effective_on"]) for one in amendments_of(program)]


def levels_on(program: Terms, on: dt.date) -> dict[str, Fraction]:
    """The levels above the base on a day with their quotas, the lowest first."""

    def quotas(levels: object) -> dict[str, Fraction]:
        assert isinstance(levels, list)
        return {str(one["id"]): number(one["quota"]) for one in levels}

    found = quotas(program["levels"])
    for one in amendments_of(program):
        if day(one["effective_on"]) > on:
            break
        found = quotas(one["levels"]) if "levels" in one else found
        found.update({level: number(quota) for level, quota in mapping(one, "quotas").items()})
    return found


def mapping(terms: Terms, key: str) -> Terms:
    """The mapping under a key, empty without it."""
    value = terms.get(key, {})
    assert isinstance(value, dict)
    return value


def listed(terms: Terms, key: str) -> list[str]:
    """The list of texts under a key."""
    value = terms[key]
    assert isinstance(value, list)
    return [str(item) for item in value]

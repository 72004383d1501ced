"""Steps of a derivation: exact sums as text, the rate rows that were used, and how a figure was rounded."""

from collections.abc import Sequence
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import lru_cache

from rewards.account import Sale
from rewards.days import day_text
from rewards.lines import listed_sales, total_of
from rewards.money import format_amount, scale
from rewards.rates import Conversion
from rewards.rule import Derived

ROUNDING = "once, half away from zero, to the minor unit of {}"


def step(name: str, value: str) -> dict[str, str]:
    """One step and what it gives."""
    return {"step": name, "value": value}


def amount_text(minor: int, currency: str) -> str:
    """An amount with its currency."""
    return f"{format_amount(minor, currency)} {currency}"


def exact_text(minor: Fraction, currency: str) -> str:
    """An exact sum of minor units as text in units of the currency: every decimal place, or a fraction."""
    units = minor / scale(currency)
    rest = units.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    if rest != 1:
        return f"{units.numerator}/{units.denominator} {currency}"
    with localcontext() as context:
        context.prec = len(str(units.numerator)) + units.denominator.bit_length() + 10
        decimal = Decimal(units.numerator) / Decimal(units.denominator)
        places = max(-int(decimal.as_tuple().exponent), len(str(scale(currency))) - 1)
        return f"{decimal:.{places}f} {currency}"


@lru_cache(maxsize=1024)
def rate_text(rate: Fraction) -> str:
    """Write a share as a decimal without trailing zeros: 3/20 as `0.15`, 1 as `1`.

    Raises `ValueError` where no number of places is enough; for percentages there always is one.
    """
    # A denominator of n bits that divides some power of ten divides the n-th.
    enough = (place for place in range(rate.denominator.bit_length()) if not 10**place % rate.denominator)
    places = next(enough, None)
    if places is None:
        raise ValueError(f"{rate} has no finite decimal form; write it as a fraction")
    digits = str((rate * 10**places).numerator).rjust(places + 1, "0")
    return f"{digits[:-places]}.{digits[-places:]}" if places else digits


def converted_lines(counted: Sequence[Sale], conversion: Conversion) -> Derived:
    """The counted sales by currency, and each row of `rates` that converts one of them."""
    groups: dict[str, list[Sale]] = {}
    for sale in counted:
        groups.setdefault(sale.currency, []).append(sale)
    return {
        "counted": [listed_sales(sales, currency) for currency, sales in sorted(groups.items())],
        "rates": _rates_used(counted, conversion),
    }


def _rates_used(counted: Sequence[Sale], conversion: Conversion) -> list[Derived]:
    """Each row of `rates` that converts a counted sale, with what it converts, by currency and day."""
    groups: dict[tuple[str, int, Fraction], list[Sale]] = {}
    for sale in counted:
        row = conversion.row(sale.currency, sale.day)
        if row is not None:
            groups.setdefault((row.source, row.on, row.rate), []).append(sale)
    target = conversion.target
    return [
        {
            "from": source,
            "to": target,
            "on": day_text(on),
            "rate": _number(rate),
            "count": len(sales),
            "total": total_of(sales, source),
            "converted": exact_text(conversion.total(sales, []), target),
        }
        for (source, on, rate), sales in sorted(groups.items())
    ]


def _number(rate: Fraction) -> str:
    try:
        return rate_text(rate)
    except ValueError:
        return f"{rate.numerator}/{rate.denominator}"

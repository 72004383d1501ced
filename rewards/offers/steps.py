"""Steps of a derivation: exact sums as text, the rate rows that were used, and how a figure was rounded."""

from collections.abc import Iterable, Sequence
from decimal import Decimal, localcontext
from fractions import Fraction

from rewards.account import Credit, Sale
from rewards.days import day_text
from rewards.money import format_amount, scale
from rewards.offers.entry import rate_text
from rewards.offers.kind import Derived
from rewards.offers.terms import ProductFilter
from rewards.rates import Conversion

# Ledger lines in a derivation: the counted ones, and the others by the reason that excludes them.

LISTED = 20
"""How many counted lines a derivation lists; of the rest it gives the count and the total."""

OUTSIDE_THE_PERIOD = "outside the period"
AFTER_AS_OF = "after the as-of day"
EXCLUDED_PRODUCT = "excluded product"
NOT_ELIGIBLE = "ineligible"


def exclusion(
    sale: Sale, first: int, last: int, as_of: int, products: ProductFilter | None = None, *, deduct: bool
) -> str | None:
    """Return the reason why a period from `first` to `last` does not count `sale`; None if it counts."""
    day, refunded_day = sale[2], sale[7]
    if not first <= (refunded_day if deduct and refunded_day is not None else day) <= last:
        return OUTSIDE_THE_PERIOD
    if day > as_of:
        return AFTER_AS_OF
    if products is not None and not products.counts(sale.product):
        return EXCLUDED_PRODUCT
    return None


def total_of(lines: Iterable[Sale | Credit], currency: str) -> str:
    """Return the sum of lines of one currency as text."""
    return format_amount(sum(line.amount for line in lines), currency)


def listed_sales(sales: Sequence[Sale], currency: str) -> dict[str, object]:
    """Return count, total and first lines by day of the sales of one currency, and count and total of the rest."""
    ordered = sorted(sales, key=lambda sale: (sale.day, sale.sale_id))
    rest = ordered[LISTED:]
    return {
        "currency": currency,
        "count": len(ordered),
        "total": total_of(ordered, currency),
        "lines": [_sale_line(sale) for sale in ordered[:LISTED]],
        "rest": {"count": len(rest), "total": total_of(rest, currency)},
    }


def _sale_line(sale: Sale) -> dict[str, object]:
    line: dict[str, object] = {
        "sale_id": sale.sale_id,
        "sold_on": day_text(sale.day),
        "amount": format_amount(sale.amount, sale.currency),
        "product": sale.product,
        "partner_id": sale.partner_id,
    }
    if sale.refund_of:
        line["refund_of"] = sale.refund_of
    return line


def listed_credits(credits_: Sequence[Credit], currency: str) -> dict[str, object]:
    """Return count, total and first lines by day of the earlier credits of one currency."""
    ordered = sorted(credits_, key=lambda credit: (credit.credited_on, credit.credit_id))
    return {
        "count": len(ordered),
        "total": total_of(ordered, currency),
        "lines": [
            {
                "credit_id": credit.credit_id,
                "credited_on": day_text(credit.credited_on),
                "amount": format_amount(credit.amount, currency),
            }
            for credit in ordered[:LISTED]
        ],
    }


def excluded_sales(excluded: Iterable[tuple[str, Sale]]) -> list[dict[str, object]]:
    """Return count and total of (reason, sale) pairs by reason and currency, sorted by them."""
    groups: dict[tuple[str, str], list[Sale]] = {}
    for reason, sale in excluded:
        groups.setdefault((reason, sale.currency), []).append(sale)
    return [
        {"reason": reason, "currency": currency, "count": len(sales), "total": total_of(sales, currency)}
        for (reason, currency), sales in sorted(groups.items())
    ]


ROUNDING = "once, half away from zero, to the minor unit of {}"


def step(name: str, value: str) -> dict[str, str]:
    """Return one step with its value."""
    return {"step": name, "value": value}


def amount_text(minor: int, currency: str) -> str:
    """Return an amount with its currency."""
    return f"{format_amount(minor, currency)} {currency}"


def exact_text(minor: Fraction, currency: str) -> str:
    """Return an exact sum of minor units in units of the currency, with every decimal place, or as a fraction."""
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


def converted_lines(counted: Sequence[Sale], conversion: Conversion) -> Derived:
    """Return the counted sales by currency, and each row of `rates` that converts one of them."""
    groups: dict[str, list[Sale]] = {}
    for sale in counted:
        groups.setdefault(sale.currency, []).append(sale)
    return {
        "counted": [listed_sales(sales, currency) for currency, sales in sorted(groups.items())],
        "rates": _rates_used(counted, conversion),
    }


def _rates_used(counted: Sequence[Sale], conversion: Conversion) -> list[Derived]:
    """Return each row of `rates` that converts a counted sale, with the sum that it converts, by currency and day."""
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

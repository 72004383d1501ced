"""Ledger lines as a derivation lists them: those that count, and the others by what excludes them."""

from collections.abc import Iterable, Sequence

from rewards.account import Credit, Sale
from rewards.days import day_text
from rewards.money import format_amount
from rewards.terms import ProductFilter

LISTED = 20
"""How many counted lines a derivation lists; of the rest it gives the count and the total."""

OUTSIDE_THE_PERIOD = "outside the period"
AFTER_AS_OF = "after the as-of day"
EXCLUDED_PRODUCT = "excluded product"
NOT_ELIGIBLE = "ineligible"


def exclusion(
    sale: Sale, first: int, last: int, as_of: int, products: ProductFilter | None = None, *, deduct: bool
) -> str | None:
    """Say why a period from `first` to `last` does not count `sale`; None where it counts."""
    day, refunded_day = sale[2], sale[7]
    if not first <= (refunded_day if deduct and refunded_day is not None else day) <= last:
        return OUTSIDE_THE_PERIOD
    if day > as_of:
        return AFTER_AS_OF
    if products is not None and not products.counts(sale.product):
        return EXCLUDED_PRODUCT
    return None


def total_of(lines: Iterable[Sale | Credit], currency: str) -> str:
    """The sum of lines of one currency as text."""
    return format_amount(sum(line.amount for line in lines), currency)


def listed_sales(sales: Sequence[Sale], currency: str) -> dict[str, object]:
    """The sales of one currency: count and total, the first lines by day, and count and total of the rest."""
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
    """The earlier credits of one currency: count, total and the first lines by day."""
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
    """Count and total of (reason, sale) pairs by reason and currency, sorted by them."""
    groups: dict[tuple[str, str], list[Sale]] = {}
    for reason, sale in excluded:
        groups.setdefault((reason, sale.currency), []).append(sale)
    return [
        {"reason": reason, "currency": currency, "count": len(sales), "total": total_of(sales, currency)}
        for (reason, currency), sales in sorted(groups.items())
    ]

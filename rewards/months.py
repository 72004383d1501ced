"""Counted sales month by month, for people who want to see where a cashback comes from."""

from bisect import bisect_right
from collections.abc import Mapping
from datetime import date
from functools import lru_cache

from rewards.account import Account
from rewards.policy import Rules

Months = Mapping[tuple[str, str], Mapping[int, int]]
"""(Offer, currency) -> first day of each month of the offer's period, as an ordinal -> counted sales, minor units."""


@lru_cache(maxsize=256)
def month_starts(first: int, last: int) -> tuple[int, ...]:
    """The first day of every month that has a day from `first` to `last`, as ordinals."""
    begin, end = date.fromordinal(first), date.fromordinal(last)
    count = (end.year - begin.year) * 12 + end.month - begin.month + 1
    return tuple(
        date(begin.year + (begin.month - 1 + index) // 12, (begin.month - 1 + index) % 12 + 1, 1).toordinal()
        for index in range(count)
    )


def monthly_sales(account: Account, rules: Rules) -> Months:
    """The counted sales of every cashback offer by currency and month; the months add up to `eligible_sales`.

    Under `deduct` a refund that names its sale stands in that sale's month. Currencies without a counted sale
    are left out.
    """
    found: dict[tuple[str, str], dict[int, int]] = {}
    deduct = rules.deduct
    for rule in rules.cashback:
        starts = month_starts(rule.first, rule.last)
        for sale in rule.counted(account.sales, rules.as_of, deduct=deduct):
            key = (rule.offer, sale.currency)
            months = found.get(key)
            if months is None:
                months = found[key] = dict.fromkeys(starts, 0)
            day = sale.refunded_day if deduct and sale.refunded_day is not None else sale.day
            months[starts[bisect_right(starts, day) - 1]] += sale.amount
    return found

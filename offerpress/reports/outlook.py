"""Forecasts of cashback to a period's end, and the partners just below their next level.

A forecast applies the rule itself to each partner, so that tiers, minimum and cap have their effect.
"""

from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from typing import NamedTuple

from rewards import Account, CashbackEntry, LevelEntry, Rules, Statement, round_half_away

PACE_DAYS = 90
NEAR = Fraction(1, 10)

Statements = Sequence[tuple[Account, Statement]]


class Outlook(NamedTuple):
    """One offer in one currency, summed over partners; every amount is in minor units.

    `elapsed` of the period's `days` have passed, the as-of day included. `by_days` is the cashback if sales go on at
    the average of the whole period, `by_pace` at that of its last 90 days; `sales_…` are the sales behind each. Once
    the period is over, both are the final cashback.
    """

    offer: str
    currency: str
    elapsed: int
    days: int
    sales: int
    amount: int
    by_days: int
    by_pace: int
    sales_by_days: int
    sales_by_pace: int


class Point(NamedTuple):
    """The sum of all counted sales up to the end of a month, or up to the as-of day."""

    offer: str
    currency: str
    day: int
    sales: int


class Near(NamedTuple):
    """A partner who lacks at most a tenth of the next level's quota."""

    partner_id: str
    name: str
    entry: LevelEntry

    @property
    def missing(self) -> Fraction:
        """The share of the quota that is missing."""
        quota = self.entry.next_quota or 1
        return (quota - self.entry.exact_sales) / quota


def outlooks(statements: Statements, rules: Rules) -> list[Outlook]:
    """Forecast every cashback offer whose period has begun, by offer and currency."""
    of_offer = {rule.offer: rule for rule in rules.cashback if rule.first <= rules.as_of}
    sums: dict[tuple[str, str], list[int]] = {}
    for account, statement in statements:
        for entry in statement.cashback:
            if entry.offer not in of_offer:
                continue
            row = sums.setdefault((entry.offer, entry.currency), [0] * 6)
            row[0] += entry.eligible_sales
            row[1] += entry.amount
            for place, amount in enumerate(_forecasts(entry, account, rules), 2):
                row[place] += amount
    found = []
    for (offer, currency), row in sorted(sums.items()):
        rule = of_offer[offer]
        elapsed = min(rules.as_of, rule.last) - rule.first + 1
        found.append(Outlook(offer, currency, elapsed, rule.last - rule.first + 1, *row))
    return found


def _forecasts(entry: CashbackEntry, account: Account, rules: Rules) -> tuple[int, int, int, int]:
    """Return the cashback at the period's end by days and by pace, and the sales behind each."""
    (rule,) = (one for one in rules.cashback if one.offer == entry.offer)
    if entry.status == "final":
        return entry.amount, entry.amount, entry.eligible_sales, entry.eligible_sales
    elapsed, left = rules.as_of - rule.first + 1, rule.last - rules.as_of
    by_days = round_half_away(entry.eligible_sales + Fraction(entry.eligible_sales * left, elapsed))
    since = max(rule.first, rules.as_of - PACE_DAYS + 1)
    recent = sum(
        sale.amount
        for sale in rule.counted(account.sales, rules)
        if sale.currency == entry.currency and sale.day >= since
    )
    by_pace = round_half_away(entry.eligible_sales + Fraction(recent * left, rules.as_of - since + 1))

    def cashback(sales: int) -> int:
        return rule.limited(rule.rounded(max(sales, 0), entry.currency), entry.currency)

    return cashback(by_days), cashback(by_pace), by_days, by_pace


def course(statements: Statements, rules: Rules) -> list[Point]:
    """Return the growth of each cashback offer's counted sales by month, by offer, currency and day."""
    months: dict[tuple[str, str], dict[int, int]] = {}
    for account, statement in statements:
        for rule in rules.cashback:
            if rule.terms.is_for(account.partner, statement.level):
                for sale in rule.counted(account.sales, rules):
                    of_month = months.setdefault((rule.offer, sale.currency), {})
                    month = month_of(min(max(sale.day, rule.first), rule.last))
                    of_month[month] = of_month.get(month, 0) + sale.amount
    found = []
    for (offer, currency), of_month in sorted(months.items()):
        (rule,) = (one for one in rules.cashback if one.offer == offer)
        until = min(rule.last, rules.as_of)
        total = 0
        found.append(Point(offer, currency, rule.first - 1, 0))
        for month in range(month_of(rule.first), month_of(until) + 1):
            total += of_month.get(month, 0)
            found.append(Point(offer, currency, min(until, _last_day(month)), total))
    return found


def month_of(day: int) -> int:
    """Return the number of a day's month, counted continuously from year 0."""
    at = date.fromordinal(day)
    return at.year * 12 + at.month - 1


def _last_day(month: int) -> int:
    year, month_index = divmod(month + 1, 12)
    return date(year, month_index + 1, 1).toordinal() - 1


def near_next_level(statements: Statements) -> list[Near]:
    """Return the partners who lack at most a tenth of a quota, by offer, with the smallest gap first."""
    found = [
        Near(account.partner.partner_id, account.partner.name, entry)
        for account, statement in statements
        for entry in statement.levels
        if entry.next_quota is not None
    ]
    near = (one for one in found if one.missing <= NEAR)
    return sorted(near, key=lambda one: (one.entry.offer, one.missing, one.partner_id))

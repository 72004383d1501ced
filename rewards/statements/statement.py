"""Statements: all that one partner gets as of a day, as entries per offer.

Amounts are minor units beside their currency, days are ordinals. `statement_json` gives the public form.
"""

import json
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from rewards.account import Account, Sale
from rewards.days import day_text, parse_day
from rewards.faults import Fault
from rewards.offers.bonus import BonusEntry
from rewards.offers.cashback import CashbackEntry
from rewards.offers.entry import Entry, public_form, read_back
from rewards.offers.extension import ExtensionEntry
from rewards.offers.free_subscription import FreeSubscriptionEntry
from rewards.offers.kind import Case
from rewards.offers.kinds import KIND_OF_LIST, KINDS
from rewards.offers.level_quota import LevelEntry
from rewards.statements.policy import Rules


@dataclass(frozen=True, slots=True)
class Statement:
    """One partner's figures as of a day; `level` is the assigned one.

    Lists are sorted by offer, then currency or subscription id.
    """

    partner_id: str
    as_of: int
    level: str
    cashback: tuple[CashbackEntry, ...] = ()
    extensions: tuple[ExtensionEntry, ...] = ()
    free_subscriptions: tuple[FreeSubscriptionEntry, ...] = ()
    levels: tuple[LevelEntry, ...] = ()
    bonuses: tuple[BonusEntry, ...] = ()

    def entries(self, name: str) -> tuple[Entry, ...]:
        """Return the entries of one of `LISTS`."""
        found: tuple[Entry, ...] = getattr(self, name)
        return found

    def all_entries(self) -> Iterator[Entry]:
        """Yield the entries of all lists."""
        return (entry for name in LISTS for entry in self.entries(name))


LISTS = tuple(field.name for field in fields(Statement) if field.name in KIND_OF_LIST)
"""The names of the lists in a statement, in the order of its JSON form."""


def assigned_level(account: Account, as_of: int) -> str:
    """Return the level of the latest row of the `levels` table up to `as_of`, else that of the partner's own row."""
    level = account.partner.level
    latest = 0
    for since, listed in account.levels:
        if latest <= since <= as_of:
            latest, level = since, listed
    return level


def compute_statement(account: Account, rules: Rules, faults: list[Fault]) -> Statement:
    """Return the statement of `account` by `rules`.

    A counted sale without a rate, and a subscription without the start that an offer needs, are added to `faults`
    once each. The figures that they touch must then not be used.
    """
    case = case_of(account, rules)
    statement = statement_of(case, rules)
    if case.missing or case.faults:
        found = [*case.faults, *(missing_rate(sale, rules) for sale in case.missing)]
        faults.extend(dict.fromkeys(found))
    return statement


def case_of(account: Account, rules: Rules) -> Case:
    """Return the account with its assigned level, before anything is computed."""
    return Case(account, assigned_level(account, rules.as_of), rules)


def statement_of(case: Case, rules: Rules) -> Statement:
    """Compute the statement of a case; rules add to the case what later rules need."""
    partner, level = case.account.partner, case.level
    lists: dict[str, tuple[Any, ...]] = {
        name: tuple(
            entry for rule in of_list if rule.terms.is_for(partner, level) for entry in rule.entries(case)
        )
        for name, of_list in rules.by_list.items()
    }
    return Statement(partner.partner_id, rules.as_of, level, **lists)


def missing_rate(sale: Sale, rules: Rules) -> Fault:
    """Return the fault of a counted sale that no rate converts."""
    target = rules.program.currency
    day = day_text(sale.day)
    what = f"sale {sale.sale_id!r} has no rate from {sale.currency} to {target} on {day} or before"
    remedy = f"add a row to rates with from {sale.currency}, to {target} and that day or an earlier one"
    return Fault(what, remedy, field="sales.currency")


def statement_json(statement: Statement) -> dict[str, object]:
    """Return the public form: money as text with the currency's places, days as text, every list in its order."""
    return {
        "partner_id": statement.partner_id,
        "as_of": day_text(statement.as_of),
        "level": statement.level,
        **{name: [public_form(entry) for entry in statement.entries(name)] for name in LISTS},
    }


def totals(statement: Statement) -> dict[str, int]:
    """Return `to_credit` over all offers by currency, in minor units, sorted by currency."""
    sums: dict[str, int] = {}
    for entry in statement.cashback:
        sums[entry.currency] = sums.get(entry.currency, 0) + entry.to_credit
    return dict(sorted(sums.items()))


# Statements read back from the JSON that a frozen message keeps.


def told_statement(figures: str) -> Statement:
    """Return the statement whose `statement_json` is this text; exact sums, which the text lacks, are the shown ones.

    A list that the text lacks, because its kind of offer came later, is empty.
    """
    told = json.loads(figures)
    lists: dict[str, tuple[Any, ...]] = {
        kind.list: tuple(read_back(kind.entry, entry) for entry in told.get(kind.list, ()))
        for kind in KINDS.values()
    }
    return Statement(told["partner_id"], parse_day(told["as_of"]), told["level"], **lists)


# Counted sales month by month, which show people where a cashback comes from.

Months = Mapping[tuple[str, str], Mapping[int, int]]
"""(Offer, currency) -> first day of each month of the offer's period, as an ordinal -> counted sales, minor units."""


@lru_cache(maxsize=256)
def month_starts(first: int, last: int) -> tuple[int, ...]:
    """Return the first day of every month that has a day from `first` to `last`, as ordinals."""
    begin, end = date.fromordinal(first), date.fromordinal(last)
    count = (end.year - begin.year) * 12 + end.month - begin.month + 1
    return tuple(
        date(begin.year + (begin.month - 1 + index) // 12, (begin.month - 1 + index) % 12 + 1, 1).toordinal()
        for index in range(count)
    )


def monthly_sales(account: Account, rules: Rules) -> Months:
    """Return the counted sales of every cashback offer by currency and month, which add up to `eligible_sales`.

    Under `deduct` a refund that names its sale stands in that sale's month. Currencies without a counted sale are
    left out.
    """
    found: dict[tuple[str, str], dict[int, int]] = {}
    deduct = rules.deduct
    for rule in rules.cashback:
        starts = month_starts(rule.first, rule.last)
        for sale in rule.counted(account.sales, rules):
            key = (rule.offer, sale.currency)
            months = found.get(key)
            if months is None:
                months = found[key] = dict.fromkeys(starts, 0)
            day = sale.refunded_day if deduct and sale.refunded_day is not None else sale.day
            months[starts[bisect_right(starts, day) - 1]] += sale.amount
    return found


# The ledger lines behind the figures, which show people what was counted.


class CountedLine(NamedTuple):
    """A ledger line as a statement lists it: its day, id, product (empty for a credit) and minor units."""

    day: int
    line_id: str
    product: str
    amount: int


class LineGroup(NamedTuple):
    """The lines of one table and currency that entered the figures of the same `offers`, by day and id."""

    table: Literal["sales", "credits"]
    currency: str
    offers: tuple[str, ...]
    lines: tuple[CountedLine, ...]


def counted_lines(account: Account, statement: Statement, rules: Rules) -> tuple[LineGroup, ...]:
    """Return every sale and earlier credit that entered a figure of the account's statement, once each.

    The groups of an offer and currency add up to its `eligible_sales`, or to `already_credited`.
    """
    groups: dict[tuple[Literal["sales", "credits"], str, tuple[str, ...]], list[CountedLine]] = {}
    counted_by: dict[Sale, list[str]] = {}
    for name, rule in rules.counting:
        if any(entry.offer == rule.offer for entry in statement.entries(name)):
            for sale in rule.counted(account.sales, rules):
                counted_by.setdefault(sale, []).append(rule.offer)
    for sale, offers in counted_by.items():
        line = CountedLine(sale.day, sale.sale_id, sale.product, sale.amount)
        groups.setdefault(("sales", sale.currency, tuple(sorted(offers))), []).append(line)
    credited = {(entry.offer, entry.currency) for entry in statement.cashback}
    for one in account.credits:
        if (one.offer, one.currency) in credited and one.credited_on <= rules.as_of:
            line = CountedLine(one.credited_on, one.credit_id, "", one.amount)
            groups.setdefault(("credits", one.currency, (one.offer,)), []).append(line)
    ordered = sorted(groups.items(), key=lambda group: (group[0][0] != "sales", *group[0][1:]))
    return tuple(LineGroup(*key, tuple(sorted(lines))) for key, lines in ordered)

"""All that one partner gets as of a day: entries per offer, ready to be shown, exported and compared.

Amounts are minor units beside their currency, days are ordinals; `statement_json` is the public form.
"""

import json
from dataclasses import dataclass
from fractions import Fraction

from rewards.account import Account, Sale
from rewards.cashback import CashbackEntry, cashback_json
from rewards.days import day_text
from rewards.extension import ExtensionEntry, extension_json
from rewards.faults import Fault
from rewards.free_subscription import FreeSubscriptionEntry, free_subscription_json
from rewards.level_quota import LevelEntry, attained_level, level_json
from rewards.policy import Rules
from rewards.terms import counted_sales


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


def assigned_level(account: Account, as_of: int) -> str:
    """The level of the latest row of the `levels` table up to `as_of`, else that of the partner's own row."""
    level = account.partner.level
    latest = 0
    for since, listed in account.levels:
        if latest <= since <= as_of:
            latest, level = since, listed
    return level


def compute_statement(account: Account, rules: Rules, faults: list[Fault]) -> Statement:
    """The statement of `account` by `rules`.

    A counted sale without a rate, and a subscription without the start that an offer needs, are added to
    `faults` once each; the figures that they touch are then not to be used.
    """
    partner, as_of, deduct = account.partner, rules.as_of, rules.deduct
    level = assigned_level(account, as_of)
    missing: list[Sale] = []
    new: list[Fault] = []
    levels = tuple(
        rule.entry(account, level, as_of, rules.program, rules.conversion, missing)
        for rule in rules.level_quotas
        if rule.terms.is_for(partner, level)
    )
    statement = Statement(
        partner.partner_id,
        as_of,
        level,
        tuple(
            entry
            for rule in rules.cashback
            if rule.terms.is_for(partner, level)
            for entry in rule.entries(account, as_of, deduct=deduct)
        ),
        tuple(
            entry
            for rule in rules.extensions
            if rule.terms.is_for(partner, level)
            for entry in rule.entries(account, new)
        ),
        _free_subscriptions(account, level, levels, rules, missing),
        levels,
    )
    if missing or new:
        new.extend(missing_rate(sale, rules) for sale in missing)
        faults.extend(dict.fromkeys(new))
    return statement


def _free_subscriptions(
    account: Account, assigned: str, levels: tuple[LevelEntry, ...], rules: Rules, missing: list[Sale]
) -> tuple[FreeSubscriptionEntry, ...]:
    open_to = [rule for rule in rules.free_subscriptions if rule.terms.is_for(account.partner, assigned)]
    if not open_to:
        return ()
    level = allowance_level(account, assigned, levels, rules, missing)
    return tuple(rule.entry(account, level, rules.as_of) for rule in open_to)


def allowance_level(
    account: Account, assigned: str, levels: tuple[LevelEntry, ...], rules: Rules, missing: list[Sale]
) -> str:
    """The level that decides how many free subscriptions are allowed.

    Attained is the highest of the statement's level entries; without any, the level by the program's own
    quotas over the sales of the as-of day's calendar year.
    """
    program = rules.program
    if program.allowance_level == "assigned":
        return assigned
    if levels:
        attained = max((entry.attained_level for entry in levels), key=program.rank)
    else:
        attained = attained_level(
            sales_of_the_year(account, rules, missing), program.quotas, program.base_level
        )
    return program.higher(assigned, attained) if program.allowance_level == "best" else attained


def sales_of_the_year(account: Account, rules: Rules, missing: list[Sale]) -> Fraction:
    """The exact converted sum of the sales counted in the as-of day's calendar year, in minor units."""
    first, last = rules.calendar_year
    counted = counted_sales(account.sales, first, last, rules.as_of, deduct=rules.deduct)
    return rules.conversion.total(counted, missing)


def missing_rate(sale: Sale, rules: Rules) -> Fault:
    """The fault of a counted sale that no rate converts."""
    target = rules.program.currency
    day = day_text(sale.day)
    what = f"sale {sale.sale_id!r} has no rate from {sale.currency} to {target} on {day} or before"
    remedy = f"add a row to rates with from {sale.currency}, to {target} and that day or an earlier one"
    return Fault(what, remedy, field="sales.currency")


def statement_json(statement: Statement) -> dict[str, object]:
    """The public form: money as text with the currency's places, days as text, every list in its order."""
    return {
        "partner_id": statement.partner_id,
        "as_of": day_text(statement.as_of),
        "level": statement.level,
        "cashback": [cashback_json(entry) for entry in statement.cashback],
        "extensions": [extension_json(entry) for entry in statement.extensions],
        "free_subscriptions": [free_subscription_json(entry) for entry in statement.free_subscriptions],
        "levels": [level_json(entry) for entry in statement.levels],
    }


def canonical_json(value: object) -> str:
    """JSON with sorted keys, no spaces, and every character as itself: equal values give equal text."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def totals(statement: Statement) -> dict[str, int]:
    """`to_credit` over all offers by currency, in minor units, sorted by currency."""
    sums: dict[str, int] = {}
    for entry in statement.cashback:
        sums[entry.currency] = sums.get(entry.currency, 0) + entry.to_credit
    return dict(sorted(sums.items()))

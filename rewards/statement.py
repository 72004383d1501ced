"""All that one partner gets as of a day: entries per offer, ready to be shown, exported and compared.

Amounts are minor units beside their currency, days are ordinals; `statement_json` is the public form.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

from rewards.account import Account, Sale
from rewards.bonus import BonusEntry
from rewards.cashback import CashbackEntry
from rewards.days import day_text
from rewards.extension import ExtensionEntry
from rewards.faults import Fault
from rewards.free_subscription import FreeSubscriptionEntry
from rewards.kinds import KINDS
from rewards.level_quota import LevelEntry
from rewards.policy import Rules
from rewards.rule import Case, Entry


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
        """The entries of one of `LISTS`."""
        found: tuple[Entry, ...] = getattr(self, name)
        return found

    def all_entries(self) -> Iterator[Entry]:
        """The entries of all lists."""
        return (entry for name in LISTS for entry in self.entries(name))


LISTS = tuple(
    field.name for field in fields(Statement) if field.name in {kind.list for kind in KINDS.values()}
)
"""The names of the lists in a statement, in the order of its JSON form."""


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
    case = case_of(account, rules)
    statement = statement_of(case, rules)
    if case.missing or case.faults:
        found = [*case.faults, *(missing_rate(sale, rules) for sale in case.missing)]
        faults.extend(dict.fromkeys(found))
    return statement


def case_of(account: Account, rules: Rules) -> Case:
    """The account with its assigned level, before anything is computed."""
    return Case(account, assigned_level(account, rules.as_of), rules)


def statement_of(case: Case, rules: Rules) -> Statement:
    """The statement of a case, which learns on the way what rules find out."""
    partner, level = case.account.partner, case.level
    lists: dict[str, tuple[Any, ...]] = {
        name: tuple(
            entry for rule in of_list if rule.terms.is_for(partner, level) for entry in rule.entries(case)
        )
        for name, of_list in rules.by_list.items()
    }
    return Statement(partner.partner_id, rules.as_of, level, **lists)


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
        **{name: [entry.json() for entry in statement.entries(name)] for name in LISTS},
    }


def canonical_json(value: object) -> str:
    """JSON with sorted keys, no spaces, and every character as itself: equal values give equal text."""
    return _CANONICAL.encode(value)


_CANONICAL = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def totals(statement: Statement) -> dict[str, int]:
    """`to_credit` over all offers by currency, in minor units, sorted by currency."""
    sums: dict[str, int] = {}
    for entry in statement.cashback:
        sums[entry.currency] = sums.get(entry.currency, 0) + entry.to_credit
    return dict(sorted(sums.items()))

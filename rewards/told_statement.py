"""A statement back from the JSON that a frozen message keeps, so that what was told can be shown once more."""

import json
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from rewards.bonus import BonusEntry
from rewards.cashback import CashbackEntry
from rewards.days import parse_day
from rewards.extension import ExtensionEntry
from rewards.free_subscription import FreeSubscriptionEntry, HeldSubscription
from rewards.level_quota import LevelEntry
from rewards.money import parse_amount
from rewards.statement import Statement

Fields = Mapping[str, Any]
"""An entry of `statement_json`, which is of our own making."""


def told_statement(figures: str) -> Statement:
    """The statement in `statement_json`'s text; what that text leaves out (exact sums) is as it was shown."""
    told = json.loads(figures)
    return Statement(
        told["partner_id"],
        parse_day(told["as_of"]),
        told["level"],
        tuple(map(_cashback, told["cashback"])),
        tuple(map(_extension, told["extensions"])),
        tuple(map(_free_subscription, told["free_subscriptions"])),
        tuple(map(_level, told["levels"])),
        tuple(map(_bonus, told.get("bonuses", ()))),
    )


def _cashback(entry: Fields) -> CashbackEntry:
    currency = entry["currency"]
    sales, amount, before, rest = (
        parse_amount(entry[name], currency)
        for name in ("eligible_sales", "amount", "already_credited", "to_credit")
    )
    return CashbackEntry(
        entry["offer"],
        currency,
        sales,
        None if entry["rate"] is None else Fraction(entry["rate"]),
        amount,
        amount,
        before,
        rest,
        "final" if entry["status"] == "final" else "accruing",
        parse_day(entry["credited_on"]),
    )


def _extension(entry: Fields) -> ExtensionEntry:
    expires_on, extended_to = parse_day(entry["expires_on"]), parse_day(entry["extended_to"])
    return ExtensionEntry(entry["offer"], entry["subscription_id"], entry["product"], expires_on, extended_to)


def _free_subscription(entry: Fields) -> FreeSubscriptionEntry:
    return FreeSubscriptionEntry(
        entry["offer"],
        entry["product"],
        entry["allowed"],
        entry["held"],
        entry["remaining"],
        parse_day(entry["register_by"]),
        tuple(
            HeldSubscription(
                one["subscription_id"], parse_day(one["expires_on"]), parse_day(one["extended_to"])
            )
            for one in entry["subscriptions"]
        ),
        "",
    )


def _level(entry: Fields) -> LevelEntry:
    currency = entry["currency"]
    sales = parse_amount(entry["attained_sales"], currency)
    following, missing = (
        None if entry[name] is None else parse_amount(entry[name], currency)
        for name in ("next_quota", "remaining")
    )
    return LevelEntry(
        entry["offer"],
        currency,
        Fraction(sales),
        sales,
        entry["attained_level"],
        entry["next_level"],
        following,
        missing,
        entry["secured_level"],
        parse_day(entry["secured_until"]),
    )


def _bonus(entry: Fields) -> BonusEntry:
    return BonusEntry(
        entry["offer"],
        entry["currency"],
        parse_amount(entry["amount"], entry["currency"]),
        entry["level"],
        entry["attained_level"],
        "final" if entry["status"] == "final" else "accruing",
    )

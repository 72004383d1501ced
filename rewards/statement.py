"""All that one partner gets, as values: entries per offer, ready to be shown, exported and compared.

Amounts are integers of minor units beside their currency, days are ordinals; `to_json` gives the public form.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

Standing = Literal["accruing", "final"]


@dataclass(frozen=True, slots=True)
class CashbackEntry:
    """Cashback of one offer in one currency; the middle fields are the steps from `eligible_sales` to `amount`."""

    offer: str
    currency: str
    eligible_sales: int
    rate: Fraction | None
    exact: Fraction
    rounded: int
    minimum: int | None
    cap: int | None
    amount: int
    already_credited: int
    to_credit: int
    status: Standing
    credited_on: int


@dataclass(frozen=True, slots=True)
class ExtensionEntry:
    """One paid subscription with its date before and after the extension."""

    offer: str
    subscription_id: str
    product: str
    expires_on: int
    extended_to: int


@dataclass(frozen=True, slots=True)
class HeldSubscription:
    """A free subscription that counts against the allowance."""

    subscription_id: str
    expires_on: int
    extended_to: int


@dataclass(frozen=True, slots=True)
class FreeSubscriptionEntry:
    """The right to free subscriptions of a product, and those held."""

    offer: str
    product: str
    allowed: int
    held: int
    remaining: int
    register_by: int
    subscriptions: tuple[HeldSubscription, ...]


@dataclass(frozen=True, slots=True)
class LevelEntry:
    """The way to the next level; `attained_sales`, `next_quota` and `remaining` are minor units of `currency`."""

    offer: str
    currency: str
    exact_sales: Fraction
    attained_sales: int
    attained_level: str
    next_level: str | None
    next_quota: int | None
    remaining: int | None
    secured_level: str
    secured_until: int


@dataclass(frozen=True, slots=True)
class Statement:
    """One partner's figures as of a day; lists are sorted by offer, then currency or subscription id. `level` is the assigned one."""

    partner_id: str
    as_of: int
    level: str
    cashback: tuple[CashbackEntry, ...] = ()
    extensions: tuple[ExtensionEntry, ...] = ()
    free_subscriptions: tuple[FreeSubscriptionEntry, ...] = ()
    levels: tuple[LevelEntry, ...] = ()

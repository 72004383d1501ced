"""Free subscriptions: how many of a product a level may hold, and until when those held run."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from rewards.account import Account
from rewards.days import day_text
from rewards.fields import Count, Day, Text
from rewards.program import Program
from rewards.terms import Mistake, OfferTerms, unknown_level


class FreeSubscriptionTerms(OfferTerms):
    """`allowance` names every level, the base level included."""

    kind: Literal["free_subscription"] = "free_subscription"
    product: Text
    allowance: dict[str, Count]
    register_by: Day
    expires_on: Day

    def mistakes(self, program: Program) -> Iterator[Mistake]:
        """Beside the common ones: a level that the allowance lacks or that the program does not know."""
        yield from super().mistakes(program)
        for level in self.allowance:
            if level not in program.level_ids:
                yield unknown_level(("allowance", level), level, program)
        for level in program.level_ids:
            if level not in self.allowance:
                yield Mistake(
                    ("allowance",),
                    f"the allowance of level {level!r} is missing",
                    "name every level, with 0 for none",
                )


class HeldSubscription(NamedTuple):
    """A free subscription that counts against the allowance."""

    subscription_id: str
    expires_on: int
    extended_to: int


class FreeSubscriptionEntry(NamedTuple):
    """The right to free subscriptions of a product, and those held; `level` decides `allowed`."""

    offer: str
    product: str
    allowed: int
    held: int
    remaining: int
    register_by: int
    subscriptions: tuple[HeldSubscription, ...]
    level: str


@dataclass(frozen=True, slots=True)
class FreeSubscriptionRule:
    """The terms in force of one offer."""

    offer: str
    terms: FreeSubscriptionTerms
    announced_on: int

    def held(self, account: Account, as_of: int) -> tuple[HeldSubscription, ...]:
        """The free subscriptions of the product that run at least to `as_of`, sorted by id."""
        held = []
        for one in account.subscriptions:
            if (
                one.plan == "free"
                and one.product == self.terms.product
                and one.expires_on >= self.announced_on
            ):
                until = max(one.expires_on, self.terms.expires_on)
                if until >= as_of:
                    held.append(HeldSubscription(one.subscription_id, one.expires_on, until))
        held.sort()
        return tuple(held)

    def entry(self, account: Account, level: str, as_of: int) -> FreeSubscriptionEntry:
        """The entry of a partner to whom `level` gives the allowance."""
        terms = self.terms
        held = self.held(account, as_of)
        allowed = terms.allowance[level]
        remaining = 0 if as_of > terms.register_by else max(0, allowed - len(held))
        return FreeSubscriptionEntry(
            self.offer, terms.product, allowed, len(held), remaining, terms.register_by, held, level
        )


def free_subscription_json(entry: FreeSubscriptionEntry) -> dict[str, object]:
    """The public form of an entry."""
    return {
        "offer": entry.offer,
        "product": entry.product,
        "allowed": entry.allowed,
        "held": entry.held,
        "remaining": entry.remaining,
        "register_by": day_text(entry.register_by),
        "subscriptions": [
            {
                "subscription_id": one.subscription_id,
                "expires_on": day_text(one.expires_on),
                "extended_to": day_text(one.extended_to),
            }
            for one in entry.subscriptions
        ],
    }

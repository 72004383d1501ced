"""The policy of a site, and the rules in force on a day, resolved once for all accounts."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from rewards.cashback import CashbackRule
from rewards.cashback_terms import CashbackTerms
from rewards.days import year_of
from rewards.extension import ExtensionRule, ExtensionTerms
from rewards.free_subscription import FreeSubscriptionRule, FreeSubscriptionTerms
from rewards.level_quota import LevelQuotaRule, LevelQuotaTerms, merged_quotas
from rewards.offers import Offer, Terms, Version
from rewards.program import Program
from rewards.rates import Conversion, Rates

One = TypeVar("One", bound=Terms)


@dataclass(frozen=True)
class Policy:
    """The program and its offers, which are kept sorted by slug."""

    program: Program
    offers: tuple[Offer, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "offers", tuple(sorted(self.offers, key=lambda offer: offer.slug)))

    @cached_property
    def cashback_slugs(self) -> frozenset[str]:
        """The offers that a credit can name, announced or not."""
        return frozenset(offer.slug for offer in self.offers if offer.kind == "cashback")

    def offer(self, slug: str) -> Offer:
        """The offer of that slug; raises `KeyError`."""
        return self._by_slug[slug]

    @cached_property
    def _by_slug(self) -> dict[str, Offer]:
        return {offer.slug: offer for offer in self.offers}


@dataclass(frozen=True, slots=True)
class Rules:
    """What an account is computed by as of a day; every tuple is sorted by offer slug."""

    policy: Policy
    rates: Rates
    as_of: int
    conversion: Conversion
    deduct: bool
    calendar_year: tuple[int, int]
    cashback: tuple[CashbackRule, ...]
    extensions: tuple[ExtensionRule, ...]
    free_subscriptions: tuple[FreeSubscriptionRule, ...]
    level_quotas: tuple[LevelQuotaRule, ...]

    @property
    def program(self) -> Program:
        """The policy's program."""
        return self.policy.program

    @property
    def offers(self) -> tuple[Offer, ...]:
        """The offers that exist as of the day."""
        return tuple(offer for offer in self.policy.offers if self.as_of >= offer.announced_on)

    def version(self, slug: str) -> Version:
        """The version in force of an offer that exists as of the day; raises `KeyError` for another."""
        version = self.policy.offer(slug).version_on(self.as_of)
        if version is None:
            raise KeyError(slug)
        return version


def rules_on(policy: Policy, rates: Rates, as_of: int) -> Rules:
    """The rules of the offers announced up to `as_of`, by their terms of that day."""
    program = policy.program
    terms = [(offer, offer.terms_on(as_of)) for offer in policy.offers]
    return Rules(
        policy=policy,
        rates=rates,
        as_of=as_of,
        conversion=rates.into(program.currency),
        deduct=program.refunds_after_period == "deduct",
        calendar_year=year_of(as_of),
        cashback=tuple(CashbackRule.of(offer.slug, one) for offer, one in _only(CashbackTerms, terms)),
        extensions=tuple(ExtensionRule(offer.slug, one) for offer, one in _only(ExtensionTerms, terms)),
        free_subscriptions=tuple(
            FreeSubscriptionRule(offer.slug, one, offer.announced_on)
            for offer, one in _only(FreeSubscriptionTerms, terms)
        ),
        level_quotas=tuple(
            LevelQuotaRule(offer.slug, one, merged_quotas(one, program))
            for offer, one in _only(LevelQuotaTerms, terms)
        ),
    )


def _only(kind: type[One], terms: Iterable[tuple[Offer, Terms | None]]) -> list[tuple[Offer, One]]:
    return [(offer, one) for offer, one in terms if isinstance(one, kind)]

"""The policy of a site, and the rules in force on a day, resolved once for all accounts."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from rewards.days import year_of
from rewards.offers.cashback import CashbackRule
from rewards.offers.kind import Basis, CountingRule, Kind, Origin, Rule
from rewards.offers.kinds import KINDS
from rewards.offers.offer import Offer, Version
from rewards.program import Program
from rewards.rates import Rates


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
        """Return the offer of that slug; raise `KeyError`."""
        return self._by_slug[slug]

    @cached_property
    def _by_slug(self) -> dict[str, Offer]:
        return {offer.slug: offer for offer in self.offers}


@dataclass(frozen=True, slots=True)
class Rules(Basis):
    """The rules by which an account is computed as of a day.

    `by_list` has, for each list of a statement, its rules by offer slug. Lists, and `counting` (the rules that count
    sales), are in the order of computing.
    """

    policy: Policy
    rates: Rates
    by_list: Mapping[str, tuple[Rule[Any], ...]]
    counting: tuple[tuple[str, CountingRule[Any]], ...]

    @property
    def cashback(self) -> tuple[CashbackRule, ...]:
        """The rules that credits are given by."""
        return tuple(rule for rule in self.by_list["cashback"] if isinstance(rule, CashbackRule))

    @property
    def offers(self) -> tuple[Offer, ...]:
        """The offers that exist as of the day."""
        return tuple(offer for offer in self.policy.offers if self.as_of >= offer.announced_on)

    def version(self, slug: str) -> Version:
        """Return the version in force of an offer that exists as of the day; raise `KeyError` for another offer."""
        version = self.policy.offer(slug).version_on(self.as_of)
        if version is None:
            raise KeyError(slug)
        return version


def rules_on(policy: Policy, rates: Rates, as_of: int) -> Rules:
    """Return the rules of the offers announced up to `as_of`, by their terms of that day."""
    program = policy.program
    by_list = {kind.list: _rules_of(kind, policy, as_of) for kind in KINDS.values()}
    return Rules(
        program=program,
        as_of=as_of,
        conversion=rates.into(program.currency),
        deduct=program.refunds_after_period == "deduct",
        calendar_year=year_of(as_of),
        policy=policy,
        rates=rates,
        by_list=by_list,
        counting=tuple(
            (name, rule)
            for name, rules in by_list.items()
            for rule in rules
            if isinstance(rule, CountingRule)
        ),
    )


def _rules_of(kind: Kind, policy: Policy, as_of: int) -> tuple[Rule[Any], ...]:
    in_force = ((offer, offer.terms_on(as_of)) for offer in policy.offers if offer.kind == kind.name)
    return tuple(
        kind.rule(Origin(offer.slug, offer.announced_on, policy.program), terms)
        for offer, terms in in_force
        if terms is not None
    )

"""The policy of a site, the rules in force on a day, resolved once for all accounts, and their frozen form."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from rewards.days import day_text, parse_day, year_of
from rewards.faults import Fault, Faulty, Source, validated
from rewards.money import format_amount
from rewards.offers.cashback import CashbackRule
from rewards.offers.kind import Basis, CountingRule, Kind, Origin, Rule
from rewards.offers.kinds import KINDS
from rewards.offers.offer import Offer, Version
from rewards.offers.terms import OfferTerms
from rewards.program import Level, Program, parse_program
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
    program = policy.program.on(as_of)
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
        kind.rule(Origin(offer.slug, offer.announced_on, terms.program_on(policy.program, as_of)), terms)
        for offer, terms in in_force
        if terms is not None
    )


def running_offers(policy: Policy, as_of: int, told_by: Policy, told_on: int) -> frozenset[str]:
    """Return the offers whose deadline had not passed on the day `told_on`, and whose rules are the same on `as_of`.

    `told_by` is the policy of that day. Sums of these offers may grow between the two days without a correction.
    """
    then = {offer.slug: offer for offer in told_by.offers}
    found = set()
    for offer in policy.offers:
        before = then.get(offer.slug)
        terms = None if before is None else before.terms_on(told_on)
        if before is None or terms is None or terms.deadline is None or terms.deadline < told_on:
            continue
        if _computed_by(before, told_by.program, told_on) == _computed_by(offer, policy.program, as_of):
            found.add(offer.slug)
    return frozenset(found)


def changed_offers(policy: Policy, as_of: int, told_by: Policy, told_on: int) -> frozenset[str]:
    """Return the offers whose rules on `as_of` are not those on the day `told_on`, when `told_by` was the policy.

    An offer that came or went in between is one of them.
    """
    then = {offer.slug: _computed_by(offer, told_by.program, told_on) for offer in told_by.offers}
    now = {offer.slug: _computed_by(offer, policy.program, as_of) for offer in policy.offers}
    return frozenset(one for one in then.keys() | now.keys() if then.get(one, ()) != now.get(one, ()))


def _computed_by(offer: Offer, program: Program, day: int) -> tuple[object, ...]:
    """Return what the figures of an offer follow from on a day."""
    terms = offer.terms_on(day)
    if terms is None:
        return ()
    in_force = terms.program_on(program, day)
    rule = KINDS[offer.kind].rule(Origin(offer.slug, offer.announced_on, in_force), terms)
    policy = (program.currency, program.timezone, program.refunds_after_period)
    return (_frozen_terms(offer, terms), getattr(rule, "quotas", ()), *policy)


# The rules in force on a day as text, from which statements can be computed again after the content has changed.

RULES_FORMAT = "offerpress rules 1"
_OF_PEOPLE = {"title", "summary"}
"""Keys of the terms that only people read: no figure follows from them, so the frozen form leaves them out."""


def frozen_rules(policy: Policy, as_of: int) -> str:
    """Return the program and the terms in force on a day as canonical JSON: equal rules give equal text.

    Names, titles and texts are left out, and so are offers that are announced later and the terms of other days.
    """
    offers = {
        offer.slug: _frozen_terms(offer, terms)
        for offer in policy.offers
        if (terms := offer.terms_on(as_of)) is not None
    }
    frozen = {"format": RULES_FORMAT, "program": _frozen_program(policy.program, as_of), "offers": offers}
    return json.dumps(frozen, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _frozen_terms(offer: Offer, terms: OfferTerms) -> dict[str, object]:
    written = terms.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude=_OF_PEOPLE)
    return {**written, "kind": offer.kind, "announced_on": day_text(offer.announced_on)}


def _frozen_program(program: Program, as_of: int) -> Mapping[str, object]:
    def levels(of: Iterable[Level]) -> list[dict[str, str]]:
        return [{"id": one.id, "quota": format_amount(one.quota, program.currency)} for one in of]

    amendments = [
        {"effective_on": day_text(one.effective_on), "levels": levels(one.levels)}
        for one in program.amendments
        if one.effective_on <= as_of
    ]
    return {
        "currency": program.currency,
        "timezone": program.timezone,
        "refunds_after_period": program.refunds_after_period,
        "allowance_level": program.allowance_level,
        "base_level": program.base_level,
        "levels": levels(program.levels),
        **({"amendments": amendments} if amendments else {}),
        **({"every": list(program.every_level_id)} if program.every else {}),
    }


def thawed_rules(text: str) -> Policy:
    """Return the policy of `frozen_rules`, with ids in place of names; it gives the figures of the day of freezing.

    Raises `ValueError`, `TypeError`, `KeyError` or `AttributeError` for another text, and `Faulty` for terms that this
    version does not know.
    """
    frozen = json.loads(text)
    if frozen["format"] != RULES_FORMAT:
        raise ValueError(f"it is {frozen['format']!r}, not {RULES_FORMAT!r}")
    faults: list[Fault] = []
    raw = dict(frozen["program"])
    every = raw.pop("every", ())
    for one in (raw, *raw.get("amendments", ())):
        one["levels"] = [{**level, "name": level["id"]} for level in one["levels"]]
    program = parse_program(raw, Source("frozen rules"), faults)
    offers = [_thawed_offer(slug, terms, faults) for slug, terms in frozen["offers"].items()]
    if program is None or faults:
        raise Faulty(faults)
    # A level of a later day has no quota here; only its rank may be asked for.
    ranked = tuple(Level(level_id, level_id, 0) for level_id in every[1:])
    return Policy(replace(program, every=ranked), tuple(offer for offer in offers if offer is not None))


def _thawed_offer(slug: str, frozen: Mapping[str, object], faults: list[Fault]) -> Offer | None:
    """Return the offer with its terms of that day as the only version; these were checked before they were frozen."""
    raw = {**frozen, "title": slug, "summary": slug}
    announced_on = parse_day(str(raw.pop("announced_on")))
    kind = KINDS[str(raw["kind"])]
    terms = validated(kind.terms, raw, Source("frozen rules"), faults)
    if terms is None:
        return None
    return Offer(slug, kind.name, slug, slug, announced_on, (), (Version(announced_on, terms, None),))

"""What an offer's text that is not saved would change, computed on the present ledger before anything is published."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from generator import parse_document
from offerpress.figures.figures import Figures
from rewards import (
    Account,
    Effect,
    Fault,
    Offer,
    OfferTerms,
    Policy,
    Statement,
    compute_effect,
    compute_statement,
    parse_offer,
    rules_on,
)


@dataclass(frozen=True, slots=True)
class Proposal:
    """An offer as its text says, and the faults and remarks of the text; `offer` is None if it has a fault."""

    slug: str
    offer: Offer | None
    faults: tuple[Fault, ...]


def read_proposal(figures: Figures, slug: str, text: str) -> Proposal:
    """Read the text of `content/offers/SLUG.md` as a build would, beside the program of the figures."""
    faults: list[Fault] = []
    file = f"content/offers/{slug}.md"
    document = parse_document(text.replace("\r\n", "\n"), file, faults)
    program = figures.content.policy.program
    offer = parse_offer(slug, document.raw, program, document.source, faults) if document else None
    if any(one.severity == "fault" for one in faults):
        offer = None
    return Proposal(slug, offer, tuple(faults))


def proposed_effect(
    figures: Figures, statements: Iterable[tuple[Account, Statement]], offer: Offer
) -> Effect:
    """Return what changes if `offer` is saved, as of the first day from today on which its terms are others.

    A draft is taken as published, and as announced today if its day is a later one. `statements` are those of the
    figures. They are computed again if the day is a later one, and then without the sales that come until that day.
    """
    rules = figures.rules
    policy = rules.policy
    present = next((one for one in policy.offers if one.slug == offer.slug), None)
    published = _as_published(offer, rules.as_of) if offer.draft else offer
    rest = tuple(one for one in policy.offers if one.slug != offer.slug)
    day = _first_day(present, published, rules.as_of)
    others = rules_on(Policy(policy.program, (*rest, published)), rules.rates, day)
    if day != rules.as_of:
        rules = rules_on(policy, rules.rates, day)
        statements = ((account, compute_statement(account, rules, [])) for account, _ in statements)
    return compute_effect(statements, rules, others, {offer.slug})


def _as_published(draft: Offer, today: int) -> Offer:
    first, *later = draft.versions
    since = min(draft.announced_on, today)
    versions = (replace(first, effective_on=since), *later)
    return replace(draft, draft=False, announced_on=since, versions=versions)


def _first_day(present: Offer | None, proposed: Offer, as_of: int) -> int:
    """Return the first day from `as_of` on which figures may differ; `as_of` if there is none."""
    days = {as_of, *_days(proposed), *(_days(present) if present else ())}
    return next((day for day in sorted(days) if day >= as_of and _differ(present, proposed, day)), as_of)


def _days(offer: Offer) -> Iterator[int]:
    yield offer.announced_on
    yield from (version.effective_on for version in offer.versions)


def _differ(present: Offer | None, proposed: Offer, day: int) -> bool:
    return _in_force(present, day) != _in_force(proposed, day)


def _in_force(offer: Offer | None, day: int) -> tuple[int, OfferTerms] | None:
    """Return what figures follow from on a day: the terms without the words for people, and the day of the offer."""
    terms = offer.terms_on(day) if offer else None
    if offer is None or terms is None:
        return None
    return offer.announced_on, terms.model_copy(update={"title": "", "summary": ""})

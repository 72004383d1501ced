"""The audience of a campaign, and the reasons to skip a partner."""

from typing import Literal

from generator.content.campaigns import Audience, Campaign
from rewards import Partner, Statement, address_list, plain_address

SkipReason = Literal["audience", "nothing_to_say", "bad_address", "negative"]


def skip_reason(campaign: Campaign, partner: Partner, statement: Statement) -> SkipReason | None:
    """Return the first reason, in the order of `SkipReason`, to skip the partner; None to send a notice.

    A campaign of category `notice` is about the partner's own account and has nothing to say about a statement
    without entries.
    """
    if not in_audience(campaign.audience, partner, statement):
        return "audience"
    if campaign.category == "notice" and not _has_entries(statement):
        return "nothing_to_say"
    return unsendable_reason(campaign, partner, statement)


def unsendable_reason(campaign: Campaign, partner: Partner, statement: Statement) -> SkipReason | None:
    """Return the reason why no message can go to the partner whatever the audience; None to send one."""
    if plain_address(partner.email) is None or address_list(partner.cc) is None:
        return "bad_address"
    if not campaign.include_negative and any(entry.to_credit < 0 for entry in statement.cashback):
        return "negative"
    return None


def in_audience(audience: Audience, partner: Partner, statement: Statement) -> bool:
    """Return whether every given list holds the partner's value: assigned level, country, language, id.

    An empty value is in no list. At least one of `offers` must give the partner something.
    """
    wanted = (
        (audience.levels, statement.level),
        (audience.countries, partner.country),
        (audience.languages, partner.language),
        (audience.partners, partner.partner_id),
    )
    if any(values is not None and (not value or value not in values) for values, value in wanted):
        return False
    return audience.offers is None or not giving_offers(statement).isdisjoint(audience.offers)


def giving_offers(statement: Statement) -> frozenset[str]:
    """Return the offers with an entry that gives something, as defined by each kind of offer."""
    return frozenset(entry.offer for entry in statement.all_entries() if entry.gives)


def _has_entries(statement: Statement) -> bool:
    return any(True for _ in statement.all_entries())

"""Who gets a campaign, decided from the partner, its statement and the campaign alone."""

from typing import Literal

from generator.campaigns import Audience, Campaign
from generator.mail_addresses import address_list, plain_address
from rewards import Partner, Statement

SkipReason = Literal["audience", "nothing_to_say", "bad_address", "negative"]


def skip_reason(campaign: Campaign, partner: Partner, statement: Statement) -> SkipReason | None:
    """The first reason, in the order of `SkipReason`, why the partner has no notice; None to send one.

    A `notice`, which is about the partner's own account, has nothing to say about a statement without
    any entry.
    """
    if not in_audience(campaign.audience, partner, statement):
        return "audience"
    if campaign.category == "notice" and not _has_entries(statement):
        return "nothing_to_say"
    return unsendable_reason(campaign, partner, statement)


def unsendable_reason(campaign: Campaign, partner: Partner, statement: Statement) -> SkipReason | None:
    """Why no message can or may go to the partner, whoever the campaign is for; None to send one."""
    if plain_address(partner.email) is None or address_list(partner.cc) is None:
        return "bad_address"
    if not campaign.include_negative and any(entry.to_credit < 0 for entry in statement.cashback):
        return "negative"
    return None


def in_audience(audience: Audience, partner: Partner, statement: Statement) -> bool:
    """Whether every list given holds the partner's value: its assigned level, country, language, id.

    An empty value is in no list. Of `offers` one must give the partner something.
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
    """The offers with an entry that gives something, as each kind of offer says."""
    return frozenset(entry.offer for entry in statement.all_entries() if entry.gives)


def _has_entries(statement: Statement) -> bool:
    return any(True for _ in statement.all_entries())

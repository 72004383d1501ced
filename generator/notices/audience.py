"""The audience of a campaign: usable addresses, and the reasons to skip a partner."""

import re
from functools import lru_cache
from typing import Literal

from generator.content.campaigns import Audience, Campaign
from rewards import Partner, Statement

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL = re.compile(rf"{_ATOM}(\.{_ATOM})*", re.ASCII)
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_MAPPED_AWAY = frozenset("ß\u03c2\u200c\u200d")
_LONGEST, _LONGEST_LOCAL = 254, 64


def plain_address(text: str) -> str | None:
    """Return `text` trimmed if it is one `local@domain` (RFC 5322 addr-spec of atoms), otherwise None.

    It returns None for quoted local parts, comments, groups, routes, address literals, several addresses, control
    characters, a local part that is not ASCII (few servers accept it), and a domain with `ß`, `ς` or a joiner,
    which IDNA 2003 would turn into another domain. Other Unicode domains are usable; the mailer encodes them.
    """
    address = text.strip(" \t")
    local, at, domain = address.rpartition("@")
    if not at or not _LOCAL.fullmatch(local) or len(local) > _LONGEST_LOCAL:
        return None
    encoded = _encoded(domain)
    return address if encoded is not None and len(local) + 1 + len(encoded) <= _LONGEST else None


@lru_cache(maxsize=1024)
def _encoded(domain: str) -> str | None:
    """Return the domain in the form of the DNS (IDNA); None if it has none."""
    if _MAPPED_AWAY & set(domain):
        return None
    try:
        encoded = domain.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return None
    return encoded if all(_LABEL.fullmatch(label) for label in encoded.split(".")) else None


def address_list(text: str) -> tuple[str, ...] | None:
    """Return the addresses in `text`, separated by commas or semicolons, each once; None if one is unusable."""
    parts = [part for part in re.split(r"[,;]", text) if part.strip()]
    addresses = [plain_address(part) for part in parts]
    good = [address for address in addresses if address is not None]
    return tuple(dict.fromkeys(good)) if len(good) == len(addresses) else None


# The decision about one partner, from the partner, its statement and the campaign alone.

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

"""What a template sees of a partner and its statement: a flat view of values in the reader's language.

The attributes are those of the statement's JSON; amounts, days and rates are `Shown` (`raw`: the JSON form),
numbers are `ShownCount`, texts of the partner are `PartnerText`. `*_name` and `title` are added for people.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

from generator.addresses import absolute, language_folder
from generator.content.content import Content, OfferPage
from generator.settings import SiteSettings
from generator.templating.formats import Formats, formats
from generator.templating.values import (
    Address,
    PartnerText,
    Shown,
    ShownCount,
)
from rewards import (
    BonusEntry,
    CashbackEntry,
    ExtensionEntry,
    FreeSubscriptionEntry,
    LevelEntry,
    Partner,
    Policy,
    Statement,
    totals,
)


class PartnerView(NamedTuple):
    """`partner` in a template; `level` is the assigned one, `level_name` its name."""

    id: PartnerText
    name: PartnerText
    contact_name: PartnerText
    email: PartnerText
    level: str
    level_name: str
    language: PartnerText
    country: PartnerText
    currency: str


class OfferView(NamedTuple):
    """One of `offers` in a template, with its words in the reader's language and its page's address."""

    slug: str
    kind: str
    title: str
    summary: str
    announced_on: Shown
    url: Address


class CashbackView(NamedTuple):
    """One of `statement.cashback`; `rate` is None for tiers."""

    offer: str
    title: str
    currency: str
    eligible_sales: Shown
    rate: Shown | None
    amount: Shown
    already_credited: Shown
    to_credit: Shown
    status: str
    credited_on: Shown


class ExtensionView(NamedTuple):
    """One of `statement.extensions`."""

    offer: str
    title: str
    subscription_id: PartnerText
    product: PartnerText
    expires_on: Shown
    extended_to: Shown


class HeldView(NamedTuple):
    """One of a free subscription's `subscriptions`."""

    subscription_id: PartnerText
    expires_on: Shown
    extended_to: Shown


class FreeSubscriptionView(NamedTuple):
    """One of `statement.free_subscriptions`."""

    offer: str
    title: str
    product: str
    allowed: ShownCount
    held: ShownCount
    remaining: ShownCount
    register_by: Shown
    subscriptions: tuple[HeldView, ...]


class LevelView(NamedTuple):
    """One of `statement.levels`; `next_*` and `remaining` are None at the top."""

    offer: str
    title: str
    currency: str
    attained_sales: Shown
    attained_level: str
    attained_level_name: str
    next_level: str | None
    next_level_name: str | None
    next_quota: Shown | None
    remaining: Shown | None
    secured_level: str
    secured_level_name: str
    secured_until: Shown


class BonusView(NamedTuple):
    """One of `statement.bonuses`; `level` is the one that earns it, `currency` the partner's own."""

    offer: str
    title: str
    currency: str
    amount: Shown
    level: str
    level_name: str
    attained_level: str
    attained_level_name: str
    status: str


class StatementView(NamedTuple):
    """`statement` in a template; `total` is what is still to be credited, by currency."""

    partner_id: PartnerText
    as_of: Shown
    level: str
    level_name: str
    cashback: tuple[CashbackView, ...]
    extensions: tuple[ExtensionView, ...]
    free_subscriptions: tuple[FreeSubscriptionView, ...]
    levels: tuple[LevelView, ...]
    bonuses: tuple[BonusView, ...]
    total: Mapping[str, Shown]


@dataclass(frozen=True, slots=True)
class StatementViews:
    """Shows statements in one language: `formats`, level id -> name, offer slug -> `OfferView`."""

    formats: Formats
    level_names: Mapping[str, str]
    offers: Mapping[str, OfferView] = field(default_factory=dict)

    def view(self, partner: Partner, statement: Statement) -> dict[str, object]:
        """`partner`, `statement`, `offers` and `as_of` as templates name them."""
        shown = self.statement(statement)
        return {
            "partner": self._partner(partner, statement.level),
            "statement": shown,
            "offers": self.offers,
            "as_of": shown.as_of,
        }

    def _partner(self, partner: Partner, level: str) -> PartnerView:
        return PartnerView(
            PartnerText(partner.partner_id),
            PartnerText(partner.name),
            PartnerText(partner.contact_name),
            PartnerText(partner.email),
            level,
            self._level_name(level),
            PartnerText(partner.language),
            PartnerText(partner.country),
            partner.currency,
        )

    def statement(self, statement: Statement) -> StatementView:
        """One statement, as `statement` and `previous` name it."""
        money = self.formats.money
        return StatementView(
            PartnerText(statement.partner_id),
            self.formats.day(statement.as_of),
            statement.level,
            self._level_name(statement.level),
            tuple(map(self._cashback, statement.cashback)),
            tuple(map(self._extension, statement.extensions)),
            tuple(map(self._free_subscription, statement.free_subscriptions)),
            tuple(map(self._level, statement.levels)),
            tuple(map(self._bonus, statement.bonuses)),
            {currency: money(minor, currency) for currency, minor in sorted(totals(statement).items())},
        )

    def _cashback(self, entry: CashbackEntry) -> CashbackView:
        money, day = self.formats.money, self.formats.day
        return CashbackView(
            entry.offer,
            self._title(entry.offer),
            entry.currency,
            money(entry.eligible_sales, entry.currency),
            None if entry.rate is None else self.formats.percent(entry.rate),
            money(entry.amount, entry.currency),
            money(entry.already_credited, entry.currency),
            money(entry.to_credit, entry.currency),
            entry.status,
            day(entry.credited_on),
        )

    def _extension(self, entry: ExtensionEntry) -> ExtensionView:
        return ExtensionView(
            entry.offer,
            self._title(entry.offer),
            PartnerText(entry.subscription_id),
            PartnerText(entry.product),
            self.formats.day(entry.expires_on),
            self.formats.day(entry.extended_to),
        )

    def _free_subscription(self, entry: FreeSubscriptionEntry) -> FreeSubscriptionView:
        day, count = self.formats.day, self.formats.count
        return FreeSubscriptionView(
            entry.offer,
            self._title(entry.offer),
            entry.product,
            count(entry.allowed),
            count(entry.held),
            count(entry.remaining),
            day(entry.register_by),
            tuple(
                HeldView(PartnerText(held.subscription_id), day(held.expires_on), day(held.extended_to))
                for held in entry.subscriptions
            ),
        )

    def _level(self, entry: LevelEntry) -> LevelView:
        money, name = self.formats.money, self._level_name
        return LevelView(
            entry.offer,
            self._title(entry.offer),
            entry.currency,
            money(entry.attained_sales, entry.currency),
            entry.attained_level,
            name(entry.attained_level),
            entry.next_level,
            None if entry.next_level is None else name(entry.next_level),
            None if entry.next_quota is None else money(entry.next_quota, entry.currency),
            None if entry.remaining is None else money(entry.remaining, entry.currency),
            entry.secured_level,
            name(entry.secured_level),
            self.formats.day(entry.secured_until),
        )

    def _bonus(self, entry: BonusEntry) -> BonusView:
        return BonusView(
            entry.offer,
            self._title(entry.offer),
            entry.currency,
            self.formats.money(entry.amount, entry.currency),
            entry.level,
            self._level_name(entry.level),
            entry.attained_level,
            self._level_name(entry.attained_level),
            entry.status,
        )

    def _title(self, slug: str) -> str:
        offer = self.offers.get(slug)
        return offer.title if offer else slug

    def _level_name(self, level: str) -> str:
        return self.level_names.get(level, level)


def level_names(policy: Policy) -> dict[str, str]:
    """Level id -> name; the base level, which has no name of its own, by its id with a capital letter."""
    program = policy.program
    base = program.base_level
    return {base: base[:1].upper() + base[1:]} | {level.id: level.name for level in program.levels}


def offer_views(policy: Policy, formats: Formats, as_of: int) -> dict[str, OfferView]:
    """The offers that exist on `as_of` by slug, in the words of the default language, without address."""
    return {
        offer.slug: OfferView(
            offer.slug, offer.kind, offer.title, offer.summary, formats.day(offer.announced_on), Address("")
        )
        for offer in policy.offers
        if offer.announced_on <= as_of
    }


def statement_view(
    partner: Partner,
    statement: Statement,
    formats: Formats,
    policy: Policy,
    offers: Mapping[str, OfferView] | None = None,
) -> dict[str, object]:
    """The view of one statement; whoever shows many keeps a `StatementViews`. `offers`: those of the policy."""
    shown = offer_views(policy, formats, statement.as_of) if offers is None else offers
    return StatementViews(formats, level_names(policy), shown).view(partner, statement)


class LinksView(NamedTuple):
    """`site.links`: where else the vendor is to be found."""

    social: Mapping[str, Address]
    forum: Address | None
    contact: Address | None


class SiteView(NamedTuple):
    """`site` in a template."""

    title: str
    base_url: Address
    links: LinksView


# The words that templates say about offers and the site, in a reader's language.

OfferWords = Callable[[str], Mapping[str, OfferView]]


def offer_words(content: Content, settings: SiteSettings, as_of: int | None) -> OfferWords:
    """For a language, the offers that exist on `as_of` (None: all) by slug, in its words if it has any."""

    @cache
    def words(language: str) -> Mapping[str, OfferView]:
        return {
            slug: _words(page, language, settings, as_of)
            for slug, page in content.offers.items()
            if as_of is None or page.offer.announced_on <= as_of
        }

    return words


def _words(page: OfferPage, language: str, settings: SiteSettings, as_of: int | None) -> OfferView:
    offer = page.offer
    written_in = language if language in page.texts else settings.default_language
    text = page.texts[written_in]
    terms = None if as_of is None else offer.terms_on(as_of)
    amended = terms is not None and written_in == settings.default_language
    return OfferView(
        offer.slug,
        offer.kind,
        terms.title if terms is not None and amended else text.title,
        terms.summary if terms is not None and amended else text.summary,
        formats(language).day(offer.announced_on),
        Address(absolute(f"{language_folder(language, settings)}{page.path}", settings)),
    )


def site_view(settings: SiteSettings) -> SiteView:
    """`site` as templates see it."""
    links = settings.links
    return SiteView(
        settings.title,
        Address(settings.base_url),
        LinksView(
            {name: Address(address) for name, address in sorted(links.social.items())},
            Address(links.forum) if links.forum else None,
            Address(links.contact) if links.contact else None,
        ),
    )

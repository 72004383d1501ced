"""Checks of campaigns without a ledger: each is rendered for sample partners with many and with few entries."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from generator.content.campaigns import Campaign
from generator.content.content import Content
from generator.errors import GeneratorError
from generator.notices.corrections import correction_context
from generator.notices.layouts import Frame
from generator.notices.templates import MailTemplates, mail_templates
from generator.settings import SiteSettings
from generator.statements.view import StatementViews, level_names, offer_words, site_view
from generator.templating.formats import formats
from generator.templating.values import Address
from rewards import (
    BonusEntry,
    CashbackEntry,
    ExtensionEntry,
    Fault,
    Faulty,
    FreeSubscriptionEntry,
    HeldSubscription,
    LevelEntry,
    Offer,
    Partner,
    Program,
    Statement,
)

_LINK, _REFERENCE = "/statement/#sample", "AAAA-AAAA"
_PARTNER = Partner(
    "sample", "Sample Ltd", "sample@partner.example", "EUR", "", "en", "DE", contact_name="Ann Sample"
)


@dataclass(frozen=True, slots=True)
class CampaignCheck:
    """Checks the campaigns of a content; `as_of` dates the samples, `has_link` says whether statements have a page."""

    content: Content
    settings: SiteSettings
    template_folders: Sequence[Path]
    as_of: int
    has_link: bool = True

    def faults(self) -> list[Fault]:
        """Return the faults of compiling and of rendering for sample partners, for all campaigns and languages.

        A broken layout or catalog is a fault, too.
        """
        found: list[Fault] = []
        for campaign in self.content.campaigns.values():
            for language, text in campaign.texts.items():
                try:
                    self._check(campaign, language, found)
                except GeneratorError as error:
                    what, _, remedy = str(error).rpartition(": ")
                    found.append(Fault(what, remedy, text.file))
        return list(dict.fromkeys(found))

    def _check(self, campaign: Campaign, language: str, faults: list[Fault]) -> None:
        frame = Frame(
            self.settings.title, campaign.category, self.has_link, images_from=self.settings.base_url
        )
        text, slugs = campaign.texts[language], tuple(self.content.offers)
        templates = mail_templates(text, language, frame, self.template_folders, slugs, faults)
        if templates is None:
            return
        words = offer_words(self.content, self.settings, None)(language)
        viewer = StatementViews(formats(language), level_names(self.content.policy), words)
        rest = {
            "site": site_view(self.settings),
            "link": Address(self.settings.base_url + _LINK if self.has_link else ""),
            "reference": _REFERENCE,
            "unsubscribe": "",
        }
        policy = self.content.policy
        for partner, statement in _samples(campaign, policy.offers, policy.program, self.as_of):
            for told in (None, statement):
                corrected = correction_context(viewer, told, statement)
                _try(templates, {**viewer.view(partner, statement), **corrected, **rest}, faults)


def _try(templates: MailTemplates, context: dict[str, object], faults: list[Fault]) -> None:
    try:
        templates.render(context)
    except Faulty as error:
        faults.extend(error.faults)


def _samples(
    campaign: Campaign, offers: Sequence[Offer], program: Program, as_of: int
) -> Iterator[tuple[Partner, Statement]]:
    """Yield a partner with every entry, then partners with as few entries as the audience allows."""
    partner = replace(_PARTNER, currency=program.currency, level=program.base_level)
    yield partner, _statement(offers, program, as_of, top=False)
    yield partner, _statement(offers, program, as_of, top=True)
    bare = replace(partner, language="", country="", contact_name="")
    wanted = campaign.audience.offers
    if wanted is None and campaign.category == "announcement":
        yield bare, _statement((), program, as_of, top=False)
        return
    for offer in offers:
        if wanted is None or offer.slug in wanted:
            yield bare, _statement((offer,), program, as_of, top=False)


def _statement(offers: Sequence[Offer], program: Program, as_of: int, *, top: bool) -> Statement:
    def of(kind: str) -> list[str]:
        return [offer.slug for offer in offers if offer.kind == kind]

    base, currency = program.base_level, program.currency
    return Statement(
        "sample",
        as_of,
        base,
        tuple(_cashback(slug, currency, as_of, tiers=top) for slug in of("cashback")),
        tuple(ExtensionEntry(slug, "S-1", "Sample", as_of, as_of + 90) for slug in of("extension")),
        tuple(
            FreeSubscriptionEntry(slug, "Sample", 10, 1, 9, as_of, (_held(as_of),), base)
            for slug in of("free_subscription")
        ),
        tuple(_level(slug, program, as_of, top=top) for slug in of("level_quota")),
        tuple(BonusEntry(slug, currency, 50000, base, base, "accruing") for slug in of("bonus")),
    )


def _held(as_of: int) -> HeldSubscription:
    return HeldSubscription("S-2", as_of, as_of + 90)


def _cashback(slug: str, currency: str, as_of: int, *, tiers: bool) -> CashbackEntry:
    rate = None if tiers else Fraction(3, 20)
    return CashbackEntry(slug, currency, 10000, rate, 1500, 1500, 500, 1000, "accruing", as_of)


def _level(slug: str, program: Program, as_of: int, *, top: bool) -> LevelEntry:
    base, currency = program.base_level, program.currency
    if top or not program.levels:
        return LevelEntry(slug, currency, Fraction(1), 1, base, None, None, None, base, as_of)
    following = program.levels[0].id
    return LevelEntry(slug, currency, Fraction(1), 1, base, following, 100000, 99999, base, as_of)

"""Checks of campaigns without a ledger: each is rendered for sample partners with many and with few entries."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from generator.content.campaigns import Campaign
from generator.content.content import Content
from generator.errors import GeneratorError
from generator.notices.body import CampaignLinks
from generator.notices.corrections import correction_context
from generator.notices.layouts import BrokenLayout, Frame
from generator.notices.templates import MailTemplates, mail_templates, render_messages
from generator.settings import SiteSettings
from generator.statements.view import StatementViews, level_names, offer_words, site_view
from generator.templating.formats import formats
from generator.templating.values import Address
from rewards import (
    KINDS,
    Fault,
    Faulty,
    Offer,
    Partner,
    Program,
    Statement,
    day_text,
    format_amount,
    published_fields,
    read_back,
)

_LINK, _REFERENCE = "/statement/#sample", "AAAA-AAAA"
_AMOUNT = 10_000
_PARTNER = Partner(
    "sample", "Sample Ltd", "sample@partner.example", "EUR", "", "en", "DE", contact_name="Ann Sample"
)


@dataclass(frozen=True, slots=True)
class CampaignCheck:
    """Checks the campaigns of a content, planned on `as_of`; `has_link` says whether statements have a page."""

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
                    file, line = text.file, None
                    if isinstance(error, BrokenLayout):
                        file, line = f"templates/{error.name}", error.line
                    found.append(Fault(what, remedy, file, line))
        return list(dict.fromkeys(found))

    def _check(self, campaign: Campaign, language: str, faults: list[Fault]) -> None:
        frame = Frame(
            self.settings.title,
            campaign.category,
            self.has_link,
            images_from=self.settings.base_url,
            address=CampaignLinks.of(self.content, self.settings, language, campaign, self.as_of),
        )
        text, slugs = campaign.texts[language], tuple(self.content.offers)
        templates = mail_templates(text, language, frame, self.template_folders, slugs, faults)
        if templates is None:
            return
        words = offer_words(self.content, self.settings, None)(language)
        viewer = StatementViews(formats(language), level_names(self.content.policy, self.as_of), words)
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
        render_messages([templates], [context])
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
    """A statement with a sample entry for each offer; with `top` every figure that can be absent is absent."""
    lists: dict[str, tuple[Any, ...]] = {
        kind.list: tuple(
            read_back(kind.entry, _sample_entry(kind.entry, program, as_of, top=top) | {"offer": offer.slug})
            for offer in offers
            if offer.kind == kind.name
        )
        for kind in KINDS.values()
    }
    return Statement("sample", as_of, program.base_level, **lists)


def _sample_entry(entry: type, program: Program, as_of: int, *, top: bool) -> dict[str, object]:
    """The public form of an entry or item with a likely value in each field."""
    values: Mapping[str, object] = {
        "text": "Sample",
        "code": program.currency,
        "ledger_text": "S-1",
        "level": program.base_level,
        "money": format_amount(_AMOUNT, program.currency),
        "day": day_text(as_of),
        "rate": "0.15",
        "count": 1,
    }
    public: dict[str, object] = {}
    for field in published_fields(entry):
        if field.item is not None:
            public[field.name] = [_sample_entry(field.item, program, as_of, top=top)]
        else:
            public[field.name] = None if top and field.optional else values[field.form]
    return public | {"status": "accruing"} if "status" in public else public

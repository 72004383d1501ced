"""Notices: the message of a campaign to one partner, or the reason why there is none."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, Protocol

from generator.content.campaigns import Campaign
from generator.content.content import Content
from generator.languages import reader_language
from generator.notices.audience import SkipReason, skip_reason, unsendable_reason
from generator.notices.body import CampaignLinks
from generator.notices.corrections import correction_context
from generator.notices.layouts import Frame
from generator.notices.templates import MailTemplates, Rendered, mail_templates, render_messages
from generator.settings import SiteSettings
from generator.statements.table import statement_csv
from generator.statements.view import StatementViews, level_names, offer_words, site_view
from generator.templating.catalogs import label_language, only_in
from generator.templating.formats import formats, regional_language
from generator.templating.values import Address, contained
from rewards import (
    Attachment,
    Fault,
    Faulty,
    Notice,
    Partner,
    Rules,
    Statement,
    address_list,
    canonical_json,
    parse_mailbox,
    plain_address,
    statement_json,
)


class Sender(Protocol):
    """The default sender of mails: a display name and a bare address."""

    @property
    def name(self) -> str:
        """The display name, empty for none."""

    @property
    def address(self) -> str:
        """The bare address."""


class NoticeFacts(NamedTuple):
    """What a message to one partner is made from; `link_url` is empty without a statement page.

    `told` is the statement that a correction corrects. `unsubscribe` replaces the renderer's address, if the message
    shows one.
    """

    partner: Partner
    statement: Statement
    link_url: str
    reference: str
    told: Statement | None = None
    unsubscribe: str = ""
    window: str = ""


class CampaignRenderer:
    """Renders the notices of one campaign, each in its reader's language; compiles the templates once.

    `corrections` renders messages that correct earlier figures. `reply_to` is a bare address. Announcements show
    `unsubscribe`, a web or mail address, at their foot. Without `has_link` statements have no page, and layouts show
    no link. Raises `Faulty` with every fault of the campaign's templates, and `BrokenLayout`.
    """

    def __init__(
        self,
        campaign: Campaign,
        content: Content,
        settings: SiteSettings,
        sender: Sender,
        template_folders: Sequence[Path],
        rules: Rules,
        *,
        reply_to: str | None = None,
        unsubscribe: str | None = None,
        has_link: bool = True,
        corrections: bool = False,
    ) -> None:
        self._campaign = campaign
        self._settings = settings
        self._site = site_view(settings)
        self._from = parse_mailbox(campaign.from_) if campaign.from_ else (sender.name, sender.address)
        self._reply_to = parse_mailbox(campaign.reply_to).address if campaign.reply_to else reply_to or ""
        shown = _address(unsubscribe) if campaign.category == "announcement" and unsubscribe else ""
        frame = Frame(settings.title, campaign.category, has_link, shown, settings.base_url, corrections)
        self._corrections = corrections
        words = offer_words(content, settings, rules.as_of)
        names = level_names(content.policy, rules.as_of)
        faults: list[Fault] = []
        self._templates: dict[str, MailTemplates] = {}
        self._names, self._words = names, words
        self._viewers: dict[str, StatementViews] = {}
        for language in settings.languages:
            written_in = language if language in campaign.texts else settings.default_language
            text = campaign.texts[written_in]
            links = CampaignLinks.of(content, settings, written_in, campaign, rules.as_of)
            linked = replace(frame, address=links)
            if written_in != language:
                note = only_in(template_folders, language, sorted(campaign.texts))
                spoken = label_language(template_folders, language)
                linked = replace(linked, fallback=note, fallback_language=spoken)
            own = mail_templates(text, written_in, linked, template_folders, tuple(content.offers), faults)
            if own is not None:
                self._templates[language] = own
        if faults:
            raise Faulty(tuple(dict.fromkeys(faults)))
        self._unsubscribe = shown

    def reason(self, partner: Partner, statement: Statement) -> SkipReason | None:
        """Return the first reason, in the order of `SkipReason`, to skip the partner; None to send a notice.

        A correction goes to everyone who was told the figure, inside or outside the audience.
        """
        decide = unsendable_reason if self._corrections else skip_reason
        return decide(self._campaign, partner, statement)

    def language(self, partner: Partner) -> str:
        """Return the language in which the partner's message is written: the reader's, or that of the text there is."""
        return self._templates[reader_language(partner.language, self._settings)].language

    def notices(self, group: Sequence[NoticeFacts]) -> list[Notice]:
        """Render the messages of partners whose `reason` is None.

        They take each step together, so that the processor keeps the code of a step at hand. Raises `Faulty` if a
        template names something that one of the partners does not have.
        """
        templates = [self._templates[reader_language(one.partner.language, self._settings)] for one in group]
        rendered = render_messages(templates, list(map(self._context, group, templates)))
        return list(map(self._notice, group, templates, rendered))

    def _context(self, facts: NoticeFacts, templates: MailTemplates) -> Mapping[str, object]:
        partner, statement = facts.partner, facts.statement
        viewer = self._viewer(templates.language, partner.language)
        context = viewer.view(partner, statement) | correction_context(viewer, facts.told, statement)
        context |= {"site": self._site, "link": Address(facts.link_url), "reference": facts.reference}
        context["unsubscribe"] = (self._unsubscribe and facts.unsubscribe) or self._unsubscribe
        return context

    def _notice(self, facts: NoticeFacts, templates: MailTemplates, rendered: Rendered) -> Notice:
        partner, figures = facts.partner, statement_json(facts.statement)
        return Notice(
            partner_id=partner.partner_id,
            language=templates.language,
            category=self._campaign.category,
            from_name=self._from[0],
            from_address=self._from[1],
            reply_to=self._reply_to,
            to_name=contained(partner.contact_name or partner.name),
            to_address=plain_address(partner.email) or partner.email,
            cc=address_list(partner.cc) or (),
            subject=rendered.subject,
            html=rendered.html,
            text=rendered.text,
            attachments=self._attachments(figures),
            reference=facts.reference,
            figures=canonical_json(figures),
            window=facts.window,
        )

    def _viewer(self, language: str, reader: str) -> StatementViews:
        """Return the view of statements in words of `language`, with the dates and numbers of the reader's region."""
        code = regional_language(language, reader)
        known = self._viewers.get(code)
        if known is None:
            known = self._viewers[code] = StatementViews(formats(code), self._names, self._words(language))
        return known

    def _attachments(self, figures: Mapping[str, object]) -> tuple[Attachment, ...]:
        if "statement.csv" not in self._campaign.attach:
            return ()
        return (Attachment(filename="statement.csv", media_type="text/csv", text=statement_csv(figures)),)


def _address(unsubscribe: str) -> str:
    return unsubscribe if ":" in unsubscribe else f"mailto:{unsubscribe}"

"""One campaign over one set of figures: who is written to, and what."""

from collections.abc import Collection, Mapping

from generator import Campaign
from mailer import BatchHeader, Status, message_key
from offerpress.checking import campaign_renderer
from offerpress.corrections import ToldFigures
from offerpress.figures import Figures
from offerpress.folder import OfferpressError
from offerpress.site_keys import private_address, unsubscribing
from rewards import Account, Notice, Partner, Statement


class UnknownCampaign(OfferpressError):
    """No campaign of that slug; `slug` holds it."""

    def __init__(self, slug: str, known: Collection[str]) -> None:
        self.slug = slug
        names = ", ".join(sorted(known)) or "none yet"
        super().__init__(
            f"no campaign: {slug!r}: content/campaigns holds {names}; `offerpress add campaign TITLE` makes one"
        )


class Drafting:
    """Decides and renders one campaign's notices over one set of figures.

    With `told` they are corrections: for those partners alone whose figures differ from what they were told.
    """

    def __init__(self, figures: Figures, slug: str, told: Mapping[str, ToldFigures] | None = None) -> None:
        campaigns = figures.content.campaigns
        if slug not in campaigns:
            raise UnknownCampaign(slug, campaigns)
        self.figures = figures
        self.campaign: Campaign = campaigns[slug]
        self.told = told
        self.header: BatchHeader | None = None
        """The plan for which the notices are; until it is known they show no address to unsubscribe of their own."""
        self.unsubscribing = unsubscribing(figures.site, figures.keys)
        self._window = self.campaign.window or figures.site.settings.mail.window
        self.renderer = campaign_renderer(figures, slug, corrections=told is not None)

    def notice(self, account: Account, statement: Statement) -> Notice:
        """The message of that partner, with its private link where the site has such links."""
        keys, partner = self.figures.keys, account.partner
        last = self.told.get(partner.partner_id) if self.told else None
        told = last.statement if last else None
        address = reference = ""
        if keys is not None:
            link = keys.link(partner.partner_id)
            address, reference = private_address(self.figures.site, link), link.reference
        leave = self._leave(partner.partner_id)
        made = self.renderer.notice(partner, statement, address, reference, told, unsubscribe=leave)
        return made.model_copy(update={"window": self.window(partner)}) if self._window else made

    def _leave(self, partner_id: str) -> str:
        """Where the partner unsubscribes, by its own token; empty where that is not known."""
        return "" if self.header is None else self.unsubscribing.url(message_key(self.header, partner_id))

    def window(self, partner: Partner) -> str:
        """When the partner may be written to, in its own zone or else the program's; empty for any time."""
        if self._window is None:
            return ""
        return self._window.text(partner.timezone or self.figures.content.policy.program.timezone)

    def uncorrected(self, statement: Statement) -> str | None:
        """Why a corrections plan has nothing for a partner; None for another plan, or where there is a correction.

        Who may be in the middle of being told something is told nothing else before that is settled.
        """
        if self.told is None:
            return None
        last = self.told.get(statement.partner_id)
        if last is None:
            return "not_told"
        settled = last.status is Status.ACCEPTED
        return None if settled and last.differences(statement) else "already_sent"

"""Campaign + figures → a frozen batch, and whether a frozen batch would still be made the same way.

A plan is stale if recomputing would change a recipient's message. A ledger that grew without doing so does not matter.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from generator import Campaign, CampaignRenderer
from mailer import Batch, BatchHeader, Outbox, freeze, message_digest, suppression_reason
from rewards import Account, Notice, Partner, Statement, format_amount, totals

from offerpress.figures import Figures, Moment
from offerpress.reporting import Progress
from offerpress.site import OfferpressError


class UnknownCampaign(OfferpressError):
    """No campaign of that slug; `slug` holds it."""

    def __init__(self, slug: str, known: Collection[str]) -> None:
        self.slug = slug
        names = ", ".join(sorted(known)) or "none yet"
        super().__init__(f"no campaign: {slug!r}: content/campaigns holds {names}; `offerpress add campaign TITLE` makes one")


@dataclass(frozen=True, slots=True)
class Draft:
    """What a plan would hold: its notices by partner id, who is skipped and why, and the sums it tells."""

    notices: tuple[Notice, ...]
    skipped: Mapping[str, int]
    totals: Mapping[str, Mapping[str, object]]
    reasons: Mapping[str, str]


class Drafting:
    """Decides and renders one campaign's notices over one set of figures."""

    def __init__(self, figures: Figures, slug: str) -> None:
        campaigns = figures.content.campaigns
        if slug not in campaigns:
            raise UnknownCampaign(slug, campaigns)
        self.figures = figures
        self.campaign: Campaign = campaigns[slug]
        settings = figures.site.settings
        self.renderer = CampaignRenderer(
            self.campaign,
            figures.content,
            settings.site,
            settings.mail.sender,
            figures.site.template_folders,
            figures.rules,
        )

    def notice(self, account: Account, statement: Statement) -> Notice:
        """The message of that partner, with its private link where the site has such links."""
        keys, settings = self.figures.keys, self.figures.site.settings
        link = keys.link(account.partner.partner_id) if keys else None
        url, reference = "", link.reference if link else ""
        if link and settings.statements.access == "link":
            url = link.url(settings.site.base_url)
        elif link and settings.statements.access == "plain":
            url = link.plain_url(settings.site.base_url)
        return self.renderer.notice(account.partner, statement, url, reference)


def draft(drafting: Drafting, outbox: Outbox, progress: Progress) -> Draft:
    """Every partner is either a recipient or skipped for one reason; notices come sorted by partner id."""
    campaign = drafting.campaign
    handed = outbox.handed(campaign.slug, campaign.edition)
    reasons = {p.partner_id: "merged" if p.merged_into else "closed" for p in _without_statement(drafting.figures)}
    recipients: list[Statement] = []
    notices: list[Notice] = []
    for account, statement in drafting.figures.sorted_statements():
        progress(1)
        partner = account.partner
        reason = _reason(drafting, outbox, account, statement, handed)
        if reason:
            reasons[partner.partner_id] = reason
            continue
        notices.append(drafting.notice(account, statement))
        recipients.append(statement)
    skipped = dict(sorted(Counter(reasons.values()).items()))
    return Draft(tuple(notices), skipped, sum_up(recipients), reasons)


def _without_statement(figures: Figures) -> list[Partner]:
    return [partner for partner in figures.snapshot.partners() if partner.merged_into or partner.status == "closed"]


def _reason(
    drafting: Drafting, outbox: Outbox, account: Account, statement: Statement, handed: Collection[str]
) -> str | None:
    """The first reason that applies, in the order of the reference."""
    reason = drafting.renderer.reason(account.partner, statement)
    if reason in {"audience", "nothing_to_say"}:
        return reason
    suppressed = suppression_reason(outbox, account.partner.email, drafting.campaign.category)
    if suppressed or reason:
        return suppressed or reason
    return "already_sent" if account.partner.partner_id in handed else None


def sum_up(statements: Collection[Statement]) -> dict[str, dict[str, object]]:
    """Per currency: partners, and the net, positive and negative parts of `to_credit` as decimal text."""
    sums: dict[str, list[int]] = {}
    for statement in statements:
        for currency, amount in totals(statement).items():
            row = sums.setdefault(currency, [0, 0, 0])
            row[0] += 1
            row[1 if amount >= 0 else 2] += amount
    return {
        currency: {
            "partners": partners,
            "amount": format_amount(credit + debit, currency),
            "credit": format_amount(credit, currency),
            "debit": format_amount(debit, currency),
        }
        for currency, (partners, credit, debit) in sorted(sums.items())
    }


def stale_partners(batch: Batch, figures: Figures) -> list[str]:
    """The recipients whose message would be another one, or none at all, if it were rendered now."""
    drafting = Drafting(figures, batch.header.campaign)
    now: dict[str, str] = {}
    for account, statement in figures.sorted_statements():
        if not drafting.renderer.reason(account.partner, statement):
            now[account.partner.partner_id] = message_digest(drafting.notice(account, statement))
    return [partner for partner, digest in batch.digests() if now.get(partner) != digest]

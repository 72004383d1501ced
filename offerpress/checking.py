"""Faults that show only when content and figures meet: templates, campaigns, and sales that no rate converts."""

from collections import Counter

from generator import CampaignCheck, CampaignRenderer, site_artifacts
from offerpress.figures import Figures
from rewards import BonusRule, Fault, Faulty


def figures_faults(figures: Figures) -> list[Fault]:
    """What keeps a statement from being computed; and, as remarks, whose currency has no amount in a bonus."""
    faults: list[Fault] = []
    bonuses = [rule for rule in figures.rules.by_list["bonuses"] if isinstance(rule, BonusRule)]
    unpaid: Counter[tuple[str, str]] = Counter()
    for account, statement in figures.statements(faults):
        partner = account.partner
        for rule in bonuses:
            if partner.currency not in rule.amounts and rule.terms.is_for(partner, statement.level):
                unpaid[rule.offer, partner.currency] += 1
    return faults + [_unpaid(*pair, count) for pair, count in sorted(unpaid.items())]


def _unpaid(slug: str, currency: str, count: int) -> Fault:
    who = "1 eligible partner" if count == 1 else f"{count:,} eligible partners"
    return Fault(
        f"the bonus names no amount in {currency}, the currency of {who}",
        "add one, or leave it so if they are to get none",
        f"content/offers/{slug}.md",
        field="amount",
        severity="remark",
    )


def content_faults(figures: Figures) -> list[Fault]:
    """What keeps the site or any campaign from being rendered."""
    faults: list[Fault] = []
    rendered_site(figures, faults)
    return faults + campaign_faults(figures)


def require_faultless_content(figures: Figures) -> None:
    """Raises `Faulty` with all of `content_faults`."""
    faults = content_faults(figures)
    if faults:
        raise Faulty(faults)


def rendered_site(figures: Figures, faults: list[Fault]) -> dict[str, bytes]:
    """Every public file outside `statement/`; none where a template is faulty, with its mistakes added to `faults`."""
    site = figures.site
    settings, folders = site.settings, site.template_folders
    try:
        return site_artifacts(
            figures.content, settings.site, folders, figures.rules.as_of, site.folder, settings.statements
        )
    except Faulty as faulty:
        faults.extend(faulty.faults)
        return {}


def campaign_renderer(figures: Figures, slug: str, *, corrections: bool = False) -> CampaignRenderer:
    """The renderer of that campaign, or of its corrections.

    Raises `Faulty` with the mistakes of its templates, `KeyError` for no campaign.
    """
    site, mail = figures.site, figures.site.settings.mail
    return CampaignRenderer(
        figures.content.campaigns[slug],
        figures.content,
        site.settings.site,
        mail.sender,
        site.template_folders,
        figures.rules,
        reply_to=mail.reply_to,
        unsubscribe=mail.unsubscribe.mailto,
        has_link=site.settings.statements.access != "none",
        corrections=corrections,
    )


def campaign_faults(figures: Figures) -> list[Fault]:
    """The mistakes of every campaign in all its languages, for any partner that could be."""
    settings = figures.site.settings
    has_link = settings.statements.access != "none"
    return CampaignCheck(
        figures.content, settings.site, figures.site.template_folders, figures.rules.as_of, has_link=has_link
    ).faults()

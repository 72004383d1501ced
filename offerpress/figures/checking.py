"""Faults that show only when content meets figures: templates, campaigns, and sales that no rate converts."""

import tempfile
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

import generator  # a name that is taken from it where it is used loads its module there
from generator import (
    Campaign,
    Content,
    GeneratorError,
    KeptFiles,
    StatementRenderer,
    offer_words,
    read_content,
    read_sound_content,
    statement_artifacts,
)
from offerpress.figures.figures import Figures, open_figures
from offerpress.figures.frozen_rules import rules_digest
from offerpress.site.inputs import CODE, pages_ground
from offerpress.site.site import Site
from rewards import Account, BonusRule, Fault, Faulty, Statement

if TYPE_CHECKING:  # each is loaded by the function that makes it
    from generator import CampaignRenderer
    from ledger import ExplainedRow


def figures_faults(figures: Figures) -> list[Fault]:
    """Return the faults that prevent statements, and remarks about partners whose currency has no amount in a bonus.

    An audience that names a partner whom the ledger lacks is a fault too.
    """
    faults: list[Fault] = []
    unpaid = unpaid_remarks(figures, figures.statements(faults))
    return [*faults, *audience_faults(figures), *unpaid]


def audience_faults(figures: Figures) -> Iterator[Fault]:
    """Yield a fault for each partner that a campaign's audience names and the ledger does not have."""
    campaigns = [one for one in figures.content.campaigns.values() if one.audience.partners]
    known = [partner.partner_id for partner in figures.snapshot.partners()] if campaigns else []
    yield from _unknown_partners(campaigns, known)


def _unknown_partners(campaigns: Iterable[Campaign], known: Collection[str]) -> Iterator[Fault]:
    for campaign in campaigns:
        for n, partner_id in enumerate(campaign.audience.partners or ()):
            if partner_id not in known:
                near = get_close_matches(partner_id, list(known), n=1)
                remedy = f"did you mean {near[0]!r}?" if near else "look it up in the partners table"
                path = ("audience", "partners", n)
                yield campaign.source.fault(path, f"unknown partner {partner_id!r}", remedy)


def figures_remarks(figures: Figures) -> list[Fault]:
    """Return the remarks about data and figures."""
    return [*_unpaid_of(figures), *figures.remarks]


def _unpaid_of(figures: Figures) -> list[Fault]:
    """Return the remarks about bonuses; computes statements only for an offer that leaves a currency out."""
    bonuses = _bonuses(figures)
    currencies = figures.snapshot.currencies() if bonuses else frozenset()
    open_ended = any(currencies - rule.amounts.keys() for rule in bonuses)
    return unpaid_remarks(figures, figures.statements([])) if open_ended else []


def remarks_about_site(figures: Figures, found: Iterable[Fault]) -> list[Fault]:
    """Return the remarks about the site that is made from content; `found` are its `content_faults`."""
    site = figures.site
    beside = generator.site_remarks(
        figures.content, site.settings.site, site.template_folders, figures.rules.as_of
    )
    return [*(fault for fault in found if fault.severity == "remark"), *beside]


@contextmanager
def every_fault_named(site: Site) -> Iterator[None]:
    """Let a refusal name everything that `check` names."""
    try:
        yield
    except Faulty as faulty:
        raise Faulty(list(dict.fromkeys([*faulty.faults, *find_faults(site)]))) from faulty


def _bonuses(figures: Figures) -> list[BonusRule]:
    return [rule for rule in figures.rules.by_list["bonuses"] if isinstance(rule, BonusRule)]


def unpaid_remarks(figures: Figures, statements: Iterable[tuple[Account, Statement]]) -> list[Fault]:
    """Return a remark for each bonus that names no amount in the currency of an eligible partner."""
    bonuses = _bonuses(figures)
    unpaid: Counter[tuple[str, str]] = Counter()
    for account, statement in statements:
        partner = account.partner
        for rule in bonuses:
            if partner.currency not in rule.amounts and rule.terms.is_for(partner, statement.level):
                unpaid[rule.offer, partner.currency] += 1
    return [_unpaid(*pair, count) for pair, count in sorted(unpaid.items())]


def _unpaid(slug: str, currency: str, count: int) -> Fault:
    who = "1 eligible partner" if count == 1 else f"{count:,} eligible partners"
    return Fault(
        f"the bonus names no amount in {currency}, the currency of {who}",
        "add one, or leave it so if they are to get none",
        f"content/offers/{slug}.md",
        field="amount",
        severity="remark",
    )


@dataclass(frozen=True, slots=True)
class Proved:
    """What the last build proved: that these figures can be computed, and that pages with these keys can be rendered.

    `snapshot` is the stamp of the snapshot, `rules` the digest of the rules, `code` that of the program.
    """

    code: str
    snapshot: str
    rules: str
    as_of: int
    made: Mapping[str, str]

    def holds(self, figures: Figures) -> bool:
        """Return whether it proved these figures."""
        rules = figures.rules
        return (self.code, self.snapshot, self.as_of, self.rules) == (
            figures.inputs[CODE],
            figures.snapshot.stamp,
            rules.as_of,
            rules_digest(rules.policy, rules.as_of),
        )


def find_faults(site: Site, proved: Proved | None = None) -> list[Fault]:
    """Return every fault and remark that a build and every campaign's plan would meet.

    What the last build `proved` of the same figures and pages is not computed again.
    """
    try:
        with (
            tempfile.TemporaryDirectory(prefix="offerpress-") as workspace,
            open_figures(site, snapshots=Path(workspace)) as figures,
        ):
            kept = (
                KeptFiles(pages_ground(figures.inputs, site.settings.site), proved.made) if proved else None
            )
            of_content = content_faults(figures.content, site, figures.rules.as_of, kept)
            found = [fault for fault in of_content if fault.severity == "fault"]
            remarks = [*figures.remarks, *remarks_about_site(figures, of_content)]
            if proved and proved.holds(figures):
                of_figures = [*audience_faults(figures), *_unpaid_of(figures)]
            else:
                of_figures = figures_faults(figures)
            return [*of_figures, *found, *remarks]
    except Faulty as faulty:
        return list(dict.fromkeys([*faulty.faults, *_faults_beside(site)]))


def explain_row(site: Site, name: str, row: int) -> "ExplainedRow | None":
    """Return a row of a table or file of the data, as it came and as it was read; None if there is none.

    Raises `Faulty` if the program, by which it is read, has faults.
    """
    from ledger import explain  # noqa: PLC0415 - it reads data

    sound = read_sound_content(site.folder, site.settings.site)
    if sound is None:
        faults: list[Fault] = []
        read_content(site.folder, site.settings.site, faults)
        raise Faulty(faults)
    return explain(site.settings.data, site.folder, sound.policy, (name, row), site.environment)


def _faults_beside(site: Site) -> list[Fault]:
    """Return the faults of templates and campaigns of a site that is faulty elsewhere."""
    whole = read_content(site.folder, site.settings.site, [])
    if whole is not None:
        return content_faults(whole, site, site.day(whole.policy.program.timezone))
    sound = read_sound_content(site.folder, site.settings.site)
    return campaign_template_faults(sound, site, site.day(sound.policy.program.timezone)) if sound else []


def content_faults(content: Content, site: Site, as_of: int, kept: KeptFiles | None = None) -> list[Fault]:
    """Return the faults that prevent rendering the site or any campaign; pages that `kept` has are not rendered."""
    faults: list[Fault] = []
    rendered_site(content, site, as_of, faults, kept=kept)
    statement_files(content, site, as_of, faults)
    return faults + campaign_template_faults(content, site, as_of, kept)


def require_faultless_content(figures: Figures) -> list[Fault]:
    """Return the remarks about the site; raises `Faulty` if it or any campaign cannot be rendered."""
    found = content_faults(figures.content, figures.site, figures.rules.as_of)
    found += audience_faults(figures)
    if any(fault.severity == "fault" for fault in found):
        raise Faulty(found)
    return remarks_about_site(figures, found)


def rendered_site(
    content: Content,
    site: Site,
    as_of: int,
    faults: list[Fault],
    *,
    cards: dict[str, str] | None = None,
    kept: KeptFiles | None = None,
) -> dict[str, bytes]:
    """Return every public file outside `statement/`; none, with faults added, if a template is faulty.

    Files that `kept` has are empty, and so are the pictures of shared links: `cards` is as in `site_artifacts`.
    """
    settings, folders = site.settings, site.template_folders
    try:
        return generator.site_artifacts(
            content,
            settings.site,
            folders,
            as_of,
            site.folder,
            settings.statements,
            cards=cards,
            kept=kept,
        )
    except Faulty as faulty:
        faults.extend(faulty.faults)
        return {}


def statement_files(content: Content, site: Site, as_of: int, faults: list[Fault]) -> Mapping[str, bytes]:
    """Return the page that opens private links, with its assets; none, with faults added, if a template is faulty.

    Statements without encryption have no such page: only their templates are checked.
    """
    settings, folders, access = site.settings.site, site.template_folders, site.settings.statements.access
    words = offer_words(content, settings, as_of)
    try:
        if access == "link":
            return statement_artifacts(folders, settings, content.policy, words, as_of)
        if access == "plain":
            StatementRenderer(folders, settings, content.policy, words).check_plain(as_of)
    except Faulty as faulty:
        faults.extend(fault for fault in faulty.faults if fault not in faults)
    except GeneratorError as error:
        faults.append(Fault(str(error), "correct the template", "templates/statement/statement.html"))
    return {}


def campaign_renderer(figures: Figures, slug: str, *, corrections: bool = False) -> "CampaignRenderer":
    """Return the renderer of that campaign, or of its corrections.

    Raises `Faulty` with the mistakes of its templates, and `KeyError` for an unknown campaign.
    """
    from generator import CampaignRenderer  # noqa: PLC0415 - `check` renders no partner's message

    site, mail = figures.site, figures.site.settings.mail
    return CampaignRenderer(
        figures.content.campaigns[slug],
        figures.content,
        site.settings.site,
        mail.sender,
        site.template_folders,
        figures.rules,
        reply_to=mail.reply_to,
        unsubscribe=mail.unsubscribe.url or mail.unsubscribe.mailto,
        has_link=site.settings.statements.access != "none",
        corrections=corrections,
    )


def faults_of_text(site: Site, file: str, text: str, partner_ids: Collection[str] = ()) -> tuple[Fault, ...]:
    """Return what `check` would say about one content file if it held this text, which is not saved.

    Without `partner_ids`, the partners that an audience names are not looked up. No data is read.
    """
    found: list[Fault] = []
    settings, unsaved = site.settings.site, {file: text}
    content = read_content(site.folder, settings, found, unsaved) or read_sound_content(
        site.folder, settings, unsaved
    )
    room, slug = file.split("/")[1], file.rpartition("/")[2].partition(".")[0]
    campaign = content.campaigns.get(slug) if content and room == "campaigns" else None
    if content and campaign:
        alone = replace(content, campaigns={slug: campaign})
        found += campaign_template_faults(alone, site, site.day(content.policy.program.timezone))
        found += _unknown_partners([campaign], partner_ids) if partner_ids else ()
    return tuple(dict.fromkeys(one for one in found if one.file == file))


_CAMPAIGNS = "the campaigns"  # beside paths of pages, feeds and cards, none of which has a space


def campaign_template_faults(
    content: Content, site: Site, as_of: int, kept: KeptFiles | None = None
) -> list[Fault]:
    """Return the mistakes of every campaign in all its languages, for any possible partner.

    There are none if `kept` has the key of the same campaigns, under which none were found.
    """
    has_link = site.settings.statements.access != "none"
    if kept and kept.has(_CAMPAIGNS, content.campaigns_digest, as_of, has_link):
        return []
    folders = site.template_folders
    found = generator.CampaignCheck(content, site.settings.site, folders, as_of, has_link=has_link).faults()
    if kept and found:
        kept.keys.pop(_CAMPAIGNS, None)
    return found

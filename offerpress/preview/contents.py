"""The contents of a preview: public pages from content and templates, statements and mails from the figures."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from functools import cached_property
from urllib.parse import urlsplit

from generator import (
    Content,
    KeptFiles,
    SealedShard,
    packs_of,
    read_content,
    site_remarks,
    small_pictures,
    with_unpublished,
)
from mailer import BatchHeader, message_bytes, with_own_headers
from offerpress.build.shards import ShardBuilder, shard_builder, statement_page
from offerpress.figures.checking import rendered_site
from offerpress.figures.figures import Figures, know_texts
from offerpress.plans.draft import Drafting
from offerpress.preview.ledger import People
from offerpress.site.inputs import CODE, code_digest, pages_ground, template_digests
from offerpress.site.keys import private_address
from offerpress.site.site import Site
from rewards import Fault, Faulty, Notice


@dataclass(frozen=True, slots=True)
class PublicPages:
    """The public pages as of a day. They need no data, so a change of words is shown at once.

    `files` are by path, and empty for those of `cards`, whose SVG is drawn when a browser asks for it, as `pictures`,
    the smaller sizes of pictures, are made. `keys` are those of the files. `marks` name the paths that are not
    published, with the reason. `remarks` are about the content and the site that is made from it.
    """

    site: Site
    content: Content
    as_of: int
    files: Mapping[str, bytes]
    cards: Mapping[str, str]
    pictures: Mapping[str, bytes]
    keys: Mapping[str, str]
    marks: Mapping[str, str]
    remarks: tuple[Fault, ...]


def read_pages(site: Site, origin: str, before: PublicPages | None = None) -> PublicPages:
    """Read settings and content and render every page that `before` lacks. Raises `Faulty`.

    Links stay under `origin`.
    """
    site = _local(site, origin)
    settings = site.settings.site
    faults: list[Fault] = []
    inputs = {CODE: code_digest(), **template_digests(site)}
    if before is None:
        know_texts(site, inputs[CODE])
    content = read_content(site.folder, settings, faults)
    if content is None:
        raise Faulty(faults)
    as_of = site.day(content.policy.program.timezone)
    shown, marks = with_unpublished(content, settings, as_of)
    broken: list[Fault] = []
    cards: dict[str, str] = {}
    kept = KeptFiles(pages_ground(inputs, settings), before.keys if before else {})
    files = rendered_site(shown, site, as_of, broken, cards=cards, kept=kept)
    if broken:
        raise Faulty([*broken, *faults])
    if before:
        files |= {path: before.files[path] for path in kept.stayed}
        cards |= {path: before.cards[path] for path in kept.stayed & before.cards.keys()}
    pictures = small_pictures(shown, settings, as_of)
    remarks = (*faults, *site_remarks(content, settings, site.template_folders, as_of))
    return PublicPages(site, content, as_of, files, cards, pictures, kept.keys, marks, remarks)


def _local(site: Site, origin: str) -> Site:
    """Return the site with addresses of this machine, so that links stay within the preview."""
    base_url = origin + urlsplit(site.settings.site.base_url).path.rstrip("/")
    local = site.settings.site.model_copy(update={"base_url": base_url})
    return replace(site, given=replace(site.settings, site=local))


class StaffFigures:
    """The figures of one state of a preview; `people` are account and statement by partner id.

    It makes statements and mails on request, in one thread at a time.
    """

    def __init__(self, pages: PublicPages, figures: Figures, people: People) -> None:
        self.pages = pages
        self.figures = replace(figures, site=pages.site, content=pages.content)
        self.people = people
        self._lock = threading.RLock()
        self._drafts: dict[str, Drafting] = {}

    def statement_files(self, partner_id: str) -> Mapping[str, bytes]:
        """Return the files under `statement/` as a build would publish them, but of one partner only.

        Empty if statements have no page. Raises `KeyError` for an unknown partner.
        """
        figures, (account, statement) = self.figures, self.people[partner_id]
        if figures.keys is None:
            return {}
        with self._lock:
            sealed, plain = self._builder.published([account], [statement])
            if plain:
                return {**plain, **self._builder.renderer.plain_artifacts()}
            if not sealed:
                return {}
            packs = packs_of([SealedShard.of(sealed)], figures.keys.secret, figures.keys.key_version)
            return {**self._statement_page, **packs}

    @cached_property
    def _builder(self) -> ShardBuilder:
        return shard_builder(self.figures)

    @cached_property
    def _statement_page(self) -> Mapping[str, bytes]:
        return statement_page(self.figures)

    def statement_address(self, partner_id: str) -> str:
        """Return the address of the partner's statement, empty if statements have no page."""
        keys = self.figures.keys
        return private_address(self.pages.site, keys.link(partner_id)) if keys else ""

    def reason(self, campaign: str, partner_id: str) -> str | None:
        """Return why the campaign has no mail to that partner. Raises `KeyError` if either is unknown."""
        with self._lock:
            account, statement = self.people[partner_id]
            return self._drafting(campaign).renderer.reason(account.partner, statement)

    def mail(self, campaign: str, partner_id: str) -> Notice:
        """Return the message as a plan would freeze it. Raises `Faulty` for faults of its templates, and `KeyError`."""
        with self._lock:
            drafting = self._drafting(campaign)
            drafting.header = header = self._header(drafting)
            (notice,) = drafting.notices([self.people[partner_id]])
        return with_own_headers(header, notice, drafting.unsubscribing)

    def wire(self, notice: Notice) -> bytes:
        """Return the message in its SMTP form, with placeholders for the date and the id that a plan would set."""
        domain = notice.from_address.rpartition("@")[2].encode("idna").decode("ascii")
        return message_bytes(notice, f"<preview@{domain}>", self._noon)

    def _drafting(self, campaign: str) -> Drafting:
        if campaign not in self._drafts:
            if campaign not in self.pages.content.campaigns:
                raise KeyError(campaign)
            self._drafts[campaign] = Drafting(self.figures, campaign)
        return self._drafts[campaign]

    def _header(self, drafting: Drafting) -> BatchHeader:
        campaign = drafting.campaign
        return BatchHeader(
            plan="preview",
            campaign=campaign.slug,
            edition=campaign.edition,
            category=campaign.category,
            as_of=self.figures.rules.as_of,
            made_by="preview",
            made_at=self._noon,
        )

    @property
    def _noon(self) -> datetime:
        """Noon of the as-of day: a date that is the same for every state."""
        return datetime.combine(date.fromordinal(self.figures.rules.as_of), time(12), UTC)

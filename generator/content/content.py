"""All content under `content/`, read and checked in one pass that reports every fault."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from generator.addresses import language_folder
from generator.content.bodies import Reference
from generator.content.campaigns import (
    Campaign,
    CampaignText,
    campaign_text,
    parse_campaign,
)
from generator.content.checks import (
    campaign_faults,
    content_remarks,
    draft_remarks,
    link_targets,
    own_remarks,
    page_faults,
    picture_remarks,
    tag_faults,
)
from generator.content.files import (
    NOTHING_UNSAVED,
    ROOMS,
    Unsaved,
    content_files,
    content_names,
    read_text,
    static_files,
    unread_files,
)
from generator.content.front_matter import Document, parse_document, parsed_document, translated_keys
from generator.content.pages import (
    Page,
    PageText,
    compiled,
    page_texts,
    parse_page,
)
from generator.content.references import (
    Index,
    Target,
)
from generator.content.terms import AmendmentKey
from generator.settings import SiteSettings
from generator.templating.kept_results import TEXT_RESULTS, TextResults, closed_digest
from rewards import (
    Fault,
    Offer,
    Policy,
    Program,
    day_text,
    parse_offer,
    parse_program,
    parse_toml,
)
from rewards.days import year_of
from rewards.offers.offer import Amendment

PROGRAM_FILE = "content/program.toml"
_TRIES = 3
_PAGE_ROOMS = ("announcements", "offers", "pages")


class OfferWording(NamedTuple):
    """Title and summary of an offer, and the language in which they are written."""

    title: str
    summary: str
    language: str


@dataclass(frozen=True, slots=True)
class OfferPage:
    """An offer and its texts by language, which always include the site's default language."""

    offer: Offer
    texts: Mapping[str, PageText]

    def words(self, language: str, default: str, as_of: int | None) -> OfferWording:
        """Return title and summary in a language as amended by a day, None for those before any amendment.

        If an amendment changed one of them and the translation does not, both are those of the default language.
        """
        text = self.texts.get(language) or self.texts[default]
        terms = None if as_of is None else self.offer.terms_on(as_of)
        words = {"title": text.title, "summary": text.summary}
        if terms is None or as_of is None:
            return OfferWording(**words, language=language if language in self.texts else default)
        original = OfferWording(" ".join(terms.title.split()), " ".join(terms.summary.split()), default)
        if language == default or language not in self.texts:
            return original
        for key, amendment in self._amendments(as_of):
            changed = words.keys() & amendment.changes.keys()
            words |= {name: text.amended.get(key, {}).get(name, "") for name in changed}
        return OfferWording(**words, language=language) if all(words.values()) else original

    def notes(self, language: str, default: str, effective_on: int) -> tuple[tuple[str, str], ...]:
        """Return text and language of each note of the amendments of a day."""
        own = self.texts[language].amended if language in self.texts else {}
        found = []
        for key, amendment in self._amendments(effective_on):
            if key.effective_on == effective_on and amendment.note.strip():
                translated = own.get(key, {}).get("note")
                found.append((translated, language) if translated else (amendment.note, default))
        return tuple(found)

    def _amendments(self, as_of: int) -> Iterator[tuple[AmendmentKey, Amendment]]:
        places: Counter[int] = Counter()
        for one in self.offer.amendments:
            if one.effective_on <= as_of:
                yield AmendmentKey(one.effective_on, places[one.effective_on]), one
                places[one.effective_on] += 1

    @property
    def path(self) -> str:
        """The address below the site's root and language, with a slash at its end."""
        return f"offers/{self.offer.slug}/"

    def visible(self, as_of: int) -> bool:
        """Return whether the offer has been announced on the day `as_of`, and is no draft."""
        return self.offer.announced_on <= as_of and not self.offer.draft


@dataclass(frozen=True, slots=True)
class Content:
    """The content of a site without faults, in mappings by slug, sorted by slug.

    `targets` has the target of each body's references by (file, reference). `static` are the files to copy. Offers that
    are `drafts` are neither in `offers` nor in the policy.
    """

    policy: Policy
    announcements: Mapping[str, Page]
    offers: Mapping[str, OfferPage]
    drafts: Mapping[str, OfferPage]
    pages: Mapping[str, Page]
    campaigns: Mapping[str, Campaign]
    static: Mapping[str, Path]
    targets: Mapping[tuple[str, Reference], Target]
    index: Index
    digest: str

    @property
    def zone(self) -> ZoneInfo:
        """The program's time zone."""
        return ZoneInfo(self.policy.program.timezone)

    def page_of(self, target: Target) -> "Page | OfferPage | None":
        """Return the announcement, offer or page that a link leads to; None if it is none of them."""
        rooms: dict[str, Mapping[str, Page | OfferPage]] = {
            "announcements": self.announcements,
            "offers": self.offers,
            "pages": self.pages,
        }
        return rooms.get(target.room, {}).get(target.slug)

    def public_path(self, target: Target, language: str, settings: SiteSettings, as_of: int) -> str | None:
        """Return the path of a content or static file for readers of `language`; None while it is not public."""
        if target.kind == "static":
            return target.path
        page = self.page_of(target)
        if page is None or not page.visible(as_of):
            return None
        return f"{language_folder(target.language or language, settings)}{page.path}"

    def same_since(self, as_of: int) -> int:
        """Return the first day from which on every public page says what it says on the day `as_of`.

        A page compares the day with these days alone: those of texts, offers and amendments, the end of each deadline,
        and the turn of a year.
        """
        turns = {year_of(as_of)[0], *(one.effective_on for one in self.policy.program.amendments)}
        for page in (*self.announcements.values(), *self.pages.values()):
            turns |= {page.visible_from, page.visible_until or 0}
        for offer in (page.offer for page in self.offers.values()):
            turns |= {offer.announced_on, *(one.effective_on for one in offer.amendments)}
            for version in offer.versions:
                turns |= {version.effective_on, (version.terms.deadline or 0) + 1}
        return max(day for day in turns if day <= as_of)

    @property
    def campaigns_digest(self) -> str:
        """A digest over all that campaigns follow from; of pages that is what a link to them follows from."""
        pages = [
            (one.path, one.draft, one.visible_from, one.visible_until, language, sorted(text.body.anchors))
            for one in (*self.announcements.values(), *self.pages.values())
            for language, text in one.texts.items()
        ]
        targets = dict(self.index.files), sorted(self.index.static)
        return closed_digest(self.campaigns, self.offers, self.policy, pages, targets, has_sets=True)


@dataclass(frozen=True, slots=True)
class _Sources:
    """Content files split into front matter and body: room -> slug -> language -> document."""

    rooms: Mapping[str, Mapping[str, Mapping[str, Document]]]
    index: Index
    static: Mapping[str, Path]
    digest: str


def read_content(
    site: Path, settings: SiteSettings, faults: list[Fault], unsaved: Unsaved = NOTHING_UNSAVED
) -> Content | None:
    """Read the content of the folder `site`; returns None if it has a fault. Adds all faults and remarks.

    A text in `unsaved` is read in the place of its file.
    """
    found: list[Fault] = []
    content = _content(site, settings, found, unsaved)
    faults.extend(found)
    return None if any(fault.severity == "fault" for fault in found) else content


def read_sound_content(
    site: Path, settings: SiteSettings, unsaved: Unsaved = NOTHING_UNSAVED
) -> Content | None:
    """Read the faultless part of the content; returns None if the program or an offer has a fault.

    It lets a check go on with data and campaigns while a page has a fault.
    """
    found: list[Fault] = []
    content = _content(site, settings, found, unsaved)
    own = (PROGRAM_FILE, "content/offers/")
    faulty = any(fault.severity == "fault" and fault.file.startswith(own) for fault in found)
    return None if faulty else content


class PageSource(NamedTuple):
    """The file of an announcement, offer or page in one language, as it was read."""

    room: str
    file: str
    text: str


def page_sources(site: Path, settings: SiteSettings) -> list[PageSource]:
    """Return the texts of all pages; files that cannot be read are left to `read_content`, which names their faults."""
    return [
        PageSource(room, found.file, found.text)
        for room in _PAGE_ROOMS
        for found in content_files(site, room, settings.languages, [])
    ]


def text_results(sources: Iterable[PageSource]) -> TextResults:
    """Return what a reading asks of each text alone; another process can `learn` it before it reads the content."""
    TEXT_RESULTS.begin()
    for source in sources:
        document, _ = parsed_document(source.text, source.file)
        if document:
            compiled(document)
            own_remarks(document, source.room)
    return TEXT_RESULTS.asked


def read_program(site: Path, faults: list[Fault]) -> Program | None:
    """Read only the program; returns None after adding faults."""
    return _program(site, faults)[0]


def _content(site: Path, settings: SiteSettings, faults: list[Fault], unsaved: Unsaved) -> Content | None:
    """Read the content, and again if a file goes between the look at its folder and the reading: editors move files."""
    for _ in range(_TRIES - 1):
        found: list[Fault] = []
        with suppress(FileNotFoundError):
            content = _read_once(site, settings, found, unsaved)
            faults.extend(found)
            return content
    return _read_once(site, settings, faults, unsaved)


def _read_once(site: Path, settings: SiteSettings, faults: list[Fault], unsaved: Unsaved) -> Content | None:
    TEXT_RESULTS.begin()
    program, told = _program(site, faults)
    zone = ZoneInfo(program.timezone if program else "UTC")
    sources = _sources(site, settings, told, faults, unsaved)
    default = settings.default_language
    texts = {
        (room, slug): page_texts(room, versions, default, sources.index, faults)
        for room in _PAGE_ROOMS
        for slug, versions in sources.rooms[room].items()
    }
    pages = {room: _pages(room, sources, texts, zone, default, faults) for room in ("announcements", "pages")}
    written = _offers(sources, texts, program, default, faults)
    offers = {slug: page for slug, page in written.items() if not page.offer.draft}
    drafts = {slug: page for slug, page in written.items() if page.offer.draft}
    campaigns = _campaigns(sources, settings, zone, faults)
    targets = link_targets(texts, default, sources.index, faults)
    known_offers = {slug for room, slug, _ in sources.index.files.values() if room == "offers"}
    for room in pages.values():
        faults.extend(page_faults(room, known_offers, settings))
    faults.extend(tag_faults(page for room in pages.values() for page in room.values()))
    policy = Policy(program, tuple(page.offer for page in offers.values())) if program else None
    own_days = {slug: page.own_days for slug, page in pages["announcements"].items()}
    dated = {("announcements", slug): page.told_on for slug, page in pages["announcements"].items()}
    dated |= {
        ("campaigns", slug): one.send_at.astimezone(zone).toordinal()
        for slug, one in campaigns.items()
        if one.send_at
    }
    faults.extend(content_remarks(sources.rooms, policy, own_days, dated, settings))
    faults.extend(draft_remarks(pages, campaigns, drafts))
    faults.extend(picture_remarks(sources.static))
    if program is None or policy is None:
        return None
    for campaign in campaigns.values():
        faults.extend(campaign_faults(campaign, program.every_level_id, known_offers))
    return Content(
        policy=policy,
        announcements=pages["announcements"],
        offers=offers,
        drafts=drafts,
        pages=pages["pages"],
        campaigns=campaigns,
        static=sources.static,
        targets=targets,
        index=sources.index,
        digest=sources.digest,
    )


def _program(site: Path, faults: list[Fault]) -> tuple[Program | None, str]:
    """Return the program and its source text."""
    if not (site / PROGRAM_FILE).is_file():
        remedy = "add it: 'offerpress new' writes one with a comment for each key"
        faults.append(Fault("the file is missing", remedy, PROGRAM_FILE))
        return None, ""
    text = read_text(site / PROGRAM_FILE, PROGRAM_FILE, faults)
    parsed = None if text is None else parse_toml(text, PROGRAM_FILE, faults)
    return parse_program(*parsed, faults) if parsed else None, text or ""


def _sources(
    site: Path, settings: SiteSettings, program: str, faults: list[Fault], unsaved: Unsaved
) -> _Sources:
    rooms: dict[str, dict[str, dict[str, Document]]] = {room: {} for room in ROOMS}
    told = [(PROGRAM_FILE, program.encode())]
    for room in ROOMS:
        for file in content_files(site, room, settings.languages, faults, unsaved):
            told.append((file.file, file.text.encode()))
            document = parse_document(file.text, file.file, faults)
            if document:
                rooms[room].setdefault(file.slug, {})[file.language or settings.default_language] = document
    static = static_files(site, settings.publish_also, faults)
    faults.extend(unread_files(site))
    told += [(f"content/static/{name}", path.read_bytes()) for name, path in static.items()]
    originals = {
        room: {slug: found[slug] for slug in sorted(found) if settings.default_language in found[slug]}
        for room, found in rooms.items()
    }
    return _Sources(originals, Index(content_names(site, unsaved), frozenset(static)), static, _digest(told))


def _digest(told: Iterable[tuple[str, bytes]]) -> str:
    digest = hashlib.sha256()
    for file, content in told:
        for part in (file.encode(), content):
            digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def _pages(
    room: str,
    sources: _Sources,
    texts: Mapping[tuple[str, str], Mapping[str, PageText]],
    zone: ZoneInfo,
    default: str,
    faults: list[Fault],
) -> dict[str, Page]:
    found = {}
    for slug, versions in sources.rooms[room].items():
        page = parse_page(room, slug, versions[default], zone, faults)
        if page and default in texts[room, slug]:
            found[slug] = replace(page, texts=texts[room, slug])
    return found


def _offers(
    sources: _Sources,
    texts: Mapping[tuple[str, str], Mapping[str, PageText]],
    program: Program | None,
    default: str,
    faults: list[Fault],
) -> dict[str, OfferPage]:
    found = {}
    for slug, versions in sources.rooms["offers"].items():
        original = versions[default]
        offer = parse_offer(slug, original.raw, program, original.source, faults) if program else None
        if offer and default in texts["offers", slug]:
            found[slug] = OfferPage(offer, texts["offers", slug])
    return found


def _campaigns(
    sources: _Sources, settings: SiteSettings, zone: ZoneInfo, faults: list[Fault]
) -> dict[str, Campaign]:
    found = {}
    for slug, versions in sources.rooms["campaigns"].items():
        original = versions[settings.default_language]
        campaign = parse_campaign(slug, original, zone, faults)
        texts: dict[str, CampaignText] = {}
        for language, document in versions.items():
            own = ("subject", "preheader")
            front = original.raw if document is original else translated_keys(original, document, own, faults)
            if document is original and campaign is None:
                continue
            text = campaign_text(front, document, faults)
            if text:
                texts[language] = text
        if campaign and settings.default_language in texts:
            found[slug] = replace(campaign, texts=texts)
    return found


# Content for a preview, which includes unpublished pages.


def with_unpublished(content: Content, settings: SiteSettings, as_of: int) -> tuple[Content, dict[str, str]]:
    """Return the content with every page visible on `as_of`, and a note for each page with limited visibility.

    The notes are by path below the site's root, in every language. Translations that are drafts are left out.
    """
    offers = {**content.offers, **content.drafts}
    rooms = (content.announcements, content.pages, offers)
    marks = {
        f"{language_folder(language, settings)}{page.path}": mark
        for room in rooms
        for page in room.values()
        for language in settings.languages
        if (mark := _mark(page, as_of))
    }
    shown = replace(
        content,
        announcements=_visible(content.announcements, as_of),
        pages=_visible(content.pages, as_of),
        offers={slug: _announced(offers[slug], as_of) for slug in sorted(offers)},
        drafts={},
    )
    return shown, marks


def _mark(page: Page | OfferPage, as_of: int) -> str:
    """Return the reason why the page is or will be hidden from the public; empty if there is none."""
    if not page.visible(as_of):
        state = hidden_state(page, as_of)
        return state[:1].upper() + state[1:]
    if isinstance(page, OfferPage) or page.visible_until is None:
        return ""
    return f"Expires on {day_text(page.visible_until)}"


def hidden_state(page: Page | OfferPage, as_of: int) -> str:
    """Return why the public does not see the page on the day `as_of`."""
    if isinstance(page, OfferPage):
        return "draft" if page.offer.draft else f"announced on {day_text(page.offer.announced_on)}"
    if page.draft:
        return "draft"
    if page.visible_from > as_of:
        return f"published from {day_text(page.visible_from)}"
    return f"expired on {day_text(page.visible_until)}" if page.visible_until else "published"


def _visible(room: Mapping[str, Page], as_of: int) -> dict[str, Page]:
    return {
        slug: page
        if page.visible(as_of)
        else replace(page, draft=False, visible_from=min(page.visible_from, as_of), visible_until=None)
        for slug, page in room.items()
    }


def _announced(page: OfferPage, as_of: int) -> OfferPage:
    """Return the page of an offer as if it were announced and no draft, with its first terms."""
    offer = replace(page.offer, draft=False)
    if offer.announced_on <= as_of:
        return replace(page, offer=offer)
    first, *later = offer.versions
    versions = (replace(first, effective_on=min(first.effective_on, as_of)), *later)
    return replace(page, offer=replace(offer, announced_on=as_of, versions=versions))

"""Every public file outside `statement/`, made of content alone, and the remarks about the site as of a day."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path

from generator.content.content import Content
from generator.headers import headers_file
from generator.public.assets import read_assets
from generator.public.cards import check_cards
from generator.public.discovery import icons, manifest, robots, security_txt, sitemaps
from generator.public.feeds import FEED_FORMS, Feed, FeedEntry, feed_entry, feed_file, feed_title
from generator.public.localized import LocalizedSite
from generator.public.pages import SitePages
from generator.public.renditions import SmallPictures, original_faults, original_remarks
from generator.settings import SiteSettings, StatementSettings
from generator.templating.catalogs import label_language
from generator.templating.environment import environment, syntax_faults
from generator.templating.kept_files import KeptFiles
from generator.templating.kept_results import closed_digest
from rewards import Fault, Faulty, day_text


def site_artifacts(
    content: Content,
    settings: SiteSettings,
    template_folders: Sequence[Path],
    as_of: int,
    site: Path,
    statements: StatementSettings,
    *,
    cards: dict[str, str] | None = None,
    kept: KeptFiles | None = None,
) -> dict[str, bytes]:
    """Return path -> content of every public file outside `statement/` but the smaller sizes of pictures.

    `as_of` is the day (an ordinal). The first of `template_folders` that has a file is used; `site` is the site folder.
    Files that `kept` has are not made, and stay empty. So do the pictures of shared links, which are checked: their SVG
    is put into `cards` by path. Without `cards` the icons are only checked too. Raises `Faulty` with the file and line
    of a mistake in a template, for a static file that has the path of another file, and for pictures too large to be
    decoded.
    """
    _check_templates(template_folders, settings, site)
    sites = [LocalizedSite(content, settings, language, as_of) for language in settings.languages]
    faults = original_faults(_pictures(sites))
    if faults:
        raise Faulty(faults)
    kept = kept or KeptFiles()
    assets = read_assets(template_folders)
    found: dict[str, bytes] = dict(assets.files)
    for localized in sites:
        pages = SitePages.of(localized, template_folders, assets.paths, kept)
        found.update(pages.artifacts())
        svgs = {path: svg for path, svg in pages.svgs.items() if svg}
        check_cards(svgs)
        if cards is not None:
            cards.update(svgs)
        found.update(dict.fromkeys(pages.svgs, b""))
        found.update(_redirects(localized, pages))
        found.update(_feeds(localized, pages))
        if localized is sites[0]:
            found.update([pages.not_found()])
    found.update(sitemaps(sites[0]))
    found["robots.txt"] = robots(settings)
    found["_headers"] = headers_file(statements.access)
    found["site.webmanifest"] = manifest(settings, assets.paths)
    found.update(_icons(assets.content("mark.svg"), drawn=cards is not None))
    if settings.security:
        found[".well-known/security.txt"] = security_txt(settings, settings.security)
    return found | _static(content, found)


@dataclass(frozen=True, slots=True)
class SinglePage:
    """One page of the site with what it loads: assets, and pictures, which are made when they are asked for.

    `card` is the picture of a shared link as SVG, empty for a photo, whose address is `photo`, and without cards.
    """

    path: str
    html: bytes
    assets: Mapping[str, bytes]
    static: Mapping[str, Path]
    pictures: SmallPictures
    entry: FeedEntry | None
    card: str
    photo: str


def single_page(
    content: Content,
    settings: SiteSettings,
    template_folders: Sequence[Path],
    as_of: int,
    language: str,
    text: tuple[str, str],
) -> SinglePage:
    """Return the page of a text (room and slug) as a build renders it on a day (an ordinal).

    Raises `Faulty` for a mistake in a template or picture, and KeyError for a text that readers do not see.
    """
    room, slug = text
    localized = LocalizedSite(content, settings, language, as_of)
    faults = original_faults(localized.pictures)
    if faults:
        raise Faulty(faults)
    assets = read_assets(template_folders)
    pages = SitePages.of(localized, template_folders, assets.paths, KeptFiles())
    path, html = pages.page_of(room, slug)
    card = pages.card_of(room, slug)
    return SinglePage(
        path=path,
        html=html,
        assets=assets.files,
        static=content.static,
        pictures=SmallPictures(localized.pictures),
        entry=feed_entry(localized, content.announcements[slug]) if room == "announcements" else None,
        card=pages.svgs.get(card.path, "") if card else "",
        photo=card.address if card and not card.path else "",
    )


def small_pictures(content: Content, settings: SiteSettings, as_of: int) -> SmallPictures:
    """Return the smaller sizes of all pictures on the pages of a day (an ordinal)."""
    return SmallPictures(
        _pictures(LocalizedSite(content, settings, language, as_of) for language in settings.languages)
    )


def _pictures(sites: Iterable[LocalizedSite]) -> dict[str, Path]:
    return {name: file for localized in sites for name, file in localized.pictures.items()}


def _check_templates(template_folders: Sequence[Path], settings: SiteSettings, site: Path) -> None:
    """Check all templates of the site folder, including those that no page uses on this day."""
    own = [folder for folder in template_folders if folder.is_relative_to(site)]
    built = environment(template_folders, settings.default_language, kind="html")
    faults = [
        fault
        for folder in own
        for room in ("site", "statement")
        for fault in syntax_faults(built, folder, room)
    ]
    if faults:
        raise Faulty(faults)


def _icons(mark: bytes, *, drawn: bool) -> dict[str, bytes]:
    try:
        return dict(icons(mark, drawn=drawn))
    except ValueError as error:
        what = f"the icons cannot be drawn: {error}"
        raise Faulty([Fault(what, "correct the SVG", "templates/assets/mark.svg")]) from error


def _redirects(localized: LocalizedSite, pages: SitePages) -> Iterator[tuple[str, bytes]]:
    for page in (*localized.announcements, *localized.pages):
        for alias in page.aliases:
            yield pages.redirect(page, alias)


def _feeds(localized: LocalizedSite, pages: SitePages) -> Iterator[tuple[str, bytes]]:
    title, folder = localized.settings.title, localized.folder

    @cache
    def entry(slug: str) -> FeedEntry:
        return feed_entry(localized, localized.content.announcements[slug])

    feeds = [Feed(title, folder, localized.announcements)]
    for tag, name in localized.tags.items():
        tagged = localized.tagged(tag, localized.announcements)
        feeds.append(Feed(feed_title(title, name), f"{folder}tags/{tag}/", tagged))
    for feed in feeds:
        for source, announced in feed.documents(localized, pages.feed_hint(feed.folder)):
            key = closed_digest(source, [localized.text_key(page) for page in announced])
            for form in FEED_FORMS:
                path = f"{source.folder}{source.name(form)}"
                if pages.kept.has(path, key):
                    yield path, b""
                else:
                    filled = replace(source, entries=tuple(entry(page.slug) for page in announced))
                    yield path, feed_file(filled, form)


def _static(content: Content, ours: Mapping[str, bytes]) -> dict[str, bytes]:
    taken = {path.casefold() for path in ours}
    folders = {parent.casefold() for path in ours for parent in _parents(path)}
    faults = []
    for name in content.static:
        folded = name.casefold()
        above = {parent.casefold() for parent in _parents(name)}
        if folded in taken | folders or above & taken or folded.partition("/")[0] == "statement":
            file = f"content/static/{name}"
            faults.append(Fault(f"the site itself has {name!r}", "rename or move this file", file))
    if faults:
        raise Faulty(faults)
    return {name: path.read_bytes() for name, path in content.static.items()}


def _parents(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:n]) for n in range(1, len(parts))]


_SETTINGS = "offerpress.toml"


def site_remarks(
    content: Content, settings: SiteSettings, template_folders: Sequence[Path], as_of: int
) -> list[Fault]:
    """Return the remarks about a site as of a day (an ordinal); none of them stops a build."""
    return [
        *_languages(settings, template_folders),
        *_updates(content, as_of),
        *_security(settings, as_of),
        *original_remarks(content.static),
    ]


def _languages(settings: SiteSettings, template_folders: Sequence[Path]) -> Iterator[Fault]:
    for language in settings.languages:
        used = label_language(template_folders, language)
        if used != language:
            yield Fault(
                f"there is no catalog for the language {language!r}, so its labels are in English",
                f"add templates/locale/{language}.po",
                _SETTINGS,
                field="site.languages",
                severity="remark",
            )


def _updates(content: Content, as_of: int) -> Iterator[Fault]:
    for page in (*content.announcements.values(), *content.pages.values()):
        if page.updated and page.updated.day > as_of and page.visible(as_of):
            what = f"'updated' is {day_text(page.updated.day)}, after the as-of day {day_text(as_of)}"
            fault = page.source.fault(("updated",), what, "write the day of the last change")
            yield Fault(fault.what, fault.remedy, fault.file, fault.line, field="updated", severity="remark")


def _security(settings: SiteSettings, as_of: int) -> Iterator[Fault]:
    """RFC 9116, 2.5.5: a file that has expired must not be used."""
    if settings.security is None:
        return
    expires = datetime.fromisoformat(settings.security.expires).date().toordinal()
    if expires <= as_of:
        yield Fault(
            f"security.txt expired on {day_text(expires)}, and nobody may rely on it",
            "write a day within a year from now",
            _SETTINGS,
            field="site.security.expires",
            severity="remark",
        )

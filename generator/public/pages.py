"""The HTML pages of the site in one language."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment

from generator.addresses import absolute, from_root
from generator.content.content import OfferPage
from generator.content.pages import Page
from generator.headers import SITE_PAGE_POLICY, SITE_REFERRER
from generator.public.assets import fingerprint
from generator.public.cards import HEIGHT, WIDTH, broken, drawable
from generator.public.feeds import FeedHint, feed_title
from generator.public.localized import LocalizedSite
from generator.public.terms import TermsFormatter
from generator.public.views import (
    CurrentPage,
    Link,
    PageView,
    PageViews,
    as_written,
    current_page,
    linked_from,
)
from generator.templating.catalogs import label_language, only_in, translations
from generator.templating.environment import environment, render
from generator.templating.formats import Formats, formats
from generator.templating.kept_files import KeptFiles
from generator.templating.kept_results import closed_digest

_LATEST = 6
# Picture formats that link previews support; SVG is not one of them.
_PHOTOS = (".png", ".jpg", ".jpeg", ".webp", ".gif")
_Context = dict[str, object]
_Filling = Callable[[PageViews], tuple[CurrentPage, _Context]]
"""Returns the current page and the rest of its context, with the links of the given views."""


class Card(NamedTuple):
    """The picture of a shared link: its absolute address, and its `path` if the build draws it."""

    address: str
    width: int
    height: int
    path: str = ""


class Pager(NamedTuple):
    """One of `total` pages of a list; `newer` and `older` are links, empty at the ends."""

    number: int
    total: int
    newer: str
    older: str


@dataclass(frozen=True)
class SitePages:
    """Renders every page of one language; `assets` maps a name to its path on the site.

    The content of a page that `kept` has is empty. `svgs` gets the SVG of each card by its path, empty if it is kept.
    """

    localized: LocalizedSite
    template_folders: Sequence[Path]
    assets: Mapping[str, str]
    built: Environment
    formats: Formats
    terms: TermsFormatter
    kept: KeptFiles
    svgs: dict[str, str] = field(default_factory=dict)
    _cards: dict[str, Card | None] = field(default_factory=dict)
    _view_keys: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        localized: LocalizedSite,
        template_folders: Sequence[Path],
        assets: Mapping[str, str],
        kept: KeptFiles,
    ) -> "SitePages":
        """Prepare the pages of one language; raises GeneratorError for an unknown language or a broken catalog."""
        built = environment(template_folders, localized.language, kind="html")
        shown, default = formats(localized.language), localized.settings.default_language
        terms = TermsFormatter(localized.content.policy, shown, default)
        return cls(localized, template_folders, assets, built, shown, terms, kept)

    def artifacts(self) -> Iterator[tuple[str, bytes]]:
        """Yield path and content of every page in a fixed order."""
        yield self._home()
        yield from self._archive()
        yield self._offers()
        yield from (self._page(page) for page in self.localized.announcements)
        yield from (self._offer(page) for page in self.localized.offers)
        yield from (self._page(page) for page in self.localized.pages)
        if self.localized.tags:
            yield self._tags()
            for tag, name in self.localized.tags.items():
                yield from self._tag(tag, name)

    def page_of(self, room: str, slug: str) -> tuple[str, bytes]:
        """Return path and content of the page of one text; raises KeyError if it is none that readers see."""
        localized = self.localized
        if room == "offers":
            return self._offer({one.offer.slug: one for one in localized.offers}[slug])
        pages = localized.announcements if room == "announcements" else localized.pages
        return self._page({page.slug: page for page in pages}[slug])

    def card_of(self, room: str, slug: str) -> Card | None:
        """Return the picture of a shared link to one text; None where a site has no cards."""
        if room != "announcements":
            return self._site_card
        return self._card(self.localized.content.announcements[slug])

    def feed_hint(self, folder: str) -> FeedHint:
        """Return what a browser shows above a feed in `folder`."""
        words = translations(self.template_folders, self.localized.language).gettext
        styles = self.assets.get("feed.css")
        return FeedHint(
            words("This is a feed. Give its address to a feed reader, and it tells you what is new."),
            words("Read this on the site"),
            linked_from(folder)(styles) if styles else "",
        )

    def not_found(self) -> tuple[str, bytes]:
        """Return path and content of the page for unknown addresses; its links work at any depth."""

        def filling(views: PageViews) -> tuple[CurrentPage, _Context]:
            there = current_page(self.localized, "", "", None, views.link)
            return there._replace(canonical="", listed=False, alternates=()), {}

        link = partial(from_root, settings=self.localized.settings)
        return self._made("not_found.html", "404.html", filling, link)

    def redirect(self, page: Page, alias: str) -> tuple[str, bytes]:
        """Return path and content of the page under an old slug, which leads to the new one."""
        room = "" if page.room == "pages" else f"{page.room}/"
        old, new = (f"{self.localized.folder}{path}" for path in (f"{room}{alias}/", page.path))

        def filling(views: PageViews) -> tuple[CurrentPage, _Context]:
            there = current_page(self.localized, page.path, "", page, views.link)
            canonical = absolute(new, self.localized.settings)
            there = there._replace(canonical=canonical, listed=False, alternates=())
            return there, {"target": views.link(new), "title": self.localized.title(page)}

        return self._made("redirect.html", f"{old}index.html", filling, linked_from(old))

    def _home(self) -> tuple[str, bytes]:
        announcements = self.localized.announcements

        def context(views: PageViews) -> _Context:
            return {
                "latest": views.page(announcements[0]) if announcements else None,
                "latest_offers": views.offers(announcements[0].offers) if announcements else (),
                "earlier": views.pages(announcements[1:_LATEST]),
                "offers": views.offers(),
            }

        return self._written("home.html", "", "home", context)

    def _archive(self) -> Iterator[tuple[str, bytes]]:
        def context(views: PageViews, listed: Sequence[Page]) -> _Context:
            shown = views.pages(listed)
            return {"years": [(year, tuple(group)) for year, group in groupby(shown, key=_year)]}

        listed = self.localized.announcements
        return self._listed("announcements.html", "announcements/", "announcements", listed, context)

    def _offers(self) -> tuple[str, bytes]:
        return self._written("offers.html", "offers/", "offers", lambda views: {"offers": views.offers()})

    def _page(self, page: Page) -> tuple[str, bytes]:
        is_announcement = page.room == "announcements"
        beside = self._neighbours(page) if is_announcement else {}
        card = self._card(page) if is_announcement else None

        def context(views: PageViews) -> _Context:
            seen: _Context = {
                "page": views.page(page),
                "body": views.body(page),
                "offers": views.offers(page.offers),
            }
            if is_announcement:
                seen |= {name: one and views.page(one) for name, one in beside.items()} | {"card": card}
            return seen

        shown = [one and self._view_key(one) for one in (page, *beside.values())]
        offers = [self._offer_keys.get(slug) for slug in page.offers]
        key = self.localized.text_key(page), shown, offers, card
        template, room = ("announcement.html", page.room) if is_announcement else ("page.html", page.slug)
        return self._written(template, page.path, room, context, page, key=key)

    def _neighbours(self, page: Page) -> dict[str, Page | None]:
        everything = self.localized.announcements
        place = self._places[page.slug]
        older = everything[place + 1] if place + 1 < len(everything) else None
        return {"newer": everything[place - 1] if place else None, "older": older}

    def _offer(self, page: OfferPage) -> tuple[str, bytes]:
        def context(views: PageViews) -> _Context:
            mentions = (one for one in self.localized.announcements if page.offer.slug in one.offers)
            return {
                "offer": views.offer(page),
                "body": views.body(page),
                "example": views.example(page),
                "mentions": views.pages(mentions),
            }

        return self._written("offer.html", page.path, "offers", context, page)

    def _tags(self) -> tuple[str, bytes]:
        localized = self.localized

        def context(views: PageViews) -> _Context:
            everything = (*localized.announcements, *localized.pages)
            counted = [
                (name, views.link(f"{localized.folder}tags/{tag}/"), len(localized.tagged(tag, everything)))
                for tag, name in localized.tags.items()
            ]
            return {"tags": counted}

        return self._written("tags.html", "tags/", "tags", context)

    def _tag(self, tag: str, name: str) -> Iterator[tuple[str, bytes]]:
        def context(views: PageViews, listed: Sequence[Page]) -> _Context:
            return {
                "tag": name,
                "announcements": views.pages(one for one in listed if one.room == "announcements"),
                "pages": views.pages(one for one in listed if one.room == "pages"),
                "feed_title": feed_title(self.localized.settings.title, name),
            }

        listed = self.localized.tagged(tag, (*self.localized.announcements, *self.localized.pages))
        return self._listed("tag.html", f"tags/{tag}/", "tags", listed, context, feeds_under=f"tags/{tag}/")

    def _listed(
        self,
        template: str,
        path: str,
        room: str,
        listed: Sequence[Page],
        context: Callable[[PageViews, Sequence[Page]], _Context],
        feeds_under: str = "",
    ) -> Iterator[tuple[str, bytes]]:
        """Render a list in as many pages as it needs: `path`, then `path` with `page/2/` and so on."""
        most = self.localized.settings.page_entries
        count = max(1, -(-len(listed) // most))
        paths = [path] + [f"{path}page/{number}/" for number in range(2, count + 1)]

        def numbered(views: PageViews, place: int, part: Sequence[Page]) -> _Context:
            newer, older = (
                views.link(f"{self.localized.folder}{paths[there]}") if 0 <= there < count else ""
                for there in (place - 1, place + 1)
            )
            return {**context(views, part), "pager": Pager(place + 1, count, newer, older)}

        for place, one in enumerate(paths):
            part = listed[place * most : (place + 1) * most]
            filled = partial(numbered, place=place, part=part)
            key = place, count, [self._view_key(page) for page in part]
            yield self._written(template, one, room, filled, feeds_under=feeds_under, key=key)

    def _written(
        self,
        template: str,
        path: str,
        room: str,
        context: Callable[[PageViews], _Context],
        page: Page | OfferPage | None = None,
        feeds_under: str = "",
        key: tuple[object, ...] = (),
    ) -> tuple[str, bytes]:
        """Render the page with `path` below this language's folder."""
        full = f"{self.localized.folder}{path}"

        def filling(views: PageViews) -> tuple[CurrentPage, _Context]:
            there = current_page(self.localized, path, room, page, views.link, feeds_under)
            return there, context(views)

        return self._made(template, f"{full}index.html", filling, linked_from(full), key)

    def _made(
        self, template: str, file: str, filling: _Filling, link: Link, key: tuple[object, ...] = ()
    ) -> tuple[str, bytes]:
        """Return path and content of a page, which is not rendered if it is kept.

        `key` is over all that the context follows from beside what all pages share. Without one it is the context
        itself, with a path in place of each link: the links follow from that and the page's path.
        """
        if self.kept.ground:
            facts = key or filling(self._plain_views)
            if self.kept.has(file, template, self.localized.language, facts, self._plain_common):
                return file, b""
        views = self._views(link)
        here, context = filling(views)
        whole = {"site": self.localized.settings, "here": here, **self._common(link), **context}
        return file, render(self.built, f"site/{template}", whole, self.template_folders).encode()

    def _views(self, link: Link) -> PageViews:
        say = partial(only_in, self.template_folders, self.localized.language)
        return PageViews(self.localized, self.formats, self.terms, link, say)

    @cached_property
    def _plain_views(self) -> PageViews:
        return self._views(as_written)

    @cached_property
    def _plain_common(self) -> str:
        return closed_digest(self._common(as_written))

    def _view_key(self, page: Page) -> str:
        """Return a digest over all that a list shows of a page, which is computed once."""
        if page.path not in self._view_keys:
            self._view_keys[page.path] = closed_digest(self._plain_views.page(page))
        return self._view_keys[page.path]

    @cached_property
    def _offer_keys(self) -> dict[str, str]:
        return {one.offer.slug: closed_digest(self._plain_views.offer(one)) for one in self.localized.offers}

    @cached_property
    def _places(self) -> dict[str, int]:
        return {page.slug: place for place, page in enumerate(self.localized.announcements)}

    @cached_property
    def _site_card(self) -> Card | None:
        """The picture of pages that have none."""
        return self._drawn("", self.localized.settings.title, "")

    def _card(self, page: Page) -> Card | None:
        """Return the announcement's photo, or a card with its title, which is made once."""
        if page.slug not in self._cards:
            self._cards[page.slug] = self._new_card(page)
        return self._cards[page.slug]

    def _new_card(self, page: Page) -> Card | None:
        localized = self.localized
        image = localized.image(page)
        if image.lower().endswith(_PHOTOS):
            return Card(absolute(image, localized.settings), 0, 0)
        day = self.formats.day(page.date.day) if page.date else ""
        return self._drawn(page.path, localized.title(page), day)

    def _drawn(self, path: str, title: str, foot: str) -> Card | None:
        """Fill a card below `path`, named by its content; texts with characters that the fonts lack are left out."""
        settings = self.localized.settings
        if not settings.cards:
            return None
        begin = f"{self.localized.folder}{path}card-"
        facts = ("site/card.svg", begin, self.localized.language, title, foot)
        full, svg = self.kept.path_of(*facts), ""
        if not full:
            name = settings.title if drawable(settings.title) else ""
            words = title if drawable(title) else name
            context: _Context = {
                "title": broken(words),
                "right": broken(words).right,
                "name": "" if words == name else name,
                "foot": foot if drawable(foot) else "",
            }
            svg = render(self.built, "site/card.svg", context, self.template_folders)
            full = f"{begin}{fingerprint(svg.encode())}.png"
            self.kept.has(full, *facts)
        self.svgs[full] = svg
        return Card(absolute(full, settings), WIDTH, HEIGHT, full)

    def _common(self, link: Link) -> _Context:
        """Return what every page of the language has in its context, but for the settings."""
        localized, settings = self.localized, self.localized.settings
        folder = localized.folder
        rooms = {"home": "", "announcements": "announcements/", "offers": "offers/", "tags": "tags/"}
        return {
            "policy": SITE_PAGE_POLICY,
            "referrer": SITE_REFERRER,
            "card": self._site_card,
            "feed_title": settings.title,
            "urls": {room: absolute(f"{folder}{path}", settings) for room, path in rooms.items()},
            "zone": localized.content.policy.program.timezone,
            "assets": {name: link(path) for name, path in self.assets.items()},
            "manifest": link("site.webmanifest"),
            "touch_icon": link("icon-180.png"),
            "home": link(folder),
            "announcements_href": link(f"{folder}announcements/"),
            "offers_href": link(f"{folder}offers/"),
            "tags_href": link(f"{folder}tags/") if localized.tags else "",
            "navigation": self._navigation(link),
            "contact_href": self._contact,
            "foreign": self._foreign,
            "social": tuple(sorted(settings.links.social.items())),
        }

    @cached_property
    def _foreign(self) -> dict[str, str]:
        """Slug and language of the pages in the navigation whose titles have another language than the labels."""
        own = label_language(self.template_folders, self.localized.language)
        found = {page.slug: self.localized.written_in(page) for page in self.localized.pages}
        return {slug: language for slug, language in found.items() if language != own}

    def _navigation(self, link: Link) -> tuple[tuple[str, str, str], ...]:
        localized = self.localized
        return tuple(
            (page.slug, localized.title(page), link(f"{localized.folder}{page.path}"))
            for page in localized.menu
        )

    @cached_property
    def _contact(self) -> str:
        """The vendor's address for the foot; empty if the menu has a page about it, so that it stands there once."""
        word = translations(self.template_folders, self.localized.language).gettext("Contact").casefold()
        menu = self.localized.menu
        has_page = any(
            page.slug == "contact" or self.localized.title(page).casefold() == word for page in menu
        )
        return "" if has_page else self.localized.settings.links.contact or ""


def _year(view: PageView) -> str:
    return view.day.raw[:4] if view.day else ""

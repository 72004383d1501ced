"""The HTML pages of the site in one language."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment

from generator.addresses import absolute, from_root
from generator.content.content import OfferPage
from generator.content.pages import Page
from generator.public.assets import fingerprint, minified
from generator.public.cards import HEIGHT, WIDTH, broken, drawable
from generator.public.feeds import FeedHint
from generator.public.localized import Reading
from generator.public.terms import TermsFormatter
from generator.public.views import Here, Link, PageView, Views, here, linked_from
from generator.templating.catalogs import translations
from generator.templating.environment import environment, render
from generator.templating.formats import Formats, formats

# `connect-src` lets those who look at a page ask for robots.txt; without a script nothing else uses it.
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; media-src 'self'; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'"
)
REFERRER = "strict-origin-when-cross-origin"
_LATEST = 6
# Pictures that those who show links can read; SVG is not among them.
_PHOTOS = (".png", ".jpg", ".jpeg", ".webp", ".gif")
Context = dict[str, object]


class Card(NamedTuple):
    """The picture of a shared link: its whole address; `path` and `svg` where it is ours to draw."""

    address: str
    width: int
    height: int
    path: str = ""
    svg: str = ""


@dataclass(frozen=True)
class SitePages:
    """Renders every page of one language; `assets` maps a name to its path on the site."""

    reading: Reading
    template_folders: Sequence[Path]
    assets: Mapping[str, str]
    built: Environment
    formats: Formats
    terms: TermsFormatter

    @classmethod
    def of(cls, reading: Reading, template_folders: Sequence[Path], assets: Mapping[str, str]) -> "SitePages":
        """The pages of a reading; raises GeneratorError for an unknown language or a broken catalog."""
        built = environment(template_folders, reading.language, kind="html")
        shown = formats(reading.language)
        return cls(
            reading, template_folders, assets, built, shown, TermsFormatter(reading.content.policy, shown)
        )

    def artifacts(self) -> Iterator[tuple[str, bytes]]:
        """Path and content of every page, in a fixed order."""
        yield self._home()
        yield self._archive()
        yield self._offers()
        yield from (self._page(page) for page in self.reading.announcements)
        yield from (self._offer(page) for page in self.reading.offers)
        yield from (self._page(page) for page in self.reading.pages)
        if self.reading.tags:
            yield self._tags()
            yield from (self._tag(tag, name) for tag, name in self.reading.tags.items())

    def cards(self) -> Iterator[tuple[str, str]]:
        """Path and SVG of the picture of every shared link that is ours to draw."""
        shown = [self._site_card, *(self._card(page) for page in self.reading.announcements)]
        yield from ((card.path, card.svg) for card in shown if card and card.path)

    def feed_hint(self, folder: str) -> FeedHint:
        """What a browser that shows a feed of `folder` says about it."""
        words = translations(self.template_folders, self.reading.language).gettext
        styles = self.assets.get("feed.css")
        return FeedHint(
            words("This is a feed. Give its address to a feed reader, and it tells you what is new."),
            words("Read this on the site"),
            linked_from(folder)(styles) if styles else "",
        )

    def not_found(self) -> bytes:
        """The page for addresses that lead nowhere, whose links work at any depth."""
        settings = self.reading.settings

        def link(there: str) -> str:
            return from_root(there, settings)

        there = here(self.reading, "", "", None, link)._replace(canonical="", listed=False, alternates=())
        return self._render("not_found.html", there, link, {})

    def redirect(self, page: Page, alias: str) -> tuple[str, bytes]:
        """The page under an old slug that leads to the new one."""
        room = "" if page.room == "pages" else f"{page.room}/"
        old, new = (f"{self.reading.folder}{path}" for path in (f"{room}{alias}/", page.path))
        link = linked_from(old)
        there = here(self.reading, page.path, "", page, link)
        there = there._replace(canonical=absolute(new, self.reading.settings), listed=False, alternates=())
        context: Context = {"target": link(new), "title": self.reading.title(page)}
        return f"{old}index.html", self._render("redirect.html", there, link, context)

    def _home(self) -> tuple[str, bytes]:
        announcements = self.reading.announcements

        def context(views: Views) -> Context:
            return {
                "latest": views.page(announcements[0]) if announcements else None,
                "latest_offers": views.offers(announcements[0].offers) if announcements else (),
                "earlier": views.pages(announcements[1:_LATEST]),
                "offers": views.offers(),
            }

        return self._written("home.html", "", "home", context)

    def _archive(self) -> tuple[str, bytes]:
        def context(views: Views) -> Context:
            shown = views.pages(self.reading.announcements)
            return {"years": [(year, tuple(group)) for year, group in groupby(shown, key=_year)]}

        return self._written("announcements.html", "announcements/", "announcements", context)

    def _offers(self) -> tuple[str, bytes]:
        return self._written("offers.html", "offers/", "offers", lambda views: {"offers": views.offers()})

    def _page(self, page: Page) -> tuple[str, bytes]:
        is_announcement = page.room == "announcements"

        def context(views: Views) -> Context:
            shown: Context = {
                "page": views.page(page),
                "body": views.body(page),
                "offers": views.offers(page.offers),
            }
            if is_announcement:
                shown |= {"card": self._card(page), **self._neighbours(page, views)}
            return shown

        template = "announcement.html" if is_announcement else "page.html"
        return self._written(
            template, page.path, "announcements" if is_announcement else page.slug, context, page
        )

    def _neighbours(self, page: Page, views: Views) -> Context:
        """The announcements after and before this one."""
        everything = self.reading.announcements
        place = everything.index(page)
        newer = everything[place - 1] if place else None
        older = everything[place + 1] if place + 1 < len(everything) else None
        return {"newer": views.page(newer) if newer else None, "older": views.page(older) if older else None}

    def _offer(self, page: OfferPage) -> tuple[str, bytes]:
        def context(views: Views) -> Context:
            mentions = (one for one in self.reading.announcements if page.offer.slug in one.offers)
            return {
                "offer": views.offer(page),
                "body": views.body(page),
                "example": views.example(page),
                "mentions": views.pages(mentions),
            }

        return self._written("offer.html", page.path, "offers", context, page)

    def _tags(self) -> tuple[str, bytes]:
        reading = self.reading

        def context(views: Views) -> Context:
            everything = (*reading.announcements, *reading.pages)
            counted = [
                (name, views.link(f"{reading.folder}tags/{tag}/"), len(reading.tagged(tag, everything)))
                for tag, name in reading.tags.items()
            ]
            return {"tags": counted}

        return self._written("tags.html", "tags/", "tags", context)

    def _tag(self, tag: str, name: str) -> tuple[str, bytes]:
        def context(views: Views) -> Context:
            return {
                "tag": name,
                "announcements": views.pages(self.reading.tagged(tag, self.reading.announcements)),
                "pages": views.pages(self.reading.tagged(tag, self.reading.pages)),
            }

        return self._written("tag.html", f"tags/{tag}/", "tags", context, feeds_under=f"tags/{tag}/")

    def _written(
        self,
        template: str,
        path: str,
        room: str,
        context: Callable[[Views], Context],
        page: Page | OfferPage | None = None,
        feeds_under: str = "",
    ) -> tuple[str, bytes]:
        """The artifact of the page with `path` below this language's folder."""
        full = f"{self.reading.folder}{path}"
        link = linked_from(full)
        there = here(self.reading, path, room, page, link, feeds_under)
        return f"{full}index.html", self._render(template, there, link, context(self._views(link)))

    def _views(self, link: Link) -> Views:
        return Views(self.reading, self.formats, self.terms, link)

    @cached_property
    def _site_card(self) -> Card | None:
        """The picture of pages that have none of their own."""
        return self._drawn("", self.reading.settings.title, "")

    def _card(self, page: Page) -> Card | None:
        """The announcement's own photo, or a card with its title."""
        reading = self.reading
        image = reading.image(page)
        if image.lower().endswith(_PHOTOS):
            return Card(absolute(image, reading.settings), 0, 0)
        day = self.formats.day(page.date.day) if page.date else ""
        return self._drawn(page.path, reading.title(page), day)

    def _drawn(self, path: str, title: str, foot: str) -> Card | None:
        """A card at `path`, named by what it shows; without words that no font of ours has."""
        settings = self.reading.settings
        if not settings.cards:
            return None
        name = settings.title if drawable(settings.title) else ""
        words = title if drawable(title) else name
        context: Context = {
            "title": broken(words),
            "right": broken(words).right,
            "name": "" if words == name else name,
            "foot": foot if drawable(foot) else "",
        }
        svg = render(self.built, "site/card.svg", context, self.template_folders)
        full = f"{self.reading.folder}{path}card-{fingerprint(svg.encode())}.png"
        return Card(absolute(full, settings), WIDTH, HEIGHT, full, svg)

    def _render(self, template: str, here: Here, link: Link, context: Context) -> bytes:
        reading, settings = self.reading, self.reading.settings
        folder = reading.folder
        rooms = {"home": "", "announcements": "announcements/", "offers": "offers/", "tags": "tags/"}
        common: Context = {
            "site": settings,
            "policy": POLICY,
            "referrer": REFERRER,
            "here": here,
            "card": self._site_card,
            "urls": {room: absolute(f"{folder}{path}", settings) for room, path in rooms.items()},
            "zone": reading.content.policy.program.timezone,
            "assets": {name: link(path) for name, path in self.assets.items()},
            "manifest": link("site.webmanifest"),
            "touch_icon": link("icon-180.png"),
            "home": link(folder),
            "announcements_href": link(f"{folder}announcements/"),
            "offers_href": link(f"{folder}offers/"),
            "tags_href": link(f"{folder}tags/") if reading.tags else "",
            "navigation": self._navigation(link),
            "social": tuple(sorted(settings.links.social.items())),
        }
        html = render(self.built, f"site/{template}", {**common, **context}, self.template_folders)
        return minified(html).encode()

    def _navigation(self, link: Link) -> tuple[tuple[str, str, str], ...]:
        """Slug, title and address of every page."""
        reading = self.reading
        return tuple(
            (page.slug, reading.title(page), link(f"{reading.folder}{page.path}")) for page in reading.pages
        )


def _year(view: PageView) -> str:
    return view.day.raw[:4] if view.day else ""

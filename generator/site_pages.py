"""The HTML pages of the site in one language."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment

from generator.addresses import absolute, from_root, language_folder
from generator.content import OfferPage
from generator.environment import environment
from generator.formats import Formats, direction, formats, language_name
from generator.page_views import Link, PageView, Views, linked_from
from generator.pages import Page
from generator.readings import Reading
from generator.template_faults import render
from generator.terms_view import TermsFormatter

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; media-src 'self'; font-src 'self'; "
    "base-uri 'none'; form-action 'none'"
)
_LATEST = 6
Context = dict[str, object]


class LanguageLink(NamedTuple):
    """The same page in another language; `code` is also the value of hreflang."""

    code: str
    name: str
    direction: str
    href: str
    current: bool


class Here(NamedTuple):
    """The page at hand. `listed` tells search engines whether to list it; `room` marks the navigation.

    `alternates` are hreflang and whole address of every language in which it is written, if there are
    several.
    """

    room: str
    canonical: str
    listed: bool
    alternates: tuple[tuple[str, str], ...]
    languages: tuple[LanguageLink, ...]
    feeds: Mapping[str, str]


@dataclass(frozen=True)
class SitePages:
    """Renders every page of one language; `assets` maps a name to its path and a query from its content."""

    reading: Reading
    template_folders: Sequence[Path]
    assets: Mapping[str, tuple[str, str]]
    built: Environment
    formats: Formats
    terms: TermsFormatter

    @classmethod
    def of(
        cls, reading: Reading, template_folders: Sequence[Path], assets: Mapping[str, tuple[str, str]]
    ) -> "SitePages":
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

    def not_found(self) -> bytes:
        """The page for addresses that lead nowhere, whose links work at any depth."""
        settings = self.reading.settings

        def link(there: str) -> str:
            return from_root(there, settings)

        here = self._here("", "", None, link)._replace(canonical="", listed=False, alternates=())
        return self._render("not_found.html", here, link, {})

    def redirect(self, page: Page, alias: str) -> tuple[str, bytes]:
        """The page under an old slug that leads to the new one."""
        room = "" if page.room == "pages" else f"{page.room}/"
        old, new = (f"{self.reading.folder}{path}" for path in (f"{room}{alias}/", page.path))
        link = linked_from(old)
        here = self._here(page.path, "", page, link)
        here = here._replace(canonical=absolute(new, self.reading.settings), listed=False, alternates=())
        context: Context = {"target": link(new), "title": self.reading.title(page)}
        return f"{old}index.html", self._render("redirect.html", here, link, context)

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
            return shown | self._neighbours(page, views) if is_announcement else shown

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
            return {"offer": views.offer(page), "body": views.body(page), "mentions": views.pages(mentions)}

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
        here = self._here(path, room, page, link, feeds_under)
        return f"{full}index.html", self._render(template, here, link, context(self._views(link)))

    def _views(self, link: Link) -> Views:
        return Views(self.reading, self.formats, self.terms, link)

    def _here(
        self, path: str, room: str, page: Page | OfferPage | None, link: Link, feeds_under: str = ""
    ) -> Here:
        reading, settings = self.reading, self.reading.settings
        written = [one for one in settings.languages if page is None or one in page.texts]
        own = reading.language if reading.language in written else settings.default_language
        alternates = [(one, absolute(f"{language_folder(one, settings)}{path}", settings)) for one in written]
        alternates.append(("x-default", absolute(path, settings)))
        return Here(
            room=room,
            canonical=absolute(f"{language_folder(own, settings)}{path}", settings),
            listed=own == reading.language,
            alternates=tuple(alternates) if len(written) > 1 else (),
            languages=tuple(
                LanguageLink(
                    one,
                    language_name(one),
                    direction(one),
                    link(f"{language_folder(one, settings)}{path}"),
                    one == reading.language,
                )
                for one in settings.languages
            ),
            feeds={
                kind: link(f"{reading.folder}{feeds_under}{name}")
                for kind, name in (("rss", "feed.xml"), ("atom", "atom.xml"), ("json", "feed.json"))
            },
        )

    def _render(self, template: str, here: Here, link: Link, context: Context) -> bytes:
        folder = self.reading.folder
        links = self.reading.settings.links
        common: Context = {
            "site": self.reading.settings,
            "policy": POLICY,
            "here": here,
            "zone": self.reading.content.policy.program.timezone,
            "assets": {name: link(path) + mark for name, (path, mark) in self.assets.items()},
            "home": link(folder),
            "announcements_href": link(f"{folder}announcements/"),
            "offers_href": link(f"{folder}offers/"),
            "tags_href": link(f"{folder}tags/") if self.reading.tags else "",
            "navigation": self._navigation(link),
            "social": tuple(sorted(links.social.items())),
        }
        html = render(self.built, f"site/{template}", {**common, **context}, self.template_folders)
        return html.encode()

    def _navigation(self, link: Link) -> tuple[tuple[str, str, str], ...]:
        """Slug, title and address of every page."""
        reading = self.reading
        return tuple(
            (page.slug, reading.title(page), link(f"{reading.folder}{page.path}")) for page in reading.pages
        )


def _year(view: PageView) -> str:
    return view.day.raw[:4] if view.day else ""

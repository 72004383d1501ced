"""Views for the site's templates: plain texts, formatted days, and links relative to the current page."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import NamedTuple

from markupsafe import Markup

from generator.addresses import (
    absolute,
    as_fragment,
    language_folder,
    relative,
)
from generator.content.bodies import Heading, PicturePlace, Reference
from generator.content.content import OfferPage
from generator.content.pages import Page
from generator.content.references import Target
from generator.public.examples import Example, compute_example, show_example
from generator.public.feeds import FEED_FORMS
from generator.public.localized import LocalizedSite
from generator.public.pictures import PictureSize
from generator.public.renditions import display_sizes, srcset
from generator.public.terms import TermsFormatter, TermsView
from generator.templating.formats import Formats, direction, language_name
from generator.templating.values import Shown

Link = Callable[[str], str]
OnlyIn = Callable[[Sequence[str]], str]
_WORDS_A_MINUTE = 220


class TagLink(NamedTuple):
    """A tag, and a link to its page."""

    name: str
    href: str


class PageView(NamedTuple):
    """An announcement or page. The fields of `image` are attributes of its picture.

    `day` and `updated` may be None; `written_in` is the language of its text. `only_in` says, if the text is not
    translated, in which languages it is. `changed` is the instant of the last change, `minutes` the reading time,
    `contents` the headings.
    """

    title: str
    summary: str
    href: str
    author: str
    image: str
    image_size: PictureSize | None
    image_srcset: str
    image_sizes: str
    day: Shown | None
    instant: str
    updated: Shown | None
    changed: str
    minutes: int
    contents: tuple[Heading, ...]
    tags: tuple[TagLink, ...]
    written_in: str
    direction: str
    translated: bool
    only_in: str = ""


class OfferPageView(NamedTuple):
    """An offer for a list or its own page; `announced` is the day of its announcement.

    `written_in` is the language of the text, `only_in` as in `PageView`. `worded_in` is that of title and summary,
    which an amendment may have changed in the default language only.
    """

    slug: str
    title: str
    summary: str
    href: str
    announced: Shown
    terms: TermsView
    written_in: str
    direction: str
    translated: bool
    worded_in: str
    worded_direction: str
    only_in: str = ""


def _unsaid(languages: Sequence[str]) -> str:
    del languages
    return ""


@dataclass(frozen=True)
class PageViews:
    """Makes the views of one page; `link` turns a path below the root into a link on that page.

    `only_in` makes the sentence that a text exists in certain languages only.
    """

    localized: LocalizedSite
    formats: Formats
    terms: TermsFormatter
    link: Link
    only_in: OnlyIn = _unsaid
    _pages: dict[str, PageView] = field(default_factory=dict)
    _offers: dict[str, OfferPageView] = field(default_factory=dict)

    def page(self, page: Page) -> PageView:
        """Return the view of an announcement or page, which is made once."""
        if page.path not in self._pages:
            self._pages[page.path] = self._page(page)
        return self._pages[page.path]

    def _page(self, page: Page) -> PageView:
        localized, text = self.localized, self.localized.text(page)
        written_in, size = localized.written_in(page), self.localized.image_size(page)
        return PageView(
            title=text.title,
            summary=text.summary,
            href=self.link(f"{localized.folder}{page.path}"),
            author=localized.author(page),
            image=self.link(localized.image(page)) if localized.image(page) else "",
            image_size=size,
            image_srcset=self._srcset(localized.image(page)),
            image_sizes=display_sizes(size.width) if size else "",
            day=self.formats.day(_local_day(page.date.instant, localized)) if page.date else None,
            instant=page.date.instant.isoformat() if page.date else "",
            updated=self.formats.day(_local_day(page.updated.instant, localized)) if page.updated else None,
            changed=page.updated.instant.isoformat() if page.updated else "",
            minutes=max(1, round(text.body.words / _WORDS_A_MINUTE)),
            contents=text.body.headings,
            tags=tuple(
                TagLink(name, self.link(f"{localized.folder}tags/{address}/"))
                for address, name in page.tags.items()
            ),
            written_in=written_in,
            direction=direction(written_in),
            translated=written_in == localized.language,
            only_in="" if written_in == localized.language else self.only_in(sorted(page.texts)),
        )

    def pages(self, pages: Iterable[Page]) -> tuple[PageView, ...]:
        """Return the views of several pages."""
        return tuple(self.page(page) for page in pages)

    def offer(self, page: OfferPage) -> OfferPageView:
        """Return the view of an announced offer, which is made once."""
        if page.path not in self._offers:
            self._offers[page.path] = self._offer(page)
        return self._offers[page.path]

    def _offer(self, page: OfferPage) -> OfferPageView:
        localized, written_in = self.localized, self.localized.written_in(page)
        words = localized.wording(page)
        notes = partial(page.notes, localized.language, localized.settings.default_language)
        return OfferPageView(
            slug=page.offer.slug,
            title=words.title,
            summary=words.summary,
            href=self.link(f"{localized.folder}{page.path}"),
            announced=self.formats.day(page.offer.announced_on),
            terms=self.terms.view(page.offer, localized.as_of, notes),
            written_in=written_in,
            direction=direction(written_in),
            translated=written_in == localized.language,
            worded_in=words.language,
            worded_direction=direction(words.language),
            only_in="" if written_in == localized.language else self.only_in(sorted(page.texts)),
        )

    def example(self, page: OfferPage) -> Example | None:
        """Return the worked example of an announced offer; None if its terms give an invented partner nothing."""
        program = self.localized.content.policy.program
        computed = compute_example(page.offer, program, self.localized.as_of)
        return None if computed is None else show_example(computed, page.offer, self.formats)

    def offers(self, slugs: Iterable[str] | None = None) -> tuple[OfferPageView, ...]:
        """Return all announced offers, or those of `slugs` in their order."""
        announced = {page.offer.slug: page for page in self.localized.offers}
        wanted = announced if slugs is None else dict.fromkeys(slugs)
        return tuple(self.offer(announced[slug]) for slug in wanted if slug in announced)

    def body(self, page: Page | OfferPage) -> Markup:
        """Return the body with links for this page; a link to content that is not public becomes plain text."""
        text = self.localized.text(page)

        def address(reference: Reference) -> str | None:
            target = self.localized.target(text.file, reference)
            if target.kind == "outside":
                return target.path
            if target.kind == "here":
                return as_fragment(target.fragment) or "#"
            path = self.localized.path_of(target)
            return None if path is None else self.link(path) + as_fragment(target.fragment)

        def picture(place: PicturePlace) -> dict[str, str]:
            return self._picture(place, self.localized.target(text.file, place.picture))

        return Markup(text.body.html(address, picture))  # noqa: S704 - checked when it was read

    def _picture(self, place: PicturePlace, target: Target) -> dict[str, str]:
        """Return width and height of a picture whose author wrote neither, and its smaller sizes."""
        size = self.localized.picture_size(target)
        if size is None:
            return {}
        is_free = place.width is None and place.height is None
        found = {"width": str(size.width), "height": str(size.height)} if is_free else {}
        width = place.width or str(size.width)
        smaller = self._srcset(target.path) if place.height is None and width.isdecimal() else ""
        return found | ({"srcset": smaller, "sizes": display_sizes(int(width))} if smaller else {})

    def _srcset(self, static: str) -> str:
        return srcset((self.link(one.path), one.width) for one in self.localized.renditions(static))


def _local_day(instant: datetime, localized: LocalizedSite) -> int:
    return instant.astimezone(localized.content.zone).date().toordinal()


def as_written(there: str) -> str:
    """Return the path itself in place of a link."""
    return there


def linked_from(here: str) -> Link:
    """Return a function that makes links on the page with the path `here`."""
    return lambda there: relative(here, there)


class LanguageLink(NamedTuple):
    """The same page in another language; `code` is also the value of hreflang."""

    code: str
    name: str
    direction: str
    href: str
    current: bool


class CurrentPage(NamedTuple):
    """The current page. `listed` tells search engines whether to list it; `room` is the navigation's current item.

    `canonical` and `root` are absolute addresses. `alternates` are hreflang and absolute address of every language
    in which the page is written, if there are several.
    """

    room: str
    canonical: str
    root: str
    listed: bool
    alternates: tuple[tuple[str, str], ...]
    languages: tuple[LanguageLink, ...]
    feeds: Mapping[str, str]


def current_page(
    localized: LocalizedSite,
    path: str,
    room: str,
    page: Page | OfferPage | None,
    link: Link,
    feeds_under: str = "",
) -> CurrentPage:
    """Return the page with `path` below its language's folder; `page` is its content, None for a list."""
    settings = localized.settings
    written = [one for one in settings.languages if page is None or one in page.texts]
    own = localized.language if localized.language in written else settings.default_language
    alternates = [(one, absolute(f"{language_folder(one, settings)}{path}", settings)) for one in written]
    alternates.append(("x-default", absolute(path, settings)))
    return CurrentPage(
        room=room,
        canonical=absolute(f"{language_folder(own, settings)}{path}", settings),
        root=absolute("", settings),
        listed=own == localized.language,
        alternates=tuple(alternates) if len(written) > 1 else (),
        languages=tuple(
            LanguageLink(
                one,
                language_name(one),
                direction(one),
                link(f"{language_folder(one, settings)}{path}"),
                one == localized.language,
            )
            for one in settings.languages
        ),
        feeds={kind: link(f"{localized.folder}{feeds_under}{name}") for kind, name in FEED_FORMS.items()},
    )

"""Where a page of the site stands: its address in every language, its feeds, and the way up from it."""

from collections.abc import Mapping
from typing import NamedTuple

from generator.addresses import absolute, language_folder
from generator.content import OfferPage
from generator.formats import direction, language_name
from generator.page_views import Link
from generator.pages import Page
from generator.readings import Reading

FEEDS = (("rss", "feed.xml"), ("atom", "atom.xml"), ("json", "feed.json"))


class LanguageLink(NamedTuple):
    """The same page in another language; `code` is also the value of hreflang."""

    code: str
    name: str
    direction: str
    href: str
    current: bool


class Here(NamedTuple):
    """The page at hand. `listed` tells search engines whether to list it; `room` marks the navigation.

    `canonical` and `root` are whole addresses. `alternates` are hreflang and whole address of every language in
    which it is written, if there are several.
    """

    room: str
    canonical: str
    root: str
    listed: bool
    alternates: tuple[tuple[str, str], ...]
    languages: tuple[LanguageLink, ...]
    feeds: Mapping[str, str]


def here(
    reading: Reading, path: str, room: str, page: Page | OfferPage | None, link: Link, feeds_under: str = ""
) -> Here:
    """The page with `path` below its language's folder; `page` is what it shows, None for a list."""
    settings = reading.settings
    written = [one for one in settings.languages if page is None or one in page.texts]
    own = reading.language if reading.language in written else settings.default_language
    alternates = [(one, absolute(f"{language_folder(one, settings)}{path}", settings)) for one in written]
    alternates.append(("x-default", absolute(path, settings)))
    return Here(
        room=room,
        canonical=absolute(f"{language_folder(own, settings)}{path}", settings),
        root=absolute("", settings),
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
        feeds={kind: link(f"{reading.folder}{feeds_under}{name}") for kind, name in FEEDS},
    )

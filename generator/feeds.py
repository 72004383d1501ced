"""The feeds of one language or tag: RSS 2.0 and Atom, with full content and whole addresses.

Every date comes from content: a feed without entries is dated at the epoch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from feedgen.feed import FeedGenerator

from generator.addresses import absolute
from generator.feed_page import FeedHint, ReadableFeed, styled
from generator.pages import Page, is_address
from generator.readings import Reading

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """An announcement in a feed; with an `id` its `identity` survives even a new name."""

    identity: str
    address: str
    title: str
    summary: str
    html: str
    author: str
    published: datetime
    updated: datetime
    tags: tuple[tuple[str, str], ...]
    language: str
    image: str


@dataclass(frozen=True, slots=True)
class FeedSource:
    """What all three forms of a feed say; `folder` is where they stand below the site's root.

    `hub` is where updates are pushed from (WebSub), or empty.
    """

    title: str
    description: str
    site_title: str
    folder: str
    page: str
    language: str
    entries: tuple[FeedEntry, ...]
    base_url: str
    hub: str
    hint: FeedHint

    @property
    def updated(self) -> datetime:
        """When anything in it changed last, as its content says."""
        return max((entry.updated for entry in self.entries), default=_EPOCH)

    def address(self, name: str) -> str:
        """The whole address of one form, such as `feed.xml`."""
        return f"{self.base_url}/{self.folder}{name}"


def feed_source(
    reading: Reading,
    announcements: Sequence[Page],
    folder: str,
    title: str,
    description: str,
    hint: FeedHint,
) -> FeedSource:
    """A feed of `announcements` under `folder`, empty or ending with a slash, which is also its page."""
    return FeedSource(
        title=title,
        description=description,
        site_title=reading.settings.title,
        folder=folder,
        page=absolute(folder, reading.settings),
        language=reading.language,
        entries=tuple(_entry(reading, page) for page in announcements),
        base_url=reading.settings.base_url,
        hub=reading.settings.hub or "",
        hint=hint,
    )


def _entry(reading: Reading, page: Page) -> FeedEntry:
    text, settings = reading.text(page), reading.settings
    published = _dated(page.date.instant if page.date else _EPOCH)
    image = reading.image(page)
    return FeedEntry(
        identity=_identity(reading, page),
        address=absolute(f"{reading.folder}{page.path}", settings),
        title=text.title,
        summary=text.summary,
        html=reading.absolute_body(page),
        author=reading.author(page),
        published=published,
        updated=max(published, _dated(page.updated.instant)) if page.updated else published,
        tags=tuple(page.tags.items()),
        language=reading.written_in(page),
        image=absolute(image, settings) if image else "",
    )


def _identity(reading: Reading, page: Page) -> str:
    if is_address(page.identity):
        return page.identity if not reading.folder else f"{page.identity}#{reading.language}"
    return absolute(f"{reading.folder}announcements/{page.identity}/", reading.settings)


def _dated(instant: datetime) -> datetime:
    """Feeds are dated to the second."""
    return instant.replace(microsecond=0)


def rss(source: FeedSource) -> bytes:
    """RSS 2.0 with `content:encoded`."""
    feed = _generator(source, "feed.xml", "application/rss+xml")
    return styled(bytes(feed.rss_str(pretty=True)), source.hint) + b"\n"


def atom(source: FeedSource) -> bytes:
    """Atom (RFC 4287)."""
    feed = _generator(source, "atom.xml", "application/atom+xml")
    return styled(bytes(feed.atom_str(pretty=True)), source.hint) + b"\n"


def _generator(source: FeedSource, name: str, media_type: str) -> FeedGenerator:
    feed = FeedGenerator()
    feed.load_extension("dc", atom=False, rss=True)
    feed.register_extension("readable", ReadableFeed)
    feed.readable.show(source.hint, source.page, source.hub)
    feed.id(source.address("atom.xml"))
    feed.title(source.title)
    feed.subtitle(source.description)
    feed.language(source.language)
    feed.author(name=source.site_title)
    feed.link(href=source.address(name), rel="self", type=media_type)
    feed.link(href=source.page, rel="alternate", type="text/html")
    if source.hub:
        feed.link(href=source.hub, rel="hub")
    feed.generator("Offerpress")
    feed.updated(source.updated)
    for entry in source.entries:
        _add(feed, entry)
    return feed


def _add(feed: FeedGenerator, entry: FeedEntry) -> None:
    item = feed.add_entry(order="append")
    item.id(entry.identity)
    item.guid(entry.identity, permalink=False)
    item.title(entry.title)
    item.link(href=entry.address, rel="alternate", type="text/html")
    item.summary(entry.summary)
    item.description(entry.summary)
    item.content(entry.html, type="html")
    item.published(entry.published)
    item.updated(entry.updated)
    for address, name in entry.tags:
        item.category(term=address, label=name)
    if entry.author:
        item.author(name=entry.author)
        item.dc.dc_creator(entry.author)

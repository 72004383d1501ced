"""The feeds of one language or tag: RSS 2.0, Atom and JSON Feed, with full content and absolute addresses.

Every date comes from content; a feed without entries has the date of the epoch.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from feedgen.feed import FeedGenerator
from lxml import etree

from generator.addresses import absolute
from generator.content.pages import Page, is_address
from generator.public.localized import LocalizedSite

_ATOM = "http://www.w3.org/2005/Atom"
_XHTML = "http://www.w3.org/1999/xhtml"


class FeedHint(NamedTuple):
    """What a browser shows above a feed: two sentences, and the style sheet's address relative to the feed."""

    explanation: str
    to_page: str
    styles: str


class ReadableFeed:
    """A feedgen extension that adds the hint and, to RSS, the hub that announces updates (WebSub).

    Atom has its own element for the hub.
    """

    def __init__(self) -> None:
        self._hint = FeedHint("", "", "")
        self._page = self._hub = ""

    def show(self, hint: FeedHint, page: str, hub: str) -> None:
        """Set the hint, the address of the page and the hub; an empty `hub` adds none."""
        self._hint, self._page, self._hub = hint, page, hub

    def extend_ns(self) -> dict[str, str]:
        """Return the namespace prefix of the hint's elements."""
        return {"xhtml": _XHTML}

    def extend_rss(self, feed: etree._Element) -> etree._Element:
        """Add to the channel, before its items."""
        channel = feed[0]
        if self._hub:
            channel.insert(0, etree.Element(f"{{{_ATOM}}}link", rel="hub", href=self._hub))
        self._explain(channel)
        return feed

    def extend_atom(self, feed: etree._Element) -> etree._Element:
        """Add to the feed, before its entries."""
        self._explain(feed)
        return feed

    def _explain(self, parent: etree._Element) -> None:
        box = etree.Element(f"{{{_XHTML}}}div")
        etree.SubElement(box, f"{{{_XHTML}}}p").text = self._hint.explanation
        link = etree.SubElement(etree.SubElement(box, f"{{{_XHTML}}}p"), f"{{{_XHTML}}}a", href=self._page)
        link.text = self._hint.to_page
        parent.insert(0, box)


def _styled(feed: bytes, hint: FeedHint) -> bytes:
    """Add the processing instruction that names the style sheet, if there is one."""
    declaration, _, rest = feed.partition(b"?>\n")
    if not hint.styles:
        return feed
    return declaration + f'?>\n<?xml-stylesheet type="text/css" href="{hint.styles}"?>\n'.encode() + rest


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """An announcement in a feed. Its `identity` survives a new file name if the announcement has an `id`."""

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
    """The content of a feed in all three formats; `folder` is its folder below the site's root.

    `hub` is the address of the hub that announces updates (WebSub), or empty.
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
        """Return the last change of any entry."""
        return max((entry.updated for entry in self.entries), default=_EPOCH)

    def address(self, name: str) -> str:
        """Return the absolute address of one format, such as `feed.xml`."""
        return f"{self.base_url}/{self.folder}{name}"


def feed_source(
    localized: LocalizedSite,
    announcements: Sequence[Page],
    folder: str,
    title: str,
    description: str,
    hint: FeedHint,
) -> FeedSource:
    """Collect a feed of `announcements`. `folder` is empty or ends with a slash, and is also the feed's page."""
    return FeedSource(
        title=title,
        description=description,
        site_title=localized.settings.title,
        folder=folder,
        page=absolute(folder, localized.settings),
        language=localized.language,
        entries=tuple(_entry(localized, page) for page in announcements),
        base_url=localized.settings.base_url,
        hub=localized.settings.hub or "",
        hint=hint,
    )


def _entry(localized: LocalizedSite, page: Page) -> FeedEntry:
    text, settings = localized.text(page), localized.settings
    published = _dated(page.date.instant if page.date else _EPOCH)
    image = localized.image(page)
    return FeedEntry(
        identity=_identity(localized, page),
        address=absolute(f"{localized.folder}{page.path}", settings),
        title=text.title,
        summary=text.summary,
        html=localized.absolute_body(page),
        author=localized.author(page),
        published=published,
        updated=max(published, _dated(page.updated.instant)) if page.updated else published,
        tags=tuple(page.tags.items()),
        language=localized.written_in(page),
        image=absolute(image, settings) if image else "",
    )


def _identity(localized: LocalizedSite, page: Page) -> str:
    if is_address(page.identity):
        return page.identity if not localized.folder else f"{page.identity}#{localized.language}"
    return absolute(f"{localized.folder}announcements/{page.identity}/", localized.settings)


def _dated(instant: datetime) -> datetime:
    # Feeds have dates to the second.
    return instant.replace(microsecond=0)


def rss(source: FeedSource) -> bytes:
    """Return the feed as RSS 2.0 with `content:encoded`."""
    feed = _generator(source, "feed.xml", "application/rss+xml")
    return _styled(bytes(feed.rss_str(pretty=True)), source.hint) + b"\n"


def atom(source: FeedSource) -> bytes:
    """Return the feed as Atom (RFC 4287)."""
    feed = _generator(source, "atom.xml", "application/atom+xml")
    return _styled(bytes(feed.atom_str(pretty=True)), source.hint) + b"\n"


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


def json_feed(source: FeedSource) -> bytes:
    """Return the feed as JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/), with the keys in its order."""
    feed: dict[str, object] = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": source.title,
        "home_page_url": source.page,
        "feed_url": source.address("feed.json"),
        "description": source.description,
        "language": source.language,
        "authors": [{"name": source.site_title, "url": source.base_url}],
    }
    if source.hub:
        feed["hubs"] = [{"type": "WebSub", "url": source.hub}]
    feed["items"] = [_item(entry) for entry in source.entries]
    return json.dumps(feed, ensure_ascii=False, indent=1).encode() + b"\n"


def _item(entry: FeedEntry) -> dict[str, object]:
    item: dict[str, object] = {
        "id": entry.identity,
        "url": entry.address,
        "title": entry.title,
        "content_html": entry.html,
        "summary": entry.summary,
        "date_published": entry.published.isoformat(),
        "date_modified": entry.updated.isoformat(),
        "language": entry.language,
    }
    if entry.image:
        item["image"] = entry.image
    if entry.author:
        item["authors"] = [{"name": entry.author}]
    if entry.tags:
        item["tags"] = [name for _, name in entry.tags]
    return item

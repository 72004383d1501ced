"""The feeds of one language or tag: RSS 2.0, Atom and JSON Feed, with full content and absolute addresses.

Every date comes from content; a feed without entries has the date of the epoch.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape, unescape
from typing import TYPE_CHECKING, Literal, NamedTuple

from lxml import etree

from generator.addresses import absolute
from generator.content.pages import Page
from generator.public.localized import LocalizedSite

if TYPE_CHECKING:
    from feedgen.feed import FeedGenerator

_ATOM = "http://www.w3.org/2005/Atom"
_XHTML = "http://www.w3.org/1999/xhtml"
_HISTORY = "http://purl.org/syndication/history/1.0"
FeedForm = Literal["rss", "atom", "json"]
FEED_FORMS: Mapping[FeedForm, str] = {"rss": "feed.xml", "atom": "atom.xml", "json": "feed.json"}


class FeedHint(NamedTuple):
    """The head that a browser shows above a feed: two sentences, and the style sheet's address relative to the feed."""

    explanation: str
    to_page: str
    styles: str


class FeedExtras:
    """A feedgen extension for what feedgen does not know: the hint, links of RSS, archives, and readable summaries."""

    def __init__(self) -> None:
        self._source: FeedSource | None = None
        self._links: Sequence[tuple[str, str]] = ()

    def show(self, source: "FeedSource", links: Sequence[tuple[str, str]]) -> None:
        """Set the feed, and relation and address of its links to other documents."""
        self._source, self._links = source, links

    def extend_ns(self) -> dict[str, str]:
        """Return the prefixes of the added elements."""
        return {"xhtml": _XHTML, "fh": _HISTORY}

    def extend_rss(self, feed: etree._Element) -> etree._Element:
        """Add to the channel, before its items."""
        channel = feed[0]
        for relation, address in reversed(self._links):
            channel.insert(0, etree.Element(f"{{{_ATOM}}}link", rel=relation, href=address))
        self._extend(channel)
        for item in channel.iter("item"):
            _show_summary(item)
        return feed

    def extend_atom(self, feed: etree._Element) -> etree._Element:
        """Add to the feed, before its entries; feedgen itself writes the links."""
        self._extend(feed)
        return feed

    def _extend(self, parent: etree._Element) -> None:
        if self._source is None:
            return
        if self._source.archive:
            parent.insert(0, etree.Element(f"{{{_HISTORY}}}archive"))
        hint = self._source.hint
        box = etree.Element(f"{{{_XHTML}}}div")
        etree.SubElement(box, f"{{{_XHTML}}}p").text = hint.explanation
        paragraph = etree.SubElement(box, f"{{{_XHTML}}}p")
        etree.SubElement(paragraph, f"{{{_XHTML}}}a", href=self._source.page).text = hint.to_page
        parent.insert(0, box)


def _show_summary(item: etree._Element) -> None:
    """Add a plain summary for browsers where the description, which is HTML, would show its character references."""
    description = item.find("description")
    if description is not None and description.text and "&" in description.text:
        shown = etree.Element(f"{{{_XHTML}}}p")
        shown.text = unescape(description.text)
        item.insert(item.index(description), shown)


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
    """One document of a feed, for all three formats; `folder` is its folder below the site's root.

    `archive` numbers the documents with older entries from 1, the oldest; 0 is the feed that readers subscribe to.
    `archives` is their number. `hub` is the address of the hub that announces updates (WebSub), or empty.
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
    archive: int = 0
    archives: int = 0

    @property
    def updated(self) -> datetime:
        """Return the last change of any entry."""
        return max((entry.updated for entry in self.entries), default=_EPOCH)

    def name(self, form: FeedForm, archive: int | None = None) -> str:
        """Return the file name of one format: of this document, or of another `archive`."""
        number = self.archive if archive is None else archive
        stem, _, suffix = FEED_FORMS[form].partition(".")
        return f"{stem}-{number}.{suffix}" if number else FEED_FORMS[form]

    def address(self, form: FeedForm, archive: int | None = None) -> str:
        """Return the absolute address of that file."""
        return f"{self.base_url}/{self.folder}{self.name(form, archive)}"

    def history(self, form: FeedForm) -> list[tuple[str, str]]:
        """Return relation and address of the neighbouring documents (RFC 5005, section 4)."""
        older = self.archive - 1 if self.archive else self.archives
        newer = self.archive + 1 if 0 < self.archive < self.archives else 0
        found = [("current", self.address(form, 0))] if self.archive else []
        found += [("prev-archive", self.address(form, older))] if older else []
        return found + ([("next-archive", self.address(form, newer))] if newer else [])


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed of announcements, the newest first; `folder` is empty or ends with a slash, and is also its page."""

    title: str
    folder: str
    announcements: Sequence[Page]

    def documents(
        self, localized: LocalizedSite, hint: FeedHint
    ) -> Iterator[tuple[FeedSource, Sequence[Page]]]:
        """Yield the feed, still without entries, with its newest announcements, then its archives with all others.

        An archive is full and begins from the oldest entry, so that it does not change when something is announced.
        The newest archive may repeat entries of the feed.
        """
        most, settings = localized.settings.feed_entries, localized.settings
        archives = -(-max(0, len(self.announcements) - most) // most)
        oldest_first = self.announcements[::-1]
        parts = [self.announcements[:most]]
        parts += [oldest_first[n * most : (n + 1) * most][::-1] for n in range(archives)]
        for number, announcements in enumerate(parts):
            source = FeedSource(
                title=self.title,
                description=self.title,
                site_title=settings.title,
                folder=self.folder,
                page=absolute(self.folder, settings),
                language=localized.language,
                entries=(),
                base_url=settings.base_url,
                hub=settings.hub or "",
                hint=hint,
                archive=number,
                archives=archives,
            )
            yield source, announcements


def feed_title(site_title: str, tag: str) -> str:
    """Return the title of the feed of a tag; the name of the site is that of all announcements."""
    return f"{site_title}: {tag}" if tag else site_title


def feed_file(source: FeedSource, form: FeedForm) -> bytes:
    """Return one document in one format."""
    return {"rss": rss, "atom": atom, "json": json_feed}[form](source)


def feed_entry(localized: LocalizedSite, page: Page) -> FeedEntry:
    """Return an announcement as every feed of its language holds it."""
    text, settings = localized.text(page), localized.settings
    published = _dated(page.date.instant if page.date else _EPOCH)
    image = localized.image(page)
    return FeedEntry(
        identity=page.identity_in(localized.language, settings),
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


def _dated(instant: datetime) -> datetime:
    # Feeds have dates to the second.
    return instant.replace(microsecond=0)


def rss(source: FeedSource) -> bytes:
    """Return the feed as RSS 2.0 with `content:encoded`."""
    feed = _generator(source, "rss", "application/rss+xml")
    return _styled(bytes(feed.rss_str(pretty=True)), source.hint) + b"\n"


def atom(source: FeedSource) -> bytes:
    """Return the feed as Atom (RFC 4287)."""
    feed = _generator(source, "atom", "application/atom+xml")
    return _styled(bytes(feed.atom_str(pretty=True)), source.hint) + b"\n"


def _generator(source: FeedSource, form: FeedForm, media_type: str) -> "FeedGenerator":
    from feedgen.feed import FeedGenerator  # noqa: PLC0415 - feeds that say the same stay

    others = [*([("hub", source.hub)] if source.hub else []), *source.history(form)]
    feed = FeedGenerator()
    feed.load_extension("dc", atom=False, rss=True)
    feed.register_extension("extras", FeedExtras)
    feed.extras.show(source, others)
    feed.id(source.address("atom", 0))
    feed.title(source.title)
    feed.subtitle(source.description)
    feed.language(source.language)
    feed.author(name=source.site_title)
    for relation, address in others:
        feed.link(href=address, rel=relation)
    feed.link(href=source.address(form), rel="self", type=media_type)
    # The last link becomes the one `<link>` of RSS, which is the page.
    feed.link(href=source.page, rel="alternate", type="text/html")
    feed.generator("Offerpress")
    feed.updated(source.updated)
    for entry in source.entries:
        _add(feed, entry)
    return feed


def _add(feed: "FeedGenerator", entry: FeedEntry) -> None:
    item = feed.add_entry(order="append")
    item.id(entry.identity)
    item.guid(entry.identity, permalink=False)
    item.title(entry.title)
    item.link(href=entry.address, rel="alternate", type="text/html")
    item.summary(entry.summary)
    # RSS 2.0: a description is HTML.
    item.description(escape(entry.summary, quote=False))
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
        "feed_url": source.address("json", 0),
        "description": source.description,
        "language": source.language,
        "authors": [{"name": source.site_title, "url": source.base_url}],
    }
    if source.hub:
        feed["hubs"] = [{"type": "WebSub", "url": source.hub}]
    older = dict(source.history("json")).get("prev-archive")
    if older:
        feed["next_url"] = older
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

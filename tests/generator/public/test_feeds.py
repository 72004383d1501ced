"""The three feeds by strict checks of our own and by a lenient reader: dates, ids, links, full content."""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime
from html.parser import HTMLParser
from posixpath import dirname, join, normpath
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import fastfeedparser
import feedparser
import html5lib
import pytest

from tests.generator.conftest import NEWS, SiteMaker

ATOM = "{http://www.w3.org/2005/Atom}"
CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
BODY = """
Text with [a link](https://x.example/?a=1&b=2), ![one](../static/a.svg), a note[^1] and `]]>`.

[^1]: Note.
"""
SECOND = (
    NEWS.replace("title: News", "title: '<b>&amp; ]]> \u202e'\nid: second-2023\nauthor: A & B")
    .replace("2023-04-14", "2023-05-01T10:30:15.25+02:00")
    .replace("tags: [Offers]", "updated: 2023-06-01\ntags: [Offers, R&D]")
)


def xml(data: bytes) -> ET.Element:
    """The root of a document, which must be well-formed."""
    return ET.fromstring(data)  # noqa: S314 - our own bytes


def built(make_site: SiteMaker, second: str = SECOND) -> dict[str, bytes]:
    """A site under a path, with two announcements, one of them translated."""
    site = make_site(
        {
            "announcements/second.md": second + BODY,
            "announcements/second.de.md": "---\ntitle: Zweite\nsummary: Kurz.\n---\nDeutsch [x](news.md)\n",
            "static/a.svg": "<svg/>",
        },
        base_url="https://partners.example/base",
    )
    return site.artifacts()


class Links(HTMLParser):
    """The addresses in a fragment of HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes the addresses of an element."""
        del tag
        self.found += [value or "" for name, value in attrs if name in {"href", "src"}]


def text(element: ET.Element, path: str) -> str:
    """The text of an element that must be there."""
    found = element.findtext(path)
    assert found is not None, path
    return found


def folders(files: dict[str, bytes]) -> Iterator[str]:
    """Where feeds stand."""
    for path in files:
        if path.endswith("feed.xml"):
            yield path.removesuffix("feed.xml")


def assert_absolute(addresses: list[str]) -> None:
    """Every address is whole."""
    for address in addresses:
        assert urlsplit(address).scheme in {"https", "mailto"}, address
        assert urlsplit(address).netloc or address.startswith("mailto:"), address


def test_rss(make_site: SiteMaker) -> None:
    """RSS 2.0: required elements, self link, RFC 822 dates that round-trip, unique ids, full content."""
    files = built(make_site)
    for folder in folders(files):
        channel = xml(files[f"{folder}feed.xml"]).find("channel")
        assert channel is not None
        assert text(channel, "title")
        assert text(channel, "description")
        assert_absolute([text(channel, "link")])
        own = [one.get("href") for one in channel.findall(f"{ATOM}link") if one.get("rel") == "self"]
        assert own == [f"https://partners.example/base/{folder}feed.xml"]
        dates = [text(channel, "lastBuildDate"), *(text(item, "pubDate") for item in channel.findall("item"))]
        assert [format_datetime(parsedate_to_datetime(date)) for date in dates] == dates
        ids = [text(item, "guid") for item in channel.findall("item")]
        assert len(set(ids)) == len(ids)
        for item in channel.findall("item"):
            assert item.find("guid").get("isPermaLink") == "false"  # type: ignore[union-attr]
            assert_absolute([text(item, "link"), *Links(text(item, CONTENT)).found])


def test_atom(make_site: SiteMaker) -> None:
    """Atom: required elements, self link, RFC 3339 dates that round-trip, unique ids, full content."""
    files = built(make_site)
    seen: set[str] = set()
    for folder in folders(files):
        feed = xml(files[f"{folder}atom.xml"])
        links = {one.get("rel"): one.get("href") for one in feed.findall(f"{ATOM}link")}
        assert links["self"] == f"https://partners.example/base/{folder}atom.xml"
        assert text(feed, f"{ATOM}id") not in seen
        seen.add(text(feed, f"{ATOM}id"))
        entries = feed.findall(f"{ATOM}entry")
        ids = [text(entry, f"{ATOM}id") for entry in entries]
        assert len(set(ids)) == len(ids)
        for element in [feed, *entries]:
            for name in ("updated", "published"):
                date = element.findtext(f"{ATOM}{name}")
                if date is not None:
                    assert datetime.fromisoformat(date).isoformat() == date
                    assert datetime.fromisoformat(date).tzinfo
        for entry in entries:
            content = entry.find(f"{ATOM}content")
            assert content is not None
            assert content.get("type") == "html"
            assert_absolute(Links(content.text or "").found)


def test_json_feed(make_site: SiteMaker) -> None:
    """JSON Feed 1.1: the version, its own address, and for each item id, url, content and dates."""
    files = built(make_site)
    for folder in folders(files):
        feed = json.loads(files[f"{folder}feed.json"])
        assert feed["version"] == "https://jsonfeed.org/version/1.1"
        assert feed["feed_url"] == f"https://partners.example/base/{folder}feed.json"
        assert len({item["id"] for item in feed["items"]}) == len(feed["items"])
        for item in feed["items"]:
            assert_absolute([item["url"], *Links(item["content_html"]).found])
            assert datetime.fromisoformat(item["date_published"]).isoformat() == item["date_published"]


def test_content_and_order(make_site: SiteMaker) -> None:
    """The newest entry is first, titles are exact, the body is whole, and the three forms agree."""
    files = built(make_site)
    feed = json.loads(files["feed.json"])
    rss, atom = feedparser.parse(files["feed.xml"]), feedparser.parse(files["atom.xml"])
    assert not rss.bozo
    assert not atom.bozo
    first = feed["items"][0]
    assert first["title"] == "<b>&amp; ]]> \u202e"
    assert first["id"] == "https://partners.example/base/announcements/second-2023/"
    assert first["url"] == "https://partners.example/base/announcements/second/"
    assert first["date_published"] == "2023-05-01T10:30:15+02:00"
    assert first["date_modified"] == "2023-06-01T00:00:00+02:00"
    assert first["tags"] == ["Offers", "R&D"]
    assert first["authors"] == [{"name": "A & B"}]
    assert "<code>]]&gt;</code>" in first["content_html"]
    assert 'href="https://partners.example/base/announcements/second/#fn:1"' in first["content_html"]
    assert 'src="https://partners.example/base/a.svg"' in first["content_html"]
    raw = xml(files["feed.xml"]).find("channel/item")
    assert raw is not None
    assert text(raw, "title") == first["title"]
    assert text(raw, CONTENT) == first["content_html"]
    assert [entry.id for entry in rss.entries] == [item["id"] for item in feed["items"]]
    assert [entry.id for entry in atom.entries] == [item["id"] for item in feed["items"]]


def test_languages_and_tags(make_site: SiteMaker) -> None:
    """Each language and tag has its own feeds; a language's ids are not those of another."""
    files = built(make_site)
    assert set(folders(files)) >= {"", "de/", "tags/offers/", "tags/r-d/", "de/tags/offers/"}
    german = json.loads(files["de/feed.json"])
    assert german["items"][0]["title"] == "Zweite"
    assert 'href="https://partners.example/base/de/announcements/news/"' in german["items"][0]["content_html"]
    assert german["items"][1]["language"] == "en"
    ids = [item["id"] for path in ("feed.json", "de/feed.json") for item in json.loads(files[path])["items"]]
    assert len(set(ids)) == len(ids)
    assert [item["title"] for item in json.loads(files["tags/r-d/feed.json"])["items"]] == [
        "<b>&amp; ]]> \u202e"
    ]


def test_id_survives_renaming(make_site: SiteMaker) -> None:
    """With an id, a new slug leaves the entry's id as it was; an id that is an address is used as it is."""
    before = json.loads(built(make_site)["feed.json"])["items"][0]
    site = make_site(
        {"announcements/second.md": None, "announcements/renamed.md": SECOND},
        base_url="https://partners.example/base",
    )
    (site.folder / "content/announcements/second.md").unlink()
    (site.folder / "content/announcements/second.de.md").unlink()
    after = json.loads(site.artifacts()["feed.json"])["items"][0]
    assert (after["id"], after["url"]) == (
        before["id"],
        "https://partners.example/base/announcements/renamed/",
    )
    urn = make_site({"announcements/renamed.md": SECOND.replace("second-2023", "urn:uuid:1")}).artifacts()
    assert json.loads(urn["feed.json"])["items"][0]["id"] == "urn:uuid:1"
    assert json.loads(urn["de/feed.json"])["items"][0]["id"] == "urn:uuid:1#de"


@pytest.mark.parametrize(
    "character", ["\\0", "\\x08", "\\x0b", "\\x0c", "\\x1f", "\\uFFFE", "\\uFFFF", "\\uD800"]
)
def test_characters_that_xml_forbids(make_site: SiteMaker, character: str) -> None:
    """A character that would make a feed unreadable never reaches one."""
    text = NEWS.replace("title: News", f'title: "A{character}B"')
    files = make_site({"announcements/news.md": text}).artifacts()
    for name in ("feed.xml", "atom.xml"):
        assert not feedparser.parse(files[name]).bozo
        xml(files[name])
    between = {"\\x0b": " ", "\\x0c": " ", "\\uD800": "\N{REPLACEMENT CHARACTER}"}.get(character, "")
    assert f"A{between}B" == json.loads(files["feed.json"])["items"][0]["title"]


def test_feed_without_entries(make_site: SiteMaker) -> None:
    """An empty feed is whole, and its date does not come from the clock."""
    files = make_site({"announcements/news.md": None}).artifacts()
    assert b"<updated>1970-01-01T00:00:00+00:00</updated>" in files["atom.xml"]
    assert b"<lastBuildDate>Thu, 01 Jan 1970 00:00:00 +0000</lastBuildDate>" in files["feed.xml"]
    assert json.loads(files["feed.json"])["items"] == []


def test_two_readers_agree(make_site: SiteMaker) -> None:
    """Two independent parsers read the same entries from both XML forms of every language's and tag's feed."""
    files = built(make_site)
    for folder in folders(files):
        items = json.loads(files[f"{folder}feed.json"])["items"]
        wanted = [(item["id"], item["title"], item["url"], item["content_html"]) for item in items]
        for name in ("feed.xml", "atom.xml"):
            lenient = feedparser.parse(files[folder + name], sanitize_html=False, resolve_relative_uris=False)
            assert not lenient.bozo
            assert wanted == [
                (one.id, one.title, one.link, one.content[0].value.replace("\r", ""))
                for one in lenient.entries
            ]
            quick = fastfeedparser.parse(files[folder + name].decode())
            assert [row[:3] for row in wanted] == [(one.id, one.title, one.link) for one in quick.entries]
            dates = [datetime.fromisoformat(item["date_published"]) for item in items]
            assert dates == [datetime.fromisoformat(one.published) for one in quick.entries]


def test_hub(make_site: SiteMaker) -> None:
    """A hub is named in all three forms, where readers look for it (WebSub, JSON Feed)."""
    files = make_site(hub="https://hub.example/").artifacts()
    for name in ("feed.xml", "atom.xml"):
        links = xml(files[name]).iter(f"{ATOM}link")
        assert ["https://hub.example/"] == [one.get("href") for one in links if one.get("rel") == "hub"]
    assert [{"type": "WebSub", "url": "https://hub.example/"}] == json.loads(files["feed.json"])["hubs"]
    assert b"hub" not in make_site().artifacts()["feed.xml"]


def test_styles_for_browsers(make_site: SiteMaker) -> None:
    """A feed names a style sheet that is there, explains itself, and links to the page that it is the feed of."""
    files = built(make_site)
    for path in ("feed.xml", "de/tags/offers/atom.xml"):
        styles = re.search(rb'<\?xml-stylesheet type="text/css" href="([^"]+)"\?>', files[path])
        assert styles is not None
        assert normpath(join(dirname(path), styles[1].decode())) in files
        (link,) = xml(files[path]).iter("{http://www.w3.org/1999/xhtml}a")
        assert f"https://partners.example/base/{path.rpartition('/')[0]}".rstrip("/") == (
            link.get("href") or ""
        ).rstrip("/")
    assert "Dies ist ein Feed." in files["de/feed.xml"].decode()


def many(make_site: SiteMaker, count: int, most: int, **settings: object) -> dict[str, bytes]:
    """A site with so many announcements, the first the oldest, and feeds of at most `most`."""
    numbered = {
        f"announcements/n{n:02}.md": NEWS.replace("News", f"News {n}").replace("04-14", f"05-{n:02}")
        for n in range(1, count + 1)
    }
    files: dict[str, str | None] = {"announcements/news.md": None, **numbered}
    return make_site(files, feed_entries=most, **settings).artifacts()


def titles(feed: bytes) -> list[str]:
    """The numbers of a feed's entries, in their order."""
    return [str(entry["title"]).removeprefix("News ") for entry in feedparser.parse(feed)["entries"]]


@pytest.mark.parametrize(
    ("count", "most", "shown", "archives"),
    [
        (3, 3, ["3", "2", "1"], []),
        (4, 3, ["4", "3", "2"], [["3", "2", "1"]]),
        (8, 3, ["8", "7", "6"], [["3", "2", "1"], ["6", "5", "4"]]),
        (9, 4, ["9", "8", "7", "6"], [["4", "3", "2", "1"], ["8", "7", "6", "5"]]),
        (5, 1, ["5"], [["1"], ["2"], ["3"], ["4"]]),
    ],
)
def test_older_entries_stand_in_archives(
    make_site: SiteMaker, count: int, most: int, shown: list[str], archives: list[list[str]]
) -> None:
    """A feed has the newest entries; full archives, numbered from the oldest, hold all others (RFC 5005, section 4)."""
    files = many(make_site, count, most)
    for stem in ("feed", "atom", "de/tags/offers/atom", "tags/offers/feed"):
        assert shown == titles(files[f"{stem}.xml"])
        assert archives == [titles(files[f"{stem}-{n}.xml"]) for n in range(1, len(archives) + 1)]
        assert f"{stem}-{len(archives) + 1}.xml" not in files


def links(feed: bytes) -> dict[str, str]:
    """The addresses of a feed's own links by relation."""
    root = xml(feed)
    parent = root.find("channel") if root.tag == "rss" else root
    assert parent is not None
    return {str(one.get("rel")): str(one.get("href")) for one in parent.findall(f"{ATOM}link")}


@pytest.mark.parametrize("form", ["feed", "atom"])
def test_archives_lead_to_each_other(make_site: SiteMaker, form: str) -> None:
    """From the feed to the oldest entry and back lead the relations of RFC 5005, and an archive says what it is."""
    files = many(make_site, 7, 2)
    root = "https://partners.example/"
    archived = "{http://purl.org/syndication/history/1.0}archive"
    assert root + f"{form}-3.xml" == links(files[f"{form}.xml"])["prev-archive"]
    middle = links(files[f"{form}-2.xml"])
    assert (f"{form}-1.xml", f"{form}-3.xml", f"{form}.xml", f"{form}-2.xml") == tuple(
        middle[relation].removeprefix(root)
        for relation in ("prev-archive", "next-archive", "current", "self")
    )
    assert "prev-archive" not in links(files[f"{form}-1.xml"])
    assert "next-archive" not in links(files[f"{form}-3.xml"])
    found = [len(list(xml(files[f"{form}{suffix}.xml"]).iter(archived))) for suffix in ("", "-1", "-3")]
    assert [0, 1, 1] == found


def test_json_feed_goes_on(make_site: SiteMaker) -> None:
    """`next_url` leads through all entries, and `feed_url` stays that of the feed (JSON Feed 1.1)."""
    files = many(make_site, 7, 3)
    seen, address = set(), "https://partners.example/feed.json"
    while address:
        feed = json.loads(files[address.removeprefix("https://partners.example/")])
        assert "https://partners.example/feed.json" == feed["feed_url"]
        seen |= {item["title"] for item in feed["items"]}
        address = feed.get("next_url", "")
    assert {f"News {n}" for n in range(1, 8)} == seen


def test_archive_stays_when_something_is_announced(make_site: SiteMaker) -> None:
    """A new announcement changes no entry of an archive, so that readers need not fetch it again."""
    before, after = many(make_site, 7, 2), many(make_site, 8, 2)
    for name in ("feed-1.xml", "feed-2.xml", "atom-2.xml"):
        assert [(one.id, one.summary) for one in feedparser.parse(before[name]).entries] == [
            (one.id, one.summary) for one in feedparser.parse(after[name]).entries
        ]


@pytest.mark.parametrize("path", ["", "de/", "tags/offers/"])
def test_hub_is_not_taken_for_the_site(make_site: SiteMaker, path: str) -> None:
    """With a hub and archives the link of RSS is the page of the feed (RSS 2.0, channel elements)."""
    files = many(make_site, 5, 2, hub="https://hub.example/push")
    for name in ("feed.xml", "feed-1.xml"):
        assert f"https://partners.example/{path}" == text(xml(files[path + name]), "channel/link")
        assert f"https://partners.example/{path}" == feedparser.parse(files[path + name]).feed.link


@pytest.mark.parametrize("summary", ["Save <b>10 %</b> & more", "A &amp; B", "1 < 2 > 0", "Plain words"])
def test_rss_description_is_html(make_site: SiteMaker, summary: str) -> None:
    """The description of RSS is HTML, so that readers show the summary as it was written (RSS 2.0, item elements)."""
    files = make_site({"announcements/news.md": NEWS.replace("What is new.", f"'{summary}'")}).artifacts()
    description = text(xml(files["feed.xml"]), "channel/item/description")
    assert summary == html5lib.parseFragment(description, namespaceHTMLElements=False).text
    entry = "{http://www.w3.org/2005/Atom}entry"
    assert summary == text(xml(files["atom.xml"]), f"{entry}/{ATOM}summary")
    assert summary == json.loads(files["feed.json"])["items"][0]["summary"]


@pytest.mark.parametrize(
    ("front", "identity"),
    [
        ("aliases: [first-name]", "first-name"),
        ("aliases: [oldest, older]", "oldest"),
        ("id: mine\naliases: [oldest]", "mine"),
        ("tags: [x]", "news"),
    ],
)
def test_renamed_with_an_alias(make_site: SiteMaker, front: str, identity: str) -> None:
    """A renamed announcement stays the same entry: without `id` its first alias is the identity."""
    text = NEWS.replace("tags: [Offers]", front)
    files = make_site({"announcements/news.md": text}).artifacts()
    (item,) = json.loads(files["feed.json"])["items"]
    assert f"https://partners.example/announcements/{identity}/" == item["id"]


@pytest.mark.parametrize(
    "identity",
    [
        "https://partners.example/announcements/news/",
        "https://partners.example/de/announcements/news/",
        "news",
        "urn:x:1",
    ],
)
def test_one_identity_twice(make_site: SiteMaker, identity: str) -> None:
    """An id that another entry has in a feed of any language is a fault (RFC 4287, 4.2.6)."""
    third = NEWS.replace("title: News", "title: Third\nid: urn:x:1")
    site = make_site(
        {
            "announcements/other.md": NEWS.replace("title: News", f"title: Other\nid: {identity}"),
            "announcements/third.md": third,
        }
    )
    assert site.content() is None
    assert ["id"] == [fault.field for fault in site.faults]


def test_feed_titles(make_site: SiteMaker) -> None:
    """A page names the feeds that it links to as they name themselves."""
    files = make_site().artifacts()
    for path, title in (("", "Partners"), ("tags/offers/", "Partners: Offers")):
        assert title == feedparser.parse(files[f"{path}feed.xml"]).feed.title
        assert f'title="{title} (RSS)" href="feed.xml"' in files[f"{path}index.html"].decode()

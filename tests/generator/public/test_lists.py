"""Lists that grow: pages of the archive and of tags, sitemaps, and ended offers."""

from xml.etree import ElementTree as ET

import pytest
from lxml import html

from generator.public.discovery import sitemaps
from generator.public.localized import LocalizedSite
from tests.generator.conftest import CASHBACK, NEWS, SiteMaker, attributes

EXTENSION = """\
---
kind: extension
title: Three months
summary: Longer.
announced_on: 2023-04-14
months: 3
plans: [paid]
active_on: 2023-04-14
---
Longer.
"""
SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


def files(make_site: SiteMaker, count: int, most: int) -> dict[str, bytes]:
    """A site with so many announcements and one page of the same tag, and lists of at most `most`."""
    numbered: dict[str, str | None] = {
        f"announcements/n{n:02}.md": NEWS.replace("News", f"News {n}").replace("04-14", f"05-{n:02}")
        for n in range(1, count)
    }
    page = "---\ntitle: A page\nsummary: About.\ntags: [Offers]\n---\nText.\n"
    return make_site({**numbered, "pages/more.md": page}, page_entries=most).artifacts()


@pytest.mark.parametrize(("count", "most", "pages"), [(3, 3, 1), (4, 3, 2), (7, 2, 4), (5, 50, 1)])
def test_archive_in_pages(make_site: SiteMaker, count: int, most: int, pages: int) -> None:
    """The archive has at most so many announcements on a page, each of them once, the newest first."""
    built = files(make_site, count, most)
    paths = ["announcements/", *(f"announcements/page/{n}/" for n in range(2, pages + 1))]
    found = [
        [one["href"].rstrip("/").rpartition("/")[2] for one in attributes(built[f"{path}index.html"], entry)]
        for path in paths
        for entry in ["//ol[@class='entries']//h3/a"]
    ]
    assert [f"n{n:02}" for n in range(count - 1, 0, -1)] + ["news"] == [one for part in found for one in part]
    assert all(len(part) <= most for part in found)
    assert f"announcements/page/{pages + 1}/index.html" not in built


def test_pages_lead_to_each_other(make_site: SiteMaker) -> None:
    """Each page leads to its neighbours, and is canonical itself, in every language."""
    built = files(make_site, 5, 2)
    links = "//nav[contains(@class, 'neighbours')]/a"
    for folder in ("", "de/"):
        found = [
            {one["rel"]: one["href"] for one in attributes(built[f"{folder}{path}index.html"], links)}
            for path in ("announcements/", "announcements/page/2/", "announcements/page/3/")
        ]
        assert [{"next": "page/2/"}, {"next": "../3/", "prev": "../../"}, {"prev": "../2/"}] == found
        (link,) = attributes(built[f"{folder}announcements/page/2/index.html"], "//link[@rel='canonical']")
        assert f"https://partners.example/{folder}announcements/page/2/" == link["href"]


def test_tag_in_pages(make_site: SiteMaker) -> None:
    """The list of a tag goes on after its announcements with its pages, and each page names the tag's feed."""
    built = files(make_site, 4, 2)
    last = built["tags/offers/page/3/index.html"].decode()
    assert "A page" in last
    assert 'title="Partners: Offers (Atom)" href="../../atom.xml"' in last


@pytest.mark.parametrize(("addresses", "size"), [(4, 50_000_000), (50_000, 4000), (7, 6000)])
def test_sitemaps_are_split(make_site: SiteMaker, addresses: int, size: int) -> None:
    """Beyond the limits of sitemaps.org the sitemap is an index of files that keep them and miss no address."""
    site = make_site({f"announcements/n{n}.md": NEWS.replace("News", f"News {n}") for n in range(9)})
    content = site.content()
    assert content is not None
    localized = LocalizedSite(content, site.settings, "en", 738_885)
    (whole,) = sitemaps(localized).values()
    built = sitemaps(localized, addresses, size)
    index = ET.fromstring(built.pop("sitemap.xml"))  # noqa: S314 - our own bytes
    assert [f"https://partners.example/{name}" for name in built] == [
        one.text for one in index.iter(f"{SITEMAP}loc")
    ]
    parts = [ET.fromstring(one) for one in built.values()]  # noqa: S314 - our own bytes
    found = [[one.text for one in part.iter(f"{SITEMAP}loc")] for part in parts]
    assert all(len(part) <= addresses for part in found)
    assert all(len(one) <= size for one in built.values())
    assert [one.text for one in ET.fromstring(whole).iter(f"{SITEMAP}loc")] == [  # noqa: S314 - our own bytes
        address for part in found for address in part
    ]


@pytest.mark.parametrize(
    ("as_of", "current", "ended"),
    [
        ("2023-12-31", ["cashback", "months"], []),
        ("2024-01-01", ["months"], ["cashback"]),
        ("2025-06-30", ["months"], ["cashback"]),
    ],
)
def test_ended_offers(make_site: SiteMaker, as_of: str, current: list[str], ended: list[str]) -> None:
    """An offer whose deadline is past leaves the first page and stands among the ended ones, with its own page."""
    built = make_site({"offers/months.md": EXTENSION}).artifacts(as_of)

    def slugs(page: str, section: str) -> list[str]:
        links = attributes(built[page], f"{section}//*[contains(@class, 'card-title')]/a")
        return sorted(one["href"].rstrip("/").rpartition("/")[2] for one in links)

    assert current == slugs("index.html", "//main")
    assert ended == slugs("offers/index.html", "//section[@aria-labelledby='site:ended']")
    assert sorted(current + ended) == slugs("offers/index.html", "//main")
    assert b"15%" in built["offers/cashback/index.html"]


@pytest.mark.parametrize(
    ("folder", "starts"), [("", ["0", "2,500.50", "10,000"]), ("de/", ["0", "2.500,50", "10.000"])]
)
def test_tiers_with_cents(make_site: SiteMaker, folder: str, starts: list[str]) -> None:
    """The start of a tier is a number in the reader's language, with its cents."""
    tiers = (
        "tiers: [{from: 0, rate: 2%}, {from: 2500.50, rate: 4%}, {from: 10000, rate: 5%}]\nmode: retroactive"
    )
    site = make_site({"offers/cashback.md": CASHBACK.replace("rate: 15%", tiers)})
    root = html.document_fromstring(site.page(f"{folder}offers/cashback/"))
    assert starts == root.xpath("//table[@class='inner']/tbody/tr/th/text()")

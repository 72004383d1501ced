"""Ids on a page: those of the layout and those of the text never meet."""

from collections import Counter

import pytest

from tests.generator.conftest import CASHBACK, NEWS, SiteMaker, attributes

LAYOUT = (
    "Content",
    "Contents",
    "Follow",
    "Offers",
    "Terms",
    "Example",
    "Amendments",
    "Mentions",
    "Earlier",
    "2023",
)
HEADINGS = "".join(f"\n## {name}\n\nText.\n" for name in LAYOUT)


@pytest.mark.parametrize(
    ("name", "source", "path"),
    [
        ("announcements/news.md", NEWS + HEADINGS, "announcements/news/"),
        ("announcements/news.de.md", f"---\ntitle: N\nsummary: S\n---\n{HEADINGS}", "de/announcements/news/"),
        ("offers/cashback.md", CASHBACK + HEADINGS, "offers/cashback/"),
        ("pages/about.md", f"---\ntitle: A\nsummary: S\noffers: [cashback]\n---\n{HEADINGS}", "about/"),
    ],
)
def test_id_stands_once(make_site: SiteMaker, name: str, source: str, path: str) -> None:
    """Headings named like parts of the layout keep their ids, and no id stands twice (WHATWG HTML 3.2.6)."""
    page = make_site({name: source}).artifacts()[f"{path}index.html"]
    found = Counter(one["id"] for one in attributes(page, "//*[@id]"))
    assert [] == [one for one, count in found.items() if count > 1]
    assert {"content", "terms", "offers"} <= found.keys()


@pytest.mark.parametrize(
    "body",
    ['<a id="x"></a>\n\n<p id="x">y</p>\n', '<a id="more"></a>\n\n## More\n', '## A\n\n<h2 id="a">A</h2>\n'],
)
def test_id_twice_in_a_text(make_site: SiteMaker, body: str) -> None:
    """An id that an author wrote twice, or beside a heading of that name, is a remark."""
    site = make_site({"announcements/news.md": NEWS + "\n" + body})
    assert site.content() is not None
    assert ["remark"] == [fault.severity for fault in site.faults if "stands twice" in fault.what]


def test_id_of_the_layout(make_site: SiteMaker) -> None:
    """An id that begins like those of the layout is a fault with its line."""
    site = make_site({"announcements/news.md": NEWS + '\n<p id="site:terms">x</p>\n'})
    assert site.content() is None
    (fault,) = [one for one in site.faults if one.severity == "fault"]
    assert ("content/announcements/news.md", 10) == (fault.file, fault.line)

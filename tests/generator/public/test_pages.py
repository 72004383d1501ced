"""The site as built: what stands on which page, in which language, and nothing loaded from elsewhere."""

import re
from html.parser import HTMLParser
from posixpath import dirname, join, normpath
from urllib.parse import unquote, urlsplit

import html5lib
import pytest

from generator.settings import StatementSettings
from tests.generator.conftest import CASHBACK, NEWS, PROGRAM, SiteMaker, attributes

PAGE = "---\ntitle: About\nsummary: About us.\n---\nText\n"
NEWS_DE = "---\ntitle: Neues\nsummary: Was neu ist.\n---\nSiehe [das Angebot](../offers/cashback.md).\n"
LEVELS = """\
---
kind: level_quota
title: Lower quotas
summary: Less is asked.
announced_on: 2023-04-14
period: {from: 2023-01-01, to: 2023-12-31}
quotas: {silver: 7500}
secured_until: 2024-12-31
eligible: {levels: [bronze], countries: [NO]}
---
"""
FREE = """\
---
kind: free_subscription
title: Free ones
summary: For you.
announced_on: 2023-04-14
product: 4SC
allowance: {affiliate: 0, bronze: 5, silver: 10}
register_by: 2023-10-31
expires_on: 2023-12-31
---
"""
EXTENSION = """\
---
kind: extension
title: More months
summary: For all.
announced_on: 2023-04-14
months: 3
plans: [paid, nfr]
active_on: 2023-04-14
bought_before: 2023-04-01
---
"""
BONUS = """\
---
kind: bonus
title: A bonus
summary: For the whole year.
announced_on: 2023-04-14
period: {from: 2023-01-01, to: 2023-12-31}
level: bronze
amount: {USD: 1100, EUR: 1000}
amendments:
  - effective_on: 2023-09-01
    note: Only for Silver.
    level: silver
---
"""
AMENDED = CASHBACK.replace(
    "credited_on: 2023-12-31\n",
    """\
credited_on: 2023-12-31
amendments:
  - effective_on: 2023-09-01
    note: We can do better.
    rate: 20%
  - effective_on: 2024-03-01
    note: Not told yet.
    rate: 25%
""",
)
TIERS = CASHBACK.replace(
    "rate: 15%",
    "tiers: [{from: 0, rate: 5%}, {from: 5000, rate: 12.5%}]\nmode: incremental\n"
    "minimum: {EUR: 10}\ncap: {EUR: 500, JPY: 90000}\nproducts: {include: ['PRO *'], exclude: [X]}",
)


def words(html: str) -> str:
    """The text of a page on one line."""
    body = re.sub(r"<[^>]+>", " ", html.partition("<main")[2])
    return " ".join(body.split())


class Addresses(HTMLParser):
    """Collects what a page links to or loads."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str, str]] = []
        self.ids: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes the addresses and the id of an element."""
        for name, value in attrs:
            if name in {"href", "src"} and value is not None:
                self.found.append((tag, name, value))
            if name == "id" and value:
                self.ids.add(value)


def canonical(page: bytes) -> str:
    """The one address that a page says is its own."""
    (link,) = attributes(page, "//link[@rel='canonical']")
    return link["href"]


def full_site(make_site: SiteMaker, **settings: object) -> dict[str, bytes]:
    """A site with everything in it, built."""
    site = make_site(
        {
            "announcements/news.de.md": NEWS_DE,
            "announcements/old.md": NEWS.replace("2023-04-14", "2022-01-01").replace(
                "title: News", "title: Old"
            ),
            "announcements/more.md": NEWS.replace(
                "tags", "image: ../static/a b.svg\naliases: [before]\ntags"
            ),
            "offers/levels.md": LEVELS,
            "offers/free.md": FREE,
            "offers/extension.md": EXTENSION,
            "offers/bonus.md": BONUS,
            "pages/about.md": PAGE,
            "static/a b.svg": "<svg xmlns='http://www.w3.org/2000/svg'/>",
        },
        links={"social": {"X": "https://x.example/a"}, "forum": "https://forum.example"},
        **settings,
    )
    return site.artifacts()


@pytest.mark.parametrize("base_url", ["https://partners.example", "https://host.example/a/b/"])
def test_every_internal_link_leads_to_a_file(make_site: SiteMaker, base_url: str) -> None:
    """Links and fragments of all pages lead to files that are built, wherever the site stands."""
    built = full_site(make_site, base_url=base_url)
    pages = {path: Addresses() for path in built if path.endswith(".html")}
    for path, page in pages.items():
        page.feed(built[path].decode())
    for path, page in pages.items():
        for tag, name, address in page.found:
            parts = urlsplit(address)
            if parts.scheme:
                assert (tag, name) in {("a", "href"), ("link", "href")}, (path, address)
                continue
            if path == "404.html":
                target = unquote(parts.path).removeprefix(urlsplit(base_url).path.rstrip("/") + "/")
            else:
                target = normpath(join(dirname(path), unquote(parts.path))) if parts.path else path
            target = target.removeprefix("./") if target != "." else ""
            found = target if target in built else f"{target.rstrip('/')}/index.html".lstrip("/")
            assert found in built, (path, address)
            if parts.fragment:
                assert unquote(parts.fragment) in pages[found].ids, (path, address)


def test_pages_are_valid_and_obey_their_policy(make_site: SiteMaker) -> None:
    """Every page parses without an error, and has no script but data, inline style or foreign resource."""
    for path, data in full_site(make_site).items():
        if not path.endswith(".html"):
            continue
        html5lib.HTMLParser(strict=True).parse(data.decode())
        text = data.decode()
        assert not re.search(
            r'<script(?! type="application/ld\+json">)|<style|\sstyle=|\son\w+=|javascript:', text
        ), path
        assert not re.search(
            r"<(img|link[^>]* rel=(stylesheet|icon|manifest|apple-touch-icon)\b)[^>]*(src|href)=\"?(https?:)?//",
            text,
        ), path
        assert not re.search(
            r"(src|href)=\"?(https?:)?//[^>]* rel=(stylesheet|icon|manifest|apple-touch-icon)\b", text
        ), path


def test_same_input_same_bytes(make_site: SiteMaker) -> None:
    """Two builds of one site are equal byte by byte."""
    assert full_site(make_site) == full_site(make_site)


def test_empty_site(make_site: SiteMaker) -> None:
    """Without announcements, offers and pages there is still a site that says so."""
    site = make_site({"announcements/news.md": None, "offers/cashback.md": None}, languages=["en"])
    built = site.artifacts()
    assert {
        "index.html",
        "404.html",
        "feed.xml",
        "atom.xml",
        "feed.json",
        "sitemap.xml",
        "robots.txt",
        "_headers",
    } <= {*built}
    assert "There are no announcements yet." in words(built["index.html"].decode())
    assert not [path for path in built if path.startswith("tags/")]


def test_translation_and_fallback(make_site: SiteMaker) -> None:
    """A translated page is its own; another shows the original, says so and names its language."""
    built = full_site(make_site)
    own, fallback = (built[f"de/announcements/{slug}/index.html"] for slug in ("news", "old"))
    assert [{"dir": "ltr", "lang": "de"}] == attributes(own, "/html")
    assert "https://partners.example/de/announcements/news/" == canonical(own)
    assert {
        "en": "https://partners.example/announcements/news/",
        "de": "https://partners.example/de/announcements/news/",
        "x-default": "https://partners.example/announcements/news/",
    } == {one["hreflang"]: one["href"] for one in attributes(own, "//link[@hreflang]")}
    assert [] == attributes(own, "//*[@role='note']")
    assert 1 == len(attributes(fallback, "//p[@role='note']"))
    marked = attributes(fallback, "//article//div[@lang]")
    assert [("en", "ltr")] * 2 == [(one["lang"], one["dir"]) for one in marked]
    assert "https://partners.example/announcements/old/" == canonical(fallback)
    assert 1 == len(attributes(fallback, "//meta[@name='robots' and @content='noindex']"))
    assert 1 == len(attributes(own, "//div[@class='prose']//a[@href='../../offers/cashback/']"))


def test_right_to_left_language(make_site: SiteMaker) -> None:
    """The pages of a language written from the right say so."""
    site = make_site(languages=["en", "he"])
    assert [{"dir": "rtl", "lang": "en"}] == attributes(site.page("he/"), "/html")


def test_drafts_and_days(make_site: SiteMaker) -> None:
    """Drafts, coming announcements and offers are not built; links to them are plain text."""
    later = CASHBACK.replace("2023-04-14", "2023-06-01")
    site = make_site(
        {"offers/cashback.md": later, "announcements/draft.md": NEWS.replace("tags", "draft: true\ntags")}
    )
    built = site.artifacts("2023-05-01")
    assert "offers/cashback/index.html" not in built
    assert "announcements/draft/index.html" not in built
    page = built["announcements/news/index.html"].decode()
    assert "<a>the offer</a>" in page
    assert "announcements/news/index.html" not in site.artifacts("2023-04-13")
    assert "offers/cashback/index.html" in site.artifacts("2023-06-01")


def test_terms_in_words(make_site: SiteMaker) -> None:
    """Every kind of offer shows its terms in words, with the zone beside each deadline."""
    site = make_site(
        {
            "offers/levels.md": LEVELS,
            "offers/free.md": FREE,
            "offers/extension.md": EXTENSION,
            "offers/bonus.md": BONUS,
            "offers/tiers.md": TIERS,
        }
    )
    built = site.artifacts()
    text = {
        slug: words(built[f"offers/{slug}/index.html"].decode())
        for slug in ("cashback", "levels", "free", "extension", "bonus", "tiers")
    }
    assert "Rate 15%" in text["cashback"]
    assert (
        "January 1, 2023 \N{EN DASH} December 31, 2023 Europe/Berlin both days included" in text["cashback"]
    )
    assert "Silver €10,000.00 €7,500.00" in text["levels"]
    assert "Level secured until December 31, 2024 Europe/Berlin" in text["levels"]
    assert "For the levels Bronze For the countries NO" in text["levels"]
    assert "Register by October 31, 2023 Europe/Berlin" in text["free"]
    assert "Affiliate 0 Bronze 5 Silver 10" in text["free"]
    assert "Added 3 months Subscriptions paid, not for resale" in text["extension"]
    assert "Bought before April 1, 2023 Europe/Berlin" in text["extension"]
    assert (
        "Paid once €1,000.00, $1,100.00 Level to reach by the program's quotas Silver, €10,000.00"
        in text["bonus"]
    )
    assert "Only for Silver. Level to reach by the program's quotas before Bronze, €1,000.00" in text["bonus"]
    assert "Offers · Bonus A bonus" in text["bonus"]
    assert "Sales from Rate 0 5% 5,000 12.5% Each rate holds for the part" in text["tiers"]
    assert "Least amount credited €10.00 Highest amount credited €500.00, ¥90,000" in text["tiers"]
    assert "Products PRO * Products left out X" in text["tiers"]


def test_terms_of_the_day_and_amendments(make_site: SiteMaker) -> None:
    """The terms are those of the day; past amendments are told with what changed, coming ones are not."""
    site = make_site({"offers/cashback.md": AMENDED})
    before, after = (words(site.page("offers/cashback/", day)) for day in ("2023-08-31", "2023-09-01"))
    assert "Rate 15%" in before
    assert "Amendments" not in before
    assert "Rate 20%" in after
    assert "September 1, 2023 Europe/Berlin We can do better. Rate before 15% since then 20%" in after
    assert "Not told yet" not in after


def test_amendments_of_the_program(make_site: SiteMaker) -> None:
    """An offer's page tells what a change of the program changes there, with its note, and nothing elsewhere."""
    amended = (
        f"{PROGRAM}\n[[amendments]]\neffective_on = 2023-09-01\nnote = 'Prices rose.'\nquotas = {{silver = 12000}}\n"
        "\n[[amendments]]\neffective_on = 2024-01-01\nnote = 'Next year.'\nquotas = {silver = 15000}\n"
    )
    site = make_site({"program.toml": amended, "offers/levels.md": LEVELS, "offers/bonus.md": BONUS})
    before, after = (words(site.page("offers/levels/", day)) for day in ("2023-08-31", "2024-02-01"))
    assert "Silver €10,000.00 €7,500.00" in before
    assert "Prices rose" not in before
    assert "Silver €12,000.00 €7,500.00" in after
    assert "September 1, 2023 Europe/Berlin Prices rose." in after
    assert "Next year." not in after
    assert "Only for Silver. Prices rose." in words(site.page("offers/bonus/", "2024-02-01"))
    assert "Prices rose" not in words(site.page("offers/cashback/", "2024-02-01"))


def test_labels_are_translated(make_site: SiteMaker) -> None:
    """No label of the German or Spanish pages stays English."""
    site = make_site(
        {
            "offers/levels.md": LEVELS,
            "offers/free.md": FREE,
            "offers/extension.md": EXTENSION,
            "offers/bonus.md": BONUS,
            "offers/tiers.md": TIERS,
        },
        languages=["en", "de", "es"],
    )
    built = site.artifacts()
    labels = re.compile(
        r"\b(Terms|Announced|Paid once|Level to reach|Register|Offers|Announcements|Level secured|Until|Feeds? us"
        r"|months?)\b"
    )
    for path, data in built.items():
        if path.startswith(("de/offers/", "es/offers/")) and path.endswith(".html"):
            head = words(data.decode()).replace("More months", "").replace(" Offers ", " ")
            assert not labels.search(head), (path, labels.search(head))


def test_hostile_words(make_site: SiteMaker) -> None:
    """Markup, template tags and forbidden characters in titles are shown as text or dropped."""
    title = "<b>&amp; {{ 7*7 }} ]]> \u202e\x08 {% raw %}"
    text = NEWS.replace("title: News", f"title: '{title}'")
    built = make_site({"announcements/news.md": text}).artifacts()
    page = built["announcements/news/index.html"].decode()
    (heading,) = html5lib.parse(page, namespaceHTMLElements=False).iter("h1")
    assert "<b>&amp; {{ 7*7 }} ]]> \u202e {% raw %}" == heading.text
    for path in ("index.html", "announcements/index.html", "tags/offers/index.html"):
        html5lib.HTMLParser(strict=True).parse(built[path].decode())


def test_redirects(make_site: SiteMaker) -> None:
    """An old slug leads to the new one in every language."""
    built = full_site(make_site)
    (refresh,) = attributes(built["announcements/before/index.html"], "//meta[@http-equiv='refresh']")
    assert "0; url=../more/" == refresh["content"]
    assert "https://partners.example/de/announcements/more/" == canonical(
        built["de/announcements/before/index.html"]
    )


def test_host_files(make_site: SiteMaker) -> None:
    """The sitemap lists what is written; it and robots.txt keep silent on the statement page."""
    built = full_site(make_site)
    sitemap = built["sitemap.xml"].decode()
    assert "<loc>https://partners.example/de/announcements/news/</loc>" in sitemap
    assert "<loc>https://partners.example/de/announcements/old/</loc>" not in sitemap
    assert b"statement" not in built["sitemap.xml"] + built["robots.txt"]
    assert b"Sitemap: https://partners.example/sitemap.xml" in built["robots.txt"]
    assert b"/statement/*\n" in built["_headers"]
    none = make_site().artifacts(statements=StatementSettings(access="none"))
    assert b"/statement/*\n" not in none["_headers"]


def test_static_files(make_site: SiteMaker) -> None:
    """Static files are copied as they are, at any depth."""
    built = make_site({"static/.well-known/x": b"\x00\xff", "static/assets/logo.svg": "<svg/>"}).artifacts()
    assert built[".well-known/x"] == b"\x00\xff"
    assert built["assets/logo.svg"] == b"<svg/>"


def test_worked_example_of_each_kind(make_site: SiteMaker) -> None:
    """An offer's page reckons an example by the rules in force: amended terms and steps of rates included."""
    site = make_site(
        {
            "offers/cashback.md": AMENDED,
            "offers/levels.md": LEVELS,
            "offers/free.md": FREE,
            "offers/extension.md": EXTENSION,
            "offers/bonus.md": BONUS,
            "offers/tiers.md": TIERS,
        }
    )
    built = site.artifacts()
    text = {
        slug: words(built[f"offers/{slug}/index.html"].decode())
        for slug in ("cashback", "levels", "free", "extension", "bonus", "tiers")
    }
    assert "Sales that count €12,503.80 Rate × 20% Cashback, rounded once €2,500.76" in text["cashback"]
    assert "Less what was credited before €200.00 Credited on December 31, 2023 €2,300.76" in text["cashback"]
    assert "Rate × 15%" in words(site.page("offers/cashback/", "2023-08-31"))
    assert "Rate on €5,000.00 × 5% Rate on €1,251.90 × 12.5% Cashback, rounded once €406.49" in text["tiers"]
    capped = CASHBACK.replace("rate: 15%", "rate: 15%\ncap: {EUR: 500}")
    shown = words(make_site({"offers/cashback.md": capped}).page("offers/cashback/"))
    assert "Before the highest amount €1,875.57 Cashback, rounded once €500.00" in shown
    assert "Missing for Silver €6,249.62 Secured until December 31, 2024 Bronze" in text["levels"]
    assert "Level Silver Allowed 10 Held 2 Can be registered until October 31, 2023 8" in text["free"]
    assert "June 15, 2023 September 15, 2023" in text["extension"]
    assert "Level that earns the bonus Silver Paid once €1,000.00" in text["bonus"]

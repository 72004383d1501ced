"""The header of a site with a long title, five languages and seven pages, in a browser."""

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped] # it has no types
from playwright.sync_api import Browser, Page

from tests.generator.conftest import SiteMaker, SmallSite, attributes, small_site
from tests.servers.browsing import Server

PAGE = "---\ntitle: {title}\nsummary: About it.\n{menu}---\nText.\n"
TITLES = {
    "about": "About this partner program",
    "contact": "Contact",
    "delivery": "Delivery and returns of defective devices",
    "how-credit-works": "How credit works",
    "press": "Press",
    "rules": "The rules of good partnership, word by word",
    "training": "Training",
}
LONG = "The Partner Program of the United Manufacturers of Telephone Systems and Accessories"
# What the header shows, as the middle of each box from above.
MIDDLES = """[...document.querySelectorAll(".brand, .bar-nav > a, .folded > summary")]
    .filter((one) => one.checkVisibility())
    .map((one) => one.getBoundingClientRect()).map(({ top, bottom }) => Math.round((top + bottom) / 2))"""
# What a reader could not read or reach.
HIDDEN = """[...document.querySelectorAll(".bar a, .bar summary")]
    .filter((one) => one.checkVisibility() && !one.matches(".brand"))
    .map((one) => [one.textContent.trim(), one.getBoundingClientRect()])
    .filter(([, box]) => box.left < 0 || box.right > innerWidth + 0.5 || box.width < 24 || box.height < 24)
    .map(([words, box]) => `${words} ${box.left} ${box.right} ${box.width} ${box.height}`)"""
CURRENT = "document.activeElement.textContent.trim()"


def pages(**menu: str) -> dict[str, str | bytes | None]:
    """The files of those pages; `menu` has the value of some of them."""
    return {
        f"pages/{slug}.md": PAGE.format(title=title, menu=f"menu: {menu[slug]}\n" if slug in menu else "")
        for slug, title in TITLES.items()
    }


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The site with the long title, published."""
    folder = tmp_path_factory.mktemp("header")
    site = small_site(folder / "site", pages(), title=LONG, languages=["en", "de", "es", "ar", "fr"])
    for path, content in site.artifacts().items():
        (folder / "output" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "output" / path).write_bytes(content)
    started = Server(folder / "output")
    yield started
    started.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh page without scripts of the site: there are none."""
    context = browser.new_context()
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("path", ["/", "/ar/", "/de/training/"])
def test_header_has_at_most_two_rows(server: Server, page: Page, path: str) -> None:
    """With a long title, five languages and seven pages the header has two rows, and nothing leaves the screen."""
    page.goto(f"{server.url()}{path}")
    for width in (320, 360, 768, 832, 833, 1080, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        assert len(set(page.evaluate(MIDDLES))) <= 2, width
        assert page.locator(".bar").bounding_box()["height"] <= 96, width  # type: ignore[index] # it is shown
        assert width == page.evaluate("document.documentElement.scrollWidth")
        assert [] == page.evaluate(HIDDEN), width


@pytest.mark.parametrize("width", [360, 1280])
def test_menu_holds_what_the_header_does_not(server: Server, page: Page, width: int) -> None:
    """Every page is a link of the header or of its menu once; the menu opens by keyboard, and axe finds nothing."""
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(server.url())
    closed = page.locator(".bar-nav a:visible").all_text_contents()
    page.locator(".bar-nav summary").focus()
    page.keyboard.press("Enter")
    shown = page.locator(".bar-nav a:visible").all_text_contents()
    assert ["Announcements", "Offers", *TITLES.values()] == shown
    assert len(closed) == (2 if width == 360 else 5)
    assert [] == page.evaluate(HIDDEN)
    found: list[dict[str, Any]] = Axe().run(page).response["violations"]
    assert [] == [one["id"] for one in found]
    page.keyboard.press("Tab")
    assert shown[len(closed)] == page.evaluate(CURRENT)


@pytest.mark.parametrize("width", [360, 1280])
def test_languages_open_below_their_code(server: Server, page: Page, width: int) -> None:
    """The menu of languages shows each by its own name, also from right to left, and opening it closes the other."""
    page.set_viewport_size({"width": width, "height": 800})
    for path in ("/", "/ar/"):
        page.goto(f"{server.url()}{path}")
        page.locator(".bar-nav summary").click()
        page.locator(".languages summary").click()
        assert [] == page.evaluate(HIDDEN)
        assert ["English", "Deutsch", "español", "العربية", "français"] == [
            one.lower() if one in {"Español", "Français"} else one
            for one in page.locator(".languages a:visible").all_text_contents()
        ]
        assert 1 == page.locator("details[open]").count()


def navigation(site: SmallSite, path: str = "") -> list[str]:
    """The addresses of the pages in the menu of a page."""
    return [one["href"] for one in attributes(site.page(path), "//nav[@class='bar-nav']//li/a")]


def test_front_matter_places_a_page_in_the_menu(make_site: SiteMaker) -> None:
    """Pages with a number stand first, by number, the others follow by slug; false leaves a page out."""
    site = make_site(pages(training="1", press="2", about="false", rules="2", contact="-5"))
    expected = ["contact/", "training/", "press/", "rules/", "delivery/", "how-credit-works/"]
    assert expected == navigation(site)
    assert [f"../{path}" for path in expected] == navigation(site, "about/")


@pytest.mark.parametrize("value", ["true", "first", "1.5", "[1]"])
def test_other_places_are_faults(make_site: SiteMaker, value: str) -> None:
    """The place is a whole number or false."""
    site = make_site(pages(press=value))
    site.content()
    assert [("content/pages/press.md", "menu")] == [(fault.file, fault.field) for fault in site.faults]
    assert "is no place in the menu" in site.faults[0].what


def test_announcements_have_no_place_in_the_menu(make_site: SiteMaker) -> None:
    """Announcements have a list of their own."""
    front = "---\ntitle: A\nsummary: B\ndate: 2023-01-01\nmenu: 1\n---\nText.\n"
    site = make_site({"announcements/a.md": front})
    site.content()
    assert ["menu"] == [fault.field for fault in site.faults]


@pytest.mark.parametrize("contact", ["contact", "reach-us"])
def test_contact_stands_once_in_the_foot(make_site: SiteMaker, contact: str) -> None:
    """A page about the contact takes the place of the address in the settings; without one the address stands there."""
    links = "//footer//a[text()='Contact']"
    with_page = make_site(
        {f"pages/{contact}.md": PAGE.format(title="Contact", menu="")},
        links={"contact": "mailto:a@b.example"},
    )
    assert [f"{contact}/"] == [one["href"] for one in attributes(with_page.page(""), links)]
    (with_page.folder / f"content/pages/{contact}.md").unlink()
    assert ["mailto:a@b.example"] == [one["href"] for one in attributes(with_page.page(""), links)]

"""The site in a real browser: readable by everyone, in every mode, at every width, and silent on the console."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest
from _pytest.mark import ParameterSet
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped] # it has no types
from playwright.sync_api import Browser, Page

from tests.servers.browsing import Server

Scheme = Literal["light", "dark"]
# One page for each template, on one of the two sites.
PAGES = (
    ("sample", "/"),
    ("sample", "/announcements/"),
    ("sample", "/announcements/thank-you/"),
    ("sample", "/offers/"),
    ("sample", "/offers/cashback-2023/"),
    ("sample", "/offers/lower-quotas-2023/"),
    ("sample", "/de/offers/4sc-free/"),
    ("sample", "/tags/"),
    ("sample", "/tags/offers/"),
    ("sample", "/about/"),
    ("sample", "/404.html"),
    ("sample", "/statement/"),
    ("odd", "/"),
    ("odd", "/offers/"),
    ("odd", "/announcements/everything/"),
    ("odd", "/tags/c-r-d/"),
)
Mode = tuple[str, Scheme, Literal["active", "none"], int]
MODES: tuple[Mode, ...] = (
    ("light", "light", "none", 1100),
    ("dark", "dark", "none", 1100),
    ("narrow", "light", "none", 320),
    ("forced colours", "light", "active", 1100),
)
# Targets in a line of text are excepted (WCAG 2.2, 2.5.8).
SMALL_TARGETS = """[...document.querySelectorAll("a[href], button, summary, [tabindex='0']")]
    .filter((one) => one.checkVisibility() && !one.matches(".skip"))
    .filter((one) => getComputedStyle(one).display !== "inline"
        || one.closest("p, li, dd, dt, td, th, h1").textContent.trim() === one.textContent.trim())
    .map((one) => [one.outerHTML.slice(0, 80), one.getBoundingClientRect()])
    .filter(([, { width, height }]) => width < 24 || height < 24)
    .map(([html, { width, height }]) => `${html} ${width} ${height}`)"""
# What scrolls by itself may be wider than the screen inside.
TOO_WIDE = """[...document.querySelectorAll("body *")]
    .filter((one) => one.checkVisibility() && !one.closest(".scroll *, .skip, .visually-hidden"))
    .filter((one) => one.getBoundingClientRect().right > innerWidth + 0.5 || one.getBoundingClientRect().left < -0.5)
    .map((one) => one.outerHTML.slice(0, 120))"""
CONTROLS = """[...document.querySelectorAll("a[href], summary, [tabindex='0']")]
    .filter((one) => one.checkVisibility()).length"""
# The parts of a feed that a reader sees, whatever a style sheet says about each of them.
VISIBLE = """(() => {
    const seen = (names) => names.flatMap((name) => [...document.querySelectorAll(name)]).filter((one) =>
        one.checkVisibility({ opacityProperty: true, visibilityProperty: true })
        && getComputedStyle(one).color !== getComputedStyle(document.documentElement).backgroundColor
        && one.getBoundingClientRect().height > 8 && one.getBoundingClientRect().width > 8
        && one.textContent.trim()).length;
    return { link: seen(["a"]), title: seen(["title"]), summary: seen(["item > description", "summary"]),
        day: seen(["pubDate", "published"]) };
})()"""
FOCUS = """() => {
    const one = document.activeElement;
    const { left, top, width, height } = one.getBoundingClientRect();
    const shown = [one, one.closest(".card")].some((each) => each
        && getComputedStyle(each).outlineStyle !== "none" && parseFloat(getComputedStyle(each).outlineWidth) >= 2);
    const over = document.elementFromPoint(left + Math.min(width, 20) / 2, top + height / 2);
    return [one.tagName, shown, over === one || one.contains(over) || Boolean(over?.contains(one)),
        [...document.querySelectorAll("*")].indexOf(one)];
}"""


@dataclass
class Watched:
    """A page, what its console said, and the hosts that it asked."""

    page: Page
    said: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Listens from the start."""
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.hosts.add(request.url.split("/")[2].split(":")[0]))


@pytest.fixture
def watched(browser: Browser) -> Iterator[Watched]:
    """A fresh page."""
    context = browser.new_context(locale="en-US", viewport={"width": 1100, "height": 900})
    yield Watched(context.new_page())
    context.close()


def address(servers: dict[str, Server], site: str, path: str) -> str:
    """Where a page of one of the sites is."""
    return f"{servers[site].url()}{path}"


def violations(page: Page) -> list[str]:
    """What axe finds wrong, with the element."""
    found: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [f"{one['id']}: {node['html'][:150]}" for one in found for node in one["nodes"]]


def in_modes() -> Iterator[ParameterSet]:
    """Yield the richest pages in every mode and each other page in one; those in the modes that are left take long."""
    for number, (site, path) in enumerate(PAGES):
        if path in {"/", "/announcements/everything/"}:
            yield pytest.param(site, path, MODES, id=f"{site}-{path}")
            continue
        place = number % len(MODES)
        left = MODES[:place] + MODES[place + 1 :]
        yield pytest.param(site, path, MODES[place : place + 1], id=f"{site}-{path}-{MODES[place][0]}")
        yield pytest.param(site, path, left, id=f"{site}-{path}-others", marks=pytest.mark.long)


@pytest.mark.parametrize(("site", "path", "modes"), list(in_modes()))
def test_page_for_everyone(
    servers: dict[str, Server], watched: Watched, site: str, path: str, modes: Sequence[Mode]
) -> None:
    """In every mode axe finds nothing, all fits, targets are large; the console is silent, no other host is asked."""
    page = watched.page
    page.goto(address(servers, site, path))
    wrong: dict[str, list[str]] = {}
    for name, scheme, colours, width in modes:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme, forced_colors=colours, reduced_motion="reduce")
        wrong[name] = [*violations(page), *page.evaluate(SMALL_TARGETS), *page.evaluate(TOO_WIDE)]
        assert width == page.evaluate("document.documentElement.scrollWidth"), name
    assert {} == {name: found for name, found in wrong.items() if found}
    assert ([], {"localhost"}) == (watched.said, watched.hosts)


@pytest.mark.parametrize(
    ("site", "path", "width"),
    [
        ("sample", "/announcements/thank-you/", 320),
        ("odd", "/announcements/everything/", 1100),
        pytest.param("sample", "/announcements/thank-you/", 1100, marks=pytest.mark.long),
        pytest.param("odd", "/announcements/everything/", 320, marks=pytest.mark.long),
    ],
)
def test_focus(servers: dict[str, Server], watched: Watched, site: str, path: str, width: int) -> None:
    """Tab goes through every control in the order of the page; each shows its focus and is covered by nothing."""
    page = watched.page
    page.set_viewport_size({"width": width, "height": 700})
    page.goto(address(servers, site, path))
    places = []
    for _ in range(100):
        page.keyboard.press("Tab")
        tag, shown, uncovered, place = page.evaluate(FOCUS)
        if tag == "BODY":
            break
        assert shown, (tag, place)
        assert uncovered, (tag, place)
        places.append(place)
    controls = page.evaluate(CONTROLS)
    assert controls == len(places)
    assert sorted(places) == places


def test_skip_link(servers: dict[str, Server], watched: Watched) -> None:
    """The first Tab shows a way past the navigation, which Enter takes."""
    watched.page.goto(address(servers, "sample", "/"))
    watched.page.keyboard.press("Tab")
    assert watched.page.locator(".skip").bounding_box()["height"] > 24  # type: ignore[index] # it is shown
    watched.page.keyboard.press("Enter")
    assert "site:content" == watched.page.evaluate("document.activeElement.id")


def test_paper(servers: dict[str, Server], watched: Watched) -> None:
    """On paper there is no navigation, a dark screen prints on white, and links tell their address."""
    page = watched.page
    page.goto(address(servers, "odd", "/announcements/everything/"))
    page.emulate_media(media="print", color_scheme="dark")
    assert not page.locator(".bar-nav").is_visible()
    assert not page.locator(".foot").is_visible()
    assert "rgb(255, 255, 255)" == page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.set_viewport_size({"width": 718, "height": 1000})  # A4 within margins, at 96 pixels an inch
    assert 718 == page.evaluate("document.documentElement.scrollWidth")
    assert {"manual"} == set(
        page.evaluate(
            "[...document.querySelectorAll('h1, h2, h3')].map((one) => getComputedStyle(one).hyphens)"
        )
    )
    assert page.pdf(format="A4").startswith(b"%PDF")


def test_feeds_are_shown_to_people(servers: dict[str, Server], watched: Watched) -> None:
    """A browser shows a feed's titles with a style, its explanation, and a link that leads to the page."""
    for name in ("feed.xml", "atom.xml"):
        watched.page.goto(address(servers, "sample", f"/tags/offers/{name}"))
        assert "Thank you for standing by us" == watched.page.locator("title").nth(1).text_content()
        assert {"link": 1, "title": 2, "summary": 1, "day": 1} == watched.page.evaluate(VISIBLE)
        sizes = "[...document.querySelectorAll('title')].map((one) => getComputedStyle(one).fontSize)"
        assert ["30px", "19px"] == watched.page.evaluate(sizes)
        assert 1 == watched.page.evaluate("document.links.length")
    assert ([], {"localhost"}) == (watched.said, watched.hosts)

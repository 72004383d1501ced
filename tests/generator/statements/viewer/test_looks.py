"""The open statement on a phone, on paper, in the dark, by keyboard: everything stays readable."""

import re
from collections.abc import Callable
from io import BytesIO

import pytest
from pypdf import PdfReader

from tests.samples.statement_site import PARTNERS
from tests.servers.browsing import Reader, Server, opened

Read = Callable[..., Reader]
CONTRAST = """() => {
    const luminance = (colour) => {
        const parts = colour.match(/[0-9.]+/g).slice(0, 3).map((part) => part / 255);
        const linear = (part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
        const [red, green, blue] = parts.map(linear);
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const ground = (element) => {
        const colour = getComputedStyle(element).backgroundColor;
        return colour === "rgba(0, 0, 0, 0)" ? ground(element.parentElement) : colour;
    };
    return [...document.querySelectorAll("h1, h2, h2 b, p, dt, dd, th, td, small, summary, a, button")]
        .filter((element) => element.checkVisibility() && element.textContent.trim())
        .map((element) => {
            const [low, high] = [luminance(getComputedStyle(element).color), luminance(ground(element))];
            return [(Math.max(low, high) + 0.05) / (Math.min(low, high) + 0.05), element.textContent.trim()];
        })
        .filter(([ratio]) => ratio < 4.5);
}"""


# Names of the usual kind take long.
HARD = {"P-4", "P-6", "P-7"}


@pytest.mark.parametrize(
    "partner_id", [one if one in HARD else pytest.param(one, marks=pytest.mark.long) for one in PARTNERS]
)
def test_narrow_screen(server: Server, read: Read, partner_id: str) -> None:
    """At 320 pixels (also 200 % of 640) nothing is cut off or scrolls sideways, whatever the name."""
    reader = opened(server, read(width=320), partner_id)
    assert reader.page.evaluate("document.documentElement.scrollWidth") == 320
    overflowing = reader.page.evaluate(
        """[...document.querySelectorAll("article *")]
            .filter((one) => one.getBoundingClientRect().right > 320).length"""
    )
    assert overflowing == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast(server: Server, read: Read, scheme: str) -> None:
    """All text has a contrast of at least 4.5 to its ground (WCAG 2.2, 1.4.3), in light and dark."""
    reader = read()
    reader.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    reader.open(server.link("P-1"))
    assert reader.page.evaluate(CONTRAST) == []
    reader.show()
    assert reader.page.evaluate(CONTRAST) == []
    ground = reader.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == {"light": "rgb(246, 248, 250)", "dark": "rgb(14, 17, 24)"}[scheme]


def test_paper(server: Server, read: Read) -> None:
    """On paper there are no buttons, the computation is unfolded, and a dark screen prints on white."""
    reader = opened(server, read(), "P-1")
    reader.page.emulate_media(media="print", color_scheme="dark")
    assert not reader.page.is_visible("#print")
    assert reader.page.locator("details.why p").is_visible()
    assert reader.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert reader.page.evaluate(CONTRAST) == []
    assert reader.page.pdf(format="A4").startswith(b"%PDF")


def test_keyboard(server: Server, read: Read) -> None:
    """The statement can be opened and closed by keyboard alone, and the focus shows."""
    reader = read()
    reader.open(server.link("P-1"))
    for _ in range(4):  # past the links of the header
        reader.page.keyboard.press("Tab")
    assert reader.page.evaluate("document.activeElement.id") == "show"
    assert reader.page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    reader.page.keyboard.press("Enter")
    reader.page.wait_for_selector("body[data-state=open]")
    reader.page.focus("#close")
    reader.page.keyboard.press("Enter")
    assert reader.state == "closed"


@pytest.mark.parametrize("width", [320, 1280, pytest.param(768, marks=pytest.mark.long)])
def test_header_leads_to_the_pages_of_the_reader(server: Server, read: Read, width: int) -> None:
    """Brand and links have the language of the statement, in at most two rows, and paper shows the brand alone."""
    reader = opened(server, read(width=width), "P-6")
    links = reader.page.locator(".bar a")
    assert ["Ankündigungen", "Angebote"] == reader.page.locator(".bar-nav a").all_text_contents()
    assert ["/de/", "/de/announcements/", "/de/offers/"] == links.evaluate_all(
        "(all) => all.map((one) => new URL(one.href).pathname)"
    )
    assert reader.page.locator(".bar").bounding_box()["height"] <= 96  # type: ignore[index] # it is shown
    reader.page.emulate_media(media="print")
    assert [True, False, False] == [one.is_visible() for one in links.all()]


def test_targets_are_large_enough(server: Server, read: Read) -> None:
    """Every button and link is at least 24 pixels high and wide (WCAG 2.2, 2.5.8)."""
    reader = opened(server, read(width=320), "P-1")
    small = reader.page.evaluate("""[...document.querySelectorAll("a, button, summary")]
        .filter((one) => one.checkVisibility())
        .map((one) => one.getBoundingClientRect())
        .filter(({ width, height }) => width < 24 || height < 24).length""")
    assert small == 0


def test_screen_readers(server: Server, read: Read) -> None:
    """One main heading at a time, drawings with names, tables with headers, and the sentences in a live region."""
    reader = read()
    reader.open(server.link("P-1"))
    assert reader.page.get_attribute("#gate", "aria-live") == "polite"
    assert reader.page.get_by_role("heading", level=1).count() == 1
    reader.show()
    assert reader.page.get_by_role("heading", level=1).all_inner_texts() == ["Northwind Traders"]
    assert reader.page.get_by_role("img", name="how much of the quota your sales have reached").count() == 1
    assert reader.page.get_by_role("img", name="A bar for each month").count() == 2
    assert reader.page.get_by_role("rowheader", name="PRO 8SC S-1").count() == 1
    reader.page.get_by_text("The months as a table").first.click()
    assert reader.page.get_by_role("row", name="March 2023 €12,345.67").count() == 1


def test_header_of_a_long_table_on_paper(server: Server, read: Read) -> None:
    """On paper the header has words that Chromium repeats on each page, without arrows; the last rows stay together."""
    reader = opened(server, read(), "P-6")
    reader.page.emulate_media(media="print")
    heads = reader.page.evaluate(
        """[...document.querySelectorAll(".extended .long thead th")].map((one) => [
            getComputedStyle(one, "::before").content, getComputedStyle(one.querySelector("button")).display])"""
    )
    assert [['"Abonnement"', "none"], ['"Ablauf bisher"', "none"], ['"Verlängert bis"', "none"]] == heads
    breaks = reader.page.evaluate(
        """[...document.querySelectorAll(".extended .long tbody tr")].map((one) => getComputedStyle(one).breakBefore)"""
    )
    assert ["auto", "avoid", "avoid"] == breaks[-3:]


ROWS = """(count) => {
    const body = document.querySelector(".extended .long tbody");
    const [row] = body.rows;
    body.replaceChildren(...Array.from({ length: count }, (_, index) => {
        const copy = row.cloneNode(true);
        copy.cells[0].textContent = `R-${String(index).padStart(3, "0")}`;
        return copy;
    }));
}"""


def printed_rows(reader: Reader, count: int) -> list[list[str]]:
    """The rows on each printed page of a table with `count` rows; each page names the columns above them."""
    reader.page.evaluate(ROWS, count)
    pages = PdfReader(BytesIO(reader.page.pdf(format="A4", prefer_css_page_size=True))).pages
    texts = [" ".join(page.extract_text().split()) for page in pages]
    found = [(re.findall(r"R-[0-9]{3}", text), text) for text in texts]
    for rows, text in found:
        assert not rows or text.index("Verlängert bis") < text.index(rows[0])
    return [rows for rows, _ in found if rows]


def test_long_table_on_paper(server: Server, read: Read) -> None:
    """Each printed page repeats the words of the header, and a row that fits no more takes two others with it."""
    reader = opened(server, read(), "P-6")
    first, *rest = printed_rows(reader, 120)
    assert 120 == len(first) + sum(map(len, rest))
    assert [len(first) - 2, 3] == [len(rows) for rows in printed_rows(reader, len(first) + 1)]

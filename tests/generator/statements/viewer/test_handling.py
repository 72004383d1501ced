"""What a reader can do with an open statement: search, sort, download and print, by keyboard, in every look."""

import csv
import io
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Literal, NamedTuple

import openpyxl
import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page

from generator.statements.table import statement_csv, table_words
from rewards import ExtensionEntry, Statement, statement_json
from tests.samples.statement_site import AS_OF, PARTNERS, TEMPLATES, many_lines_site, statement_of
from tests.servers.browsing import Reader, Server, opened

Serve = Callable[[Mapping[str, bytes]], Server]
Read = Callable[..., Reader]


class Look(NamedTuple):
    """Who reads, on how wide a screen, and how it is coloured."""

    partner_id: str = "P-1"
    width: int = 1000
    scheme: Literal["light", "dark"] = "light"
    forced: Literal["active", "none"] = "none"


@pytest.mark.parametrize(
    "look",
    [
        Look(),
        Look(forced="active"),
        Look("P-6", 320, "dark"),
        pytest.param(Look(scheme="dark"), marks=pytest.mark.long),
        pytest.param(Look(width=320), marks=pytest.mark.long),
        pytest.param(Look("P-7"), marks=pytest.mark.long),
    ],
    ids=lambda look: "-".join(map(str, look)),
)
def test_no_barriers(server: Server, read: Read, look: Look) -> None:
    """Axe finds nothing before and after opening, nothing is off the screen, and the console stays silent."""
    reader = read(width=look.width)
    reader.page.emulate_media(color_scheme=look.scheme, forced_colors=look.forced)
    reader.open(server.link(look.partner_id))
    assert [] == found(reader)
    reader.show()
    for summary in reader.page.query_selector_all("summary"):
        summary.click()
    assert [] == found(reader)
    assert look.width >= reader.page.evaluate("document.documentElement.scrollWidth")
    assert [] == reader.console


def found(reader: Reader) -> list[str]:
    """The rules that the page breaks, with the elements."""
    # The page's own policy lets no script in but its own, so axe comes in through the debugger.
    violations = Axe().run(reader.page).response["violations"]
    return [f"{one['id']}: {node['target']}" for one in violations for node in one["nodes"]]


def test_long_table_is_searched_and_sorted_by_keyboard(server: Server, read: Read) -> None:
    """From 11 rows on there are a search field, which says how much it found, and headers that sort by the day."""
    reader = opened(server, read(), "P-6")
    page = reader.page
    page.focus(".search input")
    page.keyboard.type("s-00012")
    assert "1 / 40" == page.inner_text(".search output")
    assert ["S-00012"] == page.locator("table.long tbody tr:visible small").all_inner_texts()
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.press("Delete")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert "Ablauf bisher" == page.evaluate("document.activeElement.textContent")
    assert "solid" == page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    days = sorted(entry.expires_on for entry in statement_of("P-6").extensions)
    for key, order in (("Enter", 1), ("Space", -1)):
        page.keyboard.press(key)
        shown = page.locator("table.long tbody tr td:nth-child(2)")
        raw = shown.evaluate_all("cells => cells.map((cell) => cell.dataset.sort)")
        assert raw == sorted(raw)[::order]
        assert 40 == len(raw) == len(days)
    assert "descending" == page.get_attribute("table.long th:nth-child(2)", "aria-sort")


def test_short_table_stays_plain(server: Server, read: Read) -> None:
    """A table of a few rows has neither search field nor buttons."""
    page = opened(server, read(), "P-1").page
    assert not page.is_visible(".search")
    assert 0 == page.locator("th button").count()


def test_csv_is_that_of_the_mails(serve: Serve, read: Read) -> None:
    """The script writes byte for byte the table that mails attach, guarded against formulas and quoted."""
    hostile = ExtensionEntry("extension-3-months", '=1+1,"x"', " -2", AS_OF, AS_OF + 90)
    statements = [*map(statement_of, PARTNERS), Statement("P", AS_OF, "gold", extensions=(hostile,))]
    script = (TEMPLATES / "assets" / "tables.js").read_bytes()
    server = serve({"index.html": b"<!doctype html><link rel=icon href=data:,>", "tables.js": script})
    reader = read()
    reader.page.goto(f"{server.url()}/index.html")
    written = reader.page.evaluate(
        """async ([statements, words]) => {
            const { csvOf } = await import("/tables.js");
            return statements.map((one) => csvOf(one, words));
        }""",
        [[statement_json(statement) for statement in statements], table_words()],
    )
    assert [statement_csv(statement_json(statement)) for statement in statements] == written


def test_a_sentence_ends_once(serve: Serve, read: Read) -> None:
    """As in a plain page, a full stop after a value is left out where the value ends with one."""
    script = (TEMPLATES / "assets" / "viewer.js").read_bytes()
    server = serve({"index.html": b"<!doctype html><link rel=icon href=data:,>", "viewer.js": script})
    reader = read()
    reader.page.goto(f"{server.url()}/index.html")
    shell = "".join(
        f'<p><bdi data-text="{key}"></bdi><span data-stop="{key}">.</span></p>' for key in ("a", "b")
    )
    written = reader.page.evaluate(
        """async ([shell, values]) => {
            const { fill } = await import("/viewer.js");
            document.body.innerHTML = shell;
            fill(document.body, values, {});
            return document.body.textContent;
        }""",
        [shell, {"a": "1 د.ك.\u200f", "b": 5}],
    )
    assert "1 د.ك.\u200f5." == written


def downloaded(page: Page, button: str) -> tuple[str, Path]:
    """What a button saves: the suggested name, and where the file is."""
    with page.expect_download() as download:
        page.click(button)
    return download.value.suggested_filename, Path(download.value.path())


@pytest.mark.parametrize(
    ("partner_id", "separator", "due", "sold"),
    [("P-1", ",", "1711.85", "12345.67"), ("P-2", ";", "1711,85", "12345,67")],
)
def test_csv_opens_where_the_reader_lives(
    server: Server, read: Read, partner_id: str, separator: str, due: str, sold: str
) -> None:
    """Figures and lines with the region's separator and decimal sign, named after vendor, partner and day."""
    name, path = downloaded(opened(server, read(), partner_id).page, "#csv")
    assert f"Ostrabell-Partners-{partner_id}-2023-12-31.csv" == name
    text = path.read_bytes().decode("utf-8-sig")
    figures, lines = (
        list(csv.reader(io.StringIO(part), delimiter=separator)) for part in text.split("\r\n\r\n")
    )
    assert due in [row[figures[0].index("to_credit")] for row in figures]
    assert ["sale", "cashback-2023 lower-quotas-2023", "2023-03-01", "1", "", "EUR", sold] in lines
    assert 4 == len(lines)


def test_a_workbook_is_downloaded(server: Server, read: Read) -> None:
    """Amounts are numbers, days are days, ids are text, and the lines add up to the figures."""
    name, path = downloaded(opened(server, read(), "P-2").page, "#xlsx")
    assert "Ostrabell-Partners-P-2-2023-12-31.xlsx" == name
    book = openpyxl.load_workbook(io.BytesIO(path.read_bytes()))
    assert ["Abrechnung", "Posten"] == book.sheetnames
    heads, *rows = book["Posten"].iter_rows(values_only=True)
    assert ("Art", "Angebot", "Tag", "Posten", "Produkt", "Währung", "Betrag") == heads
    assert (datetime(2023, 3, 1), "1") == (rows[0][2], rows[0][3])  # noqa: DTZ001 - a workbook has no zones
    columns, *figures = book["Abrechnung"].iter_rows(values_only=True)
    cashback = {row[2]: dict(zip(columns, row, strict=True)) for row in figures if row[0] == "cashback"}
    for kind, figure in (("sale", "eligible_sales"), ("credit", "already_credited")):
        for currency, entry in cashback.items():
            lines = [row[6] for row in rows if (row[0], row[5]) == (kind, currency)]
            assert round(sum(lines), 2) == entry[figure]


@pytest.mark.parametrize("paper", ["A4", "Letter"])
def test_one_sheet_of_paper(server: Server, read: Read, paper: str) -> None:
    """The statement of somebody with one currency and a few subscriptions prints on one page."""
    pdf = opened(server, read(), "P-7").page.pdf(format=paper)
    assert 1 == len(re.findall(rb"/Type\s*/Page\b", pdf))


def test_right_to_left(server: Server, read: Read) -> None:
    """In Arabic the page runs from right to left, and names, amounts and ids keep to themselves."""
    page = opened(server, read(), "P-7").page
    assert ("ar", "rtl") == (page.get_attribute("html", "lang"), page.get_attribute("html", "dir"))
    assert "تضيف مبيعاتكم" in page.inner_text(".say")
    assert "مُدِّدت 3 من اشتراكاتكم." == page.inner_text(".extended p")
    names = page.locator("article h1 bdi, .sum, dd > bdi, th small bdi")
    assert 12 <= names.count()
    assert {"isolate"} == set(
        names.evaluate_all("all => all.map((one) => getComputedStyle(one).unicodeBidi)")
    )


def test_two_thousand_lines_are_searched_and_leafed_through(serve: Serve, read: Read) -> None:
    """Fifty lines a leaf, all of them found by a search and sorted by amount; the sum is that of all."""
    reader = read()
    reader.open(serve(many_lines_site()).link("P-1"))
    reader.show()
    page = reader.page
    page.click(".lines summary >> nth=0")
    table = page.locator(".lines details >> nth=0")
    assert 50 == table.locator("tbody tr:visible").count()
    assert "1–50 / 2000" == table.locator(".pages output").inner_text()
    table.locator("[data-step='1']").click()
    assert "51–100 / 2000" == table.locator(".pages output").inner_text()
    table.locator("th button >> nth=3").click()
    exact = table.locator("tbody tr:visible td:last-child").evaluate_all(
        "cells => cells.map((cell) => Number(cell.dataset.sort))"
    )
    assert exact == sorted(exact)
    assert -40.0 == exact[0]
    table.locator("input").fill("v-01999")
    assert "1 / 2000" == table.locator(".search output").inner_text()
    assert not table.locator(".pages").is_visible()
    assert page.inner_text(".lines tfoot td >> nth=0") == page.inner_text("dl dd >> nth=0")
    assert [] == reader.console

"""What the site would say now, in the studio: mails before they are planned, statements, and the site itself."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.acceptance.conftest import copy_sample
from tests.servers.studio import Office, Seat, join, seated, started, stop

HOSTILE = '<img src=x onerror="alert(1)">{{7*7}}\u202egnp'


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """The sample site with a hostile partner, in the studio of the installed command."""
    site = copy_sample(tmp_path_factory.mktemp("site"))
    partners = site / "data" / "partners.csv"
    with partners.open(encoding="utf-8", newline="") as file:
        (head, *_) = rows = list(csv.reader(file))
    row = dict(zip(head, rows[1], strict=True)) | {"partner_id": "P/<b>&1", "name": HOSTILE}
    with partners.open("a", encoding="utf-8", newline="") as file:
        csv.writer(file).writerow([row[name] for name in head])
    found = started(site)
    yield found
    stop(found)


@pytest.fixture(scope="module")
def signed_in(office: Office, browser: Browser) -> Seat:
    """The first person, who may do everything."""
    return join(seated(browser, office.origin), office.first, "Mia")


@pytest.fixture
def mia(signed_in: Seat) -> Iterator[Seat]:
    """Her tab, whose console stays silent: each policy lets through what the page needs, and nothing else is tried."""
    del signed_in.said[:]
    yield signed_in
    assert ([], set()) == (signed_in.said, signed_in.strangers())


def write(site: Path, file: str, old: str, new: str) -> None:
    """Replace a piece of a file in one step, as editors do."""
    path = site / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    beside = path.with_suffix(".part")
    beside.write_text(text.replace(old, new, 1), encoding="utf-8")
    beside.replace(path)


def test_staff_look_at_every_mail(mia: Seat) -> None:
    """From the list of campaigns to a mail as HTML, text and headers, light and dark, wide and narrow."""
    page = mia.open("/plans")
    page.get_by_role("link", name="year-end-credit", exact=True).click()
    page.get_by_role("row", name="P-1001").get_by_role("link").click()
    mail = page.frame_locator("iframe")
    expect(mail.locator("strong", has_text="2.790,81")).to_be_visible()
    light = mail.locator("body").evaluate("body => getComputedStyle(body).backgroundColor")
    page.get_by_role("link", name="Dark").click()
    page.get_by_role("link", name="Narrow").click()
    expect(page.locator("iframe")).to_have_class("narrow")
    expect(mail.locator("body")).not_to_have_css("background-color", str(light))
    page.get_by_role("link", name="Text").click()
    expect(mail.locator("pre")).to_contain_text("http://127.0.0.1")
    page.get_by_role("link", name="Headers").click()
    expect(mail.locator("dl")).to_contain_text("Ihr Guthaben für 2023")
    page.get_by_role("link", name="Next").click()
    expect(page.locator("nav", has_text="Next")).to_contain_text("2 of 5")


def test_a_partner_without_a_mail_is_told_why(mia: Seat) -> None:
    """Who would not be written to has the reason, in the list and in the place of a mail."""
    page = mia.open("/campaign?campaign=year-end-credit")
    expect(page.get_by_text("no address that mail can go to").first).to_be_visible()


def test_hostile_names_are_text(mia: Seat) -> None:
    """Markup in a partner's id or name is shown as it is written, in lists, in a mail and in its source."""
    page = mia.open("/partners?find=onerror")
    page.get_by_role("link", name="<img src=x").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text('<img src=x onerror="alert(1)">{{7*7}}')
    page.get_by_text("What each campaign would say now").click()
    page.get_by_role("link", name="thank-you").click()
    expect(page.frame_locator("iframe").locator("body")).to_be_visible()
    page.get_by_role("link", name="Source").click()
    expect(page.frame_locator("iframe").locator("pre")).to_contain_text("Message-ID")
    assert 0 == page.frame_locator("iframe").locator("img[onerror]").count()


def test_a_statement_is_shown_as_the_partner_sees_it(mia: Seat, office: Office) -> None:
    """The page opens the partner's private link in a frame, light and dark, and again when the words change."""
    page = mia.open("/partner?id=P-1001")
    page.get_by_role("link", name="See the statement as the partner does").click()
    statement = page.frame_locator("iframe")
    statement.locator("#show").click()
    expect(statement.locator("#statement")).to_contain_text("2.790,81")
    light = statement.locator("body").evaluate("body => getComputedStyle(body).backgroundColor")
    page.get_by_role("link", name="Dark").click()
    expect(statement.locator("body")).not_to_have_css("background-color", str(light))
    statement.locator("#show").click()
    expect(statement.locator("#statement")).to_contain_text("2.790,81")
    write(office.site, "offerpress.toml", 'title = "', 'title = "Renamed ')
    expect(statement.get_by_text("Renamed").first).to_be_visible()


def test_changed_data_change_the_figures(mia: Seat, office: Office) -> None:
    """A new sale is in the list of recipients as soon as the ledger holds it, without a hand."""
    page = mia.open("/campaign?campaign=thank-you")
    expect(page.get_by_role("row", name="P-1002")).to_contain_text("8,636.73 SEK")
    sales = office.site / "data" / "sales.csv"
    with sales.open(encoding="utf-8", newline="") as file:
        head = next(csv.reader(file))
    row = {"sale_id": "new", "partner_id": "P-1002", "sold_on": "2023-05-05", "amount": "100.00"}
    with sales.open("a", encoding="utf-8", newline="") as file:
        csv.writer(file).writerow([(row | {"currency": "SEK"}).get(name, "") for name in head])
    expect(page.get_by_role("row", name="P-1002")).to_contain_text("8,651.73 SEK")


def test_what_is_not_there_is_said(mia: Seat) -> None:
    """Unknown campaigns and partners have a sentence."""
    for path, sentence in (
        ("/campaign?campaign=x", "There is no campaign of this name."),
        ("/campaign/mail?campaign=thank-you&partner=P-0", "There is no active partner with this id."),
        ("/partner/statement?partner=P-0", "There is no active partner with this id."),
    ):
        expect(mia.open(path).locator("main")).to_contain_text(sentence)
    del mia.said[:]  # the browser notes each of these answers as not found


def test_drafts_are_for_people_who_signed_in(office: Office, browser: Browser) -> None:
    """Without a session each of these pages leads to the sign-in, and the live channel is closed."""
    stranger = seated(browser, office.origin)
    for path in ("/campaign?campaign=thank-you", "/partner/statement?partner=P-1001"):
        stranger.page.goto(f"{office.origin}{path}")
        expect(stranger.page.get_by_role("heading", level=1)).to_have_text("Sign in")
    assert 401 == stranger.page.request.get(f"{office.origin}/drafts/live").status
    stranger.page.context.close()


def test_the_site_is_previewed_from_the_second_port(mia: Seat, office: Office) -> None:
    """The link opens the site in a tab, which reloads when words change; private addresses name the studio."""
    with mia.page.expect_popup() as opening:
        mia.open("/").get_by_role("link", name="Site preview").click()
    site: Page = opening.value
    site.wait_for_selector("offerpress-preview[data-ready]", state="attached")
    origin = site.evaluate("location.origin")
    assert origin.startswith("http://127.0.0.1:")
    site.goto(f"{origin}/about/")
    site.wait_for_selector("offerpress-preview[data-ready]", state="attached")
    write(office.site, "content/pages/about.md", "Every date", "A new sentence. Every date")
    expect(site.get_by_text("A new sentence.")).to_be_visible()
    for path in ("/_staff/", "/statement/"):
        site.goto(f"{origin}{path}")
        expect(site.locator("body")).to_contain_text("offerpress studio")
    assert [] == site.context.cookies(origin)
    site.close()

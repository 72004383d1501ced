"""`studio` as it is installed, in a real browser: people come in, every screen shows the commands' figures."""

import csv
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, expect

from offerpress.setup.uploads import keep_upload
from offerpress.site.site import Site
from offerpress.studio.screens import PAGES
from offerpress.writing.drafts import keep_draft
from offerpress.writing.paths import content_path
from offerpress.writing.saving import save
from offerpress.writing.versions import Author, digest_of_text
from tests.acceptance.conftest import AS_OF, PLAN, PLANNED, ROOT, called, copy_sample
from tests.servers.studio import PASSPHRASE, Office, Seat, flaws, invite, join, seated, started, stop

HOSTILE = '<img src=x onerror="alert(1)">{{7*7}}\u202egnp'
HOSTILE_ID = "P/<b>&1"
ABOUT = (ROOT / "content" / "pages" / "about.md").read_bytes()
UPLOAD = "0123456789abcdef0123456789abcdef"
EXAMPLES: dict[str, str | re.Pattern[str]] = {
    "/": "Today",
    "/plans": "Campaigns",
    "/writing": "Writing",
    "/text?file=content/announcements/thank-you.md": "Thank you for standing by us",
    "/text?file=content/campaigns/year-end-credit.md": "Your credit for 2023",
    "/text?file=content/offers/cashback-2023.md": "15 % cashback on everything you sell in 2023",
    "/text/translation?file=content/announcements/thank-you.de.md": "Danke, dass Sie zu uns gehalten haben",
    "/text/translation?file=content/pages/about.ar.md": "About this program",
    "/text/versions?file=content/announcements/thank-you.md": "History of “Thank you for standing by us”",
    f"/text/compare?file=content/pages/about.md&version={digest_of_text(ABOUT)}": re.compile("^Then and now"),
    "/writing/files": "Deleted texts and version control",
    f"/plan?plan={PLAN}": PLAN,
    f"/plan/mail?plan={PLAN}&partner=P-1001": "To Aldergrove Phones",
    "/corrections?campaign=year-end-credit": "Corrections of year-end-credit",
    "/campaign?campaign=year-end-credit": "year-end-credit, if it were planned now",
    "/campaign/mail?campaign=year-end-credit&partner=P-1013": "To Mirqab Voice",
    "/partner/statement?partner=P-1001": "The statement as the partner sees it",
    "/partners?find=a": "Who got what",
    "/partners?find=P-10": "Who got what",
    "/partner?id=P-1001": "Aldergrove Phones",
    "/partner/forget?id=P-1001": "Forget P-1001",
    "/text/conflict?file=content/pages/contact.md": "Two texts of “Contact”",
    "/offer?file=content/offers/cashback-2023.md": "15 % cashback on everything you sell in 2023",
    "/publish": "Publish",
    "/publish/file?file=index.html": "Ostrabell Partner Program",
    "/data": "Data",
    **{
        f"/data/connect?upload={UPLOAD}&step={step}": re.compile("our-sales")
        for step in ("file", "columns", "forms", "rows", "check")
    },
    "/finance": "Finance",
    "/history": "History",
    "/people": "People",
    "/me": "Mia",
}
SCREENS: dict[str, str | re.Pattern[str]] = {
    **EXAMPLES,
    **dict.fromkeys(
        sorted(PAGES.keys() - {one.partition("?")[0] for one in EXAMPLES}), re.compile("^(?!Not done)")
    ),
}
"""Every screen: with what it shows in the example, or, if it has none, with anything but a refusal."""


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """The sample site with a hostile partner and a plan by Mia, in the studio."""
    site = copy_sample(tmp_path_factory.mktemp("site"))
    partners = site / "data" / "partners.csv"
    with partners.open(encoding="utf-8", newline="") as file:
        (head, *_) = rows = list(csv.reader(file))
    row = dict(zip(head, rows[1], strict=True)) | {"partner_id": HOSTILE_ID, "name": "Odd id"}
    rows[2][head.index("name")] = rows[2][head.index("contact_name")] = HOSTILE
    with partners.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([*rows, [row[name] for name in head]])
    for words in (PLANNED, ("build", *AS_OF)):
        said = called(site, *words)
        assert 0 == said.code, said.err
    desk, now = Site(site, datetime.now(UTC), {}), datetime.now(UTC)
    about = content_path(desk, "content/pages/about.md")
    save(desk, about, ABOUT + b"\nMore.\n", digest_of_text(ABOUT), Author("mia", "Mia"), now)
    contact = content_path(desk, "content/pages/contact.md")
    keep_draft(desk, contact, b"---\ntitle: Contact\n---\nMine\n", "", Author("mia", "Mia"), now)
    sales = "Nr;Partner;Tag;Betrag;Waehrung\nS-1;P-1001;03.04.2023;1.054,18;EUR\n".encode("cp1252")
    keep_upload(desk, sales, UPLOAD, "sales", "our-sales.csv", "mia")
    found = started(site)
    yield found
    stop(found)


@pytest.fixture(scope="module")
def mia(office: Office, browser: Browser) -> Iterator[Seat]:
    """The first person, who joined by the address in the terminal."""
    seat = join(seated(browser, office.origin), office.first, "Mia")
    yield seat
    seat.page.context.close()


def test_the_first_address_works_once(office: Office, mia: Seat, browser: Browser) -> None:
    """Whoever opens the printed address later joins nobody, and the code stays in no address."""
    assert f"{office.origin}/" == mia.open("/").url
    late = seated(browser, office.origin)
    late.page.goto(office.first)
    late.page.fill("#passphrase", PASSPHRASE)
    late.page.fill("#again", PASSPHRASE)
    late.page.click("text=Join >> nth=-1")
    expect(late.page.get_by_role("alert")).to_contain_text("Ask for a new invitation")
    assert {} == flaws(late.page)
    late.page.context.close()


def test_another_person_joins_by_invitation(office: Office, mia: Seat, browser: Browser) -> None:
    """An operator invites Finn, who joins with a passphrase of his own and sees the screens of his tasks only."""
    finn = invite(mia, browser, "Finn", "Approver")
    names = finn.page.locator("nav[aria-label=Screens] a").all_inner_texts()
    assert ["Today", "Writing", "Data", "Publish", "Campaigns", "Who got what", "Finance", "History"] == names
    expect(finn.open("/people").get_by_role("alert")).to_contain_text("Only an operator can do this")
    people = json.loads((office.site / "private" / "people").read_text(encoding="utf-8"))["people"]
    assert [("mia", True), ("finn", True)] == [(one["person"], "passphrase" in one) for one in people]
    finn.page.click("text=Sign out")
    expect(finn.page.get_by_role("heading", level=1)).to_have_text("Sign in")
    assert {} == flaws(finn.page)
    finn.page.fill("#name", "finn")
    finn.page.fill("#passphrase", PASSPHRASE)
    finn.page.click("button.main")
    expect(finn.page.get_by_role("heading", level=1)).to_have_text("Today")
    finn.page.context.close()


@pytest.mark.parametrize("path", SCREENS)
def test_screen_for_everyone(mia: Seat, path: str) -> None:
    """In light, dark, narrow and forced colours axe finds nothing, all fits, and the console stays silent."""
    page = mia.open(path)
    expect(page.get_by_role("heading", level=1)).to_have_text(SCREENS[path])
    assert {} == flaws(page)
    assert ([], set()) == (mia.said, mia.strangers())


def test_search_finds_by_every_word(mia: Seat) -> None:
    """As somebody types an id, a name, an address, a reference or words of a subject, the rows appear."""
    page = mia.open("/partner?id=P-1001")
    reference = page.locator("section", has_text="The reference on every mail").locator("b").inner_text()
    page = mia.open("/partners")
    rows = page.locator("[data-found=partners] tbody tr")
    for words in ("p-1001", "aldergrove", "orders@aldergrove", reference, reference.replace("-", "").lower()):
        page.fill("#find", "")
        expect(rows).to_have_count(0)
        page.locator("#find").press_sequentially(words)
        expect(rows.first).to_contain_text("Aldergrove Phones")
    page.fill("#find", "Ihr Guthaben")
    expect(page.locator("[data-found=mails] tbody tr").first).to_contain_text("Ihr Guthaben für 2023")


def test_a_partners_page_explains_itself(office: Office, mia: Seat) -> None:
    """The page has the sum of the statement, the mail and the link; a skipped partner has the reason."""
    page = mia.open("/partner?id=P-1001")
    expect(page.get_by_text("2,790.81 EUR to credit")).to_be_visible()
    page.click("text=Show the link")
    assert called(office.site, "link", "P-1001").out.strip() == page.inner_text("#link").strip()
    page = mia.open("/partner?id=P-1022")
    expect(page.get_by_text("No address that mail can go to.")).to_be_visible()
    expect(mia.open("/partner?id=P-9999").get_by_role("alert")).to_contain_text("no active partner")
    mia.said.clear()  # the browser says that the page is missing


def test_a_hostile_name_is_text_everywhere(mia: Seat) -> None:
    """Markup, template code and turned letters in a partner's name and id are shown as they are, and run nowhere."""
    page = mia.open("/partners?find=onerror")
    expect(page.locator("[data-found=partners] tbody tr")).to_have_count(1)
    page.click("[data-found=partners] tbody a")
    expect(page.get_by_role("heading", level=1)).to_have_text(HOSTILE)
    page.click("[aria-labelledby=mails] a")
    expect(page.get_by_role("heading", level=1)).to_contain_text(HOSTILE)
    mia.open(f"/partner?id={quote(HOSTILE_ID)}")
    mia.open("/history")
    expect(page.get_by_text(HOSTILE_ID).first).to_be_visible()
    page = mia.open("/partners")
    page.fill("#find", "onerror")
    expect(page.locator("[data-found=partners] tbody bdi").first).to_have_text(HOSTILE)
    assert [] == mia.said


def test_each_look_at_a_partner_is_in_the_history(mia: Seat) -> None:
    """Opening a partner's page leaves a line with person and partner, the newest first."""
    mia.open("/partner?id=P-1002")
    mia.open("/history")
    first = mia.page.locator("tbody tr").first
    assert ["Mia", "looked at a partner", "P-1002"] == first.locator("th, td").all_inner_texts()[1:]

"""The first day with the studio: from an empty folder to the first campaign, by two people, all of it in browsers."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.acceptance.test_studio_data import SHAPES, mixed
from tests.acceptance.test_studio_journey import add_passkey, plan_page, word
from tests.acceptance.test_studio_writing import picture, save, shown
from tests.exports.shapes import write_ledger
from tests.servers.mail import Recorder, recording_server
from tests.servers.studio import PASSPHRASE, Seat, invite, seated, started, stop, with_device

YEAR = datetime.now(UTC).year - 1
PLAN = "your-credit-1.1"
WORDS = re.compile(r"\b(?i:toml|yaml)\b|\[(data|mail|site)\b|\bofferpress [a-z]")
SLOW = 180_000


@dataclass
class FirstDay:
    """An empty folder in its studio, a mail server, and Mia, who has the address that the studio printed."""

    folder: Path
    relay: Recorder
    first: str
    mia: Seat
    seen: set[str] = field(default_factory=set)

    def look(self, page: Page) -> Page:
        """Read the screen as it stands: no word is about file formats or commands."""
        text = page.inner_text("body")
        assert [] == [text[max(one.start() - 60, 0) : one.end() + 60] for one in WORDS.finditer(text)]
        self.seen.add(page.url.removeprefix(self.mia.origin).partition("?")[0])
        return page

    def step(self, name: str) -> Page:
        """Follow one of the first steps on Today."""
        page = self.mia.page
        page.get_by_role("navigation", name="Screens").get_by_role("link", name="Today").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Today")
        self.look(page).get_by_role("link", name=name).click()
        page.wait_for_url(lambda address: not address.endswith("/"))
        return self.look(page)


@pytest.fixture
def day(tmp_path: Path, browser: Browser) -> Iterator[FirstDay]:
    """The start of the studio is the only command; whoever starts it knows the mail server."""
    (tmp_path / "site").mkdir()
    relay = Recorder()
    with recording_server(relay) as port:
        office = started(tmp_path / "site", (), {"OFFERPRESS_SMTP_URL": f"smtp://127.0.0.1:{port}"})
        mia = with_device(seated(browser, office.origin))
        yield FirstDay(tmp_path, relay, office.first, mia)
        mia.page.context.close()
        stop(office)


def test_from_an_empty_folder_to_the_first_campaign(day: FirstDay, browser: Browser) -> None:
    """Each step is found on Today; two people need no other program, and no screen speaks of formats or commands."""
    begin(day)
    connect(day)
    set_where_it_goes(day)
    write_the_offer(day)
    announce_it(day)
    write_the_campaign(day)
    finn = invite_finn(day, browser)
    publish(day, finn)
    plan(day)
    approve_and_send(day, finn)
    assert ([], []) == (day.mia.said, finn.said)
    assert set() == day.mia.strangers() | finn.strangers()
    assert {"/start", "/", "/data", "/data/connect", "/settings", "/writing", "/text"} < day.seen
    assert {"/offer", "/text/translation", "/people", "/publish", "/plans", "/plan"} < day.seen
    finn.page.context.close()


def begin(day: FirstDay) -> None:
    """Mia joins by the printed address and says what the site is."""
    page = day.mia.page
    page.goto(day.first)
    page.fill("#name", "Mia")
    page.fill("#passphrase", PASSPHRASE)
    page.fill("#again", PASSPHRASE)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Begin a new site")
    day.look(page)
    page.get_by_label("Name of the site").fill("Vendor partners")
    page.get_by_label("Sender of mails").fill("Partner team <partners@vendor.example>")
    page.get_by_label("Time zone").select_option("Europe/Berlin")
    page.get_by_label("Level 1").fill("Silver")
    page.get_by_label("Quota").first.fill("5000")
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Today")
    expect(day.look(page).get_by_text("The site has faults")).to_be_hidden()


def exported(folder: Path) -> dict[str, Path]:
    """The tables of last year as three systems export them: semicolons with a title, a workbook, and UTF-16."""
    rows = {
        table: [{key: text.replace("2023-", f"{YEAR}-") for key, text in row.items()} for row in lines]
        for table, lines in mixed().items()
    }
    for table, shape in SHAPES.items():
        write_ledger(folder / table, rows, shape, Random(table))
    return {table: next((folder / table / "exports").glob(f"{table}.*")) for table in SHAPES}


def connect(day: FirstDay) -> None:
    """Three exports are connected; what the system calls a level is told once."""
    page = day.step("Connect your data")
    for table, path in exported(day.folder / "exports").items():
        page.set_input_files(f"#file-{table}", path)
        expect(page.get_by_role("heading", level=1)).to_contain_text("connect")
        for step in ("File", "Columns", "Days, numbers and words", "Rows"):
            expect(page.locator("[aria-current=step]")).to_have_text(step)
            day.look(page)
            if (theirs := page.get_by_label("bronze")).count():
                theirs.select_option("partner")
            page.get_by_role("button", name="Confirm and go on").click()
        expect(page.get_by_role("heading", name="0 faults in this file")).to_be_visible()
        day.look(page).get_by_role("button", name="Connect").click()
        expect(page.get_by_role("status")).to_contain_text("0 faults.")
        day.look(page)


def set_where_it_goes(day: FirstDay) -> None:
    """A second language, the place of the published site, a mail server, and passkeys for approvals."""
    page = day.step("Set where it goes")
    page.get_by_label("German").check()
    page.get_by_label("Place to which it is published").fill(str(day.folder / "public"))
    page.get_by_label("Mails leave").select_option("smtp")
    page.get_by_label("Every approval is signed with a passkey").check()
    page.get_by_role("button", name="Save the settings").click()
    expect(day.look(page).get_by_role("status")).to_have_text("Saved.")


def write_the_offer(day: FirstDay) -> None:
    """A percentage without its sign is named at once; then the sums stand there before anything is saved."""
    page = day.step("Write an offer")
    page.get_by_role("link", name="Our first offer", exact=True).click()
    page.get_by_role("link", name="Example, what would change, amend").click()
    for label, text in (
        ("Title", "Cashback for last year"),
        ("Summary", "3% of your sales of last year."),
        ("Announced on", f"{YEAR}-01-10"),
        ("First day", f"{YEAR}-01-01"),
        ("Last day", f"{YEAR}-12-31"),
        ("Credited on", f"{YEAR + 1}-01-01"),
    ):
        page.get_by_label(label).fill(text)
    page.get_by_label("Draft").uncheck()
    rate = page.get_by_label("Rate", exact=True)
    rate.fill("3")
    expect(page.locator('[data-looked="said"]')).to_contain_text("is no percentage")
    rate.fill("3%")
    expect(page.locator('[data-looked="effect"]')).to_contain_text("3 partners would be affected")
    expect(page.locator('[data-looked="example"]')).to_contain_text("× 3%")
    day.look(page).get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("status")).to_have_text("Saved.")


def announce_it(day: FirstDay) -> None:
    """A wrong link is cured by its button, a picture is described, and the German text is written beside it."""
    page = day.step("Announce it")
    page.get_by_role("link", name="Our first announcement", exact=True).click()
    page.get_by_label("Title").fill("Cashback for last year")
    page.get_by_label("Summary").fill("We add 3% of your sales to your account.")
    page.get_by_label("Draft").uncheck()
    page.locator("#body").fill("Good news: [the offer](../offers/our-frst-offer.md).\n")
    wrong = page.get_by_role("region", name="To correct")
    day.look(page)
    wrong.get_by_role("button", name="Use ../offers/our-first-offer.md").click()
    expect(wrong).to_be_hidden()
    page.get_by_role("button", name="Picture").click()
    upload = {"name": "Photo.jpeg", "mimeType": "image/jpeg", "buffer": picture()}
    page.locator("#picture-file").set_input_files(upload)  # type: ignore[arg-type]
    page.get_by_label("What it shows").fill("Two partners at a table")
    page.get_by_role("dialog").get_by_role("button", name="Put it in").click()
    expect(shown(page).get_by_alt_text("Two partners at a table")).to_be_visible()
    save(page)
    page.get_by_role("navigation", name="Translations").get_by_text("German").click()
    page.get_by_label("Title").fill("Rückvergütung für das letzte Jahr")
    page.get_by_label("Summary").fill("Wir schreiben 3 % Ihrer Umsätze gut.")
    page.locator("#body").fill("Gute Nachricht für Partner.\n")
    expect(shown(page).get_by_text("Gute Nachricht")).to_be_visible()
    save(day.look(page))


def write_the_campaign(day: FirstDay) -> None:
    """The stub's loop over the sums is mistyped, and the button that names the right word cures it."""
    page = day.mia.open("/writing?room=campaigns")
    day.look(page).get_by_role("link", name="Your credit", exact=True).click()
    body = page.locator("#body")
    text = body.input_value()
    assert "{% for currency, amount in statement.to_add.items() %}" in text
    body.fill(text.replace("in statement.to_add.items()", "in statement.to_ad.items()"))
    wrong = page.get_by_role("region", name="To correct")
    day.look(page)
    wrong.get_by_role("button", name="Use to_add").click()
    expect(wrong).to_be_hidden()
    expect(body).to_have_value(text)
    page.get_by_label("Line beside the subject").fill("What we add to your account")
    expect(shown(page).get_by_role("link", name="Open my statement")).to_be_visible()
    save(page)


def invite_finn(day: FirstDay, browser: Browser) -> Seat:
    """The second person joins, and adds a passkey."""
    day.step("Invite a second person")
    finn = with_device(invite(day.mia, browser, "Finn", "Approver", "Operator"))
    add_passkey(finn)
    day.look(finn.page)
    return finn


def publish(day: FirstDay, finn: Seat) -> None:
    """Mia builds, Finn looks at what readers would see, and publishes."""
    page = day.step("Publish the site")
    page.get_by_role("button", name="Build").click()
    expect(page.get_by_text("Nothing has changed since.")).to_be_visible(timeout=SLOW)
    day.look(page)
    page = day.look(finn.open("/publish"))
    expect(page.get_by_role("heading", name="What readers would see differently")).to_be_visible()
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("It is the built site.")).to_be_visible(timeout=SLOW)
    day.look(page)
    german = day.folder / "public" / "de" / "announcements" / "our-first-announcement" / "index.html"
    assert "Gute Nachricht für Partner." in german.read_text(encoding="utf-8")


def plan(day: FirstDay) -> None:
    """Mia plans: three active partners get a mail, and the steps are done. A plan is made by a process of its own."""
    page = day.step("Plan a campaign")
    page.get_by_role("button", name="Plan your-credit").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(PLAN, timeout=SLOW)
    expect(day.look(page).get_by_text("You made this plan, so another person approves it.")).to_be_visible()
    expect(day.look(day.mia.open("/")).get_by_role("heading", name="First steps")).to_be_hidden()


def approve_and_send(day: FirstDay, finn: Seat) -> None:
    """Finn reads a mail, signs exactly these bytes, and sends; the server gets one mail for each partner."""
    page = day.look(plan_page(finn, PLAN))
    total = page.locator(".tiles dd").nth(1).inner_text()
    page.locator("#read tbody a").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("To ")
    day.look(page)
    page = plan_page(finn, PLAN)
    page.get_by_label("Type the total in EUR").fill(total)
    page.get_by_role("button", name="Approve with your passkey").click()
    word(page, "Approved", "Due")
    page.get_by_role("navigation", name="Screens").get_by_role("link", name="Today").click()
    page.get_by_role("button", name="Send what is due").click()
    page = plan_page(finn, PLAN)
    word(page, "Done")
    day.look(page)
    assert ["k0@partner.example", "k1@partner.example", "k2@partner.example"] == sorted(
        one for _, recipients in day.relay.envelopes for one in recipients
    )
    assert {"Your credit"} == {str(one["Subject"]) for one in day.relay.messages}
    assert "a passkey" in day.look(finn.open("/history")).inner_text("main")

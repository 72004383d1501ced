"""Writing in the studio as it is installed, in a real browser: no text is lost, and nothing untouched changes."""

import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, FrameLocator, Page, Route, expect

from tests.acceptance.conftest import AS_OF, called, copy_sample
from tests.servers.studio import Office, Seat, seated, sign_in, started, stop, with_people

THANKS = "content/announcements/thank-you.md"
CREDIT = "content/campaigns/year-end-credit.md"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """The sample site in its studio, with Mia who writes, Finn and Ada."""
    found = started(with_people(copy_sample(tmp_path)))
    yield found
    stop(found)


@pytest.fixture
def mia(office: Office, browser: Browser) -> Iterator[Seat]:
    """Mia at her browser."""
    seat = sign_in(seated(browser, office.origin), "Mia")
    yield seat
    seat.page.context.close()


def shown(page: Page) -> FrameLocator:
    """What the preview shows."""
    return page.frame_locator("iframe[title=Preview]")


def picture(colour: str = "red") -> bytes:
    """A photo of a camera that writes down where it was taken."""
    written, exif = BytesIO(), Image.Exif()
    exif[0x010E] = "Secret Street 7"
    Image.new("RGB", (64, 48), colour).save(written, "JPEG", exif=exif)
    return written.getvalue()


def save(page: Page) -> None:
    """Press Save, and wait for the word that it is saved."""
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("[data-saved]")).to_contain_text("Saved at")


def is_sound(site: Path, file: str) -> bool:
    """Whether `check` finds no fault in a file."""
    faults = called(site, "check", *AS_OF, "--json").json["faults"]
    assert isinstance(faults, list)
    return not [one for one in faults if one["file"] == file and one["severity"] == "fault"]


def test_an_announcement_in_two_languages_with_a_picture(office: Office, mia: Seat) -> None:
    """New from the stub, written with a picture that says what it shows, previewed, saved, and translated beside it."""
    page = mia.open("/writing")
    page.click("text=Write something new")
    page.fill("#title", "More for Spring")
    page.click("text=Begin")
    expect(page.get_by_role("heading", level=1)).to_have_text("More for Spring")
    page.get_by_label("Summary").fill("Two weeks of double cashback.")
    page.get_by_label("Draft").uncheck()
    page.locator("#body").fill("Good news for partners.\n")
    page.get_by_role("button", name="Picture").click()
    page.locator("#picture-file").set_input_files(
        {"name": "../../Böse Straße.jpeg", "mimeType": "image/jpeg", "buffer": picture()}
    )
    page.get_by_role("dialog").get_by_role("button", name="Put it in").click()
    expect(page.get_by_role("alert")).to_contain_text("Say what the picture shows")
    page.get_by_label("What it shows").fill("A meadow in [March]")
    page.get_by_role("dialog").get_by_role("button", name="Put it in").click()
    expect(page.locator("#body")).to_have_value(
        "Good news for partners.\n\n![A meadow in \\[March\\]](../static/bose-strasse.jpg)\n"
    )
    expect(shown(page).get_by_alt_text("A meadow in [March]")).to_be_visible()
    expect(shown(page).get_by_text("Two weeks of double cashback.")).to_be_visible()
    save(page)
    file = "content/announcements/more-for-spring.md"
    text = (office.site / file).read_text(encoding="utf-8")
    assert "Two weeks of double cashback.\n" in text
    assert "draft: true" not in text
    assert "# tags: [partners]" in text, "a comment of the stub was lost"
    assert b"Secret" not in (office.site / "content/static/bose-strasse.jpg").read_bytes()

    page.get_by_role("navigation", name="Translations").get_by_text("German").click()
    expect(page.get_by_role("region", name="Source")).to_contain_text("Good news for partners.")
    page.get_by_label("Title").fill("Mehr zum Frühling")
    page.get_by_label("Summary").fill("Zwei Wochen doppelte Rückvergütung.")
    page.locator("#body").fill("Gute Nachrichten für Partner.\n")
    expect(shown(page).get_by_text("Gute Nachrichten")).to_be_visible()
    save(page)
    german = office.site / "content/announcements/more-for-spring.de.md"
    assert german.read_text(encoding="utf-8").startswith("---\ntitle: Mehr zum Frühling\n")
    assert is_sound(office.site, file)
    row = mia.open("/writing?find=spring").get_by_role("row", name="More for Spring")
    expect(row).to_contain_text("Mia")
    expect(row.get_by_title("German: there")).to_be_visible()
    expect(row.get_by_title("Spanish: missing")).to_be_visible()

    page = mia.open(f"/text?file={file}")
    page.locator("#body").fill("Even better news for partners.\n")
    save(page)
    page = mia.open("/text/translation?file=content/announcements/more-for-spring.de.md")
    changes = page.get_by_role("region", name="Changed in the source since")
    expect(changes).to_contain_text("Even better news for partners.")
    assert [] == mia.said


def test_mistakes_are_shown_at_their_place_and_cured_by_buttons(office: Office, mia: Seat) -> None:
    """An unknown field, an unknown offer, a date of another form and a dead link are each cured by a press."""
    file = office.site / THANKS
    text = (
        file.read_text(encoding="utf-8")
        .replace("summary:", "sumary:")
        .replace("[cashback-2023,", "[cashbak-2023,")
    )
    file.write_text(text, encoding="utf-8")
    page = mia.open(f"/text?file={THANKS}")
    wrong = page.get_by_role("region", name="To correct")
    wrong.get_by_role("button", name="Use it as “summary”").click()
    expect(page.get_by_label("Summary")).to_have_value(
        "Four offers for our partners, in return for the weeks of work that an attack on our software caused you."
    )
    wrong.get_by_role("button", name="Use cashback-2023").click()
    expect(wrong).to_be_hidden()
    page.locator("#body").press("Control+End")
    page.keyboard.type("See [the offer](../offers/cashbak-2023.md).")
    expect(wrong).to_contain_text("leads to no file")
    wrong.get_by_role("button", name="Line").click()
    assert "See [the offer]" in page.evaluate("getSelection().toString()")
    wrong.get_by_role("button", name="Use ../offers/cashback-2023.md").click()
    expect(wrong).to_be_hidden()
    assert page.locator("#body").input_value().endswith("See [the offer](../offers/cashback-2023.md).")
    save(page)
    assert is_sound(office.site, THANKS)


def test_a_campaign_with_a_loop_as_a_partner_reads_it(office: Office, mia: Seat) -> None:
    """A repeated figure is put in and previewed for any partner; a broken one keeps the last preview."""
    page = mia.open("/writing")
    page.click("text=Write something new")
    page.select_option("#kind", "campaign")
    page.fill("#title", "What is yours")
    page.click("text=Begin")
    page.locator("#body").fill("Dear {{ partner.name }},\n")
    page.locator("#body").press("Control+End")
    page.select_option("[data-figure]", label="Repeat: each sum that is added")
    expect(shown(page).get_by_role("listitem").first).to_be_visible()
    page.locator("#partner").press_sequentially("Aldergrove")
    expect(page.locator("#partners option")).to_have_count(1)  # while it is typed, others are there too
    expect(page.locator("#partners option")).to_have_attribute("value", "P-1001")
    page.fill("#partner", "P-1001")
    page.locator("#partner").press("Tab")
    expect(page.locator("[data-shown]")).to_contain_text("To Aldergrove Phones")
    expect(shown(page).get_by_text("Dear Aldergrove Phones")).to_be_visible()
    page.get_by_role("button", name="Headers").click()
    expect(shown(page).get_by_text("Subject")).to_be_visible()
    page.get_by_role("button", name="HTML").click()
    page.locator("#body").press("Control+End")
    page.keyboard.type("{{ partner.nam }}")
    expect(page.get_by_role("region", name="To correct")).to_contain_text("nam")
    expect(page.locator("[data-shown]")).to_contain_text("last state that could be shown")
    expect(shown(page).get_by_text("Dear Aldergrove Phones")).to_be_visible()
    page.get_by_role("button", name="Use name").click()
    expect(page.locator("[data-shown]")).to_contain_text("To Aldergrove Phones")
    save(page)
    assert is_sound(office.site, "content/campaigns/what-is-yours.md")
    assert [] == mia.said


def test_the_preview_shows_every_form(office: Office, mia: Seat) -> None:
    """Page, feed entry and share card, narrow, dark and from right to left; a dropped picture asks what it shows."""
    page = mia.open(f"/text?file={THANKS}")
    frame = page.locator("iframe[title=Preview]")
    expect(shown(page).get_by_role("heading", level=1)).to_have_text("Thank you for standing by us")
    expect(shown(page).locator("script:not([type='application/ld+json'])")).to_have_count(0)
    page.get_by_role("button", name="Dark").click()
    expect(shown(page).locator("body")).to_have_css("background-color", "rgb(23, 27, 38)")
    page.get_by_role("button", name="Right to left").click()
    expect(shown(page).locator("html")).to_have_attribute("dir", "rtl")
    page.get_by_role("button", name="Narrow").click()
    expect(frame).to_have_css("width", "360px")
    page.get_by_role("button", name="Feed entry").click()
    expect(shown(page).get_by_text("Ines Aldermoor, partner team")).to_be_visible()
    page.get_by_role("button", name="Share card").click()
    expect(shown(page).locator("img")).to_have_js_property("complete", True)
    expect(shown(page).locator("img")).not_to_have_js_property("naturalWidth", 0)
    drop = """(bytes) => {
        const data = new DataTransfer();
        data.items.add(new File([new Uint8Array(bytes)], "Haus am See.jpg", { type: "image/jpeg" }));
        const place = document.querySelector("#body");
        place.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
    }"""
    page.locator("#body").press("Control+End")
    page.evaluate(drop, list(picture("green")))
    page.get_by_label("It only decorates").check()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#body")).to_have_value(re.compile('<img alt="" src="../static/haus-am-see.jpg">\n$'))
    assert [] == mia.said
    assert (office.site / "content/static/haus-am-see.jpg").is_file()


def test_a_save_by_keyboard_changes_one_line(office: Office, mia: Seat) -> None:
    """Without a mouse: to the field, a new word, Ctrl+S; every other byte of the file stays."""
    file = office.site / CREDIT
    before = file.read_bytes()
    page = mia.open(f"/text?file={CREDIT}")
    subject = page.get_by_label("Subject", exact=False).first
    while not subject.evaluate("one => one === document.activeElement"):
        page.keyboard.press("Tab")
    page.keyboard.press("Control+A")
    page.keyboard.type("Your sums for 2023")
    page.keyboard.press("Control+S")
    expect(page.locator("[data-saved]")).to_contain_text("Saved at")
    after = file.read_bytes()
    assert before.replace(b"subject: Your credit for 2023", b"subject: Your sums for 2023") == after
    assert before != after


def test_two_people_and_an_outside_editor_lose_nothing(office: Office, mia: Seat, browser: Browser) -> None:
    """Who saves second sees theirs, mine and a result with both; who else has the text open is said before."""
    other = sign_in(seated(browser, office.origin), "Finn")
    theirs = other.open(f"/text?file={THANKS}")
    mine = mia.open(f"/text?file={THANKS}")
    expect(mine.locator("[data-others]")).to_contain_text("Finn")
    theirs.get_by_label("Author").fill("Finn Fern")
    save(theirs)
    other.page.context.close()
    mine.locator("#body").press("Control+End")
    mine.keyboard.type("The end.")
    mine.get_by_role("button", name="Save", exact=True).click()
    expect(mine.get_by_role("heading", level=1)).to_contain_text("Two texts")
    expect(mine.get_by_text("Finn", exact=False).first).to_be_visible()
    result = mine.get_by_role("textbox", name="The text to save").input_value()
    assert "author: Finn Fern" in result
    assert "The end." in result
    # Meanwhile another program writes the file: the second save is a comparison again.
    file = office.site / THANKS
    file.write_text(
        file.read_text(encoding="utf-8").replace("Thank you for", "Many thanks for"), encoding="utf-8"
    )
    mine.click("text=Save this text")
    expect(mine.get_by_role("heading", level=1)).to_contain_text("Two texts")
    mine.click("text=Save this text")
    expect(mine.get_by_role("heading", level=1)).to_contain_text("Many thanks for")
    text = file.read_text(encoding="utf-8")
    assert all(part in text for part in ("Many thanks for", "author: Finn Fern", "The end."))


@contextmanager
def before_scripts(seat: Seat, path: str) -> Iterator[Page]:
    """A screen as it stands before its scripts have come, which they do at the end."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    seat.page.route("**/assets/studio.js", hold)
    seat.page.goto(f"{seat.origin}{path}", wait_until="commit")
    yield seat.page
    while not held:
        seat.page.wait_for_timeout(10)
    held[0].continue_()
    seat.page.unroute("**/assets/studio.js")


def test_what_is_typed_before_the_scripts_counts(office: Office, mia: Seat) -> None:
    """A text is kept as a draft, an offer's sums are shown, and partners are found, also if the scripts come late."""
    with before_scripts(mia, "/partners") as page:
        page.fill("#find", "aldergrove")
    expect(page.locator("[data-found=partners] tbody tr").first).to_contain_text("Aldergrove Phones")
    with before_scripts(mia, "/offer?file=content%2Foffers%2Fcashback-2023.md") as page:
        page.get_by_label("Rate", exact=True).fill("20%")
    expect(page.locator('[data-looked="effect"] tbody tr').first).to_contain_text("BRL")
    with before_scripts(mia, f"/text?file={THANKS}") as page:
        page.get_by_label("Title").fill("Not finished")
    expect(page.locator("[data-saved]")).to_contain_text("Your draft was kept")
    kept = [one.read_text(encoding="utf-8") for one in (office.site / "private/drafts").glob("*/*.json")]
    assert any("Not finished" in one for one in kept)


def test_a_draft_survives_a_closed_tab_and_a_killed_studio(
    office: Office, mia: Seat, browser: Browser
) -> None:
    """What was typed and not saved is there again, the file is as it was, and the draft can be dropped."""
    before = (office.site / THANKS).read_bytes()
    page = mia.open(f"/text?file={THANKS}")
    page.get_by_label("Title").fill("Not finished")
    expect(page.locator("[data-saved]")).to_contain_text("Your draft was kept")
    office.process.send_signal(signal.SIGKILL)
    office.process.wait()
    page.get_by_label("Title").fill("Not finished yet")
    expect(page.locator("[data-saved]")).to_contain_text("keep it open")
    page.close()
    again = started(office.site)
    try:
        seat = sign_in(seated(browser, again.origin), "Mia")
        page = seat.open(f"/text?file={THANKS}")
        expect(page.get_by_label("Title")).to_have_value("Not finished")
        assert before == (office.site / THANKS).read_bytes()
        page.click("text=Discard it")
        expect(page.get_by_label("Title")).to_have_value("Thank you for standing by us")
        expect(page.locator("[data-saved]")).to_have_text("")
        page.context.close()
    finally:
        stop(again)


def test_a_translation_that_was_begun_is_found_again(office: Office, mia: Seat) -> None:
    """A new translation that was typed and not saved stands in the list, and no file was made."""
    page = mia.open("/text/translation?file=content/pages/about.ar.md")
    page.get_by_label("Title").fill("عن البرنامج")
    expect(page.locator("[data-saved]")).to_contain_text("Your draft was kept")
    assert not (office.site / "content/pages/about.ar.md").exists()
    page = mia.open("/writing")
    page.get_by_role("region", name="Typed and not saved").get_by_role("link").click()
    expect(page.get_by_label("Title")).to_have_value("عن البرنامج")
    page.click("text=Discard it")
    expect(page.get_by_role("heading", level=1)).to_have_text("Writing")
    expect(page.get_by_role("region", name="Typed and not saved")).to_be_hidden()


def test_a_file_that_vanishes_is_saved_again_if_one_wants(office: Office, mia: Seat) -> None:
    """Somebody deletes the file while one writes: it is said, and one's own text is there to be saved."""
    page = mia.open(f"/text?file={THANKS}")
    page.get_by_label("Title").fill("Still here")
    (office.site / THANKS).unlink()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was deleted while you wrote")).to_be_visible()
    page.click("text=Save this text")
    expect(page.get_by_role("heading", level=1)).to_have_text("Still here")
    assert (office.site / THANKS).read_text(encoding="utf-8").count("\ntitle: Still here\n")


def test_fields_that_cannot_be_read_are_mended_as_text(office: Office, mia: Seat) -> None:
    """A text with an unreadable line is shown as it is written; when that is corrected, the fields come back."""
    file = office.site / THANKS
    file.write_text(file.read_text(encoding="utf-8").replace("title: ", "title: a: "), encoding="utf-8")
    page = mia.open(f"/text?file={THANKS}")
    expect(page.get_by_role("region", name="To correct")).to_contain_text("unreadable")
    words = page.inner_text("body")
    assert not [word for word in ("YAML", "TOML", "Markdown", "offerpress ", "front matter") if word in words]
    page.locator("#body").fill(page.locator("#body").input_value().replace("title: a: ", "title: "))
    page.keyboard.press("Control+S")
    expect(page.get_by_label("Title")).to_have_value("Thank you for standing by us")
    page.click("text=Show everything as it is written")
    expect(page.locator("#body")).to_have_value(re.compile("^---\nid: thank-you-2023\ntitle: Thank you"))
    page.click("text=Back to the fields")
    expect(page.get_by_label("Title")).to_be_visible()


def test_the_form_works_without_a_script(office: Office, browser: Browser) -> None:
    """Where no script runs, the fields and the button save as well."""
    context = browser.new_context(java_script_enabled=False)
    seat = sign_in(Seat(context.new_page(), office.origin), "Mia")
    page = seat.open(f"/text?file={THANKS}")
    page.get_by_label("Title").fill("By hand")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("By hand")
    assert "title: By hand\n" in (office.site / THANKS).read_text(encoding="utf-8")
    context.close()

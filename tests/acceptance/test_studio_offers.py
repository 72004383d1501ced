"""An offer in the studio: amended from a day on, with its example and what would change before anything is saved."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.acceptance.conftest import called
from tests.acceptance.test_studio_actions import last_line
from tests.servers.studio import (
    PASSPHRASE,
    Desk,
    Office,
    seated,
    sign_in,
    signed_in,
    small_site,
    started,
    stop,
)

DAY = ("--as-of", "2023-09-01")
FILE = "content/offers/year.md"
PAGE = "/offer?file=content%2Foffers%2Fyear.md"
AMENDMENT = """amendments:
  - effective_on: 2023-09-01
    note: Everybody asked for it.
    rate: "12%"
"""


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """A small site with people and one announced cashback, in the studio as of a day of its period."""
    found = started(small_site(tmp_path / "site"), DAY)
    yield found
    stop(found)


def saved(office: Office) -> str:
    """The file of the offer."""
    return (office.site / FILE).read_text(encoding="utf-8")


def fields(desk: Desk, page: str = PAGE) -> dict[str, str]:
    """The form as the page shows it."""
    names = (
        "file",
        "opened",
        "shown",
        "from",
        "f.title",
        "f.rate",
        "f.period.from",
        "f.period.to",
        "f.credited_on",
    )
    found = {}
    text, _ = desk.ask("GET", page)
    for name in names:
        mark = f'name="{name}"'
        if mark in text:
            rest = text[text.index(mark) :]
            found[name] = rest[rest.index('value="') + 7 :].partition('"')[0]
    summary = text[text.index('id="f.summary"') :]
    found["f.summary"] = summary[summary.index(">") + 1 :].partition("</textarea>")[0].strip()
    return found


def row(page: str) -> list[str]:
    """The sums before and after of the one currency, and how many partners have more and less."""
    cells = page.partition('<th scope="row">EUR</th>')[2].partition("</tr>")[0]
    return re.findall(">([^<]+)</td>", cells)


def test_an_announced_offer_is_amended(office: Office) -> None:
    """The file gets one amendment with the changed field, every other byte stays, and the history says who did it."""
    mia = signed_in(office.origin, "Mia")
    before = saved(office)
    form = fields(mia) | {"f.rate": "12%", "note": "Everybody asked for it."}
    seen = mia.press("/offer/look", **form)[0]
    assert ["46.00", "55.20", "+9.20", "2", "0"] == row(seen)
    assert "2 partners</b> would be affected" in seen
    assert before == saved(office)
    assert f"{PAGE}&saved=1" == mia.act("/offer/save", **form)
    head, body = before.split("---\nWe")
    assert f"{head}{AMENDMENT}---\nWe{body}" == saved(office)
    assert ("mia", "amended an offer", "year", "from 2023-09-01: Everybody asked for it.") == last_line(
        office.site
    )
    page = mia.ask("GET", PAGE)[0]
    assert "Saved." in mia.ask("GET", f"{PAGE}&saved=1")[0]
    assert "Everybody asked for it." in page
    assert "12%" == fields(mia)["f.rate"]
    told = called(office.site, "statement", "A-1", *DAY, "--json").json
    assert "14.40" in json.dumps(told)
    whole = {"file": FILE, "opened": fields(mia)["opened"], "place": "0"}
    assert "This amendment holds already." in mia.press("/offer/take-back", **whole)[0]
    earlier = called(office.site, "statement", "A-1", "--as-of", "2023-08-31", "--json").json
    assert "12.00" in json.dumps(earlier)


def test_an_amendment_to_come_is_changed_before_it_begins(office: Office) -> None:
    """A second change from the same later day joins the first, and the effect is that of the later day."""
    mia = signed_in(office.origin, "Mia")
    before = saved(office)
    form = fields(mia) | {"f.rate": "12%", "from": "2023-10-01"}
    assert "As of 1 October 2023, the day from which it holds" in mia.press("/offer/look", **form)[0]
    mia.act("/offer/save", **form)
    later = f"{PAGE}&shown=2023-10-01"
    form = fields(mia, later)
    assert ("12%", "2023-10-01") == (form["f.rate"], form["from"])
    mia.act("/offer/save", **form, **{"f.cap.EUR": "50"})
    assert '  - effective_on: 2023-10-01\n    rate: "12%"\n    cap: {EUR: 50}\n' in saved(office)
    assert 1 == saved(office).count("effective_on")
    whole = {"file": FILE, "opened": fields(mia)["opened"]}
    assert "There is no such amendment any more." in mia.press("/offer/take-back", **whole, place="1")[0]
    mia.act("/offer/take-back", **whole, place="0")
    assert before == saved(office)
    assert ("mia", "took back an amendment of an offer", "year", "from 2023-10-01") == last_line(office.site)


def test_what_prevents_saving_is_said_beside_what_was_typed(office: Office) -> None:
    """A fault, no change, an unreal day and another task: the sentence stands there, and the file stays."""
    mia, before = signed_in(office.origin, "Mia"), saved(office)
    form = fields(mia)
    for change, sentence in (
        ({"f.rate": "12"}, "is no percentage"),
        ({}, "you changed no field"),
        ({"f.rate": "12%", "from": "2023-02-30"}, "From which day on?"),
        ({"f.period.to": "2022-01-01"}, "before it begins"),
    ):
        text = mia.press("/offer/save", **{**form, **change})[0]
        assert sentence in text, text
        for name, value in change.items():
            assert f'name="{name}" value="{value}"' in text or name == "from"
    ada = signed_in(office.origin, "Ada")
    assert "Only a writer or an operator can do this." in ada.press("/offer/save", **form)[0]
    assert before == saved(office)


def test_somebody_else_was_faster(office: Office) -> None:
    """A file that changed or vanished meanwhile is not overwritten; what was typed is shown beside it."""
    mia = signed_in(office.origin, "Mia")
    form = fields(mia) | {"f.rate": "12%"}
    path = office.site / FILE
    other = saved(office).replace("once a year", "in January")
    path.write_text(other, encoding="utf-8")
    place = mia.act("/offer/save", **form)
    assert "/text/conflict?file=content%2Foffers%2Fyear.md" == place
    text = mia.ask("GET", place)[0]
    assert 'rate: "12%"' in text
    assert other == saved(office)
    path.unlink()
    assert "is not there any more" in mia.press("/offer/save", **form)[0]


def test_a_folder_that_takes_no_text_is_said_in_place(office: Office) -> None:
    """Where the file cannot be written, the sentence stands beside what was typed, which is kept as a draft."""
    mia, before = signed_in(office.origin, "Mia"), saved(office)
    form = fields(mia) | {"f.rate": "12%"}
    path = office.site / FILE
    path.rename(office.site / "year.md")
    path.mkdir()
    (path / "in the way").touch()
    text = mia.press("/offer/save", **form)[0]
    assert "year.md" in text
    assert "Traceback" not in text
    (path / "in the way").unlink()
    path.rmdir()
    (office.site / "year.md").rename(path)
    assert before == saved(office)


def test_a_draft_is_shown_as_published(office: Office) -> None:
    """A new offer that is a draft shows what it would give, in the present and to nobody before it is published."""
    mia = signed_in(office.origin, "Mia")
    assert 0 == called(office.site, "add", "offer", "Spring").code
    page = "/offer?file=content%2Foffers%2Fspring.md"
    text = mia.ask("GET", page)[0]
    assert "A draft gives nothing, and only this studio shows it." in text
    assert "Worked example" in text
    form = fields(mia, page)
    assert "from" not in form
    form |= {
        "f.period.from": "2023-01-01",
        "f.period.to": "2023-12-31",
        "f.draft": "on",
        "f.announced_on": "2023-08-01",
    }
    assert ["0.00", "46.00", "+46.00", "2", "0"] == row(mia.press("/offer/look", **form)[0])
    mia.act("/offer/save", **form)
    assert "draft: true" in (office.site / "content/offers/spring.md").read_text(encoding="utf-8")
    assert ("mia", "changed the terms of an offer", "spring") == last_line(office.site)[:3]


def test_the_panels_follow_what_is_typed(office: Office, browser: Browser) -> None:
    """In a browser sums, partners and example change as somebody types, by keyboard alone, and saving keeps them."""
    mia = seated(browser, office.origin)
    mia.page.goto(f"{office.origin}/sign-in")
    mia.page.fill("#name", "Mia")
    mia.page.fill("#passphrase", PASSPHRASE)
    mia.page.click("button.main")
    page = mia.open("/text?file=content%2Foffers%2Fyear.md")
    page.get_by_role("link", name="Example, what would change, amend").press("Enter")
    rate = page.get_by_label("Rate", exact=True)
    rate.focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("20%")
    effect = page.locator('[data-looked="effect"]')
    expect(effect.locator("tbody tr").first).to_have_text("EUR46.0092.00+46.0020")
    expect(effect.get_by_text("2 partners")).to_be_visible()
    expect(page.locator('[data-looked="example"]')).to_contain_text("× 20%")
    effect.get_by_text("The largest differences in EUR").press("Enter")
    expect(effect.locator("details tbody tr").first).to_contain_text("Birch and Sons")
    page.keyboard.press("Tab")
    rate.fill("20")
    expect(page.locator('[data-looked="said"]')).to_contain_text("is no percentage")
    rate.fill("20%")
    expect(page.locator('[data-looked="said"]')).not_to_contain_text("is no percentage")
    page.get_by_role("button", name="Amend the offer").press("Enter")
    expect(page.get_by_role("status")).to_have_text("Saved.")
    assert '    rate: "20%"\n' in saved(office)
    assert [] == mia.said


def test_what_is_typed_is_kept_as_a_draft(office: Office) -> None:
    """Typed terms, day and note survive a new session; they are no save, and discarding or saving ends them."""
    mia, before = signed_in(office.origin, "Mia"), saved(office)
    form = fields(mia) | {"f.rate": "12%", "from": "2023-10-01", "note": "Everybody asked for it."}
    assert "Your draft was kept at" in json.loads(mia.press("/offer/draft", **form)[0])["said"]
    page = signed_in(office.origin, "Mia").ask("GET", PAGE)[0]
    assert "This is what you typed just now and did not save." in page
    assert "Everybody asked for it." in page
    assert "As of 1 October 2023, the day from which it holds" in page
    assert form == fields(mia) | {"note": form["note"]}
    assert "and did not save" not in signed_in(office.origin, "Finn").ask("GET", PAGE)[0]
    assert before == saved(office)
    assert PAGE == mia.act("/text/discard", file=FILE, offer="1")
    assert fields(mia)["f.rate"] == "10%"
    mia.press("/offer/draft", **form)
    mia.act("/offer/save", **form)
    assert 1 == saved(office).count("effective_on: 2023-10-01")
    assert "and did not save" not in mia.ask("GET", PAGE)[0]


def test_a_kept_amendment_changes_the_one_of_its_day(office: Office) -> None:
    """The draft of a change to an amendment to come opens over that amendment, and saving it gives one amendment."""
    mia = signed_in(office.origin, "Mia")
    mia.act("/offer/save", **fields(mia) | {"f.rate": "12%", "from": "2023-10-01"})
    form = fields(mia, f"{PAGE}&shown=2023-10-01") | {"f.rate": "10%"}
    mia.press("/offer/draft", **form)
    assert form == fields(mia)
    whole = {"file": FILE, "opened": form["opened"], "place": "0"}
    assert "Save or discard it first." in mia.press("/offer/take-back", **whole)[0]
    mia.act("/offer/save", **fields(mia))
    assert ('rate: "10%"', 1) == (
        re.findall('    (rate: ".*")', saved(office))[0],
        saved(office).count("effective_on"),
    )


def test_the_draft_of_a_new_offer_is_kept(office: Office) -> None:
    """Terms that nobody knows yet are kept as they were typed, also where they are wrong."""
    mia = signed_in(office.origin, "Mia")
    assert 0 == called(office.site, "add", "offer", "Spring").code
    page = "/offer?file=content%2Foffers%2Fspring.md"
    form = fields(mia, page) | {"f.rate": "12", "f.draft": "on", "f.credited_on": "2024-02-01"}
    assert "Your draft was kept at" in mia.press("/offer/draft", **form)[0]
    shown = fields(mia, page)
    assert ("12", "2024-02-01") == (shown["f.rate"], shown["f.credited_on"])
    assert "is no percentage" in mia.ask("GET", page)[0]


def test_the_editors_draft_is_not_replaced(office: Office) -> None:
    """What the editor kept of the same file stays, and the form says where it is."""
    mia = signed_in(office.origin, "Mia")
    form = fields(mia)
    text = {"file": FILE, "opened": form["opened"], "body": "Other words.\n"}
    assert "Your draft was kept at" in mia.press("/text/draft", **text)[0]
    assert "that is not saved. Save or discard it there first." in mia.ask("GET", PAGE)[0]
    assert "{}" == mia.press("/offer/draft", **form | {"f.rate": "12%"})[0]
    assert "Other words." in mia.ask("GET", "/text?file=content%2Foffers%2Fyear.md")[0]


def test_a_closed_tab_loses_nothing(office: Office, browser: Browser) -> None:
    """In a browser the draft is kept while somebody types, and another tab shows it."""
    mia = sign_in(seated(browser, office.origin), "Mia")
    page = mia.open(PAGE)
    page.get_by_label("Rate", exact=True).fill("20%")
    expect(page.locator("[data-saved]")).to_contain_text("Not saved yet. Your draft was kept at")
    other = page.context.new_page()
    other.goto(f"{office.origin}{PAGE}")
    expect(other.get_by_label("Rate", exact=True)).to_have_value("20%")
    other.get_by_role("button", name="Discard it").click()
    expect(other.get_by_label("Rate", exact=True)).to_have_value("10%")
    assert ([], set()) == (mia.said, mia.strangers())

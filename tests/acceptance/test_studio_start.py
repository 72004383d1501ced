"""The studio in an empty folder begins a site, and Today names the first steps."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, expect

from tests.acceptance.conftest import finished, installed
from tests.servers.studio import PASSPHRASE, Desk, Office, seated, started, stop


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """The studio in an empty folder."""
    (tmp_path / "site").mkdir()
    found = started(tmp_path / "site", ())
    yield found
    stop(found)


def first_person(office: Office) -> Desk:
    """Who joined by the code in the terminal."""
    desk = Desk(office.origin)
    code = office.first.partition("#")[2]
    desk.ask("POST", "/join", code=code, name="Mia", passphrase=PASSPHRASE, again=PASSPHRASE)
    return desk


GIVEN = {
    "title": "Angebote",
    "sender": "Team <team@vendor.example>",
    "language": "de",
    "currency": "EUR",
    "timezone": "Europe/Berlin",
    "level.0": "Silber",
    "quota.0": "1000",
    "address": "https://partner.example",
    "colour": "#8a1c4a",
}


def begun(desk: Desk, **changes: str) -> str:
    """Send the form; return where it leads."""
    token = desk.found("/start", 'name="form_token" value="([^"]+)"')
    return desk.ask("POST", "/start/begin", form_token=token, **{**GIVEN, **changes})[1]


def test_what_is_refused_stays_in_the_form(office: Office) -> None:
    """Every screen leads to the form until there is a site; a mistake is said there, and what was typed stays."""
    desk = first_person(office)
    assert "/start" == desk.ask("GET", "/data")[1]
    assert "/start" == begun(desk, colour="#ffee00", title="Angebote & mehr")
    page = desk.ask("GET", "/start")[0]
    assert "too light" in page
    assert 'value="Angebote & mehr"' in page
    assert not (office.site / "offerpress.toml").exists()
    assert "/" == begun(desk)
    assert (office.site / "content" / "offers" / "unser-erstes-angebot.md").is_file()
    assert "/" == desk.ask("GET", "/start")[1]
    assert "began the site" in desk.ask("GET", "/history")[0]


def test_a_studio_that_was_stopped_before_the_form_goes_on(office: Office) -> None:
    """People who joined are there after a restart in the folder that has no site yet."""
    first_person(office)
    stop(office)
    again = started(office.site, ())
    try:
        desk = Desk(again.origin)
        assert "/" == desk.ask("POST", "/sign-in", name="Mia", passphrase=PASSPHRASE)[1]
        assert "/" == begun(desk)
        assert "First steps" in desk.ask("GET", "/")[0]
    finally:
        stop(again)


def test_settings_change_alone(office: Office) -> None:
    """One press writes the changed settings and leaves every other byte; passkeys are required for good."""
    desk = first_person(office)
    begun(desk)
    file = office.site / "offerpress.toml"
    before = file.read_text(encoding="utf-8").replace("[mail]", "# ours\n[mail]  # kept")
    file.write_text(before, encoding="utf-8")
    form = {"language.es": "on", "place": "public", "transport": "smtp", "signed": "on", "title": "Angebote"}
    assert "/settings?saved=1" == desk.act("/settings/save", **form)
    after = file.read_text(encoding="utf-8")
    assert "[mail]  # kept\n" in after
    assert 'languages = ["de", "es"]\n' in after
    assert {"# ours", 'transport = "smtp"', 'approvals = "signed"', 'to = "public"'} < set(after.splitlines())
    assert set(before.splitlines()) < set(after.splitlines())
    assert "/settings?saved=1" == desk.act("/settings/save", **{"language.es": "on"})
    assert after == file.read_text(encoding="utf-8")
    assert "passkeys for approvals" in desk.ask("GET", "/history")[0]


def test_settings_that_nobody_could_read_are_refused(office: Office) -> None:
    """A mistake is said beside what was typed, and the file stays."""
    desk = first_person(office)
    begun(desk)
    before = (office.site / "offerpress.toml").read_bytes()
    assert "/settings" == desk.act("/settings/save", sender="nobody", answers="x@y.example")
    page = desk.ask("GET", "/settings")[0]
    assert "'nobody' is no mail address" in page
    assert 'value="x@y.example"' in page
    assert before == (office.site / "offerpress.toml").read_bytes()


def test_a_folder_that_is_not_empty_is_refused(tmp_path: Path) -> None:
    """Where something else stands, the studio does not begin."""
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    said = finished(installed(tmp_path, "studio", "--port", "0"))
    assert 1 == said.code
    assert "no site" in said.err


def test_a_site_begins_in_a_browser(office: Office, browser: Browser) -> None:
    """The first person joins, fills in the form with the keyboard, and finds the first steps; axe finds nothing."""
    seat = seated(browser, office.origin)
    page = seat.page
    page.set_viewport_size({"width": 360, "height": 800})
    page.goto(office.first)
    page.fill("#name", "Mia")
    page.fill("#passphrase", PASSPHRASE)
    page.fill("#again", PASSPHRASE)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Begin a new site")
    page.wait_for_load_state()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    for scheme, forced in (("light", "none"), ("dark", "none"), ("light", "active")):
        page.emulate_media(color_scheme=scheme, forced_colors=forced)  # type: ignore[arg-type]
        assert 0 == (found := Axe().run(page)).violations_count, found.generate_report()
    page.fill("#title", "Ofertas")
    page.fill("#sender", "ofertas@vendor.example")
    page.select_option("#language", "es")
    page.get_by_label("Level 1").fill("Oro")
    page.get_by_label("Quota").first.fill("1000")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Today")
    expect(page.get_by_role("link", name="Connect your data")).to_be_visible()
    assert 0 == (found := Axe().run(page)).violations_count, found.generate_report()
    assert (office.site / "content" / "pages" / "condiciones.md").is_file()
    assert [] == [text for text in seat.said if "favicon" not in text]
    page.context.close()

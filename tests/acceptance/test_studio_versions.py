"""The history of texts in the studio: conflicts of two people and another program, versions, names, version control."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import permutations
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, expect

from offerpress.site.site import Site
from offerpress.writing.paths import content_path
from offerpress.writing.versions import text_of, versions
from tests.acceptance.test_studio_actions import last_line
from tests.servers.studio import PASSPHRASE, Desk, Office, seated, signed_in, small_site, started, stop

DAY = ("--as-of", "2024-01-02")
FILE = "content/pages/terms.md"
TEXT = "---\ntitle: 'Our terms'  # short\nsummary: What holds\n---\n\nFirst word.\n\nSecond word.\n\nThird word.\n"
CHANGES = {
    "Mia": ("First", "First of Mia"),
    "Finn": ("Third", "Third of Finn"),
    "outside": ("Second", "Second outside"),
}
ORDERS = list(permutations(CHANGES))


def site_with_page(folder: Path) -> Path:
    """A small site with one more page."""
    site = small_site(folder)
    (site / "content/pages").mkdir(parents=True, exist_ok=True)
    (site / FILE).write_text(TEXT, encoding="utf-8")
    return site


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """The site in the studio."""
    found = started(site_with_page(tmp_path / "site"), DAY)
    yield found
    stop(found)


def kept_texts(site: Path, name: str = FILE) -> set[str]:
    """Every text that is a version of a file."""
    at = Site(site, datetime.now(UTC), {})
    return {text_of(at, one.digest).decode() for one in versions(at, content_path(at, name)) if one.digest}


def opened(desk: Desk, file: str = FILE) -> str:
    """The digest of what the editor holds."""
    return desk.found(f"/text?file={file}", 'name="opened" value="([^"]+)"')


def saved(desk: Desk, text: str, digest: str) -> dict[str, str]:
    """What the editor gets when it saves this text."""
    found: dict[str, str] = json.loads(desk.press("/text/save/now", file=FILE, opened=digest, whole=text)[0])
    return found


def written_in_order(folder: Path, order: tuple[str, ...]) -> None:
    """Let two people and another program change a text in that order; the server is killed after each step."""
    site, texts = site_with_page(folder), {TEXT}
    office = started(site, DAY)
    begun = {name: opened(signed_in(office.origin, name)) for name in ("Mia", "Finn")}
    for who in order:
        old, new = CHANGES[who]
        if who == "outside":
            text = (site / FILE).read_text(encoding="utf-8").replace(old, new)
            (site / FILE).write_text(text, encoding="utf-8")
        else:
            desk, text = signed_in(office.origin, who), TEXT.replace(old, new)
            desk.press("/text/draft", file=FILE, opened=begun[who], whole=text)
            office.process.kill()
            office.process.communicate()
            office = started(site, DAY)
            desk = signed_in(office.origin, who)
            assert new in desk.ask("GET", f"/text?file={FILE}")[0]
            said = saved(desk, text, begun[who])
            if "go" in said:
                page = desk.ask("GET", said["go"])[0]
                assert "It has both changes" in page
                texts.add(text)
                digest = desk.found(said["go"], 'name="opened" value="([^"]+)"')
                text = desk.found(said["go"], r'(?s)aria-describedby="result-hint">\n(.*?)</textarea>')
                said = saved(desk, text, digest)
            assert "Saved at" in said["said"]
        texts.add(text)
        office.process.kill()
        office.process.communicate()
        office = started(site, DAY)
    final = (site / FILE).read_text(encoding="utf-8")
    assert all(new in final for _, new in CHANGES.values())
    page = signed_in(office.origin, "Mia").ask("GET", f"/text/versions?file={FILE}")[0]
    assert all(words in page for words in ("Mia", "Finn", "Written outside the studio"))
    assert set() == texts - kept_texts(site)
    stop(office)


def test_two_people_and_another_program_lose_nothing_in_a_killed_studio(tmp_path: Path) -> None:
    """Whoever comes later is shown both texts; every text is in the history, through a kill after each step."""
    written_in_order(tmp_path / "site", ("Finn", "outside", "Mia"))


@pytest.mark.long
@pytest.mark.parametrize("order", [one for one in ORDERS if one != ("Finn", "outside", "Mia")], ids="-".join)
def test_no_order_loses_a_text_in_a_killed_studio(tmp_path: Path, order: tuple[str, ...]) -> None:
    """The same in every other order."""
    written_in_order(tmp_path / "site", order)


def test_what_another_program_does_is_noticed_at_once(office: Office) -> None:
    """Nobody has opened the text: what an editor writes and deletes is kept, and what was there before the start."""
    until(lambda: TEXT in kept_texts(office.site))
    for text in (TEXT.replace("First", "Edited"), TEXT.replace("First", "Edited again")):
        (office.site / FILE).write_text(text, encoding="utf-8")
        until(lambda text=text: text in kept_texts(office.site))  # type: ignore[misc]
    (office.site / FILE).unlink()
    mia = signed_in(office.origin, "Mia")
    until(lambda: FILE in mia.ask("GET", "/writing/files")[0])
    assert 3 == len(kept_texts(office.site))


def until(found: Callable[[], bool]) -> None:
    """Wait until something has happened."""
    for _ in range(600):
        if found():
            return
        time.sleep(0.1)
    pytest.fail("it did not happen")


def test_a_version_comes_back_beside_a_draft(office: Office) -> None:
    """Going back makes the earlier text the file, keeps the later one, and leaves what somebody has typed."""
    mia, ada = signed_in(office.origin, "Mia"), signed_in(office.origin, "Ada")
    first = opened(mia)
    now = saved(mia, TEXT.replace("First", "Another"), first)["opened"]
    mia.press("/text/draft", file=FILE, opened=now, whole=TEXT.replace("First", "Typed"))
    page = mia.ask("GET", f"/text/compare?file={FILE}&version={first}")[0]
    assert '<del><span class="hidden">Then: </span><bdi>First word.</bdi></del>' in page
    assert '<ins><span class="hidden">Now: </span><bdi>Another word.</bdi></ins>' in page
    change = mia.ask("GET", f"/text/compare?file={FILE}&version={now}&what=change")[0]
    assert '<ins><span class="hidden">This version: </span><bdi>Another word.</bdi></ins>' in change
    assert (
        "Only a writer or an operator" in ada.press("/text/restore", file=FILE, version=first, opened=now)[0]
    )
    assert "no such version" in mia.press("/text/restore", file=FILE, version="0" * 64, opened=now)[0]
    assert f"/text/versions?file={FILE.replace('/', '%2F')}" == mia.act(
        "/text/restore", file=FILE, version=first, opened=now
    )
    assert TEXT == (office.site / FILE).read_text(encoding="utf-8")
    assert ("mia", "went back to an earlier version of a text") == last_line(office.site)[:2]
    assert "Typed word." in mia.ask("GET", f"/text?file={FILE}")[0]
    assert TEXT.replace("First", "Another") in kept_texts(office.site)


def test_a_draft_that_arrives_after_its_save_is_none(office: Office) -> None:
    """What was on its way while the person saved is not kept beside the saved text, nor said to be unsaved."""
    mia = signed_in(office.origin, "Mia")
    first, text = opened(mia), TEXT.replace("First", "Another")
    now = saved(mia, text, first)["opened"]
    late = json.loads(mia.press("/text/draft", file=FILE, opened=first, whole=text)[0])
    assert (False, "") == (late["changed"], late["said"])
    assert now == opened(mia)
    assert [] == [
        path for path in (office.site / "private/drafts").rglob("*.json") if path.name != "open.json"
    ]


def test_a_draft_of_a_file_that_came_meanwhile_is_shown_and_overwrites_nothing(office: Office) -> None:
    """Who began before the file was there sees the own words again, and saving them compares the two texts."""
    mia, typed = signed_in(office.origin, "Mia"), TEXT.replace("First", "Begun")
    mia.press("/text/draft", file=FILE, opened="", whole=typed)
    assert "Begun word." in mia.ask("GET", f"/text?file={FILE}")[0]
    assert saved(mia, typed, "")["go"].startswith("/text/conflict")
    assert TEXT == (office.site / FILE).read_text(encoding="utf-8")
    assert "Begun word." in mia.ask("GET", f"/text/conflict?file={FILE}")[0]


def test_a_page_gets_another_name_and_keeps_its_address(office: Office) -> None:
    """Name, history and translations follow, and the former address is kept; an offer keeps its name."""
    mia = signed_in(office.origin, "Mia")
    digest = opened(mia)
    assert "This is its name already." in mia.press("/text/rename", file=FILE, opened=digest, slug="terms")[0]
    assert "is no name for a text" in mia.press("/text/rename", file=FILE, opened=digest, slug="Our Terms")[0]
    assert "/text?file=content%2Fpages%2Fconditions.md" == mia.act(
        "/text/rename", file=FILE, opened=digest, slug="conditions"
    )
    text = (office.site / "content/pages/conditions.md").read_text(encoding="utf-8")
    assert TEXT.replace("holds\n", "holds\naliases: [terms]\n") == text
    assert not (office.site / FILE).exists()
    assert "Gave it this name" in mia.ask("GET", "/text/versions?file=content/pages/conditions.md")[0]
    assert FILE not in mia.ask("GET", "/writing/files")[0]
    offer = "content/offers/year.md"
    refused = mia.press("/text/rename", file=offer, opened=opened(mia, offer), slug="other")[0]
    assert "Only announcements and pages get another name." in refused


def test_a_deleted_text_can_be_had_again(office: Office) -> None:
    """Deleting asks for the text as it was seen; the deleted one is listed and comes back."""
    mia = signed_in(office.origin, "Mia")
    digest = opened(mia)
    (office.site / FILE).write_text(TEXT + "\nmore\n", encoding="utf-8")
    assert "has changed since you opened this page" in mia.press("/text/delete", file=FILE, opened=digest)[0]
    assert "/writing/files" == mia.act("/text/delete", file=FILE, opened=opened(mia))
    assert not (office.site / FILE).exists()
    assert FILE in mia.ask("GET", "/writing/files")[0]
    assert "This text was deleted." in mia.ask("GET", f"/text/versions?file={FILE}")[0]
    assert "The text is deleted now" in mia.ask("GET", f"/text/compare?file={FILE}&version={digest}")[0]
    mia.act("/text/restore", file=FILE, version=digest, opened="")
    assert TEXT == (office.site / FILE).read_text(encoding="utf-8")
    assert FILE not in mia.ask("GET", "/writing/files")[0]


def test_texts_are_committed_by_their_author(tmp_path: Path) -> None:
    """What version control lacks is listed; where the settings allow it, a person commits with their name."""
    site = site_with_page(tmp_path / "site")
    (site / ".gitignore").write_text("/private/\n/output/\n", encoding="utf-8")
    identity = ("-c", "user.name=x", "-c", "user.email=x@x.example")
    for words in (("init", "-q", "-b", "main"), ("add", "."), (*identity, "commit", "-qm", "begin")):
        subprocess.run(["git", *words], cwd=site, check=True)
    office = started(site, DAY, {**os.environ, "HOME": str(tmp_path)})
    mia = signed_in(office.origin, "Mia")
    saved(mia, TEXT.replace("First", "Another"), opened(mia))
    page = mia.ask("GET", "/writing/files")[0]
    assert "Our terms" in page
    assert "do not let the studio commit" in page
    assert "may not commit here" in mia.press("/writing/commit", message="x", **{"file.1": FILE})[0]
    with (site / "offerpress.toml").open("a", encoding="utf-8") as file:
        file.write("[studio]\ncommit = true\n")
    assert "/writing/files" == mia.act("/writing/commit", message="Say it better", **{"file.1": FILE})
    log = subprocess.run(
        ["git", "log", "-1", "--format=%an %s"], cwd=site, capture_output=True, text=True, check=True
    )
    assert "Mia Say it better" == log.stdout.strip()
    assert "It has every text as it is now." in mia.ask("GET", "/writing/files")[0]
    stop(office)


def test_then_and_now_stand_side_by_side(office: Office, browser: Browser) -> None:
    """In a browser both pages are shown with what changed; axe finds nothing, also narrow and dark."""
    seat = seated(browser, office.origin)
    page = seat.open("/sign-in")
    page.fill("#name", "Mia")
    page.fill("#passphrase", PASSPHRASE)
    page.click("button.main")
    page = seat.open(f"/text?file={FILE}")
    page.get_by_label("Text", exact=True).last.fill("Another word.\n")
    page.get_by_role("button", name="Save").press("Enter")
    expect(page.locator("[data-saved]")).to_contain_text("Saved at")
    page.get_by_role("link", name="History").last.press("Enter")
    page.get_by_role("link", name="With now").last.press("Enter")
    for name, words in (("Then", "First word."), ("Now", "Another word.")):
        frame = page.frame_locator(f"iframe[title='{name}']")
        expect(frame.get_by_text(words)).to_be_visible()
    expect(page.locator(".difference .new")).to_contain_text("Another word.")
    for path in (page.url.removeprefix(office.origin), f"/text/versions?file={FILE}", "/writing/files"):
        for width, scheme in ((1280, "light"), (360, "dark")):
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            seat.open(path)
            found = Axe().run(page, options={"iframes": False})
            assert 0 == found.violations_count, found.generate_report()
            assert width >= page.evaluate("() => document.documentElement.scrollWidth")
    seat.open(f"/text/versions?file={FILE}").get_by_role("link", name="With now").last.press("Enter")
    page.get_by_role("button", name="Go back to this version").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("History of")
    assert TEXT == (office.site / FILE).read_text(encoding="utf-8")
    assert [] == seat.said
    page.context.close()

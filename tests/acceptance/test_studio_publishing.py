"""Publishing in the studio: a build, what readers would see differently, the publication, and what prevents it."""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, expect

from offerpress.studio.publishing.published_file import page_text
from offerpress.studio.state.differences import page_difference
from tests.acceptance.conftest import called, tree
from tests.acceptance.test_studio_actions import last_line
from tests.servers.studio import PASSPHRASE, Desk, Office, seated, signed_in, small_site, started, stop

DAY = ("--as-of", "2024-01-02")
OFFER = "content/offers/year.md"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """A small site with people and a place to publish to, in the studio."""
    site = small_site(tmp_path / "site")
    with (site / "offerpress.toml").open("a", encoding="utf-8") as file:
        file.write(f"[publish]\nto = {json.dumps(str(tmp_path / 'public'))}\n")
    found = started(site, DAY)
    yield found
    stop(found)


def finished_page(desk: Desk) -> str:
    """The page once the running command has ended."""
    while '"runs":true' in desk.ask("GET", "/publish/state")[0]:
        time.sleep(0.1)
    return desk.ask("GET", "/publish")[0]


def public(office: Office) -> dict[str, bytes]:
    """What readers find."""
    return tree(office.site.parent / "public")


def seen(desk: Desk) -> str:
    """What the page's form says that the person saw."""
    return desk.found("/publish", 'name="seen" value="([^"]+)"')


def rewrite(office: Office, old: str, new: str) -> None:
    """Change the offer in an outside editor."""
    path = office.site / OFFER
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


def test_a_site_is_built_compared_and_published(office: Office) -> None:
    """What was built goes to the place, in the history by name; then only the page that a text changed differs."""
    mia, finn = signed_in(office.origin, "Mia"), signed_in(office.origin, "Finn")
    assert "Nothing was built yet." in mia.ask("GET", "/publish")[0]
    assert "/publish" == mia.act("/publish/build")
    page = finished_page(mia)
    assert "Nothing has changed since." in page
    assert "An operator can publish it." in page
    assert ("mia", "built the site") == last_line(office.site)[:2]
    assert "/publish" == finn.act("/publish/now", seen=seen(finn))
    assert "It is the built site." in finished_page(finn)
    assert ("finn", "published the site") == last_line(office.site)[:2]
    built = tree(office.site / "output")
    assert built == public(office)
    rewrite(office, "once a year", "twice a year")
    assert "Changed since: offers/year." in " ".join(
        finished_page(finn).replace("<bdi>", "").replace("</bdi>", "").split()
    )
    mia.act("/publish/build")
    page = finished_page(mia)
    assert "/publish/file?file=offers%2Fyear%2Findex.html" in page
    assert "the published site differs from the built one" in mia.ask("GET", "/")[0]
    text = mia.ask("GET", "/publish/file?file=offers%2Fyear%2Findex.html")[0]
    assert "We add it up twice a year." in text
    assert 2 == text.count("<iframe")
    after = re.findall('src="([^"]+)offers/year/index.html"', text)[1]
    assert b"twice a year" in urlopen(f"{after}offers/year/").read()  # noqa: S310 - of this test
    for outside in (
        "statement/index.html",
        "x/../statement/index.html",
        "../../offerpress.toml",
        "missing.html",
    ):
        with pytest.raises(HTTPError, match="404"):
            urlopen(f"{after}{outside}")  # noqa: S310 - likewise
    assert built == public(office)


def test_what_prevents_a_publication_is_said_in_place(office: Office) -> None:
    """An older build, another build than the one seen, another task, other files at the place: nothing changes."""
    mia, finn = signed_in(office.origin, "Mia"), signed_in(office.origin, "Finn")
    assert "Only an operator can do this." in mia.press("/publish/now", seen="")[0]
    assert "Nothing was built yet." in finn.press("/publish/now", seen="")[0]
    mia.act("/publish/build")
    finished_page(mia)
    assert "built again since you opened this page" in finn.press("/publish/now", seen="another")[0]
    found = seen(finn)
    rewrite(office, "once a year", "twice a year")
    assert "The built site is older" in finn.press("/publish/now", seen=found)[0]
    rewrite(office, "twice a year", "once a year")
    place = office.site.parent / "public"
    place.mkdir()
    (place / "mine.txt").write_text("mine", encoding="utf-8")
    finn.act("/publish/now", seen=found)
    page = finished_page(finn)
    assert "The publication failed. What was there before stays." in page
    assert "it holds files that no build wrote" in page
    assert {"mine.txt": b"mine"} == public(office)
    place.joinpath("mine.txt").unlink()
    finn.act("/publish/now", seen=found)
    assert "It is the built site." in finished_page(finn)


def test_a_fault_of_a_build_is_said_and_the_old_site_stays(office: Office) -> None:
    """A template that fails and a fault in an offer are named on the page; the last build stays as it was."""
    mia = signed_in(office.origin, "Mia")
    mia.act("/publish/build")
    finished_page(mia)
    before = tree(office.site / "output")
    rewrite(office, "rate: 10%", "rate: 10")
    mia.act("/publish/build")
    page = finished_page(mia)
    assert "The build failed. What was there before stays." in page
    assert "is no percentage; write it with a percent sign" in page
    rewrite(office, "rate: 10\n", "rate: 10%\n")
    (office.site / "templates" / "site").mkdir(parents=True)
    (office.site / "templates" / "site" / "offer.html").write_text("{% broken %}", encoding="utf-8")
    mia.act("/publish/build")
    assert "templates/site/offer.html" in finished_page(mia)
    assert before == tree(office.site / "output")


def test_before_and_after_stand_side_by_side(office: Office, browser: Browser) -> None:
    """In a browser the old and the new page are shown with their styles, and the console stays silent."""
    for words in (("build", *DAY), ("publish", *DAY)):
        assert 0 == called(office.site, *words).code
    rewrite(office, "Yearly cashback", "Cashback for a year")
    finn = seated(browser, office.origin)
    finn.page.goto(f"{office.origin}/sign-in")
    finn.page.fill("#name", "Finn")
    finn.page.fill("#passphrase", PASSPHRASE)
    finn.page.click("button.main")
    page = finn.open("/publish")
    page.get_by_role("button", name="Build").press("Enter")
    expect(page.get_by_text("Nothing has changed since.")).to_be_visible()
    page.get_by_role("link", name="Cashback for a year").first.click()
    for name, title in (("Published now", "Yearly cashback"), ("After publishing", "Cashback for a year")):
        frame = page.frame_locator(f"iframe[title='{name}']")
        expect(frame.get_by_role("heading", level=1)).to_have_text(title)
        assert "0px" == frame.locator("body").evaluate("one => getComputedStyle(one).marginTop")
    expect(page.locator(".difference .new").first).to_contain_text("Cashback for a year")
    page.get_by_role("link", name="Publish").first.click()
    page.get_by_role("button", name="Publish").press("Enter")
    expect(page.get_by_text("It is the built site.")).to_be_visible()
    assert [] == finn.said


def test_texts_are_compared_by_what_readers_see() -> None:
    """Blocks are lines, scripts and styles are no words, and only lines that differ are shown with their neighbours."""
    html = (
        "<style>p{}</style><h1>A <b>bold</b>\n title</h1><p>One</p><img alt='A cat'><script>x</script><p>Two"
    )
    assert "A bold title\nOne\nA cat\nTwo" == page_text(html)
    before = "\n".join(map(str, range(20)))
    after = before.replace("\n5\n", "\nfive\n").replace("\n18\n", "\n")
    lines = list(page_difference(before, after))
    assert [("gone", "5"), ("new", "five"), ("gone", "18")] == [
        one for one in lines if one[0] in {"gone", "new"}
    ]
    assert 1 == lines.count(("gap", ""))
    assert [] == list(page_difference(before, before))

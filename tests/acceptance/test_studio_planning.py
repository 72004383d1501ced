"""Planning a large campaign: a page follows the process, and its result waits for whoever left the page."""

import os
import re
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.acceptance.conftest import AS_OF, called
from tests.servers.studio import PASSPHRASE, Office, seated, signed_in, small_site, started, stop


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """The small site in its studio."""
    found = started(small_site(tmp_path_factory.mktemp("site")), AS_OF)
    yield found
    stop(found)


@contextmanager
def stopped_planning(office: Office) -> Iterator[None]:
    """Stop the process that plans as soon as it is there, as if it had much to do; let it go on at the end."""
    tasks = Path(f"/proc/{office.process.pid}/task")
    found: list[int] = []
    ended = threading.Event()

    def hold() -> None:
        while not ended.is_set() and not found:
            for task in tasks.glob("*/children"):
                for child in map(int, task.read_text(encoding="ascii").split()):
                    if b"plan" in Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0"):
                        os.kill(child, signal.SIGSTOP)
                        found.append(child)
            time.sleep(0.005)

    watcher = threading.Thread(target=hold)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()
        for child in found:
            os.kill(child, signal.SIGCONT)


def mia(browser: Browser, office: Office) -> Page:
    """Mia's own browser, signed in."""
    page = seated(browser, office.origin).page
    page.goto(f"{office.origin}/sign-in")
    page.fill("#name", "Mia")
    page.fill("#passphrase", PASSPHRASE)
    page.click("button.main")
    expect(page.get_by_role("heading", level=1)).to_have_text("Today")
    return page


def test_a_long_planning_is_followed_and_outlives_its_page(office: Office, browser: Browser) -> None:
    """The request ends soon with a page that shows who plans; the tab that stays is led to the plan in the end."""
    page, other = mia(browser, office), signed_in(office.origin, "Finn")
    with stopped_planning(office):
        page.goto(f"{office.origin}/plans")
        page.get_by_role("button", name="Plan hello").click()
        expect(page.get_by_role("status")).to_contain_text("Planning, started by Mia.")
        assert "Planning, started by Mia." in other.ask("GET", "/plans")[0]
        text = other.press("/publish/build")[0]
        assert "Only" in text or "Mia has started something already: wait until it is done." in text
    expect(page).to_have_url(re.compile(r"/plan\?plan=hello-1\.1$"))
    assert 'href="/plan?plan=hello-1.1" data-planned' in other.ask("GET", "/plans")[0]
    assert ["hello-1.1"] == [
        one["plan"] for one in list_of(called(office.site, "status", "--json").json["plans"])
    ]
    page.context.close()


def list_of(found: object) -> list[dict[str, str]]:
    """The rows of a list in JSON."""
    assert isinstance(found, list)
    return found


def test_a_planning_that_fails_says_why(office: Office) -> None:
    """Nobody is left to write to: whoever looks later finds the sentence, and nothing was made."""
    desk = signed_in(office.origin, "Mia")
    with stopped_planning(office):
        assert "/plans" == desk.act("/campaign/plan", campaign="hello", kind="corrections")
    finn = signed_in(office.origin, "Finn")
    while "data-planning" in (text := finn.ask("GET", "/plans")[0]):
        time.sleep(0.1)
    assert "Nobody is left to write to, so no plan was made." in text
    assert "data-planned" not in text

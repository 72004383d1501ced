"""The studio as it is installed, and a person's own browser at it."""

import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.acceptance.conftest import AS_OF, finished, installed

PASSPHRASE = "four words without any sense"


@dataclass
class Office:
    """A site in its studio: the process, its address, and the code of the first person."""

    site: Path
    process: "subprocess.Popen[str]"
    origin: str
    first: str


@dataclass
class Seat:
    """A person's own browser, which remembers what its console said and which hosts it asked."""

    page: Page
    origin: str
    said: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def open(self, path: str) -> Page:
        """Go to a screen."""
        self.page.goto(f"{self.origin}{path}")
        return self.page


def seated(browser: Browser, origin: str) -> Seat:
    """A browser of its own at the studio."""
    seat = Seat(browser.new_context(viewport={"width": 1280, "height": 900}).new_page(), origin)
    seat.page.on("console", lambda message: seat.said.append(message.text))
    seat.page.on("pageerror", lambda error: seat.said.append(str(error)))
    seat.page.on("request", lambda asked: seat.hosts.add(asked.url.split("/")[2]))
    return seat


def join(seat: Seat, address: str, name: str = "") -> Seat:
    """Join by an address with a code."""
    page = seat.page
    page.goto(address)
    assert "#" not in page.url
    if name:
        page.fill("#name", name)
    page.fill("#passphrase", PASSPHRASE)
    page.fill("#again", PASSPHRASE)
    page.click("text=Join >> nth=-1")
    expect(page.get_by_role("heading", level=1)).to_have_text("Today")
    return seat


def started(site: Path) -> Office:
    """The studio of the installed command on a free port."""
    process = installed(site, "studio", *AS_OF, "--port", "0")
    assert process.stderr is not None
    said = process.stderr.readline()
    if "Studio: http://localhost:" not in said:
        pytest.fail(said + finished(process).err)
    address = said.split()[1]
    return Office(site, process, address.split("/join")[0].rstrip("/"), address)


def stop(office: Office) -> None:
    """Stop it as a person does, with Ctrl-C."""
    office.process.send_signal(signal.SIGINT)
    finished(office.process)


def invite(operator: Seat, browser: Browser, name: str, *tasks: str) -> Seat:
    """Invite a person with these tasks, and let them join in a browser of their own."""
    page = operator.open("/people")
    page.fill("#name", name)
    for task in tasks:
        page.get_by_label(f"{task}:").check()
    page.click("text=Make an invitation")
    return join(seated(browser, operator.origin), page.inner_text("#link").strip())

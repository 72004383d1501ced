"""The studio as it is installed, and a person's own browser at it, or a person without one."""

import hashlib
import http.client
import json
import re
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Literal
from urllib.parse import quote, urlencode, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Error, Locator, Page, expect

from offerpress.site.people import Everyone, Passphrase, Role, invited, joined, write_people
from offerpress.site.site import Site
from tests.acceptance.conftest import AS_OF, finished, installed
from tests.killing.killing import FILES

PASSPHRASE = "four words without any sense"

EVERYBODY: dict[str, tuple[Role, ...]] = {
    "Mia": ("writer",),
    "Finn": ("approver", "operator"),
    "Ada": ("finance", "support"),
}


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

    def strangers(self) -> set[str]:
        """The hosts that were asked, apart from the studio and the origin of its frames, which is this machine."""
        return {host for host in self.hosts if host.split(":")[0] != "127.0.0.1"} - {
            urlsplit(self.origin).netloc
        }

    def open(self, path: str) -> Page:
        """Go to a screen; again, if the present one was just loading itself anew, because its plan took a step."""
        try:
            self.page.goto(f"{self.origin}{path}")
        except Error as error:
            if "ERR_ABORTED" not in error.message:
                raise
            self.page.goto(f"{self.origin}{path}")
        return self.page


def is_of_the_test(said: str) -> bool:
    """Whether the console speaks of a script that the test's own look into a frame tried to run there.

    Chromium says so at times when a frame without scripts is loading. Tests of frames look for scripts themselves.
    """
    return said.startswith("Blocked script execution in 'http://127.0.0.1:") and "/frame/" in said


def seated(browser: Browser, origin: str) -> Seat:
    """A browser of its own at the studio."""
    seat = Seat(browser.new_context(viewport={"width": 1280, "height": 900}).new_page(), origin)
    seat.page.on(
        "console", lambda message: None if is_of_the_test(message.text) else seat.said.append(message.text)
    )
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


def with_device(seat: Seat) -> Seat:
    """Give the browser a device that verifies its person, as a phone or a stick with a PIN does."""
    debugger = seat.page.context.new_cdp_session(seat.page)
    debugger.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    debugger.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return seat


LOOKS: tuple[tuple[int, Literal["light", "dark"], Literal["none", "active"]], ...] = (
    (1280, "light", "none"),
    (360, "dark", "none"),
    (1280, "dark", "active"),
)
"""Width, colour scheme and forced colours in which every screen is looked at."""


# Where the system forces its colours, none of ours is left to be judged; this rule takes most of axe's time.
_AXE = {
    "none": {"resultTypes": ["violations"]},
    "active": {"resultTypes": ["violations"], "rules": {"color-contrast": {"enabled": False}}},
}


def flaws(page: Page) -> dict[str, list[str]]:
    """What axe finds on a screen with all its details open, and what is wider than the window, by look."""
    page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    found: dict[str, list[str]] = {}
    for width, scheme, colours in LOOKS:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme, forced_colors=colours)
        wrong = [
            f"{one['id']}: {node['html'][:120]}"
            for one in Axe().run(page, options=_AXE[colours]).response["violations"]
            for node in one["nodes"]
        ]
        if width < page.evaluate("document.documentElement.scrollWidth"):
            wrong.append("it is wider than the window")
        if wrong:
            found[f"{width} {scheme} {colours}"] = wrong
    page.set_viewport_size({"width": 1280, "height": 900})
    page.emulate_media(color_scheme="light", forced_colors="none")
    return found


def tab_to(page: Page, wanted: Locator) -> None:
    """Press Tab until the focus is there; it must be seen where it is."""
    for _ in range(300):
        page.keyboard.press("Tab")
        if wanted.evaluate("(one) => one === document.activeElement"):
            assert "none" != wanted.evaluate("(one) => getComputedStyle(one).outlineStyle")
            return
    pytest.fail(f"the keyboard does not reach {wanted}")


def started(
    site: Path, as_of: tuple[str, ...] = AS_OF, environment: Mapping[str, str] | None = None
) -> Office:
    """The studio of the installed command on a free port."""
    process = installed(site, "studio", *as_of, "--port", "0", environment=environment)
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


@dataclass
class Desk:
    """A signed-in person without a browser."""

    origin: str
    cookie: str = ""

    def ask(self, method: str, path: str, **form: str) -> tuple[str, str]:
        """Return the text of the answer and the address to go to."""
        place = urlsplit(self.origin).netloc
        headers = {"Origin": self.origin, "Host": place, "Cookie": self.cookie}
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        port = int(place.split(":")[1])
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=120)) as connection:
            connection.request(method, path, urlencode(form), headers)
            with connection.getresponse() as answer:
                self.cookie = answer.headers.get("Set-Cookie", self.cookie).partition(";")[0]
                return unescape(answer.read().decode()), answer.headers.get("Location", "")

    def found(self, path: str, pattern: str) -> str:
        """Return what a pattern finds on a page."""
        text, _ = self.ask("GET", path)
        found = re.search(pattern, text)
        assert found, text
        return found[1]

    def press(self, path: str, **form: str) -> tuple[str, str]:
        """Press a button; return the text of the answer and the address to go to."""
        token = self.found("/history", 'name="form_token" value="([^"]+)"')
        return self.ask("POST", path, form_token=token, **form)

    def bring(self, table: str, name: str, data: bytes) -> tuple[int, dict[str, str]]:
        """Send a file for a table; return the status, and where to go on or what is wrong."""
        token = self.found("/history", 'name="form_token" value="([^"]+)"')
        place = urlsplit(self.origin).netloc
        headers = {"Origin": self.origin, "Host": place, "Cookie": self.cookie}
        headers |= {"X-Form-Token": token, "X-File-Name": quote(name)}
        port = int(place.split(":")[1])
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=120)) as connection:
            connection.request("POST", f"/data/upload?table={table}", data, headers)
            with connection.getresponse() as answer:
                return answer.status, json.loads(answer.read())

    def act(self, path: str, **form: str) -> str:
        """Press a button; return the address to go to."""
        return self.press(path, **form)[1]


def sign_in(seat: Seat, name: str) -> Seat:
    """Sign in with the passphrase in a browser."""
    page = seat.open("/sign-in")
    page.fill("#name", name)
    page.fill("#passphrase", PASSPHRASE)
    page.click("button.main")
    expect(page.get_by_role("heading", level=1)).to_have_text("Today")
    return seat


def planned(desk: Desk, campaign: str, kind: str = "") -> str:
    """Plan a campaign and wait for its end; return the address of the plan, or the page that says why there is none."""
    text, to = desk.press("/campaign/plan", campaign=campaign, kind=kind)
    while to == "/plans":
        text = desk.ask("GET", "/plans")[0]
        made = re.search(r'href="([^"]+)" data-planned', text)
        to = made[1] if made else "" if "was not planned" in text else to
        time.sleep(0.1)
    return to or text


def signed_in(origin: str, name: str) -> Desk:
    """Sign in with the passphrase."""
    desk = Desk(origin)
    said, to = desk.ask("POST", "/sign-in", name=name, passphrase=PASSPHRASE)
    assert "/" == to, said
    return desk


def small_site(folder: Path) -> Path:
    """A site with two partners and three people."""
    for name, text in FILES.items():
        if not name.startswith("private/"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
    return with_people(folder)


def with_people(folder: Path) -> Path:
    """Let three people join a site, who sign in with the passphrase."""
    site, now = Site(folder, datetime.now(UTC), {}), datetime.now(UTC)
    people: Everyone = {}
    salt, cost = b"salt" * 4, 1 << 10  # much less than for people: tests sign in hundreds of times
    digest = hashlib.scrypt(PASSPHRASE.encode(), salt=salt, n=cost, r=8, p=1, dklen=32)
    kept = Passphrase(salt=salt.hex(), digest=digest.hex(), cost=cost)
    for name, roles in EVERYBODY.items():
        person, people = invited(people, name, roles, name, "test", now)
        people = joined(people, person, kept)
    write_people(site, people)
    return folder

"""Attacks on the studio: nothing changes, nobody else's page learns anything, and each refusal has its sentence."""

import csv
import http.client
import re
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from html import unescape
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from playwright.sync_api import Browser, Page, expect

from offerpress.preview.serving import serving
from offerpress.site.site import Site
from offerpress.studio.application import StudioServer
from offerpress.studio.starting import open_ports
from offerpress.studio.state.current_figures import FiguresReader
from offerpress.studio.state.sessions import Sessions, cookie_name
from offerpress.studio.state.studio import Studio
from tests.acceptance.conftest import PLAN, PLANNED, SECRET, called, copy_sample
from tests.servers.studio import PASSPHRASE

HOSTILE = '"><script>window.pwned=1</script><img src=x onerror="window.pwned=1">{{7*7}}'
FORMS = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass
class RunningStudio:
    """A studio in a thread of the test, whose clock the test sets."""

    site: Path
    state: Studio
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def standing(self) -> tuple[object, ...]:
        """What an attack could change: where the plan stands, who approved it, and who may come in."""
        status = called(self.site, "status", PLAN, "--json").json
        told = called(self.site, "told", "P-1001", "--json").json
        people = (self.site / "private" / "people").read_bytes()
        return status["standing"], status["ready"], str(told["told"]), people


@dataclass
class Client:
    """Sends requests as anybody could, with any headers, and remembers the cookie of a session."""

    running: RunningStudio
    cookie: str = ""

    @property
    def origin(self) -> str:
        """The studio's own address."""
        return self.running.state.origin

    def ask(
        self, method: str, path: str, form: Mapping[str, str] | None = None, **headers: str
    ) -> tuple[int, str, str]:
        """Status, body and the address to go to. A header is left out if it is empty."""
        given = {"Host": f"localhost:{self.running.state.port}", "Origin": self.origin, **FORMS}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookie:
            given["Cookie"] = f"{cookie_name(self.running.state.port)}={self.cookie}"
        connection = http.client.HTTPConnection("127.0.0.1", self.running.state.port, timeout=120)
        body = urlencode(form or {})
        connection.request(method, path, body, {name: value for name, value in given.items() if value})
        answer = connection.getresponse()
        text = answer.read().decode()
        found = re.search(
            rf"{cookie_name(self.running.state.port)}=([^;]*)", answer.headers.get("Set-Cookie", "")
        )
        if found:
            self.cookie = found[1].strip('"')
        connection.close()
        return answer.status, unescape(text), answer.headers.get("Location", "")

    def get(self, path: str) -> str:
        """The page at a path."""
        status, text, _ = self.ask("GET", path, Origin="")
        assert 200 == status, text
        return text

    def token(self) -> str:
        """The token of the forms of this session."""
        found = re.search(r'name="form_token" value="([^"]+)"', self.get("/history"))
        assert found
        return found[1]

    def join(self, code: str, name: str = "") -> "Client":
        """Join with a code."""
        form = {"code": code, "name": name, "passphrase": PASSPHRASE, "again": PASSPHRASE}
        assert (303, "/") == self.ask("POST", "/join", form)[::2]
        return self

    def invite(self, name: str, role: str) -> "Client":
        """Invite a person, who joins as another client."""
        form = {"form_token": self.token(), "name": name, "role": role}
        text = self.ask("POST", "/people/invite", form)[1]
        found = re.search(r"/join#([\w-]+)", text)
        assert found
        return Client(self.running).join(found[1])


class Team(tuple[Client, Client, Client]):
    """Mia made the plan and manages people; Finn approves; Sam does support."""

    __slots__ = ()


def hostile_site(folder: Path) -> Path:
    """The sample site, in which a partner's name is a script, with a plan by Mia."""
    site = copy_sample(folder)
    partners = site / "data" / "partners.csv"
    with partners.open(encoding="utf-8", newline="") as file:
        (head, *_) = rows = list(csv.reader(file))
    rows[1][head.index("name")] = rows[1][head.index("contact_name")] = HOSTILE
    with partners.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    said = called(site, *PLANNED[:-1], "mia")
    assert 0 == said.code, said.err
    return site


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStudio]:
    """A running studio over the hostile site."""
    folder = hostile_site(tmp_path_factory.mktemp("site"))
    found: list[RunningStudio] = []

    def site_now() -> Site:
        now = found[0].now if found else datetime.now(UTC)
        return Site(folder, now, {"OFFERPRESS_SITE_SECRET": SECRET}, date(2023, 12, 31))

    random_text = secrets.token_urlsafe
    state = Studio(site_now, FiguresReader(site_now), Sessions(random_text), random_text, first_code="first")
    found.append(RunningStudio(folder, state))
    listening = open_ports(state, "127.0.0.1", 0)
    server = serving(StudioServer(state))
    thread = threading.Thread(target=server.run, kwargs={"sockets": listening})
    thread.start()
    yield found[0]
    state.close()
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="module")
def team(studio: RunningStudio) -> Team:
    """The three people, signed in."""
    mia = Client(studio).join("first", "Mia")
    return Team((mia, mia.invite("Finn", "approver"), mia.invite("Sam", "support")))


@pytest.fixture
def unchanged(studio: RunningStudio, team: Team) -> Iterator[None]:
    """Whatever the test tries, plan, approvals and people stay as they were."""
    del team
    before = studio.standing()
    yield
    assert before == studio.standing()


def approval(client: Client, **changed: str) -> dict[str, str]:
    """The form with which somebody approves the plan, as its page has it."""
    found = re.search(r'name="digest" value="(\w+)"', client.get(f"/plan?plan={PLAN}"))
    form = {"form_token": client.token(), "plan": PLAN, "total": "71606.24", "passphrase": PASSPHRASE}
    return form | {"digest": found[1] if found else "0" * 64} | changed


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    ("headers", "status", "sentence"),
    [
        ({"Host": "evil.example"}, 421, "This address belongs to another place."),
        ({"Host": "localhost:1"}, 421, "This address belongs to another place."),
        ({"Origin": ""}, 403, "The browser did not say which page asks"),
        ({"Origin": "null"}, 403, "Another page asked for this"),
        ({"Origin": "https://evil.example"}, 403, "Another page asked for this"),
        ({"Sec_Fetch_Site": "cross-site"}, 403, "Another page asked for this"),
        ({"Sec_Fetch_Site": "same-site"}, 403, "Another page asked for this"),
    ],
)
def test_a_request_from_elsewhere(team: Team, headers: dict[str, str], status: int, sentence: str) -> None:
    """With the session's own cookie and token, a request that no page of the studio made is refused."""
    _, finn, _ = team
    told = finn.ask("POST", "/plan/approve", approval(finn), **headers)
    assert (status, True) == (told[0], told[1].startswith(sentence))


@pytest.mark.usefixtures("unchanged")
def test_a_form_without_the_sessions_token(team: Team) -> None:
    """No token, another person's token and one of a former session are refused; signing in again makes a new one."""
    mia, finn, _ = team
    again = Client(finn.running)
    again.ask("POST", "/sign-in", {"name": "Finn", "passphrase": PASSPHRASE})
    for token in ("", mia.token(), finn.token()):
        status, text, _ = again.ask("POST", "/plan/approve", approval(again, form_token=token))
        assert (403, True) == (status, "This page was open before you signed in" in text)


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    "path",
    [
        *("/plan/approve", "/plan/stop", "/plan/resolve", "/plan/withdraw", "/people/remove"),
        *("/sending/start", "/sign-out", "/partner/unsuppress", "/finance/sign-off"),
    ],
)
def test_opening_an_address_changes_nothing(team: Team, path: str) -> None:
    """What a form does cannot be done by a link or a picture."""
    mia, _, _ = team
    status, _, _ = mia.ask("GET", f"{path}?plan={PLAN}&person=finn&form_token={mia.token()}", Origin="")
    assert status in {404, 405}
    mia.get("/")


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    ("who", "form", "status", "sentence"),
    [
        (0, {}, 409, "You made this plan, so another person approves it."),
        (2, {}, 403, "Only an approver can do this."),
        (1, {"digest": "0" * 64}, 409, "its digest is"),
        (1, {"total": "71606.25"}, 409, "another than that of the plan"),
        (1, {"passphrase": "not the right words"}, 409, "That is not your passphrase."),
        (1, {"signed": "{}"}, 409, "The signature came too late, or was used before."),
        (1, {"plan": "../../etc"}, 409, "that is no plan's name"),
    ],
    ids=["own plan", "support", "digest", "total", "passphrase", "signature", "path"],
)
def test_an_approval_that_is_not_allowed(
    team: Team, who: int, form: dict[str, str], status: int, sentence: str
) -> None:
    """The maker, another task, other bytes, a wrong total, a wrong passphrase and an old signature approve nothing."""
    client = team[who]
    told = client.ask("POST", "/plan/approve", approval(client, **form))
    assert (status, True) == (told[0], sentence in told[1]), told[1]


@pytest.mark.usefixtures("unchanged")
def test_an_expired_session(studio: RunningStudio, team: Team, browser: Browser) -> None:
    """After ten minutes pages lead to the sign-in, forms do nothing, and an open page with figures locks itself."""
    del team
    sam = Client(studio)
    sam.ask("POST", "/sign-in", {"name": "sam", "passphrase": PASSPHRASE})
    form = approval(sam)
    page = signed_in(browser, studio, "Sam")
    page.goto(f"{studio.state.origin}/partner?id=P-1001")
    studio.now += timedelta(minutes=10)
    try:
        expect(page.get_by_role("heading", level=1)).to_have_text("Locked")
        assert (303, "/sign-in?locked=1") == sam.ask("GET", "/partner?id=P-1001", Origin="")[::2]
        assert (303, "/sign-in?locked=1") == sam.ask("POST", "/plan/approve", form)[::2]
        assert 401 == sam.ask("GET", "/partners/found?find=a", Origin="")[0]
    finally:
        studio.now -= timedelta(minutes=10)
        page.context.close()


@pytest.mark.usefixtures("unchanged")
def test_an_open_editor_keeps_no_session_alive(studio: RunningStudio, team: Team) -> None:
    """A page that says by itself that a text is open is no use: ten minutes after the last hand the session ends."""
    del team
    mia = Client(studio)
    mia.ask("POST", "/sign-in", {"name": "mia", "passphrase": PASSPHRASE})
    token = mia.token()
    studio.now += timedelta(minutes=9)
    try:
        said = {"form_token": token, "file": "content/pages/about.md"}
        assert 200 == mia.ask("POST", "/text/open", said)[0]
        studio.now += timedelta(minutes=2)
        assert 401 == mia.ask("POST", "/text/open", said)[0]
        assert (303, "/sign-in?locked=1") == mia.ask("GET", "/text?file=content/pages/about.md", Origin="")[
            ::2
        ]
    finally:
        studio.now -= timedelta(minutes=11)


def signed_in(browser: Browser, studio: RunningStudio, name: str) -> Page:
    """A browser of its own with a session of that person."""
    page = browser.new_context().new_page()
    page.goto(f"{studio.state.origin}/sign-in")
    page.fill("#name", name)
    page.fill("#passphrase", PASSPHRASE)
    page.click("button.main")
    expect(page.get_by_role("heading", level=1)).to_have_text("Today")
    return page


@pytest.fixture
def trap(tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """A page of an attacker on another port of this machine; it takes the page and returns its address."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()

    def lay(html: str) -> str:
        (tmp_path / "trap.html").write_text(html, encoding="utf-8")
        return f":{server.server_port}/trap.html"

    yield lay
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("host", ["localhost", "site.test"])
def test_a_page_elsewhere_submits_a_form(
    studio: RunningStudio, team: Team, browser: Browser, trap: Callable[[str], str], host: str
) -> None:
    """A page on another port or under another name posts a form in a signed-in browser: nothing is done."""
    _, finn, _ = team
    fields = "".join(f'<input name="{name}" value="{value}">' for name, value in approval(finn).items())
    form = (
        f'<form method="post" action="{studio.state.origin}/plan/approve">{fields}<button>Win</button></form>'
    )
    page = signed_in(browser, studio, "Finn")
    page.goto(f"http://{host}{trap(form)}")
    page.click("button")
    expect(page.locator("body")).to_contain_text("Another page asked for this, so nothing was done.")
    page.context.close()


def test_a_page_elsewhere_shows_nothing_of_the_studio(
    studio: RunningStudio, browser: Browser, trap: Callable[[str], str]
) -> None:
    """In a frame, as a picture or read by a script, another local port gets nothing of the studio."""
    page = signed_in(browser, studio, "Finn")
    target = f"{studio.state.origin}/partner?id=P-1002"
    page.goto(f"http://localhost{trap(f'<iframe src={target!r}></iframe>')}")
    page.wait_for_timeout(300)
    assert "Birkhaug" not in "".join(frame.content() for frame in page.frames)
    read = "target => fetch(target, {credentials: 'include'}).then((one) => one.text(), () => 'nothing')"
    assert "nothing" == page.evaluate(read, target)
    page.context.close()


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/plans",
        f"/plan?plan={PLAN}",
        f"/plan/mail?plan={PLAN}&partner=P-1001",
        f"/plan/mail?plan={PLAN}&partner=P-1001&view=text",
        f"/plan/mail?plan={PLAN}&partner=P-1001&view=headers",
        f"/partners?find={quote('<script>')}",
        f"/partners?find={quote(HOSTILE)}",
        "/partner?id=P-1001",
        "/partner/forget?id=P-1001",
        "/corrections?campaign=year-end-credit",
        "/finance",
        "/history",
        "/people",
        "/me",
        f"/plan?plan={quote(HOSTILE)}",
    ],
)
def test_a_script_in_a_name(studio: RunningStudio, team: Team, browser: Browser, path: str) -> None:
    """Nowhere does the name of a partner, of a person or of an address run, nor is it taken for a template."""
    mia, _, _ = team
    if "pwned" not in mia.get("/people"):
        form = {"form_token": mia.token(), "name": HOSTILE[:80], "role": "support"}
        assert 200 == mia.ask("POST", "/people/invite", form)[0]
    page = signed_in(browser, studio, "Mia")
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    page.goto(f"{studio.state.origin}{path}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    for frame in page.frames:
        assert None is frame.evaluate("window.pwned ?? null")
    assert "49" not in page.locator("h1").inner_text()
    page.context.close()


def test_guesses_are_slowed_down(studio: RunningStudio) -> None:
    """After five wrong passphrases the right one has to wait too, and other people do not."""
    sam = Client(studio)
    for _ in range(5):
        assert 403 == sam.ask("POST", "/sign-in", {"name": "Sam", "passphrase": "a wrong one"})[0]
    status, text, _ = sam.ask("POST", "/sign-in", {"name": "Sam", "passphrase": PASSPHRASE})
    assert (403, True) == (status, "Too many wrong tries" in text)
    assert 303 == Client(studio).ask("POST", "/sign-in", {"name": "Finn", "passphrase": PASSPHRASE})[0]


def test_a_form_that_is_too_large(studio: RunningStudio) -> None:
    """A large body is refused without being kept."""
    status, text, _ = Client(studio).ask("POST", "/sign-in", {"name": "x" * 100_000})
    assert (413, "The form is too large.") == (status, text.strip())


def test_damaged_people_are_told(studio: RunningStudio, team: Team) -> None:
    """A damaged file of people lets nobody in and says what to do."""
    mia, _, _ = team
    file = studio.site / "private" / "people"
    before = file.read_bytes()
    file.write_bytes(b"{")
    status, text, _ = mia.ask("GET", "/", Origin="")
    file.write_bytes(before)
    assert (500, True) == (status, "restore it from a backup" in text)

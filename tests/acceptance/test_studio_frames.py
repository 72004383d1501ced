"""Attacks on the second port: what an author wrote reaches neither the studio nor anybody without its address."""

import http.client
import secrets
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import Message
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from offerpress.preview.serving import serving
from offerpress.site.people import read_people
from offerpress.site.site import Site
from offerpress.studio.application import StudioServer
from offerpress.studio.starting import open_ports
from offerpress.studio.state.current_figures import FiguresReader
from offerpress.studio.state.frames import FRAME_FOR, MOST_FRAMES
from offerpress.studio.state.sessions import Sessions
from offerpress.studio.state.studio import Studio, Visit
from tests.servers.studio import PASSPHRASE, small_site


@dataclass
class Frames:
    """A running studio with two people signed in, and a clock that the test sets."""

    folder: Path
    state: Studio
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    cookies: dict[str, str] = field(default_factory=dict)
    arrived: list[tuple[int, str, str]] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Note port, path and cookie of a request, and let the studio answer it."""
        cookie = Headers(scope=scope).get("cookie", "")
        self.arrived.append((scope["server"][1], scope["path"], cookie))
        await StudioServer(self.state)(scope, receive, send)

    def seen(self) -> list[tuple[int, str, str]]:
        """Each request since the frame was opened, without its token; a page asks for its own session now and then."""
        return [
            (port, "/frame/" if path.startswith("/frame/") else path, cookie)
            for port, path, cookie in self.arrived
            if path != "/session"
        ]

    def visit(self, name: str) -> Visit:
        """A visit of that person."""
        site = Site(self.folder, self.now, {})
        cookie = self.cookies.setdefault(name, self.state.sessions.begin(name, self.now))
        session = self.state.sessions.find(cookie, self.now)
        assert session
        return Visit(self.state, site, read_people(site)[name], session, {})

    def ask(self, address: str, method: str = "GET", **headers: str) -> tuple[int, str, Message]:
        """What anybody gets at an address of the second port: status, body and headers."""
        parts = urlsplit(address)
        given = {"Host": parts.netloc} | {name.replace("_", "-"): value for name, value in headers.items()}
        with closing(http.client.HTTPConnection("127.0.0.1", self.state.frames.port, timeout=120)) as asked:
            asked.request(method, parts.path, headers=given)
            answer = asked.getresponse()
            return answer.status, answer.read().decode(), answer.headers


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Frames]:
    """A studio over a small site."""
    folder = small_site(tmp_path_factory.mktemp("site"))
    random_text = secrets.token_urlsafe
    found: list[Frames] = []

    def site_now() -> Site:
        return Site(folder, found[0].now, {})

    found.append(
        Frames(folder, Studio(site_now, FiguresReader(site_now), Sessions(random_text), random_text))
    )
    state = found[0].state
    listening = open_ports(state, "127.0.0.1", 0)
    server = serving(found[0])
    thread = threading.Thread(target=server.run, kwargs={"sockets": listening})
    thread.start()
    yield found[0]
    state.close()
    server.should_exit = True
    thread.join()


def test_a_frame_names_its_one_framer_and_is_kept_nowhere(frames: Frames) -> None:
    """The answer is sandboxed, is not cached, sets no cookie, and only the studio may frame it."""
    status, body, headers = frames.ask(frames.visit("mia").frame(b"<p>Words"))
    assert (200, "<p>Words", "no-store", None) == (
        status,
        body,
        headers["Cache-Control"],
        headers["Set-Cookie"],
    )
    policy = headers["Content-Security-Policy"]
    assert "sandbox allow-same-origin;" in policy
    assert policy.endswith(f"frame-ancestors {frames.state.origin}")
    assert ("no-referrer", "same-origin") == (
        headers["Referrer-Policy"],
        headers["Cross-Origin-Resource-Policy"],
    )


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("GET", {"Host": "evil.example"}, 421),
        ("GET", {"Host": "localhost:{port}"}, 421),
        ("GET", {"Host": "127.0.0.1:1"}, 421),
        ("POST", {}, 405),
        ("HEAD", {}, 405),
        ("PUT", {}, 405),
        ("GET", {"Origin": "null"}, 403),
        ("GET", {"Origin": "https://evil.example"}, 403),
        ("GET", {"Origin": "{studio}"}, 403),
        ("GET", {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Dest": "image"}, 403),
        (
            "GET",
            {"Sec_Fetch_Site": "none", "Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "document"},
            403,
        ),
    ],
)
def test_another_request_gets_nothing(
    frames: Frames, method: str, headers: dict[str, str], status: int
) -> None:
    """A foreign host, a foreign origin, another method, a picture elsewhere and a tab of its own get no frame."""
    address = frames.visit("mia").frame(b"secret words")
    given = {
        name: value.format(port=frames.state.frames.port, studio=frames.state.origin)
        for name, value in headers.items()
    }
    told = frames.ask(address, method, **given)
    assert (status, False) == (told[0], "secret words" in told[1])


def test_a_frame_ends_with_its_session_and_not_with_another(frames: Frames) -> None:
    """Signing out ends the frames of that session at once; those of another person stay."""
    mine, other = frames.visit("ada").frame(b"mine"), frames.visit("mia").frame(b"other")
    frames.state.sessions.end(frames.cookies.pop("ada"))
    assert (404, 200) == (frames.ask(mine)[0], frames.ask(other)[0])
    again = frames.visit("ada").frame(b"again")
    assert (404, 200) == (frames.ask(mine)[0], frames.ask(again)[0])


def test_a_frame_ends_when_nobody_looks(frames: Frames) -> None:
    """A look keeps it for five minutes more, but no session open: that ends after ten."""
    address, other = frames.visit("finn").frame(b"words"), frames.visit("finn").frame(b"words")
    began = frames.now
    try:
        for minutes in (4, 8):
            frames.now = began + timedelta(minutes=minutes)
            assert 200 == frames.ask(address)[0]
        assert (FRAME_FOR < timedelta(minutes=8), 404) == (True, frames.ask(other)[0])
        frames.now = began + timedelta(minutes=10)
        assert 404 == frames.ask(address)[0]
    finally:
        frames.now = began
        frames.cookies.clear()


def test_a_session_has_a_limited_number_of_frames(frames: Frames) -> None:
    """The oldest is closed for a new one."""
    visit = frames.visit("finn")
    first = visit.frame(b"first")
    later = [visit.frame(b"later") for _ in range(MOST_FRAMES)]
    assert (404, 200, 200) == (frames.ask(first)[0], frames.ask(later[0])[0], frames.ask(later[-1])[0])


def test_an_unknown_address_gets_nothing(frames: Frames) -> None:
    """Guessed tokens, no token, and the addresses of the studio's own pages show nothing on the second port."""
    frames.state.preview.opened()
    for path in ("/frame/", "/frame/x/", "/frame/../people", "/people", "/session", "/assets/studio.css"):
        status, body, _ = frames.ask(f"{frames.state.frames.origin}{path}")
        assert (404, False) == (status, "Mia" in body), path


def test_the_preview_is_public_and_has_no_partner(frames: Frames) -> None:
    """A tab may open the site itself, which only the studio and the preview may frame; pictures elsewhere may not."""
    frames.state.preview.opened()
    address = f"{frames.state.frames.origin}/"
    tab = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "document"}
    status, body, headers = frames.ask(address, **tab)
    assert (200, False) == (status, "P-1001" in body)
    assert f"frame-ancestors 'self' {frames.state.origin}" == headers["Content-Security-Policy"]
    assert 403 == frames.ask(address, Sec_Fetch_Site="cross-site", Sec_Fetch_Dest="image")[0]
    assert 403 == frames.ask(address, Origin="https://evil.example")[0]
    assert 421 == frames.ask(address, Host="evil.example")[0]


def hosted(frames: Frames, browser: Browser, html: str) -> Page:
    """A tab of the studio with a session's cookie, whose frame shows the text."""
    page = browser.new_context().new_page()
    page.goto(f"{frames.state.origin}/sign-in")
    page.fill("#name", "Mia")
    page.fill("#passphrase", PASSPHRASE)
    page.click("button.main")
    expect(page.get_by_role("heading", level=1)).to_have_text("Today")
    (cookie,) = page.context.cookies()
    frames.cookies["mia"] = str(cookie.get("value"))
    del frames.arrived[:]
    show = """src => {
        const frame = document.createElement("iframe");
        frame.src = src;
        frame.setAttribute("sandbox", "allow-scripts allow-same-origin allow-forms allow-popups");
        return new Promise((done) => {
            frame.addEventListener("load", () => setTimeout(done, 300));
            document.body.append(frame);
        });
    }"""
    page.evaluate(show, frames.visit("mia").frame(html.encode()))
    return page


def test_a_framed_page_reaches_nothing(frames: Frames, browser: Browser) -> None:
    """Scripts, pictures, frames, forms and refreshes of an author's page reach neither studio nor world.

    Only the policy of the answer holds them: the frame itself allows everything.
    """
    studio = f"{frames.state.origin}/people"
    html = (
        f"<p id=there>There</p><script>window.ran = 1; fetch('{studio}')</script>"
        f"<img src='{studio}' onerror='window.ran = 1'><img src='https://evil.example/x.png'>"
        f"<link rel=stylesheet href='{frames.state.origin}/assets/studio.css'>"
        f"<iframe src='{studio}'></iframe><object data='{studio}'></object>"
        f"<form method=post action='{frames.state.origin}/sign-out'><button>Send</button></form>"
        f"<a href='{studio}' target=_top>Away</a>"
    )
    page = hosted(frames, browser, html)
    (frame,) = [one for one in page.frames if one.url.startswith(frames.state.frames.origin)]
    frame.click("button")
    frame.click("a")
    page.wait_for_timeout(300)
    assert "There" == frame.inner_text("#there")
    assert frame.evaluate("window.ran ?? null") is None
    assert page.url == f"{frames.state.origin}/"
    assert [(frames.state.frames.port, "/frame/", "")] == frames.seen()
    page.context.close()


def test_a_refresh_leads_nowhere(frames: Frames, browser: Browser) -> None:
    """A page that sends its frame away loads nothing of the studio and nothing of the world."""
    for target in (f"{frames.state.origin}/people", "https://evil.example/"):
        page = hosted(frames, browser, f"<meta http-equiv=refresh content='0;url={target}'>")
        page.wait_for_timeout(300)
        assert [(frames.state.frames.port, "/frame/", "")] == frames.seen()
        page.context.close()


def test_a_mail_has_its_pictures_from_the_site_folder(frames: Frames) -> None:
    """A picture on the public site comes from what was built, else from the content; no other file or host does."""
    folder = frames.folder
    for place, name, data in (
        ("output/media", "built & small.png", b"built"),
        ("content/static/media", "built & small.png", b"written"),
        ("content/static", "new.svg", b"<svg/>"),
        ("content/static", "notes.html", b"<p>"),
    ):
        (folder / place).mkdir(parents=True, exist_ok=True)
        (folder / place / name).write_bytes(data)
    (folder / "output" / "way.png").symlink_to(folder / "private" / "people")
    names = (
        "media/built%20&amp;%20small.png",
        "new.svg",
        "notes.html",
        "gone.png",
        "way.png",
        "../private/people",
    )
    public = "".join(f'<img alt="" src="https://tiny.example/{name}">' for name in names)
    other = (
        '<img alt="" src="https://tiny.example.evil.example/new.svg"><a href="https://tiny.example/new.svg">'
    )
    address = frames.visit("mia").mail_frame((public + other).encode())
    body = frames.ask(address)[1]
    assert '<img alt="" src="media/built%20&amp;%20small.png"><img alt="" src="new.svg">' in body
    assert body.endswith(other)
    status, found, headers = frames.ask(f"{address}media/built%20&%20small.png")
    assert (200, "built", "image/png") == (status, found, headers["Content-Type"])
    assert (200, "<svg/>") == frames.ask(f"{address}new.svg")[:2]
    for name in ("notes.html", "gone.png", "way.png", "../private/people", "private/people"):
        assert 404 == frames.ask(address + name)[0]

"""The studio behind a proxy: only what the settings name is answered, and without them no other host."""

import http.client
import secrets
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from offerpress.preview.serving import serving
from offerpress.site.folder import OfferpressError
from offerpress.site.settings_file import StudioSettings, read_section
from offerpress.site.site import Site
from offerpress.studio.application import StudioServer
from offerpress.studio.starting import open_ports, run_studio
from offerpress.studio.state.current_figures import FiguresReader
from offerpress.studio.state.sessions import Sessions
from offerpress.studio.state.studio import Studio
from rewards import Fault, Faulty
from tests.servers.studio import PASSPHRASE, small_site

SECTION = """
[studio]
origin = "https://studio.example"
frames = "https://frames.example"
proxies = ["127.0.0.1"]
"""
ORIGIN = {"Host": "studio.example", "Origin": "https://studio.example", "Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small site with people, whose settings name a proxy."""
    folder = small_site(tmp_path)
    settings = folder / "offerpress.toml"
    settings.write_text(settings.read_text(encoding="utf-8") + SECTION, encoding="utf-8")
    return folder


def running(folder: Path, changed: tuple[str, str] = ("", "")) -> Iterator[Studio]:
    """A studio with the settings of that folder, one piece of them changed."""
    settings = folder / "offerpress.toml"
    settings.write_text(settings.read_text(encoding="utf-8").replace(*changed), encoding="utf-8")
    section = read_section(folder, "studio", StudioSettings, [])
    assert section is not None

    def now() -> Site:
        return Site(folder, datetime.now(UTC), {})

    random_text = secrets.token_urlsafe
    studio = Studio(now, FiguresReader(now), Sessions(random_text), random_text, section)
    listening = open_ports(studio, "127.0.0.1", 0)
    server = serving(StudioServer(studio))
    thread = threading.Thread(target=server.run, kwargs={"sockets": listening})
    thread.start()
    yield studio
    studio.close()
    server.should_exit = True
    thread.join()


@pytest.fixture
def studio(folder: Path) -> Iterator[Studio]:
    """The studio of that site."""
    yield from running(folder)


def ask(
    port: int, method: str, path: str, body: str = "", **headers: str
) -> tuple[int, http.client.HTTPMessage]:
    """Status and headers of an answer, as the proxy gets it."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=120)) as asked:
        asked.request(method, path, body, given)
        answer = asked.getresponse()
        answer.read()
        return answer.status, answer.headers


def test_the_proxys_origin_is_the_studios_own(studio: Studio) -> None:
    """People sign in under the origin of the settings; frames come from the other one; the next port answers them."""
    form = {**ORIGIN, "Content-Type": "application/x-www-form-urlencoded"}
    status, headers = ask(studio.port, "POST", "/sign-in", f"name=Mia&passphrase={PASSPHRASE}", **form)
    cookie = headers["Set-Cookie"]
    assert (303, True, True) == (status, cookie.startswith("__Host-"), "Secure" in cookie)
    status, headers = ask(studio.port, "GET", "/", Host="studio.example", Cookie=cookie.partition(";")[0])
    assert (200, True) == (status, "frame-src https://frames.example;" in headers["Content-Security-Policy"])
    assert studio.port + 1 == studio.frames.port


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "localhost:{port}"}, 421),
        ({"Host": "127.0.0.1:{port}"}, 421),
        ({"Host": "evil.example"}, 421),
        ({"Host": "frames.example"}, 421),
        ({**ORIGIN, "Origin": "http://localhost:{port}"}, 403),
        ({**ORIGIN, "Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
def test_other_hosts_and_origins_are_refused(studio: Studio, headers: dict[str, str], status: int) -> None:
    """Not even this machine's own names are answered then."""
    given = {name: value.format(port=studio.port) for name, value in headers.items()}
    assert status == ask(studio.port, "POST", "/sign-in", **given)[0]


def test_the_second_port_shows_frames_only(studio: Studio) -> None:
    """The public preview, which shows drafts without a sign-in, is not for other machines."""
    assert 404 == ask(studio.frames.port, "GET", "/", Host="frames.example")[0]
    assert 404 == ask(studio.frames.port, "GET", "/frame/x/", Host="frames.example")[0]
    assert 421 == ask(studio.frames.port, "GET", "/", Host="studio.example")[0]


def test_only_the_named_proxy_may_connect(folder: Path) -> None:
    """Whoever else reaches the port gets a sentence, whatever the request says."""
    for studio in running(folder, ('"127.0.0.1"', '"192.0.2.7"')):
        assert 403 == ask(studio.port, "GET", "/", **ORIGIN)[0]
        assert 403 == ask(studio.frames.port, "GET", "/", Host="frames.example")[0]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])  # noqa: S104 - that it is refused is the test
def test_another_host_needs_the_settings(tmp_path: Path, host: str) -> None:
    """Without the proxy's settings no address that other machines reach is listened at."""
    site = Site(small_site(tmp_path), datetime.now(UTC), {})
    with pytest.raises(OfferpressError, match=r"set \[studio\] origin, frames and proxies first"):
        run_studio(lambda: site, (host, 0), secrets.token_urlsafe, lambda _: None)


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ('frames = "https://frames.example"', "", "belong together"),
        ("frames.example", "studio.example:444", "have one host"),
        ("https://studio", "http://studio", "no https origin"),
        ("studio.example", "studio.example/path", "no https origin"),
        ("127.0.0.1", "proxy.example", "no IP address"),
    ],
)
def test_wrong_settings_are_told(folder: Path, old: str, new: str, what: str) -> None:
    """Half a setting, one host for both, an origin that is none: each is a fault with its cure, and nothing starts."""
    settings = folder / "offerpress.toml"
    settings.write_text(settings.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    faults: list[Fault] = []
    assert read_section(folder, "studio", StudioSettings, faults) is None
    assert what in f"{faults[0].what} {faults[0].remedy}"
    site = Site(folder, datetime.now(UTC), {})
    with pytest.raises(Faulty):
        run_studio(lambda: site, ("0.0.0.0", 0), secrets.token_urlsafe, lambda _: None)  # noqa: S104

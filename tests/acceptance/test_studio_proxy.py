"""The studio behind a proxy: only what the settings name is answered, and without them no other host."""

import http.client
import json
import re
import secrets
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, expect

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
from tests.acceptance.conftest import SECRET, called
from tests.servers.device import Device
from tests.servers.https_proxy import behind_proxy
from tests.servers.studio import (
    PASSPHRASE,
    seated,
    sign_in,
    signed_in,
    small_site,
    started,
    stop,
    with_device,
)

OVER = ("--as-of", "2024-01-02")

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


@contextmanager
def running(folder: Path, changed: tuple[str, str] = ("", ""), as_of: date | None = None) -> Iterator[Studio]:
    """A studio with the settings of that folder, one piece of them changed."""
    settings = folder / "offerpress.toml"
    settings.write_text(settings.read_text(encoding="utf-8").replace(*changed), encoding="utf-8")
    section = read_section(folder, "studio", StudioSettings, [])
    assert section is not None

    def now() -> Site:
        return Site(folder, datetime.now(UTC), {"OFFERPRESS_SITE_SECRET": SECRET}, as_of)

    random_text = secrets.token_urlsafe
    studio = Studio(now, FiguresReader(now), Sessions(random_text), random_text, section)
    listening = open_ports(studio, "127.0.0.1", 0)
    server = serving(StudioServer(studio))
    thread = threading.Thread(target=server.run, kwargs={"sockets": listening})
    thread.start()
    try:
        yield studio
    finally:
        studio.close()
        server.should_exit = True
        thread.join()


@pytest.fixture
def studio(folder: Path) -> Iterator[Studio]:
    """The studio of that site."""
    with running(folder) as found:
        yield found


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
    with running(folder, ('"127.0.0.1"', '"192.0.2.7"')) as studio:
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


def approved_by_finn(folder: Path, origin: str, device: Device, plan: str) -> None:
    """Finn approves a plan in a studio under `localhost`, with a passkey that belongs to that name."""
    finn = signed_in(origin, "Finn")
    form = {
        "plan": plan,
        "digest": finn.found(f"/plan?plan={plan}", 'class="digest">([^<]+)<'),
        "total": "46.00",
    }
    asked = json.loads(finn.press("/plan/approve/begin", **form)[0])
    assert f"/plan?plan={plan}" == finn.act("/plan/approve", **form, signed=device.signed(asked, origin))
    assert f"{plan}: approved by Finn" in called(folder, "verify").err


@pytest.fixture
def moved(tmp_path: Path) -> Path:
    """A site of signed acts: Finn approved one plan under `localhost`, then the studio went behind a proxy."""
    folder = small_site(tmp_path / "site")
    settings = folder / "offerpress.toml"
    text = settings.read_text(encoding="utf-8") + 'approvals = "signed"\n'
    settings.write_text(text, encoding="utf-8")
    campaigns = folder / "content" / "campaigns"
    words = (campaigns / "hello.md").read_text(encoding="utf-8")
    (campaigns / "again.md").write_text(f"{words}\n![A logo](../static/logo.png)\n", encoding="utf-8")
    (folder / "content" / "static").mkdir()
    Image.new("RGB", (8, 8)).save(folder / "content" / "static" / "logo.png")
    device = Device("finn").register(folder)
    for campaign in ("hello", "again"):
        assert 0 == called(folder, "plan", campaign, *OVER, "--by", "Mia").code
    office = started(folder, OVER)
    approved_by_finn(folder, office.origin, device, "hello-1.1")
    stop(office)
    settings.write_text(text + SECTION, encoding="utf-8")
    return folder


def test_passkeys_belong_to_the_proxys_origin(moved: Path, browser: Browser, tmp_path: Path) -> None:
    """A device signs for the host of the settings, signatures under `localhost` count, and no other host is asked."""
    with running(moved, as_of=date(2024, 1, 2)) as studio:
        ports = {"studio.example": studio.port, "frames.example": studio.frames.port}
        with behind_proxy(browser, tmp_path, ports) as own:
            finn = with_device(sign_in(seated(own, "https://studio.example"), "Finn"))
            page = finn.open("/plan?plan=again-1.1")
            expect(page.get_by_text("Add a passkey first")).to_be_visible()
            page = finn.open("/me")
            expect(page.locator(".rows small")).to_contain_text("works only at localhost")
            page.fill("#device", "Phone")
            page.fill("#passphrase", PASSPHRASE)
            page.get_by_role("button", name="Add a passkey").click()
            expect(page.locator(".rows bdi")).to_have_text(["test", "Phone"])
            page = finn.open("/plan?plan=again-1.1")
            page.get_by_label("Type the total in EUR").fill("46.00")
            page.get_by_role("button", name="Approve with your passkey").click()
            expect(page.locator("[data-word]")).to_have_text("Due")
            page = finn.open("/plan/mail?plan=again-1.1&partner=A-1")
            expect(page.frame_locator("iframe").get_by_role("img", name="A logo")).to_have_js_property(
                "naturalWidth", 8
            )
            assert ([], {"studio.example", "frames.example"}) == (finn.said, finn.hosts)
    told = called(moved, "verify")
    assert 0 == told.code, told.err
    for plan in ("hello-1.1", "again-1.1"):
        assert re.search(f"{plan}: approved by Finn \\(finn\\), .*, signed with a passkey", told.err), (
            told.err
        )

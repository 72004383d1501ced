"""Attacks by uploads: what is no picture is refused with its reason, and nothing of a file but the picture is kept."""

import http.client
import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from io import BytesIO
from urllib.parse import urlencode, urlsplit

import pytest
from PIL import Image
from playwright.sync_api import Browser, expect

from tests.acceptance.conftest import tree
from tests.servers.studio import Desk, Office, seated, sign_in, signed_in, small_site, started, stop

PAGE = b"<!doctype html><script>fetch('/people')</script>"
SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">%s</svg>'
HOSTILE = """<script>top.pwned = 1; fetch('/people')</script>

<img src=x onerror="parent.pwned = 1">

<form action="/people/invite" method="post"><button>Go</button></form>
<iframe src="/people"></iframe>
"""
OFFER = "content/offers/year.md"
XHTML = '<foreignObject><body xmlns="http://www.w3.org/1999/xhtml"/></foreignObject>'
STYLED = '<?xml version="1.0"?><?xml-stylesheet href="https://evil.example"?>'


@dataclass
class Uploader:
    """Somebody who sends files to the studio, with any name and any headers."""

    office: Office
    desk: Desk
    token: str

    def send(self, body: bytes, name: str = "picture.png", **headers: str) -> tuple[int, dict[str, str]]:
        """Status and answer. A header is left out if it is empty."""
        place = urlsplit(self.office.origin).netloc
        given = {"Origin": self.office.origin, "Host": place, "Cookie": self.desk.cookie}
        given |= {"X-Form-Token": self.token, "Content-Type": "application/octet-stream"}
        given |= {key.replace("_", "-"): value for key, value in headers.items()}
        query = urlencode({"file": OFFER, "name": name, "alt": "A picture"})
        with closing(http.client.HTTPConnection("127.0.0.1", int(place.split(":")[1]), timeout=120)) as line:
            line.request(
                "POST", f"/text/picture?{query}", body, {key: one for key, one in given.items() if one}
            )
            with line.getresponse() as answer:
                text = answer.read().decode()
                return answer.status, json.loads(text) if text.startswith("{") else {"text": text}

    @property
    def kept(self) -> dict[str, bytes]:
        """Every file of `content/`."""
        return tree(self.office.site / "content")


def begun(uploader: Uploader, line: http.client.HTTPConnection, length: int) -> None:
    """Begin to send a file that says it has so many bytes."""
    query = urlencode({"file": OFFER, "name": "cut.png", "alt": "x"})
    line.putrequest("POST", f"/text/picture?{query}", skip_host=True)
    for key, value in {
        "Host": urlsplit(uploader.office.origin).netloc,
        "Origin": uploader.office.origin,
        "Cookie": uploader.desk.cookie,
        "X-Form-Token": uploader.token,
        "Content-Length": str(length),
    }.items():
        line.putheader(key, value)
    line.endheaders()


@pytest.fixture(scope="module")
def uploader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Uploader]:
    """Mia, who writes, at a small site."""
    office = started(small_site(tmp_path_factory.mktemp("site")))
    desk = signed_in(office.origin, "Mia")
    yield Uploader(office, desk, desk.found("/history", 'name="form_token" value="([^"]+)"'))
    stop(office)


def png(size: tuple[int, int] = (8, 8)) -> bytes:
    """A sound picture."""
    written = BytesIO()
    Image.new("RGB", size, "blue").save(written, "PNG")
    return written.getvalue()


@pytest.mark.parametrize(
    ("body", "name", "reason"),
    [
        (PAGE, "page.png", "no picture"),
        (b"", "empty.png", "empty"),
        (png()[:40], "cut.png", "no picture"),
        (b"%PDF-1.7\n" + PAGE, "a.gif", "no picture"),
        ((SVG % "<script>alert(1)</script>").encode(), "a.svg", "<script>"),
        ((SVG % '<rect onclick="alert(1)"/>').encode(), "a.svg", "onclick"),
        ((SVG % '<a xlink:href="javascript:alert(1)"><text>x</text></a>').encode(), "a.svg", "<a>"),
        ((SVG % '<use xlink:href="https://evil.example/a.svg#b"/>').encode(), "a.svg", "a link"),
        ((SVG % XHTML).encode(), "a.svg", "<foreignObject>"),
        ((SVG % "<style>@import url(https://evil.example)</style>").encode(), "a.svg", "a style"),
        ((SVG % '<image href="file:///etc/passwd"/>').encode(), "a.svg", "<image>"),
        (f'<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]>{SVG % "&a;"}'.encode(), "a.svg", "document type"),
        ((STYLED + SVG % "").encode(), "a.svg", "instruction"),
        ((SVG % "<g>").encode(), "a.svg", "cannot be read"),
    ],
)  # fmt: skip
def test_what_is_no_harmless_picture_is_refused(
    uploader: Uploader, body: bytes, name: str, reason: str
) -> None:
    """The answer says why, in words without commands, and no file appears."""
    before = uploader.kept
    status, answer = uploader.send(body, name)
    assert (200, False) == (status, "put" in answer)
    assert reason in answer["text"]
    assert before == uploader.kept


def test_of_a_polyglot_only_the_picture_stays(uploader: Uploader) -> None:
    """A page or an archive behind or inside a picture is gone after it is written anew."""
    hidden = png() + PAGE + b"PK\x03\x04 an archive"
    status, answer = uploader.send(hidden, "two things.png")
    assert (200, "![A picture](../static/two-things.png)") == (status, answer["put"])
    kept = uploader.kept["static/two-things.png"]
    assert b"script" not in kept
    assert b"PK" not in kept
    with Image.open(BytesIO(kept)) as picture:
        assert (8, 8) == picture.size


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("../../../etc/cron.d/evil.png", "static/evil.png"),
        ("..\\..\\offerpress.toml", "static/offerpress.png"),
        (".htaccess", "static/picture.png"),
        ("con.png", "static/con.png"),
        ("\u202egnp.exe", "static/gnp.png"),
        ("a/b\x00c.php", "static/b-c.png"),
        ("<img src=x>.png", "static/img-src-x.png"),
        ("写真.png", "static/picture.png"),
    ],
)
def test_a_name_never_becomes_a_path(uploader: Uploader, name: str, expected: str) -> None:
    """Only letters of the name are used, and the suffix is that of what was decoded."""
    before = uploader.kept
    status, answer = uploader.send(png(), name)
    new = uploader.kept.keys() - before.keys()
    assert (200, new <= {expected}) == (status, True), (answer, new)
    assert "put" in answer or "choose another" in answer["text"]


def test_fifty_megabytes_are_refused(uploader: Uploader) -> None:
    """A file over the limit, and one that would fill the memory when it is decoded, leave nothing behind."""
    before = uploader.kept
    status, told = uploader.send(png() + bytes(50 << 20), "large.png")
    assert (413, True) == (status, "at most 12 MB" in told["text"])
    bomb = png((20_000, 20_000))
    status, told = uploader.send(bomb, "bomb.png")
    assert (200, True) == (status, "points" in told["text"])
    assert before == uploader.kept


def test_a_cut_upload_leaves_nothing(uploader: Uploader) -> None:
    """Where the connection ends in the middle, no file and no part of one appears."""
    before = uploader.kept
    place = urlsplit(uploader.office.origin).netloc
    with closing(http.client.HTTPConnection("127.0.0.1", int(place.split(":")[1]), timeout=120)) as line:
        begun(uploader, line, 1000)
        line.send(png()[:60])
    assert uploader.send(b"", "after.png")[1]["text"] == "The file is empty."
    assert before == uploader.kept


def test_an_upload_needs_the_session_its_token_and_a_page_of_the_studio(uploader: Uploader) -> None:
    """Another page, a missing or foreign token, and a person without the task are refused."""
    before = uploader.kept
    assert 401 == uploader.send(png(), X_Form_Token="")[0]
    assert 401 == uploader.send(png(), X_Form_Token="guess")[0]
    assert 401 == uploader.send(png(), Cookie="")[0]
    assert 403 == uploader.send(png(), Origin="http://evil.example")[0]
    assert 403 == uploader.send(png(), Origin=f"http://127.0.0.1:{urlsplit(uploader.office.origin).port}")[0]
    ada = signed_in(uploader.office.origin, "Ada")
    other = Uploader(uploader.office, ada, ada.found("/history", 'name="form_token" value="([^"]+)"'))
    assert "Only a writer" in other.send(png())[1]["text"]
    assert before == uploader.kept


def test_what_authors_write_cannot_reach_the_studio(uploader: Uploader, browser: Browser) -> None:
    """Scripts, forms and frames in a text are shown from another origin, where nothing runs and no cookie is sent."""
    seat = sign_in(seated(browser, uploader.office.origin), "Mia")
    page = seat.open(f"/text?file={OFFER}")
    page.locator("#body").fill(HOSTILE)
    expect(page.get_by_role("region", name="To correct")).to_contain_text("may not be used")
    expect(page.locator("[data-shown]")).to_contain_text("last state that could be shown")
    frame = page.locator("iframe[title=Preview]")
    assert "allow-same-origin" == frame.get_attribute("sandbox")
    assert (frame.get_attribute("src") or "").startswith("http://127.0.0.1:")
    assert page.evaluate("window.pwned") is None
    page.context.close()

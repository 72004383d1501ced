"""The preview server: ranges and HEAD as HTTP defines them, changes watched by name, and errors that end nothing."""

import http.client
import shutil
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from offerpress.figures.checking import find_faults
from offerpress.preview.answers import Answer, with_script
from offerpress.preview.pages import page_answer, ranged
from offerpress.preview.server import answering
from offerpress.preview.serving import listen, port_of
from offerpress.preview.state import Preview
from offerpress.preview.watching import watched_changes
from offerpress.site.folder import OfferpressError
from offerpress.site.site import Site

NOW = datetime(2024, 1, 15, tzinfo=UTC)
SETTINGS = """\
[site]
title = "TITLE"
base_url = "https://offers.example"
[mail]
from = "Offers <offers@vendor.example>"
"""
PROGRAM = """\
currency = "EUR"
timezone = "Europe/Berlin"
refunds_after_period = "ignore"
allowance_level = "assigned"
base_level = "basic"
[[levels]]
id = "gold"
name = "Gold"
quota = 1000
"""
PAGE = "---\ntitle: Help\nsummary: One sentence.\n---\nText of the page.\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small site without partners."""
    (tmp_path / "content" / "pages").mkdir(parents=True)
    (tmp_path / "data").mkdir()
    (tmp_path / "offerpress.toml").write_text(SETTINGS, encoding="utf-8")
    (tmp_path / "content" / "program.toml").write_text(PROGRAM, encoding="utf-8")
    (tmp_path / "content" / "pages" / "help.md").write_text(PAGE, encoding="utf-8")
    (tmp_path / "data" / "partners.csv").write_text(
        "partner_id,name,email,currency,level\n", encoding="utf-8"
    )
    return tmp_path


def site_now(folder: Path) -> Callable[[], Site]:
    """The site of that folder, always at the same instant."""
    return lambda: Site(folder, NOW, {"OFFERPRESS_SITE_SECRET": "0f" * 31 + "1e"})


@pytest.mark.parametrize(
    ("asked", "status", "body", "content_range"),
    [
        ("bytes=0-2", 206, b"abc", "bytes 0-2/10"),
        ("bytes=3-", 206, b"defghij", "bytes 3-9/10"),
        ("bytes=-4", 206, b"ghij", "bytes 6-9/10"),
        ("bytes=-99", 206, b"abcdefghij", "bytes 0-9/10"),
        ("bytes=8-99", 206, b"ij", "bytes 8-9/10"),
        ("bytes=9-9", 206, b"j", "bytes 9-9/10"),
        ("bytes=10-", 416, b"", "bytes */10"),
        ("bytes=-0", 416, b"", "bytes */10"),
        ("bytes=5-3", 200, b"abcdefghij", ""),
        ("bytes=0-1,4-5", 200, b"abcdefghij", ""),
        ("lines=0-1", 200, b"abcdefghij", ""),
        ("bytes=-", 200, b"abcdefghij", ""),
        ("", 200, b"abcdefghij", ""),
        ("bytes=" + "9" * 50_000 + "-", 200, b"abcdefghij", ""),
    ],
)
def test_ranges(asked: str, status: int, body: bytes, content_range: str) -> None:
    """One range of bytes follows RFC 9110, 14.1.2 and 14.2; what is invalid or not supported is ignored."""
    answer = ranged(Answer(b"abcdefghij", "text/plain"), asked)
    assert (status, body) == (answer.status, answer.body)
    assert content_range == dict(answer.headers).get("Content-Range", "")


@pytest.fixture
def served(folder: Path) -> Iterator[http.client.HTTPConnection]:
    """A connection to the preview of the small site."""
    listening = listen(0)
    preview = Preview(site_now(folder), f"http://127.0.0.1:{port_of(listening)}")
    preview.update()
    with answering(preview, listening):
        connection = http.client.HTTPConnection("127.0.0.1", port_of(listening), timeout=120)
        yield connection
        connection.close()


def test_head_and_ranges_over_http(served: http.client.HTTPConnection) -> None:
    """HEAD answers with the headers of GET and no content (RFC 9110, 9.3.2); a range is a part of the same content."""
    found = {}
    for method, headers in (("GET", {}), ("HEAD", {}), ("GET", {"Range": "bytes=2-5"})):
        served.request(method, "/robots.txt", headers=headers)
        answer = served.getresponse()
        found[method, len(headers)] = answer.status, answer.headers["Content-Length"], answer.read()
        assert ("no-store", "bytes", "SAMEORIGIN") == (
            answer.headers["Cache-Control"],
            answer.headers["Accept-Ranges"],
            answer.headers["X-Frame-Options"],
        )
    whole = found["GET", 0]
    assert (200, str(len(whole[2]))) == whole[:2]
    assert (200, whole[1], b"") == found["HEAD", 0]
    assert (206, "4", whole[2][2:6]) == found["GET", 1]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/_staff/%00?partner=%ff", 404),
        ("GET", "/%00?x=%ff", 404),
        ("HEAD", "/nothing/", 404),
        ("GET", "/help", 302),
        ("HEAD", "/_live/events", 200),
        ("POST", "/", 405),
        ("PUT", "/help/", 405),
        ("DELETE", "/_live/live.js", 405),
    ],
)
def test_other_requests(served: http.client.HTTPConnection, method: str, path: str, status: int) -> None:
    """Odd addresses are not there, a page without its slash leads to it, and nothing can be changed."""
    served.request(method, path)
    assert status == served.getresponse().status


def test_the_preview_answers_by_both_protocols(folder: Path) -> None:
    """Where this machine has IPv6, a browser that tries it first for `localhost` finds the preview too."""
    listening = listen(0)
    preview = Preview(site_now(folder), "http://127.0.0.1:1")
    preview.update()
    with answering(preview, listening):
        for one in listening:
            host, port = one.getsockname()[:2]
            connection = http.client.HTTPConnection(host, port, timeout=120)
            connection.request("GET", "/help/", headers={"Host": f"localhost:{port}"})
            assert b"Text of the page." in connection.getresponse().read()
            connection.close()
    assert socket.AF_INET6 in {one.family for one in listening} or not has_ipv6()


def has_ipv6() -> bool:
    """Whether this machine has an address by IPv6."""
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


def test_a_port_that_is_taken_is_told() -> None:
    """A second server says which port, and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OfferpressError, match=rf"port {port}: cannot be used .* with --port"):
            listen(port)


def test_an_unexpected_error_is_shown_and_ended_by_the_next_change(folder: Path) -> None:
    """An error that no rule foresees is a fault of the state; after the next change the site is shown again."""
    broken = [False]

    def now() -> Site:
        if broken[0]:
            raise ZeroDivisionError(str(folder))
        return site_now(folder)()

    preview = Preview(now, "http://127.0.0.1:1")
    broken[0] = True
    preview.update()
    (fault,) = preview.state.faults
    assert ("ZeroDivisionError" in fault.what, str(folder) in fault.what) == (True, False)
    broken[0] = False
    preview.update([folder / "content" / "pages" / "help.md"])
    assert () == preview.state.faults
    assert preview.state.pages is not None
    assert b"Text of the page." in preview.state.pages.files["help/index.html"]


def test_a_card_is_drawn_when_a_browser_asks_for_it(folder: Path) -> None:
    """The state holds a card's SVG; its address gives the picture, in the size that pages name."""
    preview = Preview(site_now(folder), "http://127.0.0.1:1")
    preview.update()
    pages = preview.state.pages
    assert pages is not None
    (path,) = pages.cards
    assert b"" == pages.files[path]
    answer = page_answer(preview.state, f"/{path}")
    assert ("image/png", b"\x89PNG\r\n\x1a\n") == (answer.media_type, answer.body[:8])
    assert (1200, 630) == struct.unpack(">II", answer.body[16:24])


def test_a_smaller_size_is_made_when_a_browser_asks_for_it(folder: Path) -> None:
    """The state names the sizes of a picture as pages do; an address gives the picture in that width."""
    picture = BytesIO()
    Image.new("RGB", (800, 400), "red").save(picture, "JPEG")
    (folder / "content" / "static").mkdir(exist_ok=True)
    (folder / "content" / "static" / "red.jpg").write_bytes(picture.getvalue())
    page = folder / "content" / "pages" / "help.md"
    page.write_text(f"{page.read_text(encoding='utf-8')}\n![Red](../static/red.jpg)\n", encoding="utf-8")
    preview = Preview(site_now(folder), "http://127.0.0.1:1")
    preview.update()
    assert preview.state.pages is not None
    small, _ = preview.state.pages.pictures
    assert f"{small} 480w".encode() in preview.state.pages.files["help/index.html"]
    answer = page_answer(preview.state, f"/{small}")
    assert ("image/webp", 200) == (answer.media_type, answer.status)
    with Image.open(BytesIO(answer.body)) as shown:
        assert (480, 240) == shown.size


@pytest.mark.parametrize(
    ("path", "media"),
    [
        ("/feed.xml", "application/rss+xml; charset=utf-8"),
        ("/atom.xml", "application/atom+xml; charset=utf-8"),
        ("/feed.json", "application/feed+json"),
        ("/sheet.avif", "image/avif"),
        ("/own.webmanifest", "application/manifest+json"),
        ("/no-ending", "application/octet-stream"),
    ],
)
def test_a_file_has_the_media_type_of_an_upload(folder: Path, path: str, media: str) -> None:
    """The preview names the type that `build` gives to an object store (RFC 4287 7, JSON Feed 1.1, IANA's registry)."""
    (folder / "content" / "static").mkdir(exist_ok=True)
    for name in ("sheet.avif", "own.webmanifest", "no-ending"):
        (folder / "content" / "static" / name).write_text("{}", encoding="utf-8")
    preview = Preview(site_now(folder), "http://127.0.0.1:1")
    preview.update()
    assert () == preview.state.faults
    answer = page_answer(preview.state, path)
    assert (200, media) == (answer.status, answer.media_type)


def test_the_remarks_of_check_are_beside_the_faults(folder: Path) -> None:
    """A place in a picture, a damaged one, an expired security.txt, a language without a catalog: as `check` says."""
    picture, exif = BytesIO(), Image.Exif()
    exif.get_ifd(0x8825)[1] = "N"
    Image.new("RGB", (8, 8), "red").save(picture, "JPEG", exif=exif)
    (folder / "content" / "static").mkdir(exist_ok=True)
    (folder / "content" / "static" / "here.jpg").write_bytes(picture.getvalue())
    (folder / "content" / "static" / "half.jpg").write_bytes(picture.getvalue()[:200])
    settings = SETTINGS.replace("[mail]", 'languages = ["en", "eo"]\n[site.security]\nSECURITY\n[mail]')
    settings = settings.replace(
        "SECURITY", 'contact = ["mailto:a@vendor.example"]\nexpires = "2023-01-01T00:00:00Z"'
    )
    (folder / "offerpress.toml").write_text(settings, encoding="utf-8")
    preview = Preview(site_now(folder), "http://127.0.0.1:1")
    preview.update()
    assert () == preview.state.faults
    shown = {(one.file, one.what) for one in preview.state.remarks}
    assert {(one.file, one.what) for one in find_faults(site_now(folder)())} == shown
    assert {"content/static/here.jpg", "content/static/half.jpg", "offerpress.toml"} <= {
        file for file, _ in shown
    }
    assert 4 <= len(shown)


def replace_settings(folder: Path) -> None:
    """As an editor does that writes beside and renames."""
    (folder / "new.toml").write_text(SETTINGS.replace("TITLE", "Another title"), encoding="utf-8")
    (folder / "new.toml").replace(folder / "offerpress.toml")


def make_templates(folder: Path) -> None:
    """A folder that was not there when watching began."""
    (folder / "templates" / "site").mkdir(parents=True)


def replace_content(folder: Path) -> None:
    """As a checkout does: the same names in another folder."""
    shutil.copytree(folder / "content", folder / "fresh")
    shutil.rmtree(folder / "content")
    (folder / "fresh").rename(folder / "content")


def remove_data(folder: Path) -> None:
    """A folder that goes."""
    shutil.rmtree(folder / "data")


def write_page(folder: Path) -> None:
    """The usual case."""
    (folder / "content" / "pages" / "new.md").write_text(PAGE, encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (replace_settings, "offerpress.toml"),
        (make_templates, "templates"),
        (replace_content, "content"),
        (remove_data, "data"),
        (write_page, "content"),
    ],
)
def test_changes_are_seen_by_name(change: Callable[[Path], None], name: str, folder: Path) -> None:
    """What is made, removed or replaced by another of its name is a change, and is watched from then on."""
    changes = watched_changes(folder)
    assert set() == set(next(changes))
    change(folder)
    seen = until(changes, folder / name)
    assert seen
    if name != "data":
        target = folder / ("content" if name == "offerpress.toml" else name)
        timer = threading.Timer(0.1, lambda: (target / "later.txt").write_text("x", encoding="utf-8"))
        timer.start()
        assert until(changes, target / "later.txt")
        timer.join()


def until(changes: Iterator[object], path: Path) -> bool:
    """Whether a change of that path comes, or of something in it."""
    for changed in changes:
        assert isinstance(changed, set)
        if any(one == path or path in one.parents for one in changed):
            return True
    return False


def test_a_long_page_gets_its_script_in_linear_time() -> None:
    """The policy is looked for in the head alone, so that a text may hold any number of `<meta`."""
    page = b"<html><head><title>x</title></head><body>" + b"<meta " * 50_000 + b"</body></html>"
    assert with_script(page, 1).startswith(page)

"""Files whose names hold what addresses give a meaning to."""

import http.client
import re
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from offerpress.preview.server import answering
from offerpress.preview.serving import listen, port_of
from offerpress.preview.state import Preview
from offerpress.site.site import Site
from tests.acceptance.conftest import AS_OF, SECRET, Call

NAMES = (
    "a?b.pdf",
    "100%.pdf",
    "c#d.pdf",
    'q"u.pdf',
    "ap'os.pdf",
    "two words.pdf",
    "%41.pdf",
    "a&b.pdf",
    "x;y+z[1].pdf",
    "<b>.pdf",
    "f=1&g=2.pdf",
    "über – uns.pdf",
)
LINKS = "\n".join(f"[file {n}](../static/{quote(name)})" for n, name in enumerate(NAMES))


def write_files(site: Path) -> None:
    """Write the files, and an announcement that links to them; each file holds its own name."""
    (site / "content/static").mkdir(exist_ok=True)
    for name in NAMES:
        (site / "content/static" / name).write_text(name, "utf-8")
    front = "---\ntitle: Names\nsummary: Names\ndate: 2023-12-01\n---\n"
    (site / "content/announcements/names.md").write_text(front + LINKS, "utf-8")


def test_odd_names_are_linked_in_page_feed_and_mail(offerpress: Call, site: Path) -> None:
    """Each link, decoded once (RFC 3986 2.4), names a published file, on the page, in the feed and in the mail."""
    write_files(site)
    (site / "content/campaigns/names.md").write_text(
        f"---\nsubject: Names\ncategory: notice\n---\n{LINKS}", "utf-8"
    )
    assert 0 == offerpress("build", *AS_OF).code
    assert 0 == offerpress("plan", "names", *AS_OF, "--by", "Mia").code
    page = (site / "output/announcements/names/index.html").read_text("utf-8")
    feed = (site / "output/feed.json").read_text("utf-8")
    mail = offerpress("notice", "names-1.1", "P-1011", "--format", "text").out
    assert {*NAMES} == {unquote(name) for name in re.findall(r'href="../../([^"/]+\.pdf)"', page)}
    assert {*NAMES} == {unquote(name) for name in re.findall(r'example/([^"/\\]+\.pdf)\\"', feed)}
    assert {*NAMES} == {unquote(name) for name in re.findall(r"example/(\S+\.pdf)", mail)}
    assert {*NAMES} == {path.name for path in (site / "output").glob("*.pdf")}
    places = re.findall("<loc>(.*?)</loc>", (site / "output/sitemap.xml").read_text("utf-8"))
    paths = [unquote(urlsplit(place).path).lstrip("/") for place in places]
    assert "announcements/names/" in paths
    assert [] == [path for path in paths if not (site / "output" / path / "index.html").is_file()]


def test_odd_names_are_served_by_the_preview(site: Path) -> None:
    """Every link of the served page leads to its file, and so does the shortest form of its address (RFC 3986 3.3)."""
    write_files(site)
    now = datetime(2023, 12, 31, tzinfo=UTC)
    listening = listen(0)
    port = port_of(listening)
    preview = Preview(lambda: Site(site, now, {"OFFERPRESS_SITE_SECRET": SECRET}), f"http://127.0.0.1:{port}")
    preview.update()
    with answering(preview, listening):
        page = get(port, "/announcements/names/").decode()
        links = re.findall(r'href="../..(/[^"/]+\.pdf)"', page)
        assert [*NAMES] == [get(port, link).decode() for link in links]
        shortest = [f"/{quote(name, safe=SUB_DELIMITERS)}" for name in NAMES]
        assert [*NAMES] == [get(port, path).decode() for path in shortest]


SUB_DELIMITERS = "!$&'()*+,;=:@"


def get(port: int, path: str) -> bytes:
    """The content at an address, as a client without a browser's corrections asks for it."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        assert HTTPStatus.OK == answer.status, path
        return answer.read()
    finally:
        connection.close()

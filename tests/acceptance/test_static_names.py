"""Files whose names hold what addresses give a meaning to."""

import re
from pathlib import Path
from urllib.parse import quote, unquote

from tests.acceptance.conftest import AS_OF, Call

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
)
LINKS = "\n".join(f"[file {n}](../static/{quote(name)})" for n, name in enumerate(NAMES))


def test_odd_names_are_linked_in_page_feed_and_mail(offerpress: Call, site: Path) -> None:
    """Each link, decoded once (RFC 3986 2.4), names a published file, on the page, in the feed and in the mail."""
    (site / "content/static").mkdir(exist_ok=True)
    for name in NAMES:
        (site / "content/static" / name).write_text("x", "utf-8")
    front = "---\ntitle: Names\nsummary: Names\ndate: 2023-12-01\n---\n"
    (site / "content/announcements/names.md").write_text(front + LINKS, "utf-8")
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

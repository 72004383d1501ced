"""`build --output URL`: the site in an object store, here a real S3 server on this machine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.conftest import AS_OF, Call, change_sale, tree
from tests.servers.s3 import S3, s3_server

MARKER = ".offerpress"


@pytest.fixture(scope="module")
def s3() -> Iterator[S3]:
    """The server."""
    with s3_server() as server:
        yield server


def without_marker(files: dict[str, bytes]) -> dict[str, bytes]:
    """The files that readers ask for."""
    return {path: data for path, data in files.items() if path != MARKER}


def test_a_site_in_s3(offerpress: Call, site: Path, s3: S3) -> None:
    """A bucket gets the bytes that a folder gets, with media types and cache headers; then only what changed."""
    place = f"{s3.make_bucket('site')}/partners"
    extra = site / "content" / "announcements" / "extra.md"
    extra.write_text("---\ntitle: Extra\nsummary: More.\ndate: 2023-12-01\n---\nMore.\n", encoding="utf-8")
    first = offerpress("build", *AS_OF, "--output", place, "--json", **s3.environment)
    assert 0 == first.code, first.err
    built = without_marker(tree(site / "output"))
    assert built == without_marker(s3.tree("site/partners"))
    assert len(built) == first.json["written"]
    assert ("text/html; charset=utf-8", "public, max-age=300") == s3.head("site/partners/index.html")
    assert ("application/json", "no-cache") == s3.head("site/partners/statement/packs/index.json")
    again = offerpress("build", *AS_OF, "--output", place, "--json")
    assert (0, len(built), 0) == (again.json["written"], again.json["kept"], again.json["removed"])
    change_sale(site, "A-00001", "600.00")
    extra.unlink()
    changed = offerpress("build", *AS_OF, "--output", place, "--json")
    assert 0 == changed.code, changed.err
    assert without_marker(tree(site / "output")) == without_marker(s3.tree("site/partners"))
    assert "announcements/extra/index.html" in built
    assert not s3.files().exists("site/partners/announcements/extra/index.html")
    written = changed.json["written"]
    assert isinstance(written, int)
    assert 0 < written < len(built) / 2
    assert 0 == offerpress("verify").code


def test_a_file_url(offerpress: Call, site: Path) -> None:
    """Another kind of store, a mounted folder by its URL, gets the same."""
    assert 0 == offerpress("build", *AS_OF, "--output", (site / "mounted").as_uri()).code
    assert without_marker(tree(site / "output")) == without_marker(tree(site / "mounted"))


def test_stores_that_cannot_be_used(offerpress: Call, s3: S3) -> None:
    """A bucket that is not there, one with others' objects, and an unknown kind of store are said in one line."""
    missing = offerpress("build", *AS_OF, "--output", "s3://nowhere/site", **s3.environment)
    assert (1, True) == (missing.code, "error: no store: s3://nowhere/site: " in missing.err)
    taken = s3.make_bucket("taken")
    s3.files().pipe({"taken/photo.jpg": b"sea"})
    refused = offerpress("build", *AS_OF, "--output", taken)
    assert (1, True) == (refused.code, f"{taken}: it holds objects that no build wrote" in refused.err)
    assert {"photo.jpg": b"sea"} == s3.tree("taken")
    strange = offerpress("build", *AS_OF, "--output", "nosuch://place")
    assert (1, True) == (strange.code, "error: no store: nosuch://place: " in strange.err)

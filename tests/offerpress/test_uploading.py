"""Uploading to a store: what goes, in which order, under which headers; and what a broken upload leaves."""

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256

import pytest

from generator.headers import ObjectHeaders, headers_of
from generator.publish import Publication, RefusedOutput
from offerpress.build.uploading import upload_tree


class BrokenLine(Exception):
    """The line to the store broke."""


@dataclass
class Shelf:
    """A store in memory that notes what is done to it, and can break after so many writes."""

    url: str = "shelf://"
    objects: dict[str, bytes] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)
    writes_left: int = 1_000

    def sizes(self) -> Mapping[str, int]:
        """As a store lists them."""
        return {path: len(data) for path, data in self.objects.items()}

    def read(self, path: str) -> bytes | None:
        """An object."""
        return self.objects.get(path)

    def write(self, objects: Iterable[tuple[str, bytes]], headers: ObjectHeaders) -> None:
        """Puts objects there one after the other."""
        del headers
        for path, data in objects:
            if not self.writes_left:
                raise BrokenLine
            self.writes_left -= 1
            self.objects[path] = data
            self.done.append(f"+{path}")

    def delete(self, paths: Iterable[str]) -> None:
        """Removes objects."""
        for path in paths:
            del self.objects[path]
            self.done.append(f"-{path}")


def uploaded(shelf: Shelf, site: Mapping[str, bytes]) -> Publication:
    """Uploads a site of these files, and gives what was done."""
    shelf.done.clear()
    digests = {path: sha256(data).hexdigest() for path, data in site.items()}
    return upload_tree(shelf, digests, {path: len(data) for path, data in site.items()}, site.__getitem__)


SITE = {
    "index.html": b"home",
    "404.html": b"lost",
    "feed.xml": b"<rss/>",
    "de/index.html": b"Heim",
    "offers/one/index.html": b"offer",
    "assets/site-0123456789ab.css": b"css",
    "statement/index.html": b"viewer",
    "statement/packs/index.json": b"{}",
    "statement/packs/1k-0/0.bin": b"pack",
}


def test_nothing_leads_to_what_is_not_there() -> None:
    """Assets and packs go first, then the index of packs, pages, the home page and feeds; the marker is last."""
    shelf = Shelf()
    assert Publication(9, 0, 0) == uploaded(shelf, SITE)
    turns = [
        {"assets/site-0123456789ab.css", "statement/packs/1k-0/0.bin"},
        {"statement/packs/index.json"},
        {"404.html", "de/index.html", "offers/one/index.html", "statement/index.html"},
        {"index.html", "feed.xml"},
        {".offerpress"},
    ]
    done = [path.removeprefix("+") for path in shelf.done[1:]]
    for turn in turns:
        assert turn == set(done[: len(turn)])
        done = done[len(turn) :]
    assert [] == done


def test_only_what_differs_is_uploaded_and_deletions_are_last() -> None:
    """A second upload writes what is new or other, then removes what is gone; with nothing changed, nothing."""
    shelf = Shelf()
    uploaded(shelf, SITE)
    assert Publication(0, 9, 0) == uploaded(shelf, SITE)
    assert [] == shelf.done
    after = {path: data for path, data in SITE.items() if path != "offers/one/index.html"}
    after |= {"index.html": b"new home", "pages/a/index.html": b"new"}
    assert Publication(2, 7, 1) == uploaded(shelf, after)
    assert ["+pages/a/index.html", "+index.html", "-offers/one/index.html"] == shelf.done[1:-1]
    assert after == {path: data for path, data in shelf.objects.items() if path != ".offerpress"}


@pytest.mark.parametrize("writes", range(1, 12))
def test_a_broken_upload_is_made_good(writes: int) -> None:
    """Wherever an upload breaks, the next one leaves exactly the site that it uploads."""
    shelf = Shelf()
    uploaded(shelf, SITE)
    after = {path: data[::-1] for path, data in SITE.items()}
    shelf.writes_left = writes
    with suppress(BrokenLine):
        uploaded(shelf, after)
    shelf.writes_left = 1_000
    uploaded(shelf, SITE)
    assert SITE == {path: data for path, data in shelf.objects.items() if path != ".offerpress"}


def test_what_others_changed_is_mended() -> None:
    """An object that is missing, of another size or strange, and a damaged marker, are put right."""
    shelf = Shelf()
    uploaded(shelf, SITE)
    del shelf.objects["index.html"]
    shelf.objects |= {"feed.xml": b"", "strange.html": b"?"}
    assert Publication(2, 7, 1) == uploaded(shelf, SITE)
    shelf.objects[".offerpress"] = b"{"
    assert Publication(9, 0, 0) == uploaded(shelf, SITE)
    assert set(SITE) == set(json.loads(shelf.objects[".offerpress"])["files"])


def test_a_strangers_store_is_refused() -> None:
    """A place that holds objects but no marker of ours is left as it is."""
    shelf = Shelf(objects={"holiday.jpg": b"sea"})
    with pytest.raises(
        RefusedOutput, match=r"shelf://: it holds objects that no build wrote; name an empty place"
    ):
        uploaded(shelf, SITE)
    assert {"holiday.jpg": b"sea"} == shelf.objects


@pytest.mark.parametrize(
    ("path", "media", "cache"),
    [
        ("index.html", "text/html; charset=utf-8", "public, max-age=300"),
        ("feed.xml", "application/rss+xml; charset=utf-8", "public, max-age=300"),
        ("tags/a/atom.xml", "application/atom+xml; charset=utf-8", "public, max-age=300"),
        ("assets/site-0123456789ab.css", "text/css; charset=utf-8", "public, max-age=31536000, immutable"),
        ("assets/site-0123456789.css", "text/css; charset=utf-8", "public, max-age=31536000, immutable"),
        ("assets/photo-0123456789-960.webp", "image/webp", "public, max-age=31536000, immutable"),
        ("de/announcements/a/card-0123456789.png", "image/png", "public, max-age=31536000, immutable"),
        ("photo-960.webp", "image/webp", "public, max-age=300"),
        ("photos/1-1699999999.webp", "image/webp", "public, max-age=300"),
        (
            "statement/statement-0123456789ab.js",
            "text/javascript; charset=utf-8",
            "public, max-age=31536000, immutable",
        ),
        ("statement/packs/4k-5/0a.bin", "application/octet-stream", "no-cache"),
        ("statement/index.html", "text/html; charset=utf-8", "no-cache"),
        ("logo.svg", "image/svg+xml", "public, max-age=300"),
    ],
)
def test_headers(path: str, media: str, cache: str) -> None:
    """Each object has its media type; only a name that changes with the bytes may be kept for good."""
    assert ObjectHeaders(media, cache) == headers_of(path)

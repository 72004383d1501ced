"""Files of `content/` by name: what is published, what is a leftover, and what nothing reads."""

import os
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import pytest

from generator.content.files import content_names, static_files, unread_files
from rewards import Fault

COMPOSED = "Préis.pdf"


def put(site: Path, *names: str) -> Path:
    """A site folder with these files; a name may hold bytes that are no UTF-8 (as `os.fsdecode` gives them)."""
    for name in names:
        path = site / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return site


def published(site: Path, *meant: str) -> tuple[list[str], list[Fault]]:
    """The names of static files that are published, and the faults."""
    faults: list[Fault] = []
    return sorted(static_files(site, meant, faults)), faults


@pytest.mark.parametrize(
    "name",
    [
        ".env",
        ".git/HEAD",
        ".svn/entries",
        "img/.DS_Store",
        "img/Thumbs.db",
        "desktop.ini",
        "report.pdf~",
        "#draft.html#",
        "~$Prices.xlsx",
        ".~lock.Prices.xlsx#",
        "prices.bak",
        "old/prices.csv.orig",
        "video.mp4.part",
        "__MACOSX/._logo.png",
    ],
)
def test_leftovers_are_faults(name: str, tmp_path: Path) -> None:
    """What editors, version control, archives and folder views leave behind is a fault that names it once."""
    found, faults = published(put(tmp_path, f"content/static/{name}", "content/static/logo.png"))
    (fault,) = faults
    assert ["logo.png"] == found
    first, _, rest = name.partition("/")
    folder = rest and first in {".git", ".svn", "__MACOSX"}
    assert f"content/static/{first if folder else name}" == fault.file
    assert "site.publish_also" in fault.remedy


@pytest.mark.parametrize(
    "name", [".well-known/security.txt", ".well-known/acme/token", ".nojekyll", ".htaccess"]
)
def test_hidden_files_that_hosts_read_are_published(name: str, tmp_path: Path) -> None:
    """Well-known addresses (RFC 8615) and the settings of hosts begin with a dot and are meant."""
    assert ([name], []) == published(put(tmp_path, f"content/static/{name}"))


@pytest.mark.parametrize("pattern", [".env.example", ".env*", "*.example"])
def test_what_is_listed_is_published(pattern: str, tmp_path: Path) -> None:
    """A leftover by its name is published where `site.publish_also` matches its path."""
    site = put(tmp_path, "content/static/.env.example")
    assert ([".env.example"], []) == published(site, pattern)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("Map.png", "map.png"), "only by its case"),
        (("img/A.png", "IMG/a.png"), "only by its case"),
        ((COMPOSED, unicodedata.normalize("NFD", COMPOSED)), "only by its Unicode form"),
        (("STRASSE.pdf", "straße.pdf"), "only by its case"),
        (("img\\map.png",), "backslash"),
        (("two\nlines.png",), "unprintable"),
        (("tab\there.png",), "unprintable"),
        ((os.fsdecode(b"Pr\xe9is.pdf"),), "not UTF-8"),
        ((os.fsdecode(b"\xfcber/map.png"),), "not UTF-8"),
        ((".offerpress2", ".offerpress"), "leftover"),
    ],
)
def test_names_that_cannot_be_published_are_faults(names: Sequence[str], words: str, tmp_path: Path) -> None:
    """A build refuses names that are no plain address, or one for some systems: check names the file."""
    _, faults = published(put(tmp_path, *(f"content/static/{name}" for name in names)))
    assert any(words in fault.what for fault in faults), faults
    assert all(fault.file.startswith("content/static/") for fault in faults)
    assert all(fault.file.encode() for fault in faults)


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_name_is_published_in_composed_form(form: str, tmp_path: Path) -> None:
    """However a system wrote an accent, its address has the composed form (UAX 15, and RFC 5198 for the network)."""
    name = unicodedata.normalize(form, COMPOSED)  # type: ignore[arg-type] # one of its names
    assert ([COMPOSED], []) == published(put(tmp_path, f"content/static/{name}"))


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("content/offer/new.md", "did you mean 'offers'?"),
        ("content/Announcements/new.md", "did you mean 'announcements'?"),
        ("content/campaing/new.md", "did you mean 'campaigns'?"),
        ("content/assets/logo.png", "did you mean 'static'?"),
        ("content/news.md", "move it into announcements"),
        ("content/Program.TOML", "call it program.toml"),
        ("content/logo.png", "move it into static"),
    ],
)
def test_what_nothing_reads_is_told(name: str, remedy: str, tmp_path: Path) -> None:
    """A file or folder of `content/` with a wrong name or place gets a remark with the place that is probably meant."""
    (remark,) = unread_files(put(tmp_path, name))
    assert ("remark", True) == (remark.severity, name.startswith(remark.file))
    assert remedy in remark.remedy or "known are" in remark.remedy


def test_only_files_can_be_linked_to(tmp_path: Path) -> None:
    """Hidden files and folders named like a page are no targets of links."""
    site = put(tmp_path, "content/pages/a.md", "content/pages/.b.md", "content/pages/c.md/inside.txt")
    assert ["pages/a.md"] == list(content_names(site))

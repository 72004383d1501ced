"""Which files of `content/` may be written, and under which names.

A name must mean one file on every system: another spelling of a name that is there (by case or Unicode form) is
refused, and so are names that Windows reserves. No part of a path may be a symbolic link.
"""

import re
import stat
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from unicodedata import normalize

from generator.content.files import ROOMS, shown_name, slug_fault
from offerpress.site.folder import OfferpressError
from offerpress.site.site import Site

STATIC: Final = "static"
_LONGEST_PART: Final = 200
"""Bytes of one part of a path: file systems take 255, and a file is written beside under a longer name."""
_UNSAFE: Final = re.compile('[\x00-\x1f\x7f\\\\<>:"|?*\ud800-\udfff]')
_RESERVED: Final = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)


class WritingRefused(OfferpressError):
    """A content file that cannot be opened or written; the text is a sentence for the person who writes."""


class RefusedPath(WritingRefused):
    """A path that names no content file of this site, or a name that another system would spell differently."""


class FileVanished(WritingRefused):
    """The file is not there any more."""


class FileExists(WritingRefused):
    """There is a file of this name already."""


class NotWritable(WritingRefused):
    """The system does not let the studio write: a read-only folder, a full disk."""


@dataclass(frozen=True, slots=True)
class ContentPath:
    """A content file: `name` is its path from the site folder, such as `content/pages/imprint.md`, in NFC."""

    site: Path
    name: str

    @property
    def path(self) -> Path:
        """Where the file lies."""
        return self.site / self.name

    @property
    def room(self) -> str:
        """`announcements`, `campaigns`, `offers`, `pages` or `static`."""
        return self.name.split("/")[1]

    @property
    def is_text(self) -> bool:
        """Whether it is Markdown with front matter, and not a file that is published unchanged."""
        return self.room != STATIC


def content_path(site: Site, name: str) -> ContentPath:
    """Return the content file of that path, which need not exist; raises `RefusedPath`."""
    composed = normalize("NFC", name)
    parts = composed.split("/")
    room = parts[1] if len(parts) > 2 and parts[0] == "content" else ""  # noqa: PLR2004 - content/ROOM/NAME
    if room not in (*ROOMS, STATIC):
        raise RefusedPath(
            f"{shown_name(name)} is no content file: "
            "only announcements, offers, campaigns, pages and files can be written."
        )
    for part in parts:
        _check_part(part, name)
    if room != STATIC and (len(parts) != 3 or not composed.endswith(".md")):  # noqa: PLR2004 - content/ROOM/NAME
        raise RefusedPath(
            f"{shown_name(name)} is no text of the site: its name must end in .md, and it lies in no further folder."
        )
    folder = site.folder
    for part in parts:
        _check_entry(folder, part, name)
        folder /= part
    return ContentPath(site.folder, composed)


def check_new_name(path: ContentPath) -> None:
    """Raise `RefusedPath` unless a new text may have that name; static files may have any usable one."""
    slug = path.path.name.removesuffix(".md").partition(".")[0]
    fault = slug_fault(slug, path.name) if path.is_text else None
    if fault:
        raise RefusedPath(f"{shown_name(path.name)} is no name for a text: {fault.what}; {fault.remedy}.")


def content_paths(site: Site) -> list[ContentPath]:
    """Return every text of the site that can be opened, sorted by path."""
    found = []
    for room in ROOMS:
        folder = site.folder / "content" / room
        entries = sorted(folder.iterdir()) if folder.is_dir() and not folder.is_symlink() else []
        spelled = Counter(normalize("NFC", one.name).casefold() for one in entries)
        for path in entries:
            name = f"content/{room}/{path.name}"
            if (
                path.suffix == ".md"
                and spelled[path.name.casefold()] == 1
                and path.is_file()
                and not path.is_symlink()
            ):
                with suppress(RefusedPath):
                    _check_part(path.name, name)
                    found.append(ContentPath(site.folder, name))
    return found


def _check_part(part: str, name: str) -> None:
    if part in {"", ".", ".."} or part.startswith("."):
        raise RefusedPath(
            f"{shown_name(name)} is no usable path: a part of it is empty or begins with a dot."
        )
    if _UNSAFE.search(part) or part != part.strip(" .") or not part.isprintable():
        raise RefusedPath(
            f"{shown_name(name)} holds a sign that not every system allows in a name: use letters, digits and hyphens."
        )
    if _RESERVED.fullmatch(part):
        raise RefusedPath(f"{shown_name(name)} is a name that Windows keeps for devices: choose another.")
    if len(part.encode()) > _LONGEST_PART:
        raise RefusedPath(f"{shown_name(name)} is too long: shorten the name.")


def _check_entry(folder: Path, part: str, name: str) -> None:
    """Refuse a link, and a part that stands in its folder in another spelling."""
    try:
        status = (folder / part).lstat()
    except OSError:
        status = None
    if status and stat.S_ISLNK(status.st_mode):
        raise RefusedPath(
            f"{shown_name(name)} is a symbolic link or lies behind one, which could lead out of the site: use a copy."
        )
    wanted = part.casefold()
    for other in sorted(one.name for one in folder.iterdir()) if folder.is_dir() else ():
        if other != part and normalize("NFC", other).casefold() == wanted:
            raise RefusedPath(
                f"{shown_name(name)} is spelled {shown_name(other)} on the disk, and some systems take both "
                "for one file: rename that one, or choose another name."
            )

"""The published site: the built one at the place where readers find it, and a record of what was put there.

A copy of the published pages stays in `private/published`, so that they can be compared with the next build even if the
place is a store far away. It holds nothing below `statement/`: no partner's figures, and no packs.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date
from hashlib import file_digest
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from generator import Publication, publish_tree
from generator.publish import RefusedOutput
from offerpress.build.manifest import Manifest, changed_inputs, last_build, read_manifest, require_apart
from offerpress.build.uploading import open_store, upload_built
from offerpress.site.folder import PUBLISHED_FILE, SETTINGS_FILE, OfferpressError
from offerpress.site.site import Site
from offerpress.site.state import DamagedState, json_text, read_state, write_state

PUBLISHED_PAGES = "published"
OF_PARTNERS = "statement/"
_MOST_NAMED = 3
ChangeWord = Literal["new", "changed", "gone"]
Sort = Literal["page", "feed", "statement", "other"]
_FEED = re.compile(r"(feed|atom|sitemap)(-[0-9]+)?\.(xml|json)")


@dataclass(frozen=True, slots=True)
class PublishedSite:
    """What was published last: when, by whom, where, the day of its figures, and the SHA-256 of every file by path."""

    at: str
    by: str
    place: str
    as_of: str
    files: Mapping[str, str]


class NotPublishable(OfferpressError):
    """The built site must not be published as it is."""


def last_published(site: Site) -> PublishedSite | None:
    """Return the record of the last publication; None if there is none, or it cannot be read."""
    try:
        return read_state(site.private / PUBLISHED_FILE, _published, "run `offerpress publish`")
    except DamagedState:
        return None


def _published(raw: Any) -> PublishedSite:  # noqa: ANN401 - JSON
    found = PublishedSite(**raw)
    if not isinstance(found.files, dict):
        raise TypeError("files are by path")
    return found


def published_differs(site: Site) -> bool:
    """Return whether something was published, and the last build has other files."""
    built, published = last_build(site), last_published(site)
    return built is not None and published is not None and dict(built.files) != dict(published.files)


def outdated_by(site: Site, built: Manifest) -> list[str]:
    """Return what makes the built site another one than a build would make now; nothing if it is current."""
    if not built.still_there and not _is_intact(built):
        return ["the built files themselves"]
    return changed_inputs(site, built)


def _is_intact(built: Manifest) -> bool:
    """Return whether every file holds what was built; a copied site has other inodes and times."""
    return all(_digest(built.output / path) == digest for path, digest in built.files.items())


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return file_digest(stream, "sha256").hexdigest()
    except OSError:
        return ""


def publish_build(site: Site, by: str) -> Publication:
    """Put the built site to the place that the settings name, and record it. Requires the site's lock.

    Raises `NotPublishable` if there is no place or the build is older than its inputs, `RefusedOutput` if the place
    holds other files, and what the place raises. A folder then stays as it was. The record comes last: after a crash
    the screens say that the sites differ, and another publication repairs that.
    """
    place = site.settings.publish.to
    if place is None:
        raise NotPublishable(
            f"nothing published: {SETTINGS_FILE}: [publish] names no place; write `to = ` with a folder or a URL"
        )
    built = read_manifest(site)
    outdated = outdated_by(site, built)
    if outdated:
        rest = f" and {len(outdated) - _MOST_NAMED} more" if len(outdated) > _MOST_NAMED else ""
        names = ", ".join(outdated[:_MOST_NAMED])
        raise NotPublishable(f"nothing published: {names}{rest} changed since the build; build again first")
    if "://" in place:
        done = upload_built(open_store(place), built)
    else:
        done = publish_tree(_folder(site, place, built), _files(built))
    publish_tree(site.private / PUBLISHED_PAGES, _files(built, without=OF_PARTNERS))
    at = site.now.astimezone(UTC).isoformat(timespec="seconds")
    day = date.fromordinal(built.as_of).isoformat()
    record = PublishedSite(at, by, place, day, built.files)
    write_state(site.make_private() / PUBLISHED_FILE, json_text(asdict(record)))
    return done


def _files(built: Manifest, without: str = "\n") -> Iterator[tuple[str, bytes]]:
    """Yield the built files, one in memory at a time."""
    return (
        (path, (built.output / path).read_bytes()) for path in built.files if not path.startswith(without)
    )


def _folder(site: Site, place: str, built: Manifest) -> Path:
    """Return the folder of that name; raises `RefusedOutput` for one that must not be the published site."""
    folder = site.folder / place
    require_apart(folder, site)
    if folder.resolve() == built.output.resolve():
        raise RefusedOutput(folder, "it is the folder of the builds", "name another one")
    if not folder.parent.is_dir():
        raise RefusedOutput(
            folder, "the folder above it is not there", "connect the disk, or make the folder"
        )
    return folder


# What a publication would change for readers.


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file of the site that readers would find new, changed or gone."""

    path: str
    word: ChangeWord
    sort: Sort


def file_sort(path: str) -> Sort:
    """Return what a file of the site is for readers; everything below `statement/` belongs to statements."""
    if path.startswith(OF_PARTNERS):
        return "statement"
    name = PurePosixPath(path).name
    if _FEED.fullmatch(name):
        return "feed"
    return "page" if name.endswith(".html") else "other"


def file_changes(published: Mapping[str, str], built: Mapping[str, str]) -> list[FileChange]:
    """Return the files that differ by digest, sorted by path."""
    found = []
    for path in sorted(published.keys() | built.keys()):
        if published.get(path) != built.get(path):
            word: ChangeWord = "new" if path not in published else "gone" if path not in built else "changed"
            found.append(FileChange(path, word, file_sort(path)))
    return found


def statement_counts(changes: list[FileChange]) -> Mapping[str, int]:
    """Return how many files of statements are new, changed and gone."""
    return Counter(one.word for one in changes if one.sort == "statement")

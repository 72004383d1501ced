"""The published site: the built one at the place where readers find it, and a record of what was put there.

A copy of the published pages stays in `private/published`, so that they can be compared with the next build even if the
place is a store far away. It holds nothing below `statement/`: no partner's figures, and no packs.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date
from pathlib import Path
from typing import Any

from generator import Publication, publish_tree
from generator.publish import RefusedOutput
from offerpress.build.manifest import Manifest, changed_inputs, read_manifest, require_apart
from offerpress.build.uploading import open_store, upload_built
from offerpress.site.folder import PUBLISHED_FILE, SETTINGS_FILE, OfferpressError
from offerpress.site.site import Site
from offerpress.site.state import DamagedState, json_text, read_state, write_state

PUBLISHED_PAGES = "published"
OF_PARTNERS = "statement/"
_MOST_NAMED = 3


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


def outdated_by(site: Site, built: Manifest) -> list[str]:
    """Return what makes the built site another one than a build would make now; nothing if it is current."""
    if not built.still_there:
        return ["the built files themselves"]
    return changed_inputs(site, built)


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

"""Upload of the built folder to the object store that `--output` names, in an order in which no link leads nowhere.

A store cannot exchange folders, so an upload is not atomic: for a while readers meet old and new files. The upload
sends first the files that pages and indexes refer to, then pages and indexes, then the lists of pages, and deletes
leftover files last. The marker in the store records the digest of each file. The upload removes a file's record before
it replaces the file, so that a crash can make the next upload larger, but never leaves a wrong file.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Protocol

from generator.headers import ObjectHeaders, headers_of
from generator.publish import MARKER, Publication, RefusedOutput
from offerpress.build.manifest import BuildReport, Manifest, read_manifest
from offerpress.site.folder import OfferpressError
from offerpress.site.site import Site

_ABOUT = "This place is written by offerpress build, which replaces all of it."
_LISTS = re.compile(r"(feed|atom|sitemap)(-[0-9]+)?\.(xml|json)|robots\.txt")
_INDEX = re.compile(r"^statement/.*(index|as-of)\.json$")


class Store(Protocol):
    """A store of objects by path."""

    url: str

    def sizes(self) -> Mapping[str, int]:
        """Return the size in bytes of each object by path."""

    def read(self, path: str) -> bytes | None:
        """Return an object's bytes; None if there is none."""

    def write(self, objects: Iterable[tuple[str, bytes]], headers: ObjectHeaders) -> None:
        """Write objects with the same headers; all are stored when the method returns."""

    def delete(self, paths: Iterable[str]) -> None:
        """Remove objects."""


def upload_tree(
    store: Store, files: Mapping[str, str], sizes: Mapping[str, int], read: Callable[[str], bytes]
) -> Publication:
    """Make `store` hold exactly `files` (SHA-256 by path); `sizes` are their sizes, and `read` reads one.

    Raises `RefusedOutput` if the store holds objects that no build wrote.
    """
    there = dict(store.sizes())
    known = _remembered(store, there)
    there.pop(MARKER, None)
    kept = {
        path: digest
        for path, digest in files.items()
        if known.get(path) == digest and there.get(path) == sizes[path]
    }
    changed = sorted(files.keys() - kept.keys(), key=lambda path: (_rank(path), path))
    gone = sorted(there.keys() - files.keys())
    replaced = len(changed) + len(gone)
    if not replaced and known.keys() == files.keys():
        return Publication(0, len(kept), 0)
    _remember(store, kept)
    for (_, headers), paths in _groups(changed):
        store.write(((path, read(path)) for path in paths), headers)
    store.delete(gone)
    _remember(store, files)
    return Publication(len(changed), len(kept), len(gone), tuple(sorted(changed)), tuple(gone))


def _rank(path: str) -> int:
    """Return the turn of a file: files that others refer to, indexes of packs, pages, lists of pages."""
    name = PurePosixPath(path)
    if _LISTS.fullmatch(name.name) or (name.name == "index.html" and len(name.parts) <= 1):
        return 3
    if name.suffix == ".html":
        return 2
    return 1 if _INDEX.search(path) else 0


def _groups(paths: Iterable[str]) -> list[tuple[tuple[int, ObjectHeaders], list[str]]]:
    """Return the paths by turn and headers, in the order of turns."""
    groups: dict[tuple[int, ObjectHeaders], list[str]] = {}
    for path in paths:
        groups.setdefault((_rank(path), headers_of(path)), []).append(path)
    return sorted(groups.items(), key=lambda group: group[0][0])


def _remembered(store: Store, there: Mapping[str, int]) -> Mapping[str, str]:
    """Return the marker's records, none if it is damaged. Raises `RefusedOutput` if other objects have no marker."""
    if not there:
        return {}
    marker = store.read(MARKER)
    if marker is None:
        raise RefusedOutput(
            store.url, "it holds objects that no build wrote", "name an empty place, or empty this one"
        )
    try:
        files = json.loads(marker)["files"]
    except (ValueError, KeyError, TypeError):
        return {}
    return files if isinstance(files, dict) else {}


def _remember(store: Store, files: Mapping[str, str]) -> None:
    text = json.dumps({"about": _ABOUT, "files": dict(sorted(files.items()))}, indent=0)
    store.write([(MARKER, text.encode())], ObjectHeaders("application/json", "no-store"))


def open_store(url: str) -> Store:
    """Open the store behind that URL; raises `OfferpressError` if it cannot be reached or its driver is missing."""
    try:
        from offerpress.build.stores import FileStore  # noqa: PLC0415 - an extra, loaded only when it is asked for
    except ModuleNotFoundError as error:
        raise OfferpressError(
            f"no store: {url}: {error.name} is not installed; install offerpress with the extra `stores`, or `s3`"
        ) from error
    return FileStore(url)


def upload_build(site: Site, store: Store, built: BuildReport) -> BuildReport:
    """Upload what the last build published, and return its report with the objects kept, written and removed.

    Raises `RefusedOutput` if the place holds objects that no build of this site put there.
    """
    done = upload_built(store, read_manifest(site))
    return replace(built, kept=done.kept, changed=done.changed, gone=done.gone)


def upload_built(store: Store, built: Manifest) -> Publication:
    """Make `store` hold the files of a build, as `upload_tree` does."""
    folder = built.output
    sizes = {path: (folder / path).stat().st_size for path in built.files}
    return upload_tree(store, built.files, sizes, lambda path: (folder / path).read_bytes())

"""The files that a cluster's workers need, put into a store that they reach, so that they need no shared disk.

These are the snapshot, settings, content, templates and the epochs of links. The site secret is not among them: each
worker has it in its own environment.
"""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from generator import ObjectHeaders
from ledger import Snapshot
from offerpress.build.uploading import open_store
from offerpress.site.folder import EPOCHS_FILE, SETTINGS_FILE, VERSIONS_FILE, OfferpressError
from offerpress.site.site import Site

SITE, SNAPSHOT = "site", "snapshot"
_FOLDERS = ("content", "templates")
_HEADERS = ObjectHeaders("application/octet-stream", "no-store")


@dataclass(frozen=True, slots=True)
class SharedFiles:
    """The files below a URL, each as `(path, SHA-256)`."""

    url: str
    files: tuple[tuple[str, str], ...]


@contextmanager
def share_files(site: Site, snapshot: Snapshot, url: str) -> Iterator[SharedFiles]:
    """Put the files below `url` in a folder named by their digest, and delete them at the end.

    Raises `OfferpressError` if the store cannot be reached.
    """
    files = dict(_files(site, snapshot))
    digests = tuple((path, sha256(place.read_bytes()).hexdigest()) for path, place in sorted(files.items()))
    place = f"{url.rstrip('/')}/{sha256(repr(digests).encode()).hexdigest()[:32]}"
    store = open_store(place)
    try:
        store.write(((path, file.read_bytes()) for path, file in files.items()), _HEADERS)
        yield SharedFiles(place, digests)
    finally:
        store.delete(store.sizes())


def _files(site: Site, snapshot: Snapshot) -> Iterator[tuple[str, Path]]:
    """Return every file that a worker needs by its path in the store."""
    own = [site.folder / SETTINGS_FILE, site.private / EPOCHS_FILE, site.private / VERSIONS_FILE]
    own += [path for name in _FOLDERS for path in (site.folder / name).rglob("*")]
    yield from (
        (f"{SITE}/{path.relative_to(site.folder).as_posix()}", path) for path in own if path.is_file()
    )
    yield from ((f"{SNAPSHOT}/{path.name}", path) for path in snapshot.folder.iterdir() if path.is_file())


def fetch_files(what: SharedFiles) -> Mapping[str, Path]:
    """Return the folders of site and snapshot; this process fetches them once and deletes them when it ends.

    Raises `OfferpressError` if a file is missing or differs from the shared one.
    """
    folder = Path(_fetched(what).name)
    return {SITE: folder / SITE, SNAPSHOT: folder / SNAPSHOT}


@lru_cache(maxsize=1)
def _fetched(what: SharedFiles) -> "tempfile.TemporaryDirectory[str]":
    store, folder = open_store(what.url), tempfile.TemporaryDirectory(prefix="offerpress-shared-")
    for path, digest in what.files:
        content = store.read(path)
        if content is None or sha256(content).hexdigest() != digest:
            raise OfferpressError(
                f"no site: {what.url}/{path}: it differs from the file that the build shared; build again"
            )
        target = Path(folder.name) / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return folder

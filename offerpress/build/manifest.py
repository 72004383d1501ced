"""The memory of the last build: what it was made from, what it published, and how that lies on the disk."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from offerpress.site.folder import BUILD_FILE, OfferpressError
from offerpress.site.site import Site
from offerpress.site.state import DamagedState, read_state, write_state

Place = tuple[int, int, int]
"""A published file on the disk: its size, its time in nanoseconds, and its inode."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What was published last: the day, the snapshot's folder and digest, and the SHA-256 of every file by path.

    The rest lets the next build leave alone what it would only repeat: `inputs` and `places` are those of
    `offerpress.site.inputs` and `places_in`; `stamp` is the snapshot's, `zone` the program's; `data` are the sources as
    `[data]` names them; `public` is the key of the public pages, `statements` that of what all statements follow from;
    `shards` has the key of each shard, `bits` how many first bits number the packs of each size class. A manifest of an
    earlier version lacks these, and then everything is made anew.
    """

    as_of: int
    snapshot: str
    snapshot_digest: str
    output: Path
    files: Mapping[str, str]
    partners: int = 0
    stamp: str = ""
    zone: str = ""
    data: tuple[str, ...] = ()
    inputs: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[str, Place] = field(default_factory=dict)
    public: str = ""
    statements: str = ""
    shards: Mapping[int, str] = field(default_factory=dict)
    bits: Mapping[int, int] = field(default_factory=dict)

    @property
    def still_there(self) -> bool:
        """Whether the output is what was published, as far as sizes, times and inodes tell."""
        return bool(self.places) and places_in(self.output) == self.places


def write_manifest(site: Site, manifest: Manifest) -> None:
    """Write it in the private folder, unless it says the same already."""
    text = json.dumps({each.name: getattr(manifest, each.name) for each in fields(manifest)}, default=str)
    write_state(site.make_private() / BUILD_FILE, text)


def read_manifest(site: Site) -> Manifest:
    """Return what the last build published; raises `NothingBuilt`, and `DamagedState` if it cannot be read."""
    path = site.private / BUILD_FILE
    manifest = read_state(path, _manifest, "run `offerpress build`")
    if manifest is None:
        raise NothingBuilt(path)
    return manifest


class NothingBuilt(OfferpressError):
    """There is no manifest."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"nothing built: {path}: there is no manifest; run `offerpress build`")


def last_build(site: Site) -> Manifest | None:
    """Return what the last build published; None if that is not known: then everything is made anew."""
    try:
        return read_manifest(site)
    except (NothingBuilt, DamagedState):
        return None


def places_in(folder: Path) -> dict[str, Place]:
    """Every file below `folder` by path, and how it lies on the disk."""
    found: dict[str, Place] = {}
    below = [("", str(folder))]
    while below:
        begin, place = below.pop()
        try:
            entries = list(os.scandir(place))
        except OSError:
            return {}
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                below.append((f"{begin}{entry.name}/", entry.path))
            else:
                status = entry.stat(follow_symlinks=False)
                found[f"{begin}{entry.name}"] = (status.st_size, status.st_mtime_ns, status.st_ino)
    return found


def _manifest(raw: dict[str, object]) -> Manifest:
    typed: dict[str, Callable[[Any], object]] = {
        "output": Path,
        "data": tuple,
        "places": _places,
        "shards": _numbered,
        "bits": _numbered,
    }
    known = {each.name: raw[each.name] for each in fields(Manifest) if each.name in raw}
    read = {name: typed[name](value) if name in typed else value for name, value in known.items()}
    made = Manifest(**read)  # type: ignore[arg-type]
    if not isinstance(made.files, dict) or not isinstance(made.inputs, dict):
        raise TypeError("files and inputs are by name")
    return made


def _places(raw: dict[str, list[int]]) -> dict[str, tuple[int, ...]]:
    return {path: tuple(place) for path, place in raw.items()}


def _numbered(raw: dict[str, object]) -> dict[int, object]:
    return {int(number): value for number, value in raw.items()}

"""The manifest of the last build, and the report of a build that has nothing to do.

This module loads neither rules nor templates: `build` first asks it whether anything changed.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

from offerpress.site.folder import BUILD_FILE, OfferpressError
from offerpress.site.inputs import DATABASE, DAY, TakenInputs, changed
from offerpress.site.site import Site
from offerpress.site.state import DamagedState, read_state, write_state

FilePlace = tuple[int, int, int]
"""A published file on the disk: its size, its time in nanoseconds, and its inode."""


Remark = Mapping[str, Any]
"""A remark of `check` by its fields: this module does not load the class of faults."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """The last published build: its day, the snapshot's folder and digest, and the SHA-256 of every file by path.

    `rules` is the digest of the frozen rules that every figure follows from.

    The other fields tell the next build which parts it can keep. `inputs` are the digests of `offerpress.site.inputs`,
    `places` those of `places_in`. `stamp` is the snapshot's, `zone` the program's. `data` are the sources as `[data]`
    names them. `public` is the key of the public pages, `statements` the key of the inputs of all statements, `shards`
    the key of each shard. `bits` says how many first bits number the packs of each size class. `conserved` is a digest
    over the sums of all statements and the lines that were found equal to them. `remarks` are those of the build,
    `content_remarks` those among them that follow from the inputs of the public pages. `sources` are what a plan's
    messages would be made from. `checked` is the `proof`, if `check` would name these remarks and no fault. A manifest
    of an earlier version lacks these fields, and then the build makes every part anew.
    """

    as_of: int
    snapshot: str
    snapshot_digest: str
    output: Path
    files: Mapping[str, str]
    partners: int = 0
    rules: str = ""
    stamp: str = ""
    zone: str = ""
    data: tuple[str, ...] = ()
    inputs: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[str, FilePlace] = field(default_factory=dict)
    public: str = ""
    made: Mapping[str, str] = field(default_factory=dict)
    statements: str = ""
    shards: Mapping[int, str] = field(default_factory=dict)
    bits: Mapping[int, int] = field(default_factory=dict)
    conserved: str = ""
    remarks: tuple[Remark, ...] = ()
    content_remarks: tuple[Remark, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)
    checked: str = ""

    @property
    def proof(self) -> str:
        """A digest over the inputs and what short commands take from a build of them, by which damage is seen."""
        facts = (self.zone, self.data, self.inputs, self.remarks, self.snapshot_digest, self.sources)
        return sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()

    @property
    def still_there(self) -> bool:
        """Whether the output is still the published one, judged by sizes, times and inodes."""
        return bool(self.places) and places_in(self.output) == self.places


def write_manifest(site: Site, manifest: Manifest) -> None:
    """Write the manifest into the private folder; an output in the site is named from there, so the site can move."""
    told = {each.name: getattr(manifest, each.name) for each in fields(manifest)}
    if manifest.output.is_relative_to(site.folder):
        told["output"] = manifest.output.relative_to(site.folder)
    write_state(site.make_private() / BUILD_FILE, json.dumps(told, default=str))


def read_manifest(site: Site) -> Manifest:
    """Return what the last build published; raises `NothingBuilt`, and `DamagedState` if it cannot be read."""
    path = site.private / BUILD_FILE
    manifest = read_state(path, lambda raw: _manifest(raw, site.folder), "run `offerpress build`")
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


def places_in(folder: Path) -> dict[str, FilePlace]:
    """Return the size, time and inode of every file below `folder` by path."""
    found: dict[str, FilePlace] = {}
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


def _manifest(raw: dict[str, object], folder: Path) -> Manifest:
    typed: dict[str, Callable[[Any], object]] = {
        "output": lambda path: folder / path,
        "data": tuple,
        "places": _places,
        "shards": _numbered,
        "bits": _numbered,
        "remarks": _remarks,
        "content_remarks": _remarks,
    }
    known = {each.name: raw[each.name] for each in fields(Manifest) if each.name in raw}
    read = {name: typed[name](value) if name in typed else value for name, value in known.items()}
    made = Manifest(**read)  # type: ignore[arg-type]
    if not isinstance(made.files, dict) or not isinstance(made.inputs, dict):
        raise TypeError("files and inputs are by name")
    return made


def _remarks(raw: list[dict[str, object]]) -> tuple[Remark, ...]:
    return tuple({"what": one["what"], "remedy": one["remedy"], **one} for one in raw)


def _places(raw: dict[str, list[int]]) -> dict[str, tuple[int, ...]]:
    return {path: tuple(place) for path, place in raw.items()}


def _numbered(raw: dict[str, object]) -> dict[int, object]:
    return {int(number): value for number, value in raw.items()}


@dataclass(frozen=True, slots=True)
class BuildReport:
    """The result of a build: its day (an ordinal), the ledger's digest, and the files kept, written and removed.

    `changed` and `gone` are the paths written and removed. `reasons` names each part that was made anew, and why.
    `remarks` are those of `check`.
    """

    as_of: int
    partners: int
    snapshot: str
    kept: int
    changed: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    reasons: tuple[tuple[str, str], ...] = ()
    remarks: tuple[Remark, ...] = ()

    def json(self, *, explain: bool) -> dict[str, object]:
        """Return the JSON form; with `explain` also the reasons and paths."""
        told: dict[str, object] = {
            "as_of": date.fromordinal(self.as_of).isoformat(),
            "partners": self.partners,
            "snapshot": self.snapshot,
            "written": len(self.changed),
            "kept": self.kept,
            "removed": len(self.gone),
            "remarks": list(self.remarks),
        }
        if explain:
            told["reasons"] = [{"part": part, "why": why} for part, why in self.reasons]
            told |= {"files_written": list(self.changed), "files_removed": list(self.gone)}
        return told

    def explained(self) -> Iterator[str]:
        """Return a line for each part and file."""
        if not self.reasons:
            yield "Nothing was made anew: nothing changed that a page or a statement follows from"
        yield from (f"{part}: {why}" for part, why in self.reasons)
        yield from (f"written: {path}" for path in self.changed)
        yield from (f"removed: {path}" for path in self.gone)


def changed_inputs(site: Site, last: Manifest, taken: TakenInputs | None = None) -> list[str]:
    """Return the names of the inputs that differ from those of the build. A change in a database cannot be seen."""
    taken = taken or TakenInputs.of(site, last.data)
    day = date.fromordinal(site.day(last.zone)).isoformat()
    return changed(last.inputs, {**taken.inputs, DAY: day})


def unchanged_since(site: Site, last: Manifest | None, *, any_day: bool = False) -> Manifest | None:
    """Return the last build if it found no fault and no input changed since; otherwise, or if it is damaged, None.

    With `any_day` it may be of another as-of day.
    """
    if last is None or last.checked != last.proof or DATABASE in last.inputs:
        return None
    return None if {*changed_inputs(site, last)} - ({DAY} if any_day else set()) else last


def unchanged_build(site: Site, last: Manifest, taken: TakenInputs, output: Path) -> BuildReport | None:
    """Return the report of the last build if its inputs are those that were `taken`, and its output stayed."""
    if last.output != output or not last.zone or DATABASE in last.inputs:
        return None
    if changed_inputs(site, last, taken):
        return None
    snapshot = site.snapshots / last.snapshot / "snapshot.json"
    if not snapshot.is_file() or sha256(snapshot.read_bytes()).hexdigest() != last.stamp:
        return None
    if not last.still_there:
        return None
    return BuildReport(
        last.as_of, last.partners, last.snapshot_digest, len(last.places), remarks=last.remarks
    )


def require_apart(place: Path, site: Site) -> None:
    """Raise `RefusedOutput` for a place among the inputs, which the next build would read, or among the secrets."""
    for name in ("content", "data", "templates", "private"):
        if place.resolve().is_relative_to((site.folder / name).resolve()):
            from generator.publish import RefusedOutput  # noqa: PLC0415 - only a mistake needs it

            raise RefusedOutput(
                place, f"it lies inside {name}/", "name a folder outside of it, such as output"
            )

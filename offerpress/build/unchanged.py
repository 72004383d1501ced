"""The build that has nothing to do: found out before anything is loaded that could do it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path

from offerpress.build.manifest import last_build
from offerpress.site.inputs import DATABASE, data_digests, input_digests
from offerpress.site.site import Site

# What a build did, as it is told to people and programs.


@dataclass(frozen=True, slots=True)
class BuildReport:
    """The day (an ordinal), the ledger's digest, and what became of the files.

    `reasons` are the parts that were made anew, each with why; `changed` and `gone` are the files that were written and
    removed.
    """

    as_of: int
    partners: int
    snapshot: str
    kept: int
    changed: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    reasons: tuple[tuple[str, str], ...] = ()

    def json(self, *, explain: bool) -> dict[str, object]:
        """The public form."""
        told: dict[str, object] = {
            "as_of": date.fromordinal(self.as_of).isoformat(),
            "partners": self.partners,
            "snapshot": self.snapshot,
            "written": len(self.changed),
            "kept": self.kept,
            "removed": len(self.gone),
        }
        if explain:
            told["reasons"] = [{"part": part, "why": why} for part, why in self.reasons]
            told |= {"files_written": list(self.changed), "files_removed": list(self.gone)}
        return told

    def explained(self) -> Iterator[str]:
        """A line for each part and file."""
        if not self.reasons:
            yield "Nothing was made anew: nothing changed that a page or a statement follows from"
        yield from (f"{part}: {why}" for part, why in self.reasons)
        yield from (f"written: {path}" for path in self.changed)
        yield from (f"removed: {path}" for path in self.gone)


def unchanged_build(site: Site, output: Path) -> BuildReport | None:
    """Return the last build's report if nothing has changed since, otherwise None."""
    last = last_build(site)
    if last is None or last.output != output or not last.zone or DATABASE in last.inputs:
        return None
    data = data_digests(site, last.data)
    day = date.fromordinal(site.day(last.zone)).isoformat()
    if input_digests(site, data, day) != dict(last.inputs):
        return None
    snapshot = site.snapshots / last.snapshot / "snapshot.json"
    if not snapshot.is_file() or sha256(snapshot.read_bytes()).hexdigest() != last.stamp:
        return None
    if not last.still_there:
        return None
    return BuildReport(last.as_of, last.partners, last.snapshot_digest, len(last.places))

"""What a build did, as it is told to people and programs."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Outcome:
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

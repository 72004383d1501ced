"""Statements as JSON Lines, and the record of where they were exported to, so that `verify` can compare them later."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from offerpress.figures import Figures
from rewards import statement_json

EXPORTS = "export"
RECORD = "manifests/exports.json"


@dataclass(frozen=True, slots=True)
class Export:
    """A file of statements: where it is, of which day, from which snapshot folder."""

    path: Path
    as_of: int
    snapshot: str


def statement_lines(figures: Figures) -> Iterator[str]:
    """One statement a line, by partner id; raises `Faulty` before the first line where a figure cannot be computed."""
    for _, statement in figures.sorted_statements():
        yield json.dumps(statement_json(statement), ensure_ascii=False)


def export_statements(figures: Figures, path: Path) -> int:
    """Writes the lines to `path`, beside it first, and remembers the export; the count of lines."""
    lines = list(statement_lines(figures))
    beside = path.with_name(path.name + ".new")
    beside.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    beside.replace(path)
    _remember(figures, path.resolve())
    return len(lines)


def _remember(figures: Figures, path: Path) -> None:
    private = figures.site.make_private()
    known = {str(export.path): export for export in read_exports(private)}
    known[str(path)] = Export(path, figures.rules.as_of, figures.snapshot.folder.name)
    record = private / RECORD
    record.parent.mkdir(parents=True, exist_ok=True)
    rows = [[name, export.as_of, export.snapshot] for name, export in sorted(known.items())]
    record.write_text(json.dumps(rows, indent=1), encoding="utf-8")


def read_exports(private: Path) -> list[Export]:
    """Every export that was made of this site."""
    try:
        rows = json.loads((private / RECORD).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    return [Export(Path(path), as_of, snapshot) for path, as_of, snapshot in rows]

"""Statements as JSON Lines, journals as CSV, and the record of these exports with which `verify` compares them."""

import csv
import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from offerpress.figures.frozen_rules import keep_rules
from offerpress.site.folder import EXPORTS_FILE
from offerpress.site.locking import sole_writer
from offerpress.site.site import Site
from offerpress.site.state import json_text, read_state, replace_file, write_state
from rewards import JournalLine, guarded, statement_json

if TYPE_CHECKING:  # who only reads the record of exports needs neither data nor database
    from offerpress.figures.journals import Journal
    from offerpress.figures.statements import StatementSource

EXPORTS = "export"


@dataclass(frozen=True, slots=True)
class Export:
    """An exported file with its day and snapshot; a journal also has its `offer` and the earlier sign-offs.

    `rules` is the digest of the frozen rules; it is empty in a record of an earlier version.
    """

    path: Path
    as_of: int
    snapshot: str
    offer: str = ""
    sign_offs: int = 0
    rules: str = ""


def statement_lines(figures: "StatementSource") -> Iterator[str]:
    """Return one statement a line, by partner id; raises `Faulty` before the first line."""
    for _, statement in figures.sorted_statements():
        yield json.dumps(statement_json(statement), ensure_ascii=False)


def export_statements(figures: "StatementSource", path: Path) -> int:
    """Write the lines to `path`, record the export, and return the number of lines."""
    lines = list(statement_lines(figures))
    replace_file(path, "".join(f"{line}\n" for line in lines))
    _remember(figures, Export(path.resolve(), figures.rules.as_of, figures.snapshot.folder.name))
    return len(lines)


def export_journal(figures: "StatementSource", journal: "Journal", path: Path) -> None:
    """Write the journal as CSV to `path`, and record the export."""
    from offerpress.figures.journals import journal_csv  # noqa: PLC0415 - it loads the rules and the database

    replace_file(path, journal_csv(journal.lines))
    snapshot = figures.snapshot.folder.name
    signed = len(journal.sign_offs)
    _remember(figures, Export(path.resolve(), journal.as_of, snapshot, journal.offer, signed))


def holds_partner(export: Export, partner_ids: Collection[str]) -> bool:
    """Return whether an exported file, if it is still there, has a line of one of these partners."""
    lines, kept = _apart(export, partner_ids)
    return len(kept) < lines


def forget_export(export: Export, partner_ids: Collection[str]) -> int:
    """Take the lines of these partners out of an exported file, if it is still there; how many there were."""
    lines, kept = _apart(export, partner_ids)
    if len(kept) < lines:
        replace_file(export.path, "".join(kept))
    return lines - len(kept)


def _apart(export: Export, partner_ids: Collection[str]) -> tuple[int, list[str]]:
    """Return the number of lines of the file, and those that are not of these partners."""
    if not export.path.is_file():
        return 0, []
    lines = export.path.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
    gone = {guarded(one) for one in partner_ids} if export.offer else {*partner_ids}
    whose = _journal_partner if export.offer else _line_partner
    return len(lines), [line for line in lines if whose(line) not in gone]


def _line_partner(line: str) -> str:
    try:
        return str(json.loads(line)["partner_id"])
    except (ValueError, KeyError, TypeError):
        return ""


def _journal_partner(line: str) -> str:
    """Return the partner of a journal's line, guarded as it stands there. Ids hold no line breaks."""
    row = dict(zip(JournalLine._fields, next(csv.reader([line]), []), strict=False))
    return row.get("partner_id", "")


def _remember(figures: "StatementSource", made: Export) -> None:
    site = figures.site
    with sole_writer(site):
        made = replace(made, rules=keep_rules(site, figures.rules))
        known = {str(export.path): export for export in [*read_exports(site), made]}
        rows = [
            [name, one.as_of, one.snapshot, one.offer, one.sign_offs, one.rules]
            for name, one in sorted(known.items())
        ]
        write_state(site.private / EXPORTS_FILE, json_text(rows))


def read_exports(site: Site) -> list[Export]:
    """Return every export that was made of this site."""
    remedy = "restore it from a backup, or delete it: `verify` then compares no earlier export"
    return read_state(site.private / EXPORTS_FILE, _exports, remedy) or []


def _exports(raw: Any) -> list[Export]:  # noqa: ANN401 - JSON
    return [Export(Path(path), int(as_of), str(snapshot), *rest) for path, as_of, snapshot, *rest in raw]

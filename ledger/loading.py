"""Brings what `[data]` names into the database as texts, each row with the number of its file and its row there."""

import glob
import re
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from ledger.cells import TypedRows, Unusable, as_records
from ledger.database import Database
from ledger.errors import SourceUnreadable
from ledger.findings import Findings, Place
from ledger.header import check_header
from ledger.parquet_files import open_parquet
from ledger.queries import is_url, label_of, open_query
from ledger.rows import create_raw, raw_rows
from ledger.settings import TableSource
from ledger.tables import Table
from ledger.text_files import load_text
from ledger.workbooks import open_workbook

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What reading depends on besides the settings: the site folder, the environment, and room for copies."""

    site: Path
    environment: Mapping[str, str]
    scratch: Path


def load(
    database: Database, findings: Findings, table: Table, source: TableSource, around: Surroundings
) -> None:
    """Read everything that `source` names into `raw_NAME`; what is wrong with its form is added to `findings`.

    `partners` must exist; another missing table is empty.
    """
    create_raw(database, table)
    missing = sorted(
        {name for name in _VARIABLE.findall(source.path + source.query) if name not in around.environment}
    )
    for name in missing:
        number = findings.register(table, "offerpress.toml", f"data.{table.name}")
        findings.add("unreadable", Place(number), f"{name} is not in the environment", f"set {name}")
    if missing:
        return
    path, query = (
        _VARIABLE.sub(lambda found: around.environment[found[1]], text)
        for text in (source.path, source.query)
    )
    if is_url(path):
        number = findings.register(table, label_of(path))
        _load_typed(database, findings, table, number, source, open_query(path, query, around.site))
    else:
        _load_files(database, findings, table, path, source, around)


def _load_files(
    database: Database,
    findings: Findings,
    table: Table,
    pattern: str,
    source: TableSource,
    around: Surroundings,
) -> None:
    paths = matches(around.site, pattern)
    if not paths and table.name == "partners":
        number = findings.register(table, pattern)
        remedy = "export the partners to it, or name it in [data]"
        findings.add("missing file", Place(number), "the file does not exist", remedy)
    for path in paths:
        inside = path.is_relative_to(around.site)
        number = findings.register(table, (path.relative_to(around.site) if inside else path).as_posix())
        try:
            if path.suffix.lower() in {".xlsx", ".xlsm"}:
                _load_typed(database, findings, table, number, source, open_workbook(path, source.sheet))
            elif path.suffix.lower() == ".parquet":
                _load_typed(database, findings, table, number, source, open_parquet(path))
            else:
                load_text(database, findings, table, path, number, source, around.scratch)
        except OSError as error:
            findings.add("unreadable", Place(number), f"cannot be read: {error.strerror}", "make it readable")


def _load_typed(
    database: Database,
    findings: Findings,
    table: Table,
    number: int,
    source: TableSource,
    opening: AbstractContextManager[TypedRows],
) -> None:
    try:
        with opening as typed:
            if not typed.names:
                findings.add(
                    "empty file", Place(number), "there is no header", "give it a header row, or remove it"
                )
                return
            header = check_header(findings, table, typed.names, number, source.columns)

            def refuse(row: int, position: int, value: Unusable) -> None:
                place = Place(number, row, header.column(position))
                findings.add("unusable value", place, value.what, value.remedy)

            texts = as_records(typed.rows, len(header.names), refuse)
            database.append(f"raw_{table.name}", raw_rows(findings, table, texts, number, header))
    except SourceUnreadable as error:
        findings.add("unreadable", Place(number), error.what, error.remedy)


def matches(site: Path, pattern: str) -> list[Path]:
    """The files that a path or glob names, sorted by path."""
    path = site / pattern
    if path.exists() or not glob.has_magic(pattern):
        return [path] if path.exists() else []
    # Path.glob refuses absolute patterns.
    found = glob.glob(pattern, root_dir=site, recursive=True)  # noqa: PTH207
    return sorted(site / each for each in found if (site / each).is_file())

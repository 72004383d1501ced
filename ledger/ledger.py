"""Reads the six tables, checks them against a policy, and holds what was read until it is frozen."""

import shutil
import tempfile
import weakref
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple, Self

from ledger.database import Database
from ledger.findings import Findings, Place
from ledger.reading.headers import Header
from ledger.reading.kept import KeptTables
from ledger.reading.loading import Surroundings, load
from ledger.reading.rows import Watched
from ledger.references import (
    check_collisions,
    check_partners,
    check_refunds,
    resolve_mergers,
    settle_repeats,
    take_off_guards,
)
from ledger.settings import ControlTotals, DataSettings
from ledger.tables import BY_NAME, TABLES, Column, SqlValue, Table, identifier
from ledger.values import STATED, check_values, parse, prepare, remark_addresses
from rewards import MINOR_UNITS, Fault, Policy, day_text, format_amount, parse_amount

# Control totals: the sums that the exporting system states for a table.


def check_totals(database: Database, findings: Findings, control: Mapping[str, ControlTotals]) -> None:
    """Add a fault for each difference between `control` and the parsed tables, whose repetitions are settled."""
    for table in TABLES:
        if table.name in control:
            number = findings.register(table, "offerpress.toml", f"data.control.{table.name}")
            _check_rows(database, findings, table, control[table.name].rows, number)
            _check_sums(database, findings, table, control[table.name].sums, number)


def _check_rows(
    database: Database, findings: Findings, table: Table, expected: int | None, number: int
) -> None:
    found = database.number(f"SELECT count(*) FROM {table.name}")
    if expected is not None and found != expected:
        what = f"{table.name} has {found:,} rows, the control total says {expected:,}"
        findings.add(
            "control total", Place(number), what, "export the table again, or correct the control total"
        )


def _check_sums(
    database: Database, findings: Findings, table: Table, expected: Mapping[str, str], number: int
) -> None:
    if not expected:
        return
    sums = f"SELECT currency, CAST(coalesce(sum(amount), 0) AS VARCHAR) FROM {table.name} GROUP BY currency"
    found = {str(currency): int(str(total)) for currency, total in database.rows(sums)}
    for currency, text in sorted(expected.items()):
        try:
            wanted = parse_amount(text, currency)
        except ValueError as error:
            what, _, remedy = str(error).partition("; ")
            findings.add("control total", Place(number), what, remedy)
            continue
        if found.get(currency, 0) != wanted:
            amounts = format_amount(found.get(currency, 0), currency), format_amount(wanted, currency)
            what = f"{table.name} sum up to {amounts[0]} {currency}, the control total says {amounts[1]} {currency}"
            findings.add(
                "control total", Place(number), what, "export the table again, or correct the control total"
            )


class Ledger:
    """All six tables, parsed and without a fault; it holds a database, so close it or use it in a `with` block.

    `kept` can store what was read anew, until the ledger is closed.
    """

    def __init__(self, database: Database, scratch: Path, kept: KeptTables | None = None) -> None:
        self.database = database
        self.kept = kept
        self._closing = weakref.finalize(self, _discard, database, scratch)

    @cached_property
    def digest(self) -> str:
        """The same for the same parsed rows, whatever their order, file format or shards."""
        return self.database.digest(lambda table: table.name)

    @cached_property
    def partner_ids(self) -> tuple[str, ...]:
        """The partners that have a statement (neither closed nor merged), by code point."""
        count = self.database.number("SELECT count(*) FROM partners")
        query = f"SELECT partner_id FROM partners WHERE {STATED} ORDER BY partner_id"
        (ids,) = self.database.columns(query, count)
        return tuple(map(str, ids))

    def close(self) -> None:
        """Drop the tables."""
        self._closing()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def read(
    settings: DataSettings,
    site: Path,
    policy: Policy,
    faults: list[Fault],
    environment: Mapping[str, str] | None = None,
    kept: KeptTables | None = None,
) -> Ledger | None:
    """The ledger of `site`, or None if it has a fault. Every fault and remark is added to `faults`.

    `environment` gives the values of `${NAME}` in the settings. What is `kept` of files is used unless there is a
    fault, which is told as if nothing were.

    Causes come before what may follow from them: files, headers, rows, cells, references, totals; each of these in the
    order of tables, files, rows and columns. Of one kind of mistake 10,000 are listed, and a closing
    fault counts the others.
    """
    scratch = Path(tempfile.mkdtemp(prefix="offerpress-ledger-"))
    ledger = Ledger(Database(scratch), scratch, kept)
    findings = Findings()
    try:
        around = Surroundings(site, environment or {}, scratch, kept=kept)
        _read_into(ledger.database, findings, settings, around, policy)
    except BaseException:
        ledger.close()
        raise
    if kept is not None and kept.is_used and (findings.faulty or findings.has_unlisted):
        ledger.close()
        return read(settings, site, policy, faults, environment)
    faults.extend(findings.sorted())
    if findings.faulty:
        ledger.close()
        return None
    return ledger


# One row, as it came and as it was read.


class ExplainedCell(NamedTuple):
    """A value of a row: our column, the source's names and texts for it, and what was read; None where it was not."""

    column: str
    names: tuple[str, ...]
    texts: tuple[str, ...]
    value: str | None


class ExplainedRow(NamedTuple):
    """A row of `file`; `unread` are its cells that no column of ours takes, by the source's names.

    `cells` is empty where the settings leave the row out. `faults` are those of the row, and of its whole file.
    """

    file: str
    row: int
    cells: list[ExplainedCell]
    unread: list[tuple[str, str]]
    faults: list[Fault]


def _read_into(
    database: Database, findings: Findings, settings: DataSettings, around: Surroundings, policy: Policy
) -> dict[int, list[ExplainedCell]]:
    """Read and check all tables; return the cells of each row that is watched."""
    cells: dict[int, list[ExplainedCell]] = {}
    for table in TABLES:
        load(database, findings, table, settings.of(table.name), around)
    prepare(database, policy.program.timezone)
    for table in TABLES:
        parse(database, table)
        check_values(database, findings, table, policy)
        if around.watched is not None and around.watched.table is table:
            cells = _explained(database, table, around.watched)
        if around.kept is not None:
            around.kept.complete(database, findings, table, around.scratch)
        database.run(f"DROP VIEW rows_{table.name}")
        database.run(f"DROP TABLE raw_{table.name}")
        settle_repeats(database, findings, table)
    take_off_guards(database)
    check_collisions(database, findings)
    if not findings.incomplete(BY_NAME["partners"]):
        check_partners(database, findings)
    remark_addresses(database, findings)
    resolve_mergers(database, findings)
    check_refunds(database, findings)
    check_totals(database, findings, settings.control)
    return cells


def explain(
    settings: DataSettings,
    site: Path,
    policy: Policy,
    place: tuple[str, int],
    environment: Mapping[str, str],
) -> ExplainedRow | None:
    """The row of the table or file that `place` names, as it came and as it was read; None if there is none."""
    watched = Watched(*place)
    rows = _rehearsed(settings, site, policy, watched, environment).rows
    return rows[0] if rows else None


class Rehearsal(NamedTuple):
    """A reading that keeps nothing: rows of one table with what was read, and every fault and remark of all tables.

    `row_count` is the number of rows of the table, `sums` the sum of its amounts by currency.
    """

    rows: list[ExplainedRow]
    faults: list[Fault]
    row_count: int
    sums: Mapping[str, str]


def rehearse(
    settings: DataSettings,
    site: Path,
    policy: Policy,
    table: str,
    environment: Mapping[str, str],
    most: int = 10,
) -> Rehearsal:
    """Read and check everything as `read` does, and show the first `most` rows of a table as they were read."""
    return _rehearsed(settings, site, policy, Watched(table, most=most), environment)


def _rehearsed(
    settings: DataSettings, site: Path, policy: Policy, watched: Watched, environment: Mapping[str, str]
) -> Rehearsal:
    scratch = Path(tempfile.mkdtemp(prefix="offerpress-ledger-"))
    findings, count, sums = Findings(), 0, dict[str, str]()
    with Ledger(Database(scratch), scratch) as ledger:
        around = Surroundings(site, environment, scratch, watched)
        cells = _read_into(ledger.database, findings, settings, around, policy)
        if watched.table is not None:
            count = ledger.database.number(f"SELECT count(*) FROM {watched.table.name}")
            if watched.table.of_kind("amount"):
                sums = _sums(ledger.database, watched.table)
    faults = findings.sorted()
    rows = (
        [_row(watched, row, cells.get(row, []), faults) for row in watched.fields] if watched.header else []
    )
    return Rehearsal(rows, faults, count, sums)


def _sums(database: Database, table: Table) -> dict[str, str]:
    query = (
        f"SELECT currency, CAST(sum(amount) AS VARCHAR) FROM {table.name} GROUP BY currency ORDER BY currency"
    )
    found = [(str(currency), total) for currency, total in database.rows(query) if total is not None]
    return {
        currency: format_amount(int(str(total)), currency)
        for currency, total in found
        if currency in MINOR_UNITS
    }


def _row(watched: Watched, row: int, cells: list[ExplainedCell], faults: list[Fault]) -> ExplainedRow:
    header = watched.header
    assert header is not None
    used = {*header.places.values(), *(at for parts in header.joined.values() for at in parts)}
    unread = [
        (header.names[at] if at < len(header.names) else "", text)
        for at, text in enumerate(watched.fields[row])
        if at not in used
    ]
    of_row = [fault for fault in faults if fault.file == watched.label and fault.row in {None, row}]
    return ExplainedRow(watched.label, row, cells, unread, of_row)


def _explained(database: Database, table: Table, watched: Watched) -> dict[int, list[ExplainedCell]]:
    """Return the cells of each watched row that is in the table."""
    if not watched.fields or watched.header is None:
        return {}
    listed = ", ".join(map(str, watched.fields))
    where = f"WHERE file_number = {watched.number} AND row_number IN ({listed})"
    fields = ", ".join(map(identifier, table.names))
    rows = database.rows(f"SELECT row_number, {fields} FROM {table.name} {where}")
    return {
        int(str(row[0])): _cells(table, watched, watched.header, int(str(row[0])), row[1:]) for row in rows
    }


def _cells(
    table: Table, watched: Watched, header: Header, row: int, read: Sequence[SqlValue]
) -> list[ExplainedCell]:
    values, fields = dict(zip(table.names, read, strict=True)), watched.fields[row]
    cells = []
    for column in table.columns:
        places = header.joined.get(column.name) or [
            at for name, at in header.places.items() if name == column.name
        ]
        there = [at for at in places if at < len(fields)]
        names = tuple(header.names[at] for at in there)
        texts = tuple(fields[at] for at in there)
        cells.append(ExplainedCell(column.name, names, texts, _shown(column, values)))
    return cells


def _shown(column: Column, values: Mapping[str, SqlValue]) -> str | None:
    value = values[column.name]
    if isinstance(value, int) and column.kind in {"day", "instant"}:
        return day_text(value)
    if isinstance(value, int) and column.kind == "amount":
        return format_amount(value, str(values["currency"]))
    return None if value is None else str(value)


def _discard(database: Database, scratch: Path) -> None:
    database.close()
    shutil.rmtree(scratch, ignore_errors=True)

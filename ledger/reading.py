"""Reads the six tables, checks them against a policy, and holds what was read until it is frozen."""

import shutil
import tempfile
import weakref
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

from ledger.control import check_totals
from ledger.database import Database
from ledger.digest import digest_of
from ledger.findings import Findings
from ledger.identity import check_collisions, settle_repeats
from ledger.loading import Surroundings, load
from ledger.parsing import parse, prepare
from ledger.references import check_partners, resolve_mergers, take_off_guards
from ledger.refunds import check_refunds
from ledger.settings import DataSettings
from ledger.tables import BY_NAME, TABLES
from ledger.values import check_values
from rewards import Fault, Policy

STATED = "status <> 'closed' AND merged_into = ''"
"""Which rows of `partners` have a statement."""


class Ledger:
    """All six tables, parsed and without a fault; it holds a database, so close it or use it in a `with` block."""

    def __init__(self, database: Database, scratch: Path) -> None:
        self.database = database
        self._closing = weakref.finalize(self, _discard, database, scratch)

    @cached_property
    def digest(self) -> str:
        """The same for the same parsed rows, whatever their order, file format or shards."""
        return digest_of(self.database, lambda table: table.name)

    @cached_property
    def partner_ids(self) -> tuple[str, ...]:
        """The partners that have a statement (neither closed nor merged), by code point."""
        (ids,) = self.database.columns(f"SELECT partner_id FROM partners WHERE {STATED} ORDER BY partner_id")
        return tuple(map(str, ids))

    def close(self) -> None:
        """Forget the tables."""
        self._closing()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def read(
    settings: DataSettings,
    site: Path,
    policy: Policy,
    faults: list[Fault],
    environment: Mapping[str, str] | None = None,
) -> Ledger | None:
    """The ledger of `site`, or None if it has a fault. Every fault and remark is added to `faults`.

    `environment` gives the values of `${NAME}` in the settings.

    They come in the order of tables, files, rows and columns. Of one kind of mistake 10,000 are listed, and a closing
    fault counts the others.
    """
    scratch = Path(tempfile.mkdtemp(prefix="offerpress-ledger-"))
    ledger = Ledger(Database(scratch), scratch)
    findings = Findings()
    try:
        around = Surroundings(site, environment or {}, scratch)
        _read_into(ledger.database, findings, settings, around, policy)
    except BaseException:
        ledger.close()
        raise
    faults.extend(findings.sorted())
    if findings.faulty:
        ledger.close()
        return None
    return ledger


def _read_into(
    database: Database, findings: Findings, settings: DataSettings, around: Surroundings, policy: Policy
) -> None:
    for table in TABLES:
        load(database, findings, table, settings.of(table.name), around)
    prepare(database, policy.program.timezone)
    for table in TABLES:
        parse(database, table)
        check_values(database, findings, table, policy)
        database.run(f"DROP VIEW rows_{table.name}")
        database.run(f"DROP TABLE raw_{table.name}")
        settle_repeats(database, findings, table)
    take_off_guards(database)
    check_collisions(database, findings)
    if not findings.incomplete(BY_NAME["partners"]):
        check_partners(database, findings)
    resolve_mergers(database, findings)
    check_refunds(database, findings)
    check_totals(database, findings, settings.control)


def _discard(database: Database, scratch: Path) -> None:
    database.close()
    shutil.rmtree(scratch, ignore_errors=True)

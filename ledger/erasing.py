"""Takes partners out of a frozen ledger for good: what is left is a snapshot of its own, under a digest of its own."""

import json
import shutil
import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import Any

from ledger.database import Database, file_literal, literal
from ledger.digest import digest_of
from ledger.freezing import FILE_FORM, exchange
from ledger.snapshot import MANIFEST, Snapshot, file_digest, file_name
from ledger.tables import TABLES, Table


def family(snapshot: Snapshot, partner_id: str) -> frozenset[str]:
    """The partner and those that were merged into it, whose lines are its own; empty if there is no such row."""
    into = {partner.partner_id: partner.merged_into for partner in snapshot.partners()}
    if partner_id not in into:
        return frozenset()
    found = {partner_id}
    while more := {one for one, survivor in into.items() if survivor in found} - found:
        found |= more
    return frozenset(found)


def erase(folder: Path, partner_ids: Collection[str]) -> None:
    """Rewrite the snapshot in `folder` without these partners and their lines, beside it first.

    Everybody else's rows stay as they are, in their order. Raises `LedgerError`, with nothing changed.
    """
    snapshot = Snapshot.open(folder)
    gone = ", ".join(literal(one) for one in sorted(partner_ids))
    beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    database = Database(threads=1)
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_bytes())
        partners = _rows(folder, "partners")
        accounts = [
            int(str(number))
            for (number,) in database.rows(
                f"SELECT account FROM {partners} WHERE partner_id IN ({gone}) AND account IS NOT NULL ORDER BY account"
            )
        ]
        for table in TABLES:
            rows = _write(database, table, folder, beside / file_name(table), gone, accounts)
            path = beside / file_name(table)
            manifest["files"][table.name] = {
                "rows": rows,
                "bytes": path.stat().st_size,
                "sha256": file_digest(path),
            }
        manifest["shards"] = _shards(manifest["shards"], accounts)
        manifest["shard_digests"] = {}  # they would have to be computed from tables that are no longer there
        manifest["erased"] = snapshot.erased + len(partner_ids)
        manifest["digest"] = digest_of(database, lambda table: _rows(beside, table.name))
        (beside / MANIFEST).write_text(
            json.dumps(manifest, indent=1, sort_keys=True) + "\n", encoding="utf-8"
        )
        exchange(beside, folder)
    finally:
        database.close()
        shutil.rmtree(beside, ignore_errors=True)


def _rows(folder: Path, table: str) -> str:
    return f"read_parquet({file_literal(folder / f'{table}.parquet')})"


def _write(database: Database, table: Table, folder: Path, path: Path, gone: str, accounts: list[int]) -> int:
    """One file without these partners and accounts, the later ones numbered on; how many rows it has."""
    kept = "true"
    if "partner_id" in table.names:
        numbers = ", ".join(map(str, accounts)) or "NULL"
        kept = f"partner_id NOT IN ({gone}) AND coalesce(account IN ({numbers}), false) = false"
    before = " + ".join(f"CASE WHEN account > {number} THEN 1 ELSE 0 END" for number in accounts) or "0"
    query = f"""
        SELECT * REPLACE (CAST(account - ({before}) AS INTEGER) AS account)
        FROM {_rows(folder, table.name)} WHERE {kept}
    """
    database.write(query, path, FILE_FORM)
    return database.number(f"SELECT count(*) FROM {_rows(path.parent, table.name)}")


def _shards(shards: dict[str, list[int]], accounts: list[int]) -> dict[str, list[int]]:
    """Of each shard its first account and the one after its last, once these accounts are gone."""
    left = {}
    for shard, (first, end) in shards.items():
        start = first - sum(account < first for account in accounts)
        stop = end - sum(account < end for account in accounts)
        if start < stop:
            left[shard] = [start, stop]
    return left

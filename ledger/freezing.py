"""Writes a ledger as a snapshot: six columnar files, sorted by shard, partner and id, beside a manifest."""

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path

from ledger.database import Database, literal, whole
from ledger.errors import LedgerError
from ledger.reading import Ledger
from ledger.snapshot import FORMAT, MANIFEST, Snapshot, file_name
from ledger.tables import TABLES, Table, quoted

_ROW_GROUP = 16_384


def freeze(ledger: Ledger, shards: Mapping[str, int], folder: Path) -> Snapshot:
    """Write `ledger` to `folder`, in place of a snapshot that is there, and open it.

    `shards` gives the shard of every one of `ledger.partner_ids`, and of nobody else. It is written beside and renamed, so
    `folder` is never half a snapshot. Raises `LedgerError`.
    """
    if len(shards) != len(ledger.partner_ids) or any(
        partner_id not in shards for partner_id in ledger.partner_ids
    ):
        raise LedgerError(
            "the shards are not those of the ledger's partners: give one for each of partner_ids", folder
        )
    beside = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True, mode=0o700)
    _number_accounts(ledger, shards)
    files = {table.name: _write(ledger.database, table, beside / file_name(table)) for table in TABLES}
    manifest = {
        "format": FORMAT,
        "digest": ledger.digest,
        "shards": _ranges(ledger.database),
        "files": {
            name: _described(beside / file_name(table), rows)
            for (name, rows), table in zip(files.items(), TABLES, strict=True)
        },
    }
    (beside / MANIFEST).write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    _exchange(beside, folder)
    return Snapshot.open(folder)


def _number_accounts(ledger: Ledger, shards: Mapping[str, int]) -> None:
    """`accounts`: the partners that have a statement, numbered from 0 by shard and id."""
    database = ledger.database
    database.run("CREATE OR REPLACE TEMP TABLE sharded (partner_id VARCHAR, shard INTEGER)")
    database.append("sharded", ((partner_id, shards[partner_id]) for partner_id in ledger.partner_ids))
    database.run(
        "CREATE OR REPLACE TEMP TABLE accounts AS SELECT partner_id, shard, "
        "CAST(row_number() OVER (ORDER BY shard, partner_id) - 1 AS INTEGER) AS account FROM sharded"
    )


def _write(database: Database, table: Table, path: Path) -> int:
    """One file of the snapshot; `account` is NULL, and last, in rows that belong to no account. Returns the rows."""
    columns = ", ".join(f"lines.{quoted(name)}" for name in (*table.names, *derived(table)))
    id_order = ", ".join(f"lines.{quoted(name)}" for name in table.key)
    if table.name == "partners":
        joins, account = "LEFT JOIN accounts USING (partner_id)", "account, shard"
    elif "partner_id" in table.names:
        own = " AND owners.partner_id = owners.owner" if table.name == "levels" else ""
        joins = f"LEFT JOIN owners ON owners.partner_id = lines.partner_id{own} LEFT JOIN accounts ON accounts.partner_id = owners.owner"
        account = "account"
    else:
        joins, account = "", "CAST(NULL AS INTEGER) AS account"
    database.run(
        f"COPY (SELECT {account}, {columns} FROM {table.name} AS lines {joins} ORDER BY account NULLS LAST, {id_order}) "
        f"TO {literal(path)} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {_ROW_GROUP})"
    )
    return database.number(f"SELECT count(*) FROM {table.name}")


def derived(table: Table) -> tuple[str, ...]:
    """Columns that follow from other rows, and so are no part of the digest."""
    return ("refunded_day",) if table.name == "sales" else ()


def _ranges(database: Database) -> dict[str, list[int]]:
    """Of each shard its first account and the one after its last."""
    rows = database.rows(
        "SELECT shard, min(account), max(account) + 1 FROM accounts GROUP BY shard ORDER BY shard"
    )
    return {str(shard): [whole(first), whole(end)] for shard, first, end in rows}


def _described(path: Path, rows: int) -> dict[str, int | str]:
    with path.open("rb") as stream:
        return {
            "rows": rows,
            "bytes": path.stat().st_size,
            "sha256": hashlib.file_digest(stream, "sha256").hexdigest(),
        }


def _exchange(beside: Path, folder: Path) -> None:
    former = folder.with_name(f".{folder.name}.former")
    shutil.rmtree(former, ignore_errors=True)
    if folder.exists():
        folder.rename(former)
    beside.rename(folder)
    shutil.rmtree(former, ignore_errors=True)

"""Writes a ledger as a snapshot: six columnar files, sorted by shard, partner and id, beside a manifest."""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Collection, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from ledger.database import Database
from ledger.errors import LedgerError
from ledger.ledger import Ledger
from ledger.snapshot import ACCOUNTS_A_GROUP, FORMAT, MANIFEST, Snapshot, file_digest, file_name
from ledger.tables import TABLES, Table, file_literal, identifier, literal, whole

FILE_FORM = "FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 16_384"
_OF_OWNER = ("account", "LEFT JOIN owned AS place ON place.partner_id = lines.partner_id")
_OF_PARTNER = "LEFT JOIN accounts AS place ON place.partner_id = lines.partner_id"
_ACCOUNT = {
    "partners": ("account, shard", _OF_PARTNER),
    "levels": ("account", _OF_PARTNER),
    "rates": ("CAST(NULL AS INTEGER) AS account", ""),
}
"""The join from a row to its account: sales belong to the survivor of a merger, a level to the partner alone."""


def freeze(ledger: Ledger, shards: Mapping[str, int], folder: Path) -> Snapshot:
    """Write `ledger` to `folder` in place of an older snapshot, and open it.

    `shards` gives the shard of every one of `ledger.partner_ids`, and of nobody else. The new folder is written
    beside and renamed, so `folder` is never half a snapshot. Raises `LedgerError`, and `OSError` if nothing can be
    written.
    """
    if len(shards) != len(ledger.partner_ids) or not all(map(shards.__contains__, ledger.partner_ids)):
        text = "the shards are not those of the ledger's partners: give one for each of partner_ids"
        raise LedgerError(text, folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        _number_accounts(ledger, shards)
        _write_all(ledger, beside)
        _exchange(beside, folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return Snapshot.open(folder)


def _write_all(ledger: Ledger, folder: Path) -> None:
    files = {}
    for table in TABLES:
        path = folder / file_name(table)
        _write(ledger.database, table, path)
        rows = ledger.database.number(f"SELECT count(*) FROM {table.name}")
        files[table.name] = {"rows": rows, "bytes": path.stat().st_size, "sha256": file_digest(path)}
    ranges = _ranges(ledger.database)
    manifest = {
        "format": FORMAT,
        "digest": ledger.digest,
        "shards": ranges,
        "shard_digests": _shard_digests(ledger.database, ranges),
        "files": files,
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _number_accounts(ledger: Ledger, shards: Mapping[str, int]) -> None:
    """Create `accounts`: the partners that have a statement, numbered from 0 by shard and id, in numbered groups.

    `owned` says the same of every partner whose lines belong to one of these.
    """
    database = ledger.database
    database.run("CREATE OR REPLACE TEMP TABLE sharded (partner_id VARCHAR, shard INTEGER)")
    database.append("sharded", ((partner_id, shards[partner_id]) for partner_id in ledger.partner_ids))
    database.run(
        "CREATE OR REPLACE TEMP TABLE accounts AS SELECT partner_id, shard, "
        "CAST(row_number() OVER (ORDER BY shard, partner_id) - 1 AS INTEGER) AS account, "
        "CAST(dense_rank() OVER (ORDER BY shard, part) - 1 AS INTEGER) AS number FROM ("
        "SELECT *, (row_number() OVER (PARTITION BY shard ORDER BY partner_id) - 1) "
        f"// {ACCOUNTS_A_GROUP} AS part FROM sharded)"
    )
    database.run(
        "CREATE OR REPLACE TEMP TABLE owned AS SELECT owners.partner_id, account, shard, number "
        "FROM owners JOIN accounts ON accounts.partner_id = owners.owner"
    )


def _write(database: Database, table: Table, path: Path) -> None:
    """Write one file of the snapshot; rows that belong to no account come last, with `account` NULL."""
    names = (*table.names, *derived(table))
    columns = ", ".join(f"lines.{identifier(name)}" for name in names)
    order = ", ".join(f"lines.{identifier(name)}" for name in table.key)
    account, joins = _ACCOUNT.get(table.name, _OF_OWNER)
    query = f"""
        SELECT {account}, {columns} FROM {table.name} AS lines {joins}
        ORDER BY account NULLS LAST, {order}
    """
    database.write(query, path, FILE_FORM)


def derived(table: Table) -> tuple[str, ...]:
    """Return the columns that follow from other rows, and so are no part of the digest."""
    return ("refunded_day",) if table.name == "sales" else ()


def _ranges(database: Database) -> dict[str, list[int]]:
    """Return, for each shard, its first account and the one after its last."""
    rows = database.rows(
        "SELECT shard, min(account), max(account) + 1 FROM accounts GROUP BY shard ORDER BY shard"
    )
    return {str(shard): [whole(first), whole(end)] for shard, first, end in rows}


def _shard_digests(database: Database, ranges: Mapping[str, Sequence[int]]) -> dict[str, str]:
    """Return, for each shard, one digest for each group of its accounts, which changes with every line of these.

    The lines of a table, each with a key of its own, are counted and their MD5 sums added without carry. This works
    in any order and takes a quarter of the time of sorting them.
    """
    digests: dict[int, hashlib._Hash] = {}
    for table in TABLES:
        _, joins = _ACCOUNT.get(table.name, _OF_OWNER)
        if not joins:
            continue
        names = (*table.names, *derived(table))
        fields = ", ".join(f"coalesce(CAST(lines.{identifier(name)} AS VARCHAR), '')" for name in names)
        sums = f"""
            SELECT number, count(*), CAST(bit_xor(md5_number(concat_ws(chr(31), {fields}))) AS VARCHAR)
            FROM {table.name} AS lines {joins} WHERE number IS NOT NULL GROUP BY ALL ORDER BY ALL
        """
        for number, count, lines in database.rows(sums):
            told = f"{table.name} {count} {lines}\n".encode()
            digests.setdefault(whole(number), hashlib.sha256()).update(told)
    in_order = (digest.hexdigest()[:32] for _, digest in sorted(digests.items()))
    counts = {shard: len(range(first, end, ACCOUNTS_A_GROUP)) for shard, (first, end) in ranges.items()}
    return {shard: " ".join(islice(in_order, count)) for shard, count in counts.items()}


def _exchange(beside: Path, folder: Path) -> None:
    """Put `beside` in the place of `folder`; an equal snapshot that another process put there meanwhile stays."""
    former = beside.with_name(f"{beside.name}-former")
    if folder.exists():
        folder.rename(former)
    try:
        beside.rename(folder)
    except OSError as error:
        if Snapshot.open(folder).digest != Snapshot.open(beside).digest:
            raise LedgerError(f"{folder} was written by someone else meanwhile; try again", folder) from error
    finally:
        shutil.rmtree(former, ignore_errors=True)


# Erasing: partners are taken out of a frozen ledger for good, and the rest is a snapshot with a digest of its own.


def family(snapshot: Snapshot, partner_id: str) -> frozenset[str]:
    """Return the partner and those merged into it, whose lines are its own; an unknown partner has no family."""
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
            rows = _write_rest(database, table, folder, beside / file_name(table), gone, accounts)
            path = beside / file_name(table)
            manifest["files"][table.name] = {
                "rows": rows,
                "bytes": path.stat().st_size,
                "sha256": file_digest(path),
            }
        manifest["shards"] = _shards(manifest["shards"], accounts)
        manifest["shard_digests"] = {}  # they would have to be computed from tables that are no longer there
        manifest["erased"] = snapshot.erased + len(partner_ids)
        manifest["digest"] = database.digest(lambda table: _rows(beside, table.name))
        (beside / MANIFEST).write_text(
            json.dumps(manifest, indent=1, sort_keys=True) + "\n", encoding="utf-8"
        )
        _exchange(beside, folder)
    finally:
        database.close()
        shutil.rmtree(beside, ignore_errors=True)


def _rows(folder: Path, table: str) -> str:
    return f"read_parquet({file_literal(folder / f'{table}.parquet')})"


def _write_rest(
    database: Database, table: Table, folder: Path, path: Path, gone: str, accounts: list[int]
) -> int:
    """Write one file without these partners and accounts, with later accounts renumbered; return its rows."""
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
    """Return, for each shard, its first account and the one after its last without these accounts."""
    left = {}
    for shard, (first, end) in shards.items():
        start = first - sum(account < first for account in accounts)
        stop = end - sum(account < end for account in accounts)
        if start < stop:
            left[shard] = [start, stop]
    return left

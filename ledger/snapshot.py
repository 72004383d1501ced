"""A frozen ledger: read by shard, from any number of processes at once, and checked against its digest."""

import hashlib
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator
from fractions import Fraction
from functools import cached_property, partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self, TypeVar, cast

from pydantic import BaseModel, ConfigDict, ValidationError

from ledger.errors import SnapshotDamaged, TablesUnreadable
from ledger.tables import BY_NAME, TABLES, SqlValue, Table, file_literal, identifier, literal, whole
from rewards import Account, Credit, LedgerTotals, Partner, Rates, Sale, Subscription, Total

if TYPE_CHECKING:
    from ledger.database import Database

FORMAT = "offerpress snapshot 1"
ACCOUNTS_A_GROUP: Final = 50
"""So many accounts of a shard, one after another, take a step together and have a digest of their own.

The processor keeps the code of a step at hand, which saves a fifth. The last group of a shard may have fewer.
"""

MANIFEST = "snapshot.json"
_REMEDY = "build again, or take the folder from a backup"

_Line = TypeVar("_Line")
_Sums = dict[tuple[str, ...], Total]


def file_name(table: Table) -> str:
    """Return the name of the file that holds `table`."""
    return f"{table.name}.parquet"


def file_digest(path: Path) -> str:
    """Return the SHA-256 (hexadecimal) of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", defer_build=True)

    rows: int
    bytes: int
    sha256: str


class _Manifest(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", defer_build=True)

    format: str
    digest: str
    shards: dict[str, tuple[int, int]]
    shard_digests: dict[str, str] = {}
    erased: int = 0
    files: dict[str, _File]


class Snapshot:
    """A frozen ledger in `folder`. It opens its files when they are first read, and can be sent to other processes.

    `stamp` differs between two snapshots of one digest that were not written in the same bytes.
    """

    def __init__(self, folder: Path, manifest: _Manifest, stamp: str) -> None:
        self.folder = folder
        self.stamp = stamp
        self._manifest = manifest
        self._ranges = {int(shard): accounts for shard, accounts in manifest.shards.items()}

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open the snapshot in `folder`; raise `SnapshotDamaged` if it, or a part of a file, is missing."""
        try:
            text = (folder / MANIFEST).read_bytes()
            manifest = _Manifest.model_validate_json(text)
        except OSError as error:
            raise SnapshotDamaged(f"no snapshot in {folder}: {error.strerror}; {_REMEDY}", folder) from error
        except ValidationError as error:
            raise SnapshotDamaged(f"the manifest of {folder} is damaged; {_REMEDY}", folder) from error
        if manifest.format != FORMAT:
            raise SnapshotDamaged(f"{folder} is {manifest.format!r}, not {FORMAT!r}; build again", folder)
        for table in TABLES:
            path = folder / file_name(table)
            listed = manifest.files.get(table.name)
            if listed is None or not path.is_file() or path.stat().st_size != listed.bytes:
                raise SnapshotDamaged(f"{path} is missing or has another size; {_REMEDY}", path)
        return cls(folder, manifest, hashlib.sha256(text).hexdigest())

    def __reduce__(self) -> tuple[Callable[[Path], "Snapshot"], tuple[Path]]:
        return (Snapshot.open, (self.folder,))

    @property
    def digest(self) -> str:
        """The digest of the ledger that was frozen."""
        return self._manifest.digest

    @property
    def erased(self) -> int:
        """The number of partners taken out after freezing; the digest is that of the remaining rows."""
        return self._manifest.erased

    @property
    def shards(self) -> tuple[int, ...]:
        """The shards that hold an account, rising."""
        return tuple(sorted(self._ranges))

    @property
    def shard_digests(self) -> dict[int, str]:
        """For each shard a text of digests that changes with its lines; empty in a snapshot of an earlier version."""
        return {int(shard): digest for shard, digest in self._manifest.shard_digests.items()}

    def group_digests(self, shard: int) -> list[str]:
        """Return a digest of the lines of each group of a shard; none in a snapshot of an earlier version."""
        first, end = self._ranges.get(shard, (0, 0))
        digests = self._manifest.shard_digests.get(str(shard), "").split()
        return digests if len(digests) == len(range(first, end, ACCOUNTS_A_GROUP)) else []

    @property
    def has_digests(self) -> bool:
        """Whether the manifest tells what its shards hold; a snapshot of an earlier version does not."""
        return self._manifest.shard_digests.keys() == self._manifest.shards.keys()

    @property
    def rates_digest(self) -> str:
        """The SHA-256 of the file with all rates: files of one digest hold the same rates."""
        return self._manifest.files["rates"].sha256

    @property
    def account_count(self) -> int:
        """The number of partners that have a statement."""
        return max((end for _, end in self._ranges.values()), default=0)

    @cached_property
    def rates(self) -> Rates:
        """All rows of the `rates` table, which is read when one of them is used."""
        return Rates(self._rates())

    def _rates(self) -> Iterator[tuple[int, str, str, Fraction]]:
        columns = self._columns(BY_NAME["rates"], ("on", "from", "to", "rate"), "true", few=True)
        for on, source, target, rate in zip(*columns, strict=True):
            yield whole(on), str(source), str(target), Fraction(str(rate))

    def accounts(self, shard: int) -> Iterator[Account]:
        """Yield the accounts of `shard`, sorted by partner id; a shard that is not in `shards` has none."""
        first, end = self._ranges.get(shard, (0, 0))
        return self._accounts(first, end)

    def groups(
        self, shard: int, wanted: Collection[int] | None = None
    ) -> Iterator[tuple[int, list[Account]]]:
        """Yield number and accounts of the `wanted` groups of a shard, by default of all, rising."""
        first, end = self._ranges.get(shard, (0, 0))
        starts = range(first, end, ACCOUNTS_A_GROUP)
        if wanted is not None and len(wanted) * _FEW_GROUPS <= len(starts):
            # Queries for each of few groups cost less than one for all accounts.
            for number in sorted(wanted):
                start = starts[number]
                yield number, list(self._accounts(start, min(start + ACCOUNTS_A_GROUP, end)))
            return
        accounts = self._accounts(first, end)
        for number in range(len(starts)):
            group = list(islice(accounts, ACCOUNTS_A_GROUP))
            if wanted is None or number in wanted:
                yield number, group

    def account(self, partner_id: str) -> Account | None:
        """Return one partner's account; None for an unknown, closed or merged partner."""
        mine = f"partner_id = {literal(partner_id)}"
        for number in self._columns(BY_NAME["partners"], ("account",), mine, few=True)[0]:
            if number is not None:
                return next(self._accounts(whole(number), whole(number) + 1))
        return None

    def partners(self) -> Iterator[Partner]:
        """Yield every row of `partners`: those with a statement by shard and id, then the closed and merged ones."""
        return map(_partner, self._rows("partners", _PARTNER, "true"))

    def partner_shards(self) -> dict[str, int]:
        """Return the shard of each partner with a statement; raise `SnapshotDamaged` if the file was changed."""
        self._require_intact(BY_NAME["partners"])
        columns = self._columns(BY_NAME["partners"], ("partner_id", "shard"), "account IS NOT NULL")
        return {str(partner): whole(shard) for partner, shard in zip(*columns, strict=True)}

    def currencies(self) -> frozenset[str]:
        """Return the currencies of all partners."""
        return frozenset(str(currency) for (currency,) in self._rows("partners", ("currency",), "true"))

    def excluded_sales(self) -> Iterator[Sale]:
        """Yield the sales of closed partners, which are in no account, by id."""
        return map(_SALE_OF, self._rows("sales", _SALE, "account IS NULL"))

    def totals(self) -> LedgerTotals:
        """Return the sums of the frozen sales and credits as the database computes them, in minor units."""
        sales, closed_sales = self._sums("sales", ("currency",))
        credited, closed_credits = self._sums("credits", ("offer", "currency"))
        return LedgerTotals(
            {currency: total for (currency,), total in sales.items()},
            {currency: total for (currency,), total in closed_sales.items()},
            {(offer, currency): total for (offer, currency), total in credited.items()},
            {(offer, currency): total for (offer, currency), total in closed_credits.items()},
        )

    def _sums(self, table: str, names: tuple[str, ...]) -> tuple[_Sums, _Sums]:
        """Return lines and amounts of `table` by `names`, of all partners and of closed partners."""
        every: _Sums = {}
        closed: _Sums = {}
        if not self._manifest.files[table].rows:
            return every, closed
        # By the partner's own row, not by the account: a line that lost its account must not pass for a closed one's.
        of_closed = f"""
            partner_id IN (SELECT partner_id FROM {self._relation(BY_NAME["partners"])}
            WHERE status = 'closed' AND merged_into = '')
        """
        statement = f"""
            SELECT {of_closed} AS is_closed, count(*), CAST(sum(amount) AS VARCHAR), {", ".join(names)}
            FROM {self._relation(BY_NAME[table])} GROUP BY ALL ORDER BY ALL
        """
        with self._database.lock:
            rows = self._database.rows(statement)
        for is_closed, lines, amount, *values in rows:
            key, total = tuple(map(str, values)), Total(whole(lines), int(str(amount)))
            before = every.get(key, Total(0, 0))
            every[key] = Total(before.lines + total.lines, before.amount + total.amount)
            if is_closed:
                closed[key] = total
        return every, closed

    @property
    def rows(self) -> dict[str, int]:
        """The number of rows of each table."""
        return {name: file.rows for name, file in self._manifest.files.items()}

    def verify(self) -> str:
        """Compute the digest anew from the frozen columns.

        Raises `SnapshotDamaged` with the file's name if a file's bytes are not those that were written.
        """
        for table in TABLES:
            self._require_intact(table)
        return self._database.digest(self._relation)

    def _require_intact(self, table: Table) -> None:
        path = self.folder / file_name(table)
        if file_digest(path) != self._manifest.files[table.name].sha256:
            raise SnapshotDamaged(f"{path} was changed after it was written; {_REMEDY}", path)

    @cached_property
    def _database(self) -> "Database":
        from ledger.database import Database  # noqa: PLC0415 - a snapshot that is only compared needs none

        return Database(threads=1)

    def close(self) -> None:
        """Close the files, and end the threads that read them; reading opens them again."""
        if "_database" in vars(self):
            self._database.close()
            del self._database

    def _relation(self, table: Table) -> str:
        return f"read_parquet({file_literal(self.folder / file_name(table))}, file_row_number = true)"

    def _columns(
        self, table: Table, names: Iterable[str], condition: str, *, few: bool = False
    ) -> list[list[SqlValue]]:
        """Return columns of the rows that meet `condition`, in the order of the file, which a scan preserves."""
        rows = self._manifest.files[table.name].rows
        if not rows:
            return [[] for _ in names]
        selected = ", ".join(map(identifier, names))
        statement = f"SELECT {selected} FROM {self._relation(table)} WHERE {condition}"
        try:
            with self._database.lock:
                return self._database.columns(statement, 1 if few else rows)
        except TablesUnreadable as error:
            path = self.folder / file_name(table)
            raise SnapshotDamaged(f"{path} cannot be read ({error}); {_REMEDY}", path) from error

    def _rows(self, table: str, names: tuple[str, ...], condition: str) -> Iterator[tuple[SqlValue, ...]]:
        """Yield the rows of a whole file, with a part of it in memory at a time."""
        for start in range(0, self._manifest.files[table].rows, _STEP):
            within = f"file_row_number >= {start} AND file_row_number < {start + _STEP}"
            yield from zip(*self._columns(BY_NAME[table], names, f"{within} AND {condition}"), strict=True)

    def _accounts(self, first: int, end: int) -> Iterator[Account]:
        within = f"account >= {first} AND account < {end}"
        partners = zip(
            *self._columns(BY_NAME["partners"], _PARTNER, within, few=end - first <= ACCOUNTS_A_GROUP),
            strict=True,
        )
        sales = self._lines("sales", _SALE, _SALE_OF, first, end)
        subscriptions = self._lines("subscriptions", _SUBSCRIPTION, _SUBSCRIPTION_OF, first, end)
        credited = self._lines("credits", _CREDIT, _CREDIT_OF, first, end)
        levels = self._lines("levels", ("from", "level"), _level, first, end)
        return map(Account, map(_partner, partners), sales, subscriptions, credited, levels)

    def _lines(
        self,
        table: str,
        names: tuple[str, ...],
        make: Callable[[tuple[SqlValue, ...]], _Line],
        first: int,
        end: int,
    ) -> Iterator[tuple[_Line, ...]]:
        """Yield the lines of each account from `first` to before `end`."""
        within = f"account >= {first} AND account < {end}"
        numbers, *columns = self._columns(
            BY_NAME[table], ("account", *names), within, few=end - first <= ACCOUNTS_A_GROUP
        )
        lines = list(map(make, zip(*columns, strict=True)))
        accounts = cast("list[int]", numbers)
        start = 0
        for account in range(first, end):
            stop = bisect_right(accounts, account, start)
            yield tuple(lines[start:stop])
            start = stop


_STEP = 16_384
_FEW_GROUPS = 5
_PARTNER = BY_NAME["partners"].names
_SALE = ("sale_id", "partner_id", "sold_on", "amount", "currency", "product", "refund_of", "refunded_day")
_SUBSCRIPTION = ("subscription_id", "product", "plan", "started_on", "expires_on", "customer")
_CREDIT = ("credit_id", "offer", "amount", "currency", "credited_on")

# The constructor of a named tuple looks at each field; for millions of lines only the tuple's own is fast enough.
_SALE_OF: Callable[[tuple[SqlValue, ...]], Sale] = partial(tuple.__new__, Sale)
_SUBSCRIPTION_OF: Callable[[tuple[SqlValue, ...]], Subscription] = partial(tuple.__new__, Subscription)
_CREDIT_OF: Callable[[tuple[SqlValue, ...]], Credit] = partial(tuple.__new__, Credit)


def _partner(values: Iterable[SqlValue]) -> Partner:
    return Partner(*map(str, values))


def _level(values: tuple[SqlValue, ...]) -> tuple[int, str]:
    day, level = values
    return whole(day), str(level)

"""Freezing, reading back by shard, and the digest."""

import json
import pickle
import random
import resource
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import astuple
from fractions import Fraction
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path

import pytest

from ledger import Ledger, LedgerError, Snapshot, SnapshotDamaged, erase, family, freeze
from ledger.errors import NotWritten
from rewards import Account, Credit, Fault, Sale, Subscription, parse_day

Reading = Callable[..., tuple[Ledger | None, list[Fault]]]

PARTNERS = "partner_id,name,email,currency,level,status,merged_into\n"
MERGED = {
    "partners": PARTNERS + "P1,One,,EUR,bronze,active,P3\nP2,Two,,JPY,silver,,\nP3,Three,,EUR,silver,,\n"
    "P4,Four,,EUR,bronze,closed,\nP0,Zero,,USD,affiliate,,\n",
    "sales": "sale_id,partner_id,sold_on,amount,currency,product,refund_of\n"
    "A2,P1,2023-01-31,100.50,EUR,PRO 8SC,\nA1,P3,2023-01-31,1,EUR,,\nA3,P3,2023-03-01,-0.50,EUR,,A2\n"
    "A4,P4,2023-03-01,7,EUR,,\nA5,P2,2023-03-01,1000,JPY,\u00e9 \U0001f600,\nA6,P3,2023-03-02,-0.10,EUR,,A3\n",
    "subscriptions": "subscription_id,partner_id,product,plan,expires_on,started_on,customer\n"
    "S1,P1,PRO 8SC,paid,2023-11-30,,\nS2,P4,4SC,free,2023-06-30,2022-06-30,C\nS3,P2,4SC,nfr,2023-06-30,2022-06-30,C\n",
    "credits": "credit_id,partner_id,offer,amount,currency,credited_on\nC1,P1,cashback,-1.00,EUR,2023-06-30\n",
    "levels": "partner_id,level,from\nP1,silver,2023-02-01\nP3,bronze,2023-02-01\nP3,silver,2023-01-01\n",
}


def frozen(
    reading: Reading, folder: Path, tables: Mapping[str, str] | None = None, shards: int = 2
) -> Snapshot:
    """Read the tables and freeze them, the partners dealt out over the shards."""
    ledger, faults = reading(**(tables or {}))
    assert ledger is not None, faults
    with ledger:
        return freeze(
            ledger, {name: number % shards for number, name in enumerate(ledger.partner_ids)}, folder
        )


@pytest.fixture
def snapshot(reading: Reading, tmp_path: Path) -> Snapshot:
    """A ledger with a merger and a closed partner, in two shards."""
    return frozen(reading, tmp_path / "snapshots" / "one", MERGED)


def test_accounts_of_a_shard_hold_what_belongs_to_them(snapshot: Snapshot) -> None:
    """The survivor of a merger has the lines of both, but only its own levels; all lines are sorted."""
    assert snapshot.shards == (0, 1)
    ids = [[account.partner.partner_id for account in snapshot.accounts(shard)] for shard in snapshot.shards]
    assert ids == [["P0", "P3"], ["P2"]]
    day = parse_day
    three = list(snapshot.accounts(0))[1]
    assert three == Account(
        three.partner,
        (
            Sale("A1", "P3", day("2023-01-31"), 100, "EUR", "", "", None),
            Sale("A2", "P1", day("2023-01-31"), 10050, "EUR", "PRO 8SC", "", None),
            Sale("A3", "P3", day("2023-03-01"), -50, "EUR", "PRO 8SC", "A2", day("2023-01-31")),
            Sale("A6", "P3", day("2023-03-02"), -10, "EUR", "PRO 8SC", "A3", day("2023-03-01")),
        ),
        (Subscription("S1", "PRO 8SC", "paid", None, day("2023-11-30"), ""),),
        (Credit("C1", "cashback", -100, "EUR", day("2023-06-30")),),
        ((day("2023-01-01"), "silver"), (day("2023-02-01"), "bronze")),
    )
    assert [type(line) for line in (three.sales[0], three.subscriptions[0], three.credits[0])] == [
        Sale,
        Subscription,
        Credit,
    ]
    (two,) = snapshot.accounts(1)
    assert two.sales[0].product == "\u00e9 \U0001f600"
    assert two.subscriptions[0].started_on == day("2022-06-30")
    assert list(snapshot.accounts(7)) == []


def test_groups_of_a_shard(reading: Reading, tmp_path: Path) -> None:
    """Fifty accounts after each other have a digest, which changes with a line of theirs and with no other one."""
    names = [f"P{number:04}" for number in range(620)]
    partners = PARTNERS + "".join(f"{name},{name},,EUR,silver,,\n" for name in names)
    head = "sale_id,partner_id,sold_on,amount,currency,product,refund_of\n"
    sales = [f"A-{name},{name},2023-01-31,{number}.00,EUR,,\n" for number, name in enumerate(names)]
    tables = {name: text.partition("\n")[0] + "\n" for name, text in MERGED.items()} | {"partners": partners}
    before = frozen(reading, tmp_path / "s", tables | {"sales": head + "".join(sales)})
    sales[2 * 70] = sales[2 * 70].replace("140.00", "141.00")  # of the 71st account of shard 0
    after = frozen(reading, tmp_path / "t", tables | {"sales": head + "".join(sales)})
    assert [7, 7] == [len(after.group_digests(shard)) for shard in after.shards]
    pairs = zip(before.group_digests(0), after.group_digests(0), strict=True)
    assert [number == 1 for number in range(7)] == [one != other for one, other in pairs]
    assert before.group_digests(1) == after.group_digests(1)
    assert before.shard_digests[0] != after.shard_digests[0]
    accounts = list(after.accounts(0))
    groups = [(number, accounts[50 * number : 50 * number + 50]) for number in range(7)]
    assert groups == list(after.groups(0))
    for wanted in ({1}, {6}, {0, 2, 3, 6}, set()):
        assert [groups[number] for number in sorted(wanted)] == list(after.groups(0, wanted))
    erase(after.folder, ["P0003"])
    assert [] == Snapshot.open(after.folder).group_digests(0)


def test_one_account(snapshot: Snapshot) -> None:
    """An account is found by its id; closed, merged and unknown partners have none, whatever the id holds."""
    assert snapshot.account("P3") == list(snapshot.accounts(0))[1]
    assert [snapshot.account(name) for name in ("P1", "P4", "P9", "", "' OR true --")] == [None] * 5


def test_all_partners_and_excluded_sales(snapshot: Snapshot) -> None:
    """Every partner's row is kept, and the sales of closed partners are kept apart."""
    assert [partner.partner_id for partner in snapshot.partners()] == ["P0", "P3", "P2", "P1", "P4"]
    assert {partner.partner_id: (partner.status, partner.merged_into) for partner in snapshot.partners()} == {
        "P0": ("active", ""),
        "P1": ("active", "P3"),
        "P2": ("active", ""),
        "P3": ("active", ""),
        "P4": ("closed", ""),
    }
    assert [sale.sale_id for sale in snapshot.excluded_sales()] == ["A4"]


def test_rates(reading: Reading, tmp_path: Path) -> None:
    """Rates come back as exact fractions."""
    rates = "on,from,to,rate\n2023-01-01,JPY,EUR,0.00700\n2023-01-01,USD,EUR, 00.9350000000000000000000001 \n"
    snapshot = frozen(reading, tmp_path / "s", {"rates": rates})
    day = parse_day("2023-01-01")
    assert snapshot.rates.on("JPY", day, "EUR") == Fraction(7, 1000)
    assert snapshot.rates.on("USD", day, "EUR") == Fraction(9350000000000000000000001, 10**25)


def test_digest_is_that_of_the_rows(reading: Reading, tmp_path: Path) -> None:
    """Order of rows and columns, spelling of amounts, extra columns, repetitions and shards leave the digest alone."""
    snapshot = frozen(reading, tmp_path / "s", MERGED)
    lines = MERGED["sales"].splitlines()
    turned = [",".join(reversed([*line.split(","), "x"])) for line in lines]
    shuffled = [turned[0], *random.Random(7).sample(turned[1:], len(turned) - 1), turned[3]]
    changed = MERGED | {"sales": "\n".join(shuffled).replace(",100.50,", ", 100.5,")}
    other = frozen(reading, tmp_path / "t", changed, 3)
    assert other.digest == snapshot.digest
    assert [snapshot.verify(), other.verify()] == [snapshot.digest] * 2


def test_digest_is_over_the_texts_as_they_are(reading: Reading, tmp_path: Path) -> None:
    """Quotes, delimiters, backslashes and spaces within enter the digest unchanged, parted by U+001F, a row a line."""
    name = 'One, "the" first; \\N \'n\u00a0\u00e9\u2028#'
    quoted = name.replace('"', '""')
    partners = f'partner_id,name,email,currency,level\nP2,Two,,EUR,bronze\nP1,"{quoted}",,EUR,bronze\n'
    empty = dict.fromkeys(("sales", "subscriptions", "credits", "rates", "levels"))
    ledger, faults = reading(partners=partners, **empty)
    assert ledger is not None, faults
    with ledger:
        snapshot = freeze(ledger, {"P1": 0, "P2": 0}, tmp_path / "s")
    rows = sorted("\x1f".join(astuple(partner)) + "\n" for partner in snapshot.partners())
    whole = sha256(b"offerpress ledger 1")
    for table in ("partners", "sales", "subscriptions", "credits", "rates", "levels"):
        text = "".join(rows) if table == "partners" else ""
        whole.update(f"\n{table} {sha256(text.encode()).hexdigest()}".encode())
    assert snapshot.digest == whole.hexdigest()
    assert name in {partner.name for partner in snapshot.partners()}


def test_no_room_is_no_damage(reading: Reading, tmp_path: Path) -> None:
    """Where the rows of the digest or a file of a snapshot cannot be written, the error says where and what to do."""
    snapshot = frozen(reading, tmp_path / "s")
    ledger, _ = reading()
    assert ledger is not None
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (16, before[1]))
    try:
        with pytest.raises(NotWritten, match=r"digest-.*cannot be written \(File too large\); make room"):
            snapshot.verify()
        with pytest.raises(NotWritten, match=r"partners.parquet cannot be written .*make room"), ledger:
            freeze(ledger, dict.fromkeys(ledger.partner_ids, 0), tmp_path / "t")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert {path.name for path in tmp_path.iterdir()} == {"data", "s"}


@pytest.mark.parametrize("table", MERGED)
def test_digest_tells_every_difference(reading: Reading, tmp_path: Path, table: str) -> None:
    """One row less in any table is another digest."""
    whole = frozen(reading, tmp_path / "s", MERGED)
    lines = MERGED[table].splitlines(keepends=True)
    fewer = lines[:5] if table == "partners" else [*lines[:1], *lines[2:]]
    if table == "sales":
        fewer = lines[:4] + lines[5:]
    assert frozen(reading, tmp_path / "t", MERGED | {table: "".join(fewer)}).digest != whole.digest


def test_freezing_again_replaces(reading: Reading, tmp_path: Path) -> None:
    """A second snapshot takes the place of the first, and nothing else is left beside it."""
    frozen(reading, tmp_path / "p" / "s")
    second = frozen(reading, tmp_path / "p" / "s", MERGED)
    assert Snapshot.open(tmp_path / "p" / "s").digest == second.digest
    assert [path.name for path in (tmp_path / "p").iterdir()] == ["s"]
    assert (tmp_path / "p" / "s").stat().st_mode & 0o777 == 0o700


def test_shards_must_be_those_of_the_partners(reading: Reading, tmp_path: Path) -> None:
    """A missing or a strange partner among the shards is refused, and nothing is written."""
    ledger, _ = reading()
    assert ledger is not None
    for shards in ({"P1": 0}, {"P1": 0, "P2": 0, "P3": 0}, {"P1": 0, "P3": 0}):
        with pytest.raises(LedgerError, match="one for each of partner_ids"):
            freeze(ledger, shards, tmp_path / "s")
    assert not (tmp_path / "s").exists()


def test_an_empty_ledger(reading: Reading, tmp_path: Path) -> None:
    """A site without a single partner can be frozen and read."""
    nothing = dict.fromkeys(("sales", "subscriptions", "credits", "levels", "rates"))
    ledger, faults = reading(partners="partner_id,name,email,currency,level\n", **nothing)
    assert faults == []
    assert ledger is not None
    snapshot = freeze(ledger, {}, tmp_path / "s")
    assert snapshot.shards == ()
    assert list(snapshot.partners()) == []
    assert snapshot.verify() == snapshot.digest == ledger.digest


def count_lines(work: tuple[Snapshot, int]) -> int:
    """The sales of a shard, as another process reads them."""
    snapshot, shard = work
    return sum(len(account.sales) for account in snapshot.accounts(shard))


def test_several_processes_read_at_once(snapshot: Snapshot) -> None:
    """A snapshot can be sent to spawned processes, which read the same files at once."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        assert list(pool.map(count_lines, [(snapshot, 0), (snapshot, 1), (snapshot, 0)])) == [4, 1, 4]
    assert pickle.loads(pickle.dumps(snapshot)).digest == snapshot.digest  # noqa: S301


@pytest.mark.parametrize("name", ["partners", "sales", "subscriptions", "credits", "rates", "levels"])
def test_a_changed_byte_is_noticed(snapshot: Snapshot, name: str) -> None:
    """After one byte of any file is changed, verifying names the file."""
    path = snapshot.folder / f"{name}.parquet"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(SnapshotDamaged, match=f"{name}.parquet was changed") as caught:
        Snapshot.open(snapshot.folder).verify()
    assert caught.value.path == path


def test_what_cannot_be_opened(snapshot: Snapshot, tmp_path: Path) -> None:
    """An absent folder, a cut file, a damaged manifest and another format are errors with a remedy."""
    with pytest.raises(SnapshotDamaged, match=r"no snapshot in .*build again"):
        Snapshot.open(tmp_path / "absent")
    manifest = snapshot.folder / "snapshot.json"
    text = manifest.read_text()
    manifest.write_text(json.dumps(json.loads(text) | {"format": "offerpress snapshot 0"}))
    with pytest.raises(SnapshotDamaged, match="'offerpress snapshot 0'"):
        Snapshot.open(snapshot.folder)
    manifest.write_text(text[:-20])
    with pytest.raises(SnapshotDamaged, match="manifest"):
        Snapshot.open(snapshot.folder)
    manifest.write_text(text)
    with (snapshot.folder / "sales.parquet").open("ab") as stream:
        stream.truncate(100)
    with pytest.raises(SnapshotDamaged, match="missing or has another size"):
        Snapshot.open(snapshot.folder)


def test_a_column_that_cannot_be_read(snapshot: Snapshot) -> None:
    """A damaged file that keeps its size is an error that names it when it is read."""
    path = snapshot.folder / "sales.parquet"
    path.write_bytes(bytes(path.stat().st_size))
    with pytest.raises(SnapshotDamaged, match=r"sales.parquet cannot be read"):
        list(Snapshot.open(snapshot.folder).accounts(0))


def test_erasing_leaves_everybody_else_as_they_were(snapshot: Snapshot) -> None:
    """A survivor goes with those merged into it; the others stay in their shards, under a digest of their own."""
    others = [
        one for shard in snapshot.shards for one in snapshot.accounts(shard) if one.partner.partner_id != "P3"
    ]
    gone = family(snapshot, "P3")
    assert {"P1", "P3"} == gone
    erase(snapshot.folder, gone)
    left = Snapshot.open(snapshot.folder)
    assert others == [one for shard in left.shards for one in left.accounts(shard)]
    assert {"P0", "P2", "P4"} == {row.partner_id for row in left.partners()}
    assert ["A4"] == [sale.sale_id for sale in left.excluded_sales()]
    assert (left.digest, 2) == (left.verify(), left.erased)
    assert snapshot.digest != left.digest
    erase(left.folder, {"P0", "P2", "P4"})
    assert ((), []) == (Snapshot.open(left.folder).shards, list(Snapshot.open(left.folder).partners()))
    assert frozenset() == family(left, "P9")

"""`prune`: old things go, open plans keep what they need, and nobody is written to twice afterwards."""

from datetime import UTC, datetime
from pathlib import Path

from tests.acceptance.conftest import AS_OF, Call, Said, change_sale, tree

WAITING = "thank-you-1.1"
TOMORROW = ("--before", "2099-01-01")


def test_pruning_keeps_what_is_needed_and_the_memory_of_what_was_sent(sent: Path, offerpress: Call) -> None:
    """A settled plan's batch goes with its snapshot, a waiting plan keeps both; `--dry-run` only says so."""
    site = sent
    assert 0 == offerpress("report", *AS_OF).code
    change_sale(site, first_sale(site), "99.00")
    assert 0 == offerpress("plan", "thank-you", *AS_OF, "--by", "Mia").code
    assert 0 == offerpress("build", *AS_OF).code
    private = site / "private"
    nothing = offerpress("prune", "--before", datetime.now(UTC).date().isoformat(), "--json").json
    assert ([], 0) == (nothing["old"], nothing["bytes"])
    before = tree(private)
    said = offerpress("prune", *TOMORROW, "--dry-run", "--json").json
    assert before == {name: data for name, data in tree(private).items() if "lock" not in name} | locks(
        before
    )
    done = offerpress("prune", *TOMORROW, "--json").json
    assert (said["old"], True) == (done["old"], done["deleted"])
    assert isinstance(done["old"], list)
    kinds = [one["kind"] for one in done["old"]]
    assert ["batch", "snapshot", "report"] == sorted(kinds, key=["batch", "snapshot", "report"].index)
    assert [f"{WAITING}.batch"] == [path.name for path in (private / "batches").iterdir()]
    assert [] == [one["path"] for one in done["old"] if (site / one["path"]).exists()]
    assert (0, 0) == (offerpress("verify").code, offerpress("told", "P-1001").code)
    again = offerpress("plan", "year-end-credit", *AS_OF, "--by", "Mia", "--json").json
    assert (0, None) == (again["recipients"], again["changed"])
    corrected = offerpress("plan", "year-end-credit", *AS_OF, "--corrections", "--dry-run", "--json").json
    assert (0, {"closed": 1, "not_told": 3, "told_is_lost": 56}) == (
        corrected["recipients"],
        corrected["skipped"],
    )
    assert 0 == offerpress("approve", WAITING, "--by", "Finn").code
    assert 0 == offerpress("send", WAITING).code


def first_sale(site: Path) -> str:
    """The id of the ledger's first sale."""
    return (site / "data" / "sales.csv").read_text(encoding="utf-8").splitlines()[1].partition(",")[0]


def locks(files: dict[str, bytes]) -> dict[str, bytes]:
    """The files that only say who was there last."""
    return {name: data for name, data in files.items() if "lock" in name}


def test_a_damaged_batch_is_named_and_the_rest_pruned(sent: Path, offerpress: Call) -> None:
    """What it was made from is not known, so it stays with every snapshot; reports and other batches go."""
    assert 0 == offerpress("report", *AS_OF).code
    damaged = sent / "private/batches/year-end-credit-9.1.batch"
    damaged.write_bytes(b"offerpress batch 1\nnothing more")
    said = offerpress("prune", *TOMORROW)
    assert (1, True) == (said.code, f"file of rules with it: batch: {damaged.name}" in said.err), said.err
    assert [damaged] == sorted((sent / "private/batches").iterdir())
    assert [] == list((sent / "private/reports").glob("*.html"))
    assert 1 == len(list((sent / "private/snapshots").iterdir()))
    again = offerpress("prune", *TOMORROW, "--json")
    assert [0] == told_by(again)
    assert (1, [], 1) == (again.code, again.json["old"], len(str(again.json["damaged"]).split("'path'")) - 1)


def told_by(said: Said) -> list[int]:
    """To how many partners each damaged batch was handed."""
    damaged = said.json["damaged"]
    assert isinstance(damaged, list)
    return [one["told"] for one in damaged]


def test_who_was_told_by_a_damaged_batch_is_counted(sent: Path, offerpress: Call) -> None:
    """The outbox still knows to how many partners the batch was handed, and `prune` says so."""
    damaged = sent / "private/batches/year-end-credit-1.1.batch"
    damaged.chmod(0o600)
    damaged.write_bytes(damaged.read_bytes()[:-9])
    said = offerpress("prune", *TOMORROW, "--dry-run")
    assert (1, True) == (said.code, "56 partners of it can get no corrections" in said.err), said.err
    as_json = offerpress("prune", *TOMORROW, "--dry-run", "--json")
    assert [56] == told_by(as_json)

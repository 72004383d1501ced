"""Conservation at a build, a plan and a proof: a ledger line that went missing stops them."""

import json
import shutil
from hashlib import sha256
from pathlib import Path

import duckdb
import pytest

from tests.acceptance.conftest import AS_OF, Call, tree

SALE = "A-00001"


def lose_a_sale(site: Path) -> None:
    """A defect of the freezing that no digest shows: one sale of the frozen ledger belongs to nobody's account."""
    for folder in (site / "private" / "snapshots").iterdir():
        path, beside = folder / "sales.parquet", folder / "sales.new"
        rewritten = f"""
            COPY (
                SELECT CASE WHEN sale_id = '{SALE}' THEN NULL ELSE account END AS account, * EXCLUDE (account)
                FROM read_parquet('{path}') ORDER BY account NULLS LAST, sale_id
            ) TO '{beside}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 16384)
        """  # noqa: S608 - paths of our own
        duckdb.sql(rewritten)
        beside.replace(path)
        manifest = json.loads((folder / "snapshot.json").read_text(encoding="utf-8"))
        data = path.read_bytes()
        manifest["files"]["sales"] |= {"bytes": len(data), "sha256": sha256(data).hexdigest()}
        (folder / "snapshot.json").write_text(json.dumps(manifest), encoding="utf-8")


def report(site: Path) -> dict[str, object]:
    """The conservation report."""
    text = (site / "private" / "reports" / "conservation.json").read_text(encoding="utf-8")
    read = json.loads(text)
    assert isinstance(read, dict)
    return read


@pytest.mark.parametrize(("access", "jobs"), [("link", "1"), ("link", "2"), ("plain", "1"), ("none", "1")])
def test_every_build_proves_that_nothing_is_left_out(
    offerpress: Call, site: Path, access: str, jobs: str
) -> None:
    """Whatever the access and the number of processes, the build keeps the same conservation report."""
    shutil.rmtree(site / "content" / "campaigns")  # They link to statements, which "none" lacks.
    settings = site / "offerpress.toml"
    settings.write_text(
        settings.read_text(encoding="utf-8").replace('"link"', f'"{access}"'), encoding="utf-8"
    )
    assert 0 == offerpress("build", *AS_OF, "--jobs", jobs).code
    kept = report(site)
    equations = kept["equations"]
    assert isinstance(equations, list)
    assert (True, "2023-12-31") == (kept["holds"], kept["as_of"])
    # Nine currencies for each of two offers, and the credits of one in five.
    assert (18, 5) == tuple(sum(one["table"] == table for one in equations) for table in ("sales", "credits"))
    pounds = next(one for one in equations if (one["offer"], one["currency"]) == ("cashback-2023", "GBP"))
    assert {"lines": 22, "amount": "14374.94"} == pounds["excluded"]["closed"]
    assert {"lines": 267, "amount": "308065.23"} == pounds["ledger"]


@pytest.mark.usefixtures("built")
def test_a_lost_line_stops_the_build(offerpress: Call, site: Path) -> None:
    """The build says which offer, currency and amount is missing, and the old site stays to the last byte."""
    before = tree(site / "output")
    lose_a_sale(site)
    said = offerpress("build", *AS_OF)
    assert 1 == said.code
    assert "sales of cashback-2023 in EUR: 591.72 EUR (lines: 1) are in no statement" in said.err
    assert "sales of lower-quotas-2023 in EUR: 591.72 EUR (lines: 1)" in said.err
    assert before == tree(site / "output")
    assert False is report(site)["holds"]


@pytest.mark.parametrize("command", [("plan", "year-end-credit"), ("statements",), ("report",)])
@pytest.mark.usefixtures("built")
def test_a_lost_line_stops_whatever_tells_figures(
    offerpress: Call, site: Path, command: tuple[str, ...]
) -> None:
    """Nothing is planned, exported or reported from figures that do not add up."""
    lose_a_sale(site)
    said = offerpress(*command, *AS_OF)
    assert (1, "", True) == (said.code, said.out, "do not add up to the ledger" in said.err)
    assert not list((site / "private").glob("batches/*"))


@pytest.mark.usefixtures("built")
def test_verify_names_a_lost_line(offerpress: Call, site: Path) -> None:
    """`verify` adds up what was published, and finds the line among its differences."""
    assert "conservation" in str(offerpress("verify", "--json").json["checked"])
    lose_a_sale(site)
    said = offerpress("verify", "--json")
    findings = said.json["findings"]
    assert isinstance(findings, list)
    found = [one["what"] for one in findings if one["channel"] == "conservation"]
    assert (1, 2) == (said.code, len(found))
    assert "591.72 EUR (lines: 1)" in found[0]

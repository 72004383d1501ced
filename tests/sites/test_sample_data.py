"""The sample's tables: made again byte for byte, and varied enough to show every case."""

import csv
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TABLES = ("partners", "sales", "subscriptions", "credits", "rates", "levels")


def _rows(name: str) -> list[dict[str, str]]:
    with (ROOT / "data" / f"{name}.csv").open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


def test_generator_writes_the_committed_tables(tmp_path: Path) -> None:
    """The generator writes exactly the bytes of the tables in `data/`."""
    script = Path(__file__).with_name("generate_sample.py")
    subprocess.run([sys.executable, str(script), "--output", str(tmp_path)], check=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(f"{name}.csv" for name in TABLES)
    for name in TABLES:
        assert (tmp_path / f"{name}.csv").read_bytes() == (ROOT / "data" / f"{name}.csv").read_bytes()


def test_sample_has_the_variety_it_promises() -> None:
    """The partners speak at least 6 languages, use at least 8 currencies and hold every level."""
    partners = _rows("partners")
    assert len(partners) == 60
    assert len({row["currency"] for row in partners} & {"JPY", "KWD"}) == 2
    assert len({row["currency"] for row in partners}) >= 8
    assert len({row["language"].split("-")[0] for row in partners}) >= 6
    assert {row["level"] for row in partners} == {
        "affiliate",
        "bronze",
        "silver",
        "gold",
        "platinum",
        "titanium",
    }
    assert [row["status"] for row in partners].count("closed") == 1
    assert "merged_into" not in partners[0]


def test_sample_has_hostile_and_right_to_left_names() -> None:
    """One name has markup, a template expression and a link, one an override, two are right-to-left."""
    names = [row["name"] for row in _rows("partners")]
    assert any(
        "<script>" in name and "{{7*7}}" in name and "[x](http://evil.example)" in name for name in names
    )
    assert any("\u202e" in name for name in names)
    assert any("\u0590" <= name[0] <= "\u05ff" for name in names)
    assert any("\u0600" <= name[0] <= "\u06ff" for name in names)


def test_sample_sales_have_refunds_of_both_sorts_and_instants() -> None:
    """There are both sorts of refunds, sales with an instant, and active partners without a sale."""
    sales = _rows("sales")
    refunds = [row for row in sales if row["amount"].startswith("-")]
    assert {bool(row["refund_of"]) for row in refunds} == {True, False}
    assert any("T" in row["sold_on"] for row in sales)
    sellers = {row["partner_id"] for row in sales}
    assert (
        sum(row["partner_id"] not in sellers and row["status"] == "active" for row in _rows("partners")) >= 4
    )


def test_every_address_of_the_sample_is_reserved() -> None:
    """Every address that can be written to at all ends in `.example`, so no sample mail reaches anybody."""
    partners = _rows("partners")
    addresses = [
        row[column] for row in partners for column in ("email", "cc", "manager_email") if row[column]
    ]
    assert [address for address in addresses if not address.endswith(".example")] == ["orders at vento-norte"]

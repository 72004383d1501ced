"""`check` says the same of many rows once, lists causes first, and explains one row."""

import json
import os
from pathlib import Path

import pytest

from offerpress.cli import run
from offerpress.site.starter import start_site
from offerpress.terminal import show_faults
from rewards import Fault


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh site with the sample's data."""
    for name in [name for name in os.environ if name.startswith("OFFERPRESS_")]:
        monkeypatch.delenv(name)
    start_site(tmp_path / "site", os.urandom)
    monkeypatch.chdir(tmp_path / "site")
    return tmp_path / "site"


def test_rows_that_say_the_same_are_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """The line counts the rows and names the first; other columns, files and sentences have their own."""
    ragged = [
        Fault(f"{10 + n % 2} fields where the header has 2", "quote", "a.csv", row=n) for n in range(3, 303)
    ]
    amounts = [Fault(f"'{n},5' is no amount", "write 1.5", "a.csv", row=n, field="amount") for n in (7, 8)]
    alone = [Fault("the file is empty", "remove it", "b.csv"), Fault("it is closed", "", "a.csv", row=9)]
    show_faults([*ragged, *amounts, *alone])
    assert [
        "fault: a.csv: 300 rows: 11 fields where the header has 2; first row 3; quote",
        "fault: a.csv: amount: 2 rows: '7,5' is no amount; first row 7; write 1.5",
        "fault: b.csv: the file is empty; remove it",
        "fault: a.csv row 9: it is closed",
        "304 faults, 0 remarks",
    ] == capsys.readouterr().err.splitlines()


def test_only_many_kinds_are_cut(capsys: pytest.CaptureFixture[str]) -> None:
    """At most 100 lines are shown, and the last line says that there are more."""
    show_faults([Fault("it is empty", "fill it", f"{n}.csv", row=2) for n in range(101)])
    lines = capsys.readouterr().err.splitlines()
    assert (101, "101 faults, the first 100 kinds shown, 0 remarks") == (len(lines), lines[-1])


def test_the_report_for_programs_has_every_fault(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--json` lists all rows, and what is wrong with a file comes before what its rows say wrong."""
    sales = (site / "data" / "sales.csv").read_text(encoding="utf-8").replace(",EUR,", ",Euro,")
    (site / "data" / "sales.csv").write_text(sales, encoding="utf-8")
    (site / "data" / "rates.csv").write_bytes("on,from,to,rate\n1,USD,EUR,\u00bd\n".encode("cp1252"))
    assert 1 == run(["check", "--json", "--as-of", "2023-12-31"])
    report = json.loads(capsys.readouterr().out)
    faults = [fault for fault in report["faults"] if fault["severity"] == "fault"]
    euro = sum(fault["what"].startswith("'Euro' ") for fault in faults)
    assert (sales.count(",Euro,"), report["count"]) == (euro, len(faults))
    assert euro > 100
    assert ("data/rates.csv", "not UTF-8: byte 0xBD at position 27") == (faults[0]["file"], faults[0]["what"])


def test_a_row_is_explained(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The row is shown as it came and as it was read, with cells that nothing uses, and its faults."""
    assert site.is_dir()
    (site / "own.csv").write_text(
        "Sales\nsale_id;partner_id;sold_on;Betrag;Notiz\nA-1;P-1015;31.12.2023;1.234,56\u00a0\u20ac;x\n"
        "A-2;P-1015;2.1.2023;1;y\nSumme;;;0;\n",
        encoding="utf-8",
    )
    toml = (site / "offerpress.toml").read_text(encoding="utf-8")
    shape = 'path = "own.csv"\nstop_at = "Summe"\ndates = "%d.%m.%Y"\ndecimal = ","\nthousands = "."\n'
    columns = 'columns = {amount = "Betrag", currency = "Betrag"}\n'
    (site / "offerpress.toml").write_text(f"{toml}\n[data.sales]\n{shape}{columns}", encoding="utf-8")
    assert 0 == run(["check", "--explain", "own.csv:3"])
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "own.csv row 3" == lines[0]
    assert "sold_on '31.12.2023' 2023-12-31" in lines
    assert "amount '1.234,56\\xa0€' 1234.56" in lines
    assert "currency '1.234,56\\xa0€' EUR" in lines
    assert "not used: Notiz 'x'" in lines
    assert 1 == run(["check", "--explain", "sales:4", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert ["currency is empty"] == [one["what"] for one in found["faults"] if one["severity"] == "fault"]
    assert {"column": "amount", "names": ["Betrag"], "texts": ["1"], "value": None} in found["cells"]
    assert 0 == run(["check", "--explain", "own.csv:5"])
    assert "own.csv row 5 is left out by the settings" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("place", "code"), [("sales.csv", 2), ("sales.csv:x", 2), ("none.csv:2", 1), ("sales:1", 1)]
)
def test_a_row_that_is_none_is_wrong(site: Path, place: str, code: int) -> None:
    """A place that names no row is wrong usage; a row that is not there is one line."""
    assert site.is_dir()
    assert code == run(["check", "--explain", place])

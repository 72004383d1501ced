"""The traps of real exports: each has the right value by settings alone, or a fault that names the setting."""

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import openpyxl
import pytest

from ledger import DataSettings, Ledger
from rewards import Fault, Source, validated

Reading = Callable[..., tuple[Ledger | None, list[Fault]]]

PLAIN = (
    "sale_id,partner_id,sold_on,amount,currency,product\n"
    "A1,P1,2023-03-01,1234.56,EUR,PRO\nA2,P1,2023-12-31,-0.50,EUR,PRO\nA3,P1,2023-04-05,1000000.00,EUR,PRO\n"
)
HEAD = "sale_id;partner_id;sold_on;amount;currency;product\n"
ROWS = (
    "A1;P1;2023-03-01;1234.56;EUR;PRO\nA2;P1;2023-12-31;-0.50;EUR;PRO\nA3;P1;2023-04-05;1000000.00;EUR;PRO\n"
)
GERMAN = (
    "A1;P1;01.03.2023;1.234,56;EUR;PRO\nA2;P1;31.12.2023;-0,50;EUR;PRO\nA3;P1;5.4.2023;1.000.000,00;EUR;PRO\n"
)
FORMS: Mapping[str, Any] = {"dates": "%d.%m.%Y", "decimal": ",", "thousands": "."}
TOTALS = "Summe;;;1.001.234,06;;\n"


def amounts(*texts: str) -> str:
    """The rows with these texts as amounts; they mean the same numbers."""
    days = ("2023-03-01", "2023-12-31", "2023-04-05")
    return "".join(
        f"A{n};P1;{day};{text};EUR;PRO\n" for n, (day, text) in enumerate(zip(days, texts, strict=True), 1)
    )


def dates(*texts: str) -> str:
    """The rows with these texts as days; they mean the same days."""
    sums = ("1234.56", "-0.50", "1000000.00")
    return "".join(
        f"A{n};P1;{text};{amount};EUR;PRO\n"
        for n, (text, amount) in enumerate(zip(texts, sums, strict=True), 1)
    )


def without_currency(rows: str) -> str:
    """The table without its column `currency`."""
    return (HEAD + rows).replace(";currency", "").replace(";EUR;", ";")


class Trap(NamedTuple):
    """A table in a text, its settings, and the words of its fault, if it is not the ledger of the plain table."""

    text: str
    settings: Mapping[str, Any] = {}
    fault: str = ""
    encoding: str = "utf-8"


THIN, NARROW, WIDE, MINUS = "\u2009", "\u202f", "\u00a0", "\u2212"
TRAPS: dict[str, Trap] = {
    # Rows around the table.
    "title rows above": Trap("Umsätze 2023;;;;;\nStand: 31.12.2023;;;;;\n\n" + HEAD + ROWS),
    "title rows of one cell": Trap("Sales report\nprinted on Monday\n" + HEAD + ROWS),
    "a title with a quote": Trap('Sales "2023"\n' + HEAD + ROWS),
    "the row of the header declared": Trap("a;b\n" + HEAD + ROWS, {"header_row": 2}),
    "totals below": Trap(HEAD + ROWS + "Summe;;;1001234.06;;\n", {"skip_last": 1}),
    "totals from a word on": Trap(HEAD + ROWS + "Summe;;;1001234.06;;\nnotes;;\n", {"stop_at": "Summe"}),
    "totals not declared": Trap(HEAD + ROWS + "Summe;;;1001234.06;;\n", {}, 'or stop_at = "Summe"'),
    "totals of fewer fields": Trap(
        HEAD + ROWS + "Summe;1001234.06\n", {}, 'stop_at = "Summe" in [data.sales]'
    ),
    "a row of totals with an id": Trap(HEAD + ROWS + "Total;;;1001234.06;;\n", {"skip_last": 1}),
    "subtotals between": Trap(HEAD + ROWS.replace("A3", ";;;1234.06;;\nA3", 1), {"drop_empty": "sale_id"}),
    "no totals where some are left out": Trap(
        HEAD + ROWS, {"skip_last": 1}, "skip_last = 1 leaves this row out"
    ),
    "no end where one is declared": Trap(HEAD + ROWS, {"stop_at": "Summe"}, "no row has a cell 'Summe'"),
    "data below the end": Trap(HEAD + "Summe;;;0;;\n" + ROWS, {"stop_at": "Summe"}, "leaves this row out"),
    "rows of delimiters": Trap(HEAD + ";;;;;\n" + ROWS + ";;;;;\n;;;;;\n"),
    "a line that names the delimiter": Trap("sep=;\n" + HEAD + ROWS),
    "tabs": Trap((HEAD + ROWS).replace(";", "\t")),
    "pipes": Trap((HEAD + ROWS).replace(";", "|")),
    "another delimiter": Trap((HEAD + ROWS).replace(";", "^"), {"delimiter": "^"}),
    # Days.
    "German days": Trap(HEAD + dates("01.03.2023", "31.12.2023", "5.4.2023"), {"dates": "%d.%m.%Y"}),
    "American days": Trap(HEAD + dates("03/01/2023", "12/31/2023", "4/5/2023"), {"dates": "%m/%d/%Y"}),
    "days without marks": Trap(HEAD + dates("20230301", "20231231", "20230405"), {"dates": "%Y%m%d"}),
    "days in two forms": Trap(
        HEAD + dates("01.03.2023", "2023/12/31", "2023-04-05"), {"dates": ["%d.%m.%Y", "%Y/%m/%d"]}
    ),
    "serial numbers": Trap(HEAD + dates("44986", "45291", "45021.0"), {"dates": "serial"}),
    "serial numbers from 1904": Trap(HEAD + dates("43524", "43829", "43559"), {"dates": "serial-1904"}),
    "serial numbers not declared": Trap(HEAD + dates("44986", "45291", "45021"), {}, 'dates = "serial"'),
    "days not declared": Trap(HEAD + dates("1.3.2023", "31.12.2023", "5.4.2023"), {}, 'dates = "%d.%m.%Y"'),
    "days that two forms read": Trap(
        HEAD + dates("01/03/2023", "31/12/2023", "05/04/2023"),
        {"dates": ["%d/%m/%Y", "%m/%d/%Y"]},
        "fits two of the forms in dates, as 2023-01-03 and 2023-03-01",
    ),
    "days that look like ours": Trap(
        HEAD + dates("2023-01-03", "2023-31-12", "2023-05-04"),
        {"dates": "%Y-%d-%m"},
        "fits two of the forms in dates, as 2023-01-03 and 2023-03-01",
    ),
    "day or month that other rows tell": Trap(
        HEAD + dates("01/03/2023", "31/12/2023", "05/04/2023"),
        {},
        'or declare dates = "%d/%m/%Y" in [data.sales]',
    ),
    "words of which one is near": Trap(
        HEAD + ROWS.replace("EUR", "Euro", 1).replace("EUR", "Mark", 1),
        {},
        'values = {currency = {"Euro" = "EUR", "Mark" = "…"}} in [data.sales]',
    ),
    "day or month not declared": Trap(
        HEAD + dates("01/03/2023", "02/12/2023", "05/04/2023"),
        {},
        'dates = "%d/%m/%Y" (2023-03-01) or dates = "%m/%d/%Y" (2023-01-03)',
    ),
    # Numbers.
    "decimal commas and groups": Trap(HEAD + GERMAN, FORMS),
    "spaces of every width": Trap(
        HEAD + amounts(f"1{NARROW}234,56", f"-0,50{WIDE}", f"1{THIN}000{WIDE}000,00"),
        {"decimal": ",", "thousands": " "},
    ),
    "apostrophes": Trap(HEAD + amounts("1'234.56", "-0.50", "1\u2019000\u2019000.00"), {"thousands": "'"}),
    "a minus of typographers": Trap(
        HEAD + amounts("1234,56", f"{MINUS}0,50", "1000000,00"), {"decimal": ","}
    ),
    "brackets of accountants": Trap(
        HEAD + amounts("$1,234.56", "($0.50)", "$ 1,000,000.00").replace("EUR", "USD"),
        {"decimal": ".", "thousands": ",", "values": {"currency": {"USD": "EUR"}}},
        "is in USD or CAD or AUD, and the currency of its row is EUR",
    ),
    "a minus at the end": Trap(HEAD + amounts("1.234,56", "0,50-", "1.000.000,00"), FORMS),
    "two readings": Trap(
        HEAD + amounts("1.234", "-0.50", "1000000.00"),
        {},
        'declare decimal = ",", thousands = "." in [data.sales]',
    ),
    "groups not declared": Trap(
        HEAD + amounts("1.234,56", "-0,50", "1.000.000,00"),
        {"decimal": ","},
        'decimal = ",", thousands = "."',
    ),
    # Currencies.
    "signs that agree": Trap(HEAD + amounts("1.234,56 €", "€ -0,50", "EUR 1.000.000,00"), FORMS),
    "signs that give the currency": Trap(
        without_currency(amounts("1.234,56 €", "-0,50€", "EUR 1.000.000,00")),
        {**FORMS, "columns": {"currency": "amount"}},
    ),
    "a sign of several currencies": Trap(
        without_currency(amounts("$1234.56", "-0.50 $", "1000000.00 $")),
        {"columns": {"currency": "amount"}},
        'constant = {currency = "USD"} in [data.sales]',
    ),
    "a sign that contradicts": Trap(
        HEAD + amounts("1234.56 $", "-0.50", "1000000.00"), {"decimal": "."}, "the currency of its row is EUR"
    ),
    "no sign where it gives the currency": Trap(
        without_currency(amounts("1234.56", "-0.50", "1000000.00")),
        {"columns": {"currency": "amount"}},
        "currency is empty",
    ),
    "no column of the currency": Trap(without_currency(ROWS), {"constant": {"currency": "EUR"}}),
    "a currency in some rows": Trap(HEAD + ROWS.replace("EUR", "", 1), {"default": {"currency": "EUR"}}),
    "words for currencies": Trap(
        HEAD + ROWS.replace("EUR", "Euro"), {"values": {"currency": {"Euro": "EUR"}}}
    ),
    "an unknown word": Trap(
        HEAD + ROWS.replace("EUR", "Mark", 1),
        {"values": {"currency": {"Euro": "EUR"}}},
        'add values = {currency = {"Mark" = "EUR"}} in [data.sales]',
    ),
    "an unknown currency": Trap(
        HEAD + ROWS.replace("EUR", "Euro"), {}, 'values = {currency = {"Euro" = "EUR"}} in [data.sales]'
    ),
    # Names and columns.
    "other names": Trap(
        (HEAD + ROWS).replace("sale_id", "Beleg").replace("amount", "Betrag"),
        {"columns": {"sale_id": "Beleg", "amount": "Betrag"}},
    ),
    "another name not declared": Trap(
        (HEAD + ROWS).replace("amount", "Betrag"), {}, 'columns = {amount = "Betrag"} in [data.sales]'
    ),
    "a deciding column not declared": Trap(
        (HEAD + ROWS).replace("product", "Artikel"), {}, 'columns = {product = "Artikel"} in [data.sales]'
    ),
    "a deciding column in another case": Trap(
        (HEAD + ROWS).replace("product", "PRODUCT"), {}, 'columns = {product = "PRODUCT"} in [data.sales]'
    ),
    "a product of two columns": Trap(
        (HEAD + ROWS).replace(";product", ";line;edition").replace(";PRO", ";PRO;"),
        {"join": {"product": ["line", "edition"]}},
    ),
    # Encodings.
    "Windows-1252": Trap("Umsätze\n" + HEAD + ROWS, {"encoding": "cp1252"}, "", "cp1252"),
    "Windows-1252 not declared": Trap("Umsätze\n" + HEAD + ROWS, {}, 'encoding = "cp1252"', "cp1252"),
    "Windows-1252 with letters side by side": Trap(
        "Größe\n" + HEAD + ROWS, {}, 'encoding = "cp1252"', "cp1252"
    ),
    "Windows-1251 not declared": Trap("Продажи за год\n" + HEAD + ROWS, {}, 'encoding = "cp1251"', "cp1251"),
    "Shift-JIS not declared": Trap("売上データのまとめ\n" + HEAD + ROWS, {}, 'encoding = "cp932"', "cp932"),
    "UTF-16": Trap(HEAD + ROWS, {"encoding": "utf-16"}, "", "utf-16"),
    "UTF-16 not declared": Trap(HEAD + ROWS, {}, 'encoding = "utf-16" in [data.sales]', "utf-16"),
    "UTF-16 without a mark": Trap(HEAD + ROWS, {}, 'encoding = "utf-16-le" in [data.sales]', "utf-16-le"),
    "UTF-8 under another name": Trap(
        "Umsätze\n" + HEAD + ROWS, {"encoding": "cp1252"}, "not cp1252: the file is UTF-8"
    ),
}


def settings(table: str, **source: object) -> DataSettings:
    """`[data]` with this source of one table."""
    faults: list[Fault] = []
    found = validated(DataSettings, {table: source}, Source("offerpress.toml"), faults)
    assert found is not None, faults
    return found


def digest(reading: Reading, of: DataSettings | None = None, **tables: str) -> str:
    """The digest of what is read without a fault."""
    ledger, faults = reading(of, **tables)
    assert ledger is not None, list(map(str, faults))
    return ledger.digest


@pytest.mark.parametrize("name", TRAPS)
def test_a_trap_has_the_right_value_or_its_fault(reading: Reading, tmp_path: Path, name: str) -> None:
    """A table in any of these shapes is the plain table, or a fault whose words name the setting."""
    trap = TRAPS[name]
    (tmp_path / "own.csv").write_text(trap.text, encoding=trap.encoding)
    of = settings("sales", path="own.csv", **trap.settings)
    if not trap.fault:
        assert digest(reading, of) == digest(reading, sales=PLAIN)
        return
    ledger, faults = reading(of)
    assert ledger is None
    assert any(trap.fault in str(fault) for fault in faults), list(map(str, faults))


def test_files_of_a_glob_may_have_other_headers(reading: Reading, tmp_path: Path) -> None:
    """Each file of a glob has its own order of columns, and one of the names that `columns` lists."""
    head, first, *rest = PLAIN.splitlines(keepends=True)
    (tmp_path / "own-1.csv").write_text(head.replace("amount", "Betrag") + first, encoding="utf-8")
    turned = [";".join(reversed(line.strip().split(","))) + "\n" for line in [head, *rest]]
    (tmp_path / "own-2.csv").write_text("".join(turned).replace("amount", "Montant"), encoding="utf-8")
    of = settings("sales", path="own-*.csv", columns={"amount": ["Betrag", "Montant"]})
    assert digest(reading, of) == digest(reading, sales=PLAIN)
    (tmp_path / "own-3.csv").write_text(head.replace("product", "Betrag,Montant"), encoding="utf-8")
    _, faults = reading(of)
    assert any("columns names both for amount" in fault.what for fault in faults)


def test_a_workbook_mixes_titles_serials_days_and_texts(reading: Reading, tmp_path: Path) -> None:
    """Typed days, serial numbers without a format of days, and texts of one column are days by one setting."""
    book = openpyxl.Workbook()
    rows: list[list[object]] = [
        ["Sales", None, None, "2023"],
        [],
        [*PLAIN.splitlines()[0].split(",")],
        ["A1", "P1", 44986, 1234.56, "EUR", "PRO"],
        ["A2", "P1", "31.12.2023", "(0,50)", "EUR", "PRO"],
        ["A3", "P1", "2023-04-05", "1.000.000,00 €", "EUR", "PRO"],
    ]
    for row in rows:
        book.active.append(row)
    book.active.merge_cells("A1:C2")
    book.save(tmp_path / "own.xlsx")
    of = settings("sales", path="own.xlsx", **{**FORMS, "dates": ["serial", "%d.%m.%Y"]})
    assert digest(reading, of) == digest(reading, sales=PLAIN)


def test_serial_numbers_from_1904_are_declared_as_such(reading: Reading, tmp_path: Path) -> None:
    """A workbook says from when its numbers count; the other way to count would be four years off."""
    book = openpyxl.Workbook()
    book.epoch = datetime(1904, 1, 1)  # noqa: DTZ001 - a workbook has no zone
    for row in ([*PLAIN.splitlines()[0].split(",")], ["A1", "P1", 43524, "1", "EUR", "PRO"]):
        book.active.append(row)
    book.save(tmp_path / "own.xlsx")
    _, faults = reading(settings("sales", path="own.xlsx", dates="serial"))
    assert any('declare dates = "serial-1904" in [data.sales]' in fault.remedy for fault in faults)
    plain = PLAIN.splitlines()[0] + "\nA1,P1,2023-03-01,1,EUR,PRO\n"
    of = settings("sales", path="own.xlsx", dates="serial-1904")
    assert digest(reading, of) == digest(reading, sales=plain)


def test_a_constant_beside_a_similar_column_is_told(reading: Reading) -> None:
    """A constant currency where the export has one of its own may be wrong, which a remark says."""
    of = settings("sales", constant={"currency": "EUR"})
    _, faults = reading(of, sales=PLAIN.replace("currency", "W\u00e4hrung"))
    assert ["currency"] == [fault.field for fault in faults if "has a constant" in fault.what]


@pytest.mark.parametrize("name", ["Status", "STATUS", "Statut", "kundenstatus", "Estado", "Stattus"])
def test_a_status_that_is_not_mapped_makes_nobody_active(reading: Reading, name: str) -> None:
    """Without its status a closed partner would be active; a constant says that the column is something else."""
    table = (
        f"partner_id,name,email,currency,level,{name}\nP1,One,,EUR,bronze,closed\nP2,Two,,JPY,silver,active\n"
    )
    ledger, faults = reading(partners=table)
    assert ledger is None
    (fault,) = [one for one in faults if one.severity == "fault"]
    assert ("status", f'did you mean columns = {{status = "{name}"}} in [data.partners]?') == (
        fault.field,
        fault.remedy.partition(" If")[0],
    )
    (mapped, _), (other, _) = (
        reading(settings("partners", **source), partners=table)
        for source in ({"columns": {"status": name}}, {"constant": {"status": ""}})
    )
    assert mapped is not None
    assert other is not None
    assert (("P2",), ("P1", "P2")) == (mapped.partner_ids, other.partner_ids)


def test_first_and_last_name_are_joined(reading: Reading) -> None:
    """Two columns make one of ours; an empty one adds no space."""
    table = (
        "partner_id,Vorname,Nachname,email,currency,level\nP1,Eva,Maier,,EUR,bronze\nP2,,Kim,,JPY,silver\n"
    )
    of = settings("partners", join={"name": ["Vorname", "Nachname"]})
    plain = "partner_id,name,email,currency,level\nP1,Eva Maier,,EUR,bronze\nP2,Kim,,JPY,silver\n"
    assert digest(reading, of, partners=table) == digest(reading, partners=plain)
    _, faults = reading(of, partners=table.replace("Vorname", "First"))
    assert any("'Vorname', of which name is joined, is missing" in fault.what for fault in faults)


def test_a_row_of_totals_that_could_count_is_told(reading: Reading) -> None:
    """A row with every value and the word of totals as its id is read, with a remark and the settings against it."""
    ledger, faults = reading(sales=PLAIN + "Total,P1,2023-12-31,1001234.06,EUR,\n")
    assert ledger is not None
    (remark,) = faults
    assert (5, "sale_id", "remark") == (remark.row, remark.field, remark.severity)
    assert 'stop_at = "Total" in [data.sales]' in remark.remedy

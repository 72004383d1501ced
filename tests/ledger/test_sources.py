"""Tables from other encodings, under other names, and from workbooks, Parquet and SQLite."""

import csv
import io
import sqlite3
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import openpyxl
import pytest

from ledger import DataSettings, Ledger
from ledger.reading.typed import Unusable, cell_text
from rewards import Fault, Source, validated

Reading = Callable[..., tuple[Ledger | None, list[Fault]]]
Values = list[list[object]]

SALES = (
    "sale_id,partner_id,sold_on,amount,currency,product,refund_of\n"
    "A1,P1,2023-01-31,100.50,EUR,PRO 8SC \u00e9,\n"
    "A2,P2,2023-02-28,1000,JPY,PRO 4SC,\n"
    "A3,P1,2023-03-01,-0.50,EUR,,A1\n"
    "A4,P1,2023-03-02,0.07,EUR,,\n"
    "A5,P1,2023-03-03,1234567.89,EUR,,\n"
    "7,P1,2024-01-01,0.10,EUR,,\n"
)
TYPES: Mapping[str, Callable[[str], object]] = {"sold_on": date.fromisoformat, "amount": float}


def typed(text: str) -> Values:
    """The table with days and amounts as values with types, empty fields as none."""
    header, *rows = list(csv.reader(io.StringIO(text)))
    types = [TYPES.get(name, str) for name in header]
    found: Values = [list(header)]
    for row in rows:
        found.append([make(value) if value else None for make, value in zip(types, row, strict=True)])
    return found


def settings(**tables: object) -> DataSettings:
    """`[data]` as `offerpress.toml` gives it."""
    faults: list[Fault] = []
    found = validated(DataSettings, tables, Source("offerpress.toml"), faults, ("data",))
    assert found is not None, faults
    return found


def same(reading: Reading, data: DataSettings, **environment: str) -> None:
    """Assert that the sales of `data` are those of the text."""
    expected, faults = reading(sales=SALES)
    assert expected is not None, faults
    found, faults = reading(data, environment, sales="not read")
    assert faults == []
    assert found is not None
    assert found.digest == expected.digest


def refused(reading: Reading, data: DataSettings, **environment: str) -> Fault:
    """The only fault."""
    _, faults = reading(data, environment)
    assert len(faults) == 1, list(map(str, faults))
    return faults[0]


def save_workbook(path: Path, rows: Values, title: str = "Sales", start: int = 1) -> None:
    """One sheet with these rows, the header in row `start`, behind it a sheet of something else."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = title
    for number, row in enumerate(rows, start):
        for position, value in enumerate(row, 1):
            sheet.cell(number, position, value)
    book.create_sheet("Notes")["A1"] = "not read"
    book.save(path)


@pytest.mark.parametrize(
    ("encoding", "delimiter"),
    [("cp1252", ";"), ("latin-1", ","), ("utf-16", "\t"), ("utf-16-le", "|"), ("utf-8", "|")],
)
def test_declared_encoding_and_delimiter(
    reading: Reading, tmp_path: Path, encoding: str, delimiter: str
) -> None:
    """A text in a declared encoding, with a declared delimiter, is the same table."""
    (tmp_path / "s.txt").write_bytes(SALES.replace(",", delimiter).encode(encoding))
    same(reading, settings(sales={"path": "s.txt", "encoding": encoding, "delimiter": delimiter}))


def test_another_encoding_than_declared(reading: Reading, tmp_path: Path) -> None:
    """A byte that the declared encoding lacks is a fault with its place."""
    head = SALES[:-1].encode()
    (tmp_path / "s.csv").write_bytes(SALES.encode("cp1252").replace(b"\xe9", b"\x81"))
    fault = refused(reading, settings(sales={"path": "s.csv", "encoding": "cp1252"}))
    position = head.index("\u00e9".encode()) + 1
    assert (fault.file, fault.what) == ("s.csv", f"not cp1252: byte 0x81 at position {position}")


def test_columns_under_other_names(reading: Reading, tmp_path: Path) -> None:
    """`columns` names the source's columns by ours; a column of our name that is not meant is then an extra one."""
    text = (
        SALES.replace("sale_id,partner_id", "Beleg Nr.,partner_id")
        .replace("amount", "Netto")
        .replace("product", "Artikel")
    )
    (tmp_path / "s.csv").write_text(text, encoding="utf-8")
    columns = {"sale_id": "Beleg Nr.", "amount": "Netto", "product": "Artikel"}
    same(reading, settings(sales={"path": "s.csv", "columns": columns}))
    _, faults = reading(
        settings(sales={"path": "s.csv", "columns": columns | {"kind": "Art", "amount": "Neto"}})
    )
    assert [(fault.severity, fault.field, fault.what) for fault in faults] == [
        ("fault", "amount", "the column 'Neto' for amount is missing"),
        ("fault", "kind", "the column 'Art' for kind is missing"),
    ]
    assert "did you mean 'Netto'?" in faults[0].remedy


def test_workbook(reading: Reading, tmp_path: Path) -> None:
    """A workbook with days and numbers as such, or as texts, is the same table."""
    save_workbook(tmp_path / "s.xlsx", typed(SALES))
    same(reading, settings(sales="s.xlsx"))
    save_workbook(tmp_path / "t.XLSX", [[*row] for row in csv.reader(io.StringIO(SALES))], "Data", 3)
    same(reading, settings(sales={"path": "t.XLSX", "sheet": "Data"}))


def test_workbook_times_numbers_and_empty_rows(reading: Reading, tmp_path: Path) -> None:
    """Midnight is a day, another time a fault; ids may be numbers; binary sums are decimals; rows are the sheet's."""
    rows: Values = [
        ["sale_id", "partner_id", "sold_on", "amount", "currency", None],
        [1, "P1", datetime.fromisoformat("2023-01-31"), 0.1 + 0.2, "EUR"],
        [None, None, None],
        [2.0, "P1", datetime.fromisoformat("2023-01-31T10:30:00"), 1e15, "EUR"],
        ["A3", "P1", date(2023, 1, 31), 0.1 + 0.7, "EUR", None, ""],
        ["A4", "P1", date(2023, 1, 31), 1.005, "EUR"],
        ["A5", "P1", date(2023, 1, 31), True, "EUR"],
    ]
    save_workbook(tmp_path / "s.xlsx", rows)
    _, faults = reading(settings(sales="s.xlsx"))
    assert [(fault.file, fault.row, fault.field) for fault in faults] == [
        ("s.xlsx", 4, "sold_on"),
        ("s.xlsx", 6, "amount"),
        ("s.xlsx", 7, "amount"),
    ]
    assert "a time without an offset" in faults[0].what


def test_workbook_faults(reading: Reading, tmp_path: Path) -> None:
    """A file that is no workbook, a sheet that does not exist, and a formula without a result are faults."""
    (tmp_path / "no.xlsx").write_bytes(b"PK nonsense")
    assert refused(reading, settings(sales="no.xlsx")).what == "cannot be read as a workbook"
    rows = typed(SALES)
    rows[1][5] = "#REF!"
    save_workbook(tmp_path / "s.xlsx", rows)
    fault = refused(reading, settings(sales="s.xlsx"))
    assert (fault.row, fault.field, fault.what) == (2, "product", "the formula gives #REF!")
    fault = refused(reading, settings(sales={"path": "s.xlsx", "sheet": "Sale"}))
    assert (fault.what, fault.remedy) == (
        "there is no sheet 'Sale'",
        "correct sheet in [data]; its sheets are: Sales, Notes",
    )
    save_workbook(tmp_path / "e.xlsx", [])
    assert refused(reading, settings(sales="e.xlsx")).what == "there is no header"


def test_parquet(reading: Reading, tmp_path: Path) -> None:
    """A Parquet file is the same table, whatever types its columns have."""
    (tmp_path / "s.csv").write_text(SALES, encoding="utf-8")
    connection = duckdb.connect()
    casts = {
        "text": "* FROM {}",
        "decimal": "* REPLACE (CAST(amount AS DECIMAL(18, 6)) AS amount, CAST(sold_on AS DATE) AS sold_on) FROM {}",
        "double": "* REPLACE (CAST(amount AS DOUBLE) AS amount, CAST(sold_on AS TIMESTAMP) AS sold_on) FROM {}",
    }
    for name, selected in casts.items():
        source = selected.format(f"read_csv('{tmp_path / 's.csv'}', all_varchar = true)")
        connection.sql(f"SELECT {source}").write_parquet(f"{tmp_path / name}.parquet")
        same(reading, settings(sales=f"{name}.parquet"))
    connection.close()


def test_parquet_types_that_are_not_meant(reading: Reading, tmp_path: Path) -> None:
    """Instants keep their offset and single precision its digits; infinity and bytes are faults of the cell."""
    connection = duckdb.connect()
    connection.sql("""
        SELECT * FROM (VALUES
            ('A1', 'P1', TIMESTAMPTZ '2023-12-31 23:30:00+00', CAST(0.1 AS FLOAT), 'EUR'::BLOB),
            ('A2', 'P1', NULL, CAST('infinity' AS FLOAT), 'JPY'::BLOB)
        ) AS sales (sale_id, partner_id, sold_on, amount, currency)
    """).write_parquet(str(tmp_path / "s.parquet"))
    connection.close()
    _, faults = reading(settings(sales="s.parquet"))
    assert [(fault.row, fault.field, fault.what) for fault in faults] == [
        (2, "currency", "binary data"),
        (3, "sold_on", "sold_on is empty"),
        (3, "amount", "the number is inf"),
        (3, "currency", "binary data"),
    ]
    (tmp_path / "no.parquet").write_bytes(b"PAR1 nonsense")
    assert "cannot be read as Parquet" in refused(reading, settings(sales="no.parquet")).what


def test_files_of_several_kinds_are_one_table(reading: Reading, tmp_path: Path) -> None:
    """A glob may name texts and workbooks; each row knows its own file."""
    (tmp_path / "all").mkdir()
    header, *rows = typed(SALES)
    save_workbook(tmp_path / "all" / "a.xlsx", [header, *rows[:3]])
    lines = SALES.splitlines(keepends=True)
    (tmp_path / "all" / "b.csv").write_text(lines[0] + "".join(lines[4:]), encoding="utf-8")
    same(reading, settings(sales="all/*"))


def test_sqlite(reading: Reading, tmp_path: Path) -> None:
    """The result of a query is the same table; the path may come from the environment, and nothing can be written."""
    path = tmp_path / "ledger.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE s (sale_id, partner_id, sold_on, amount, currency, product, refund_of)")
    _, *rows = csv.reader(io.StringIO(SALES))
    typed_rows = [[row[0], row[1], row[2], float(row[3]), *row[4:]] for row in rows]
    connection.executemany("INSERT INTO s VALUES (?, ?, ?, ?, ?, ?, ?)", typed_rows)
    connection.commit()
    connection.close()
    query = "SELECT * FROM s"
    same(reading, settings(sales={"path": "sqlite:///ledger.db", "query": query}))
    same(reading, settings(sales={"path": "sqlite:///${LEDGER}", "query": query}), LEDGER=str(path))
    fault = refused(reading, settings(sales={"path": "sqlite:///ledger.db", "query": "DELETE FROM s"}))
    assert "readonly" in fault.what
    fault = refused(reading, settings(sales={"path": "sqlite:///ledger.db", "query": "SELECT x FROM absent"}))
    assert (fault.file, fault.what) == ("sqlite:///ledger.db", "the query failed: no such table: absent")
    assert "needs a query" in refused(reading, settings(sales="sqlite:///ledger.db")).what
    assert (
        "unable to open" in refused(reading, settings(sales={"path": "sqlite:///no.db", "query": query})).what
    )
    assert not (tmp_path / "no.db").exists()


def test_what_the_environment_lacks(reading: Reading) -> None:
    """A name that the environment lacks is a fault of the settings, and its value is never shown."""
    fault = refused(reading, settings(sales={"path": "sqlite:///${LEDGER}", "query": "SELECT 1"}))
    assert (fault.file, fault.field, fault.what) == (
        "offerpress.toml",
        "data.sales",
        "LEDGER is not in the environment",
    )


def test_typed_values_as_text() -> None:
    """Numbers have no exponent and no superfluous zeros; binary ones have 15 digits; instants keep their offset."""
    values = {
        1e14: "100000000000000",
        10**20: "100000000000000000000",
        1e-7: "0.0000001",
        0.1 + 0.2: "0.3",
        -0.0: "-0",
        1234567.89: "1234567.89",
        datetime(2023, 12, 31, 23, tzinfo=UTC): "2023-12-31T23:00:00+00:00",
        datetime.fromisoformat("2023-12-31"): "2023-12-31",
    }
    assert [cell_text(value) for value in values] == list(values.values())
    found = cell_text(["a list"])
    assert isinstance(found, Unusable)
    assert "a value of the type list" == found.what


def test_control_totals(reading: Reading) -> None:
    """Rows and sums that differ from the control totals are faults; equal ones are none."""
    sums = {"EUR": "1234668.06", "JPY": 1000, "USD": "0"}
    right = settings(control={"sales": {"rows": 6, "sums": sums}, "partners": {"rows": 2}})
    _, faults = reading(right, sales=SALES + SALES.splitlines()[1] + "\n")
    assert [fault.severity for fault in faults] == ["remark"]
    wrong = settings(control={"sales": {"rows": 7, "sums": {"EUR": "1234668.05", "JPY": "1.5"}}})
    _, faults = reading(wrong, sales=SALES)
    assert [(fault.file, fault.field, fault.what) for fault in faults] == [
        ("offerpress.toml", "data.control.sales", "sales has 6 rows, the control total says 7"),
        (
            "offerpress.toml",
            "data.control.sales",
            "sales sum up to 1234668.06 EUR, the control total says 1234668.05 EUR",
        ),
        ("offerpress.toml", "data.control.sales", "'1.5' has 1 decimal places"),
    ]


@pytest.mark.parametrize(
    ("tables", "field", "text"),
    [
        ({"sale": "x.csv"}, "data.sale", "did you mean 'sales'?"),
        ({"sales": {"pth": "x.csv"}}, "data.sales.pth", "did you mean 'path'?"),
        ({"sales": {"encoding": "utf-9"}}, "data.sales.encoding", "'utf-9' is no encoding"),
        ({"sales": {"encoding": "rot13"}}, "data.sales.encoding", "'rot13' is no encoding"),
        ({"sales": {"delimiter": "::"}}, "data.sales.delimiter", "separates no fields"),
        ({"sales": {"columns": {"amont": "x"}}}, "data.sales", "did you mean 'amount'?"),
        ({"sales": 1}, "data.sales", "1"),
        ({"control": {"sale": {}}}, "data.control", "did you mean 'sales'?"),
        ({"control": {"partners": {"sums": {"EUR": "1"}}}}, "data.control", "'partners' has no amounts"),
    ],
)
def test_faults_of_the_settings(tables: dict[str, object], field: str, text: str) -> None:
    """What `[data]` cannot mean is a fault of its key."""
    faults: list[Fault] = []
    assert validated(DataSettings, tables, Source("offerpress.toml"), faults, ("data",)) is None
    assert [fault.field for fault in faults] == [field]
    assert text in str(faults[0])


@pytest.mark.parametrize("product", ["PRO 8SC", '"two\nlines"'])
@pytest.mark.parametrize("before", [0, 1, 2])
def test_rows_are_counted_in_each_file(reading: Reading, tmp_path: Path, before: int, product: str) -> None:
    """A fault names the row of its own file, whatever files came before it and in whatever way they were read."""
    header = SALES.partition("\n")[0]
    for number in range(before):
        (tmp_path / f"s{number}.csv").write_text(f"{header}\nB{number},P1,2023-01-31,1,EUR,{product},\n")
    wrong = f"{header}\nC1,P1,2023-01-31,1,EUR,,\nC2,P1,2023-01-31,one,EUR,,\n"
    (tmp_path / "s9.csv").write_text(wrong)
    _, faults = reading(settings(sales={"path": "s*.csv"}))
    broken = [("s0.csv", 2, "product"), ("s1.csv", 2, "product")][:before] if "\n" in product else []
    assert [(fault.file, fault.row, fault.field) for fault in faults] == [*broken, ("s9.csv", 3, "amount")]

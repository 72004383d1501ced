"""The two readers of separated text agree with each other and with what was written."""

import csv
import io
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.database import Database, Row
from ledger.findings import Findings
from ledger.reading.csv_text import inspect, layout_of, records
from ledger.reading.headers import check_header, judge_of
from ledger.reading.loading import load_text
from ledger.reading.rows import create_raw, raw_rows
from ledger.settings import TableSource
from ledger.tables import BY_NAME

RATES = BY_NAME["rates"]
FIELDS = st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=8) | st.sampled_from(
    [
        '"',
        '""',
        ",",
        ";",
        "a,b",
        " a ",
        "'",
        "\\",
        "#",
        "\u2028",
        "\ufeff",
        "NULL",
        "\u202e",
        "\U0001f600",
        '\\"',
        "-",
    ]
)
ROWS = st.lists(st.tuples(FIELDS, FIELDS, FIELDS, FIELDS), max_size=6)


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    """A database for all examples."""
    found = Database()
    yield found
    found.close()


def loaded(database: Database, path: Path) -> list[Row]:
    """The rows of the file as they come to the database, its number left out."""
    findings = Findings()
    create_raw(database, RATES)
    number = findings.register(RATES, path.name)
    load_text(database, findings, RATES, path, number, TableSource(path=path.name), path.parent)
    rows = database.rows('SELECT row_number, "on", "from", "to", rate FROM rows_rates ORDER BY 1')
    database.run("DROP TABLE raw_rates")
    assert findings.sorted() == []
    return rows


@given(
    rows=ROWS, quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]), delimiter=st.sampled_from(",;\t")
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_was_written_is_read(
    database: Database, tmp_path: Path, rows: list[tuple[str, ...]], quoting: int, delimiter: str
) -> None:
    """Every text that may stand in a field comes back with its row; rows that say nothing are left out."""
    written = io.StringIO()
    writer = csv.writer(written, delimiter=delimiter, quoting=quoting, lineterminator="\n")  # type: ignore[arg-type]
    writer.writerows([RATES.names, *rows])
    path = tmp_path / "rates.csv"
    path.write_text(written.getvalue(), encoding="utf-8")
    said = [(number, *row) for number, row in enumerate(rows, 2) if "".join(row).strip(" \u00a0")]
    assert loaded(database, path) == said
    head, _, body = written.getvalue().partition("\n")
    path.write_text(f"{head}\n\n{body}", encoding="utf-8")
    assert loaded(database, path) == [
        (number, *row) for number, row in enumerate(rows, 3) if "".join(row).strip(" \u00a0")
    ]


PIECES = st.sampled_from(
    [*'",;\t|', "\n", "\r\n", "\r", " ", "\u00a0", "a", "\u00e9", '""', ' "', '" ', "a,b,c,d\n"]
)


@given(text=st.lists(PIECES, max_size=30).map("".join), delimiter=st.sampled_from(",;\t"), even=st.booleans())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_database_reads_only_what_both_readers_read_alike(
    database: Database, tmp_path: Path, text: str, delimiter: str, *, even: bool
) -> None:
    """Rows, row numbers and faults do not depend on the reader that takes the file (RFC 4180 leaves odd files open)."""
    row = delimiter.join("xyzu") + "\n"
    body = row + text + ("\n" + row if even else "")
    path = tmp_path / "rates.csv"
    path.write_bytes((delimiter.join(RATES.names) + "\n" + body).encode())
    found = read_once(database, path, path.open(encoding="utf-8", newline=""), delimiter)
    assert read_once(database, path, None, delimiter) == found


def read_once(
    database: Database, path: Path, stream: io.TextIOWrapper | None, delimiter: str
) -> tuple[list[Row], list[str]]:
    """The rows and faults of the file: as it is loaded, or with `stream` row by row without the database's reader."""
    findings = Findings()
    create_raw(database, RATES)
    number = findings.register(RATES, path.name)
    if stream is None:
        load_text(
            database, findings, RATES, path, number, TableSource(path="", delimiter=delimiter), path.parent
        )
    else:
        header = check_header(findings, RATES, RATES.names, number)
        with stream:
            found = islice(records(iter(stream), delimiter), 1, None)
            database.append("raw_rates", raw_rows(findings, RATES, found, number, header))
    rows = database.rows('SELECT row_number, "on", "from", "to", rate FROM rows_rates ORDER BY 1')
    database.run("DROP TABLE raw_rates")
    return rows, list(map(str, findings.sorted()))


@pytest.mark.parametrize("quoted", [False, True])
def test_the_database_reads_an_even_file(tmp_path: Path, *, quoted: bool) -> None:
    """A file of usual rows is read by the database, which is the faster reader, also where fields are quoted."""
    path = tmp_path / "rates.csv"
    row = '2023-01-01,"EU ""R""",USD,"1,5"\r\n' if quoted else "2023-01-01,EUR,USD,1.5\n"
    path.write_text("on,from,to,rate\n" + row * 3, encoding="utf-8", newline="")
    assert inspect(path, layout_of(path, judge_of(RATES, TableSource(path="")))).even


@pytest.mark.parametrize(
    "row",
    [
        'a, "b",c,d\n',
        "a,b,c,d,\n",
        "a,b,c\n",
        ",,,\n",
        ' ,"",\u00a0,\n',
        "\n",
        'a,"b\nc",d,e\n',
        'a,b"c,d,e\n',
        'a,"b"c,d,e\n',
        "a,b\rc,d,e\n",
        "a,b\tc,d,e\n",
        f"a,b,c,{'d' * 140_000}\n",
    ],
)
def test_an_odd_file_is_read_row_by_row(tmp_path: Path, row: str) -> None:
    """A row that readers could read in two ways keeps the file from the database's reader."""
    path = tmp_path / "rates.csv"
    path.write_text(f"on,from,to,rate\na,b,c,d\n{row}a,b,c,d\n", encoding="utf-8", newline="")
    assert not inspect(path, layout_of(path, judge_of(RATES, TableSource(path="")))).even


@given(text=st.text(st.sampled_from('",\n\ra '), max_size=40))
@settings(max_examples=500, deadline=None)
def test_no_line_is_lost(text: str) -> None:
    """Whatever quotes do, every line that is not empty is in some record, and the reading ends."""
    lines = text.splitlines(keepends=True)
    found = list(records(iter(lines), ","))
    assert all(record.fields or record.broken for record in found)
    assert [record.row for record in found] == sorted({record.row for record in found})
    assert len(found) <= len(lines)
    kept = "".join("".join(record.fields) for record in found)
    if '"' not in text:
        assert kept == text.replace(",", "").replace("\n", "").replace("\r", "")

"""The two readers of separated text agree with each other and with what was written."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.csv_text import records
from ledger.database import Database, Row
from ledger.findings import Findings
from ledger.loading import load_text
from ledger.rows import create_raw
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
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_was_written_is_read(
    database: Database, tmp_path: Path, rows: list[tuple[str, ...]], quoting: int, delimiter: str
) -> None:
    """Every text that may stand in a field comes back with its row, also where some lines are empty."""
    written = io.StringIO()
    writer = csv.writer(written, delimiter=delimiter, quoting=quoting, lineterminator="\n")  # type: ignore[arg-type]
    writer.writerows([RATES.names, *rows])
    path = tmp_path / "rates.csv"
    path.write_text(written.getvalue(), encoding="utf-8")
    assert loaded(database, path) == [(number, *row) for number, row in enumerate(rows, 2)]
    head, _, body = written.getvalue().partition("\n")
    path.write_text(f"{head}\n\n{body}", encoding="utf-8")
    assert loaded(database, path) == [(number, *row) for number, row in enumerate(rows, 3)]


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

"""Tables as results of queries to a real PostgreSQL server."""

from collections.abc import Callable, Iterator

import psycopg
import pytest

from ledger import DataSettings, Ledger
from rewards import Fault
from tests.servers.postgresql import postgresql_server

Reading = Callable[..., tuple[Ledger | None, list[Fault]]]

SALES = (
    "sale_id,partner_id,sold_on,amount,currency,product,refund_of\n"
    "A1,P1,2023-01-31,100.50,EUR,PRO 8SC \u00e9,\n"
    "A2,P2,2024-01-01,1000,JPY,,\n"
    "A3,P1,2023-03-01,-0.50,EUR,,A1\n"
)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The URL of a server that holds the sales, with days as instants."""
    with postgresql_server() as url, psycopg.connect(url) as connection:
        connection.execute("""
            CREATE TABLE sales (sale_id text, partner_id varchar, sold_at timestamptz, sold_on date,
                amount numeric(18, 4), value double precision, currency char(3), product text, refund_of text)
        """)
        connection.execute("""
            INSERT INTO sales VALUES
                ('A1', 'P1', '2023-01-31 12:00+01', '2023-01-31', 100.5, 100.5, 'EUR', 'PRO 8SC \u00e9', NULL),
                ('A2', 'P2', '2023-12-31 23:30+00', '2024-01-01', 1000, 1000, 'JPY', NULL, ''),
                ('A3', 'P1', '2023-03-01 00:00+01', '2023-03-01', -0.50, -0.5, 'EUR', '', 'A1')
        """)
        connection.commit()
        yield url


def of(query: str) -> DataSettings:
    """Sales from a query to the server that the environment names."""
    return DataSettings.model_validate({"sales": {"path": "${LEDGER_URL}", "query": query}})


@pytest.mark.parametrize(
    "columns",
    [
        "sold_on, amount, currency",
        "sold_at AS sold_on, value AS amount, currency",
        "sold_on::timestamp AS sold_on, amount::text AS amount, currency::text AS currency",
    ],
)
def test_a_query_is_a_table(reading: Reading, server: str, columns: str) -> None:
    """Days, instants, exact and binary numbers and texts give the same ledger as the text file."""
    texts = SALES.replace("100.50", "100.5").replace("-0.50", "-0.5")
    expected, faults = reading(sales=texts)
    assert expected is not None, faults
    amounts = columns.replace("amount::text", "trim_scale(amount)::text")
    query = f"SELECT sale_id, partner_id, {amounts}, product, refund_of FROM sales"  # noqa: S608 - the test's own words
    found, faults = reading(of(query), {"LEDGER_URL": server})
    assert faults == []
    assert found is not None
    assert found.digest == expected.digest


def test_faults_name_the_row_of_the_result_and_no_password(reading: Reading, server: str) -> None:
    """A fault names the database without its user and password, and the row as under a header."""
    query = (
        "SELECT sale_id, partner_id, sold_on, amount, 'EUX' AS currency FROM sales ORDER BY sale_id LIMIT 2"
    )
    _, faults = reading(of(query), {"LEDGER_URL": server.replace("postgres@", "postgres:secret@")})
    assert [(fault.row, fault.field) for fault in faults] == [(2, "currency"), (3, "currency")]
    assert faults[0].file == server.replace("postgres@", "")
    assert "secret" not in "".join(map(str, faults))


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("SELECT sale_id FROM nowhere", 'relation "nowhere" does not exist'),
        ("DELETE FROM sales RETURNING *", "error"),
        (
            "SELECT lower('x') WHERE set_config('a.b', '1', true) IS NULL OR (SELECT 1/0) = 1",
            "division by zero",
        ),
        ("SELECT 'infinity'::date AS sold_on, 'A' AS sale_id", "date too large"),
    ],
)
def test_a_query_that_fails(reading: Reading, server: str, query: str, text: str) -> None:
    """What the server refuses is a fault with the server's words; nothing can be written."""
    _, faults = reading(of(query), {"LEDGER_URL": server})
    assert any(text in fault.what for fault in faults), list(map(str, faults))
    with psycopg.connect(server) as connection:
        assert connection.execute("SELECT count(*) FROM sales").fetchone() == (3,)


def test_a_server_that_is_not_there(reading: Reading) -> None:
    """An address without a server is one fault, and no traceback."""
    _, faults = reading(of("SELECT 1"), {"LEDGER_URL": "postgresql://me:secret@127.0.0.1:1/ledger"})
    assert [fault.file for fault in faults] == ["postgresql://127.0.0.1:1/ledger"]
    assert "secret" not in str(faults[0])

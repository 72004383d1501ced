"""A seeded site of any size: the sample's offers, and many partners with as many sales each or a few with thousands."""

import shutil
from pathlib import Path
from typing import Literal

import duckdb

ROOT = Path(__file__).parent.parent
CURRENCIES = ("EUR", "USD", "GBP", "CHF", "SEK", "PLN", "JPY", "KWD", "BRL")
LANGUAGES = ("en", "de", "es")
LEVELS = ("affiliate", "bronze", "silver", "gold", "platinum", "titanium")
SECRET = "5eed" * 16


Shape = Literal["even", "skewed"]


def make_site(folder: Path, partners: int, sales: int, subscriptions: int, shape: Shape = "skewed") -> None:
    """A site folder with the sample's content and that many rows; the same numbers give the same bytes.

    Skewed as real ledgers are: half of the sales follow a power law, so that of 100,000 partners with 10 sales each
    on average the first has 11,000, and most have three to seven. Even: all have the same number.
    """
    shutil.copytree(ROOT / "content", folder / "content")
    shutil.copyfile(ROOT / "offerpress.toml", folder / "offerpress.toml")
    data = folder / "data"
    data.mkdir()
    database = duckdb.connect()
    database.execute("CREATE MACRO pick(n, seed) AS (hash(n * 1000003 + seed) % 1000000007)")
    database.execute(f"CREATE MACRO currency_of(p) AS {_choice(CURRENCIES, 'pick(p, 1)')}")
    _write(database, data / "partners.csv", _partners(partners))
    _write(database, data / "sales.csv", _sales(partners, sales, shape))
    _write(database, data / "subscriptions.csv", _subscriptions(partners, subscriptions))
    _write(database, data / "rates.csv", _rates())
    database.close()


def _choice(values: tuple[str, ...], number: str) -> str:
    listed = ", ".join(f"'{value}'" for value in values)
    return f"([{listed}])[1 + ({number} % {len(values)})::INTEGER]"


def _write(database: duckdb.DuckDBPyConnection, path: Path, query: str) -> None:
    database.execute(f"COPY ({query}) TO '{path}' (HEADER, DELIMITER ',')")


def _partners(count: int) -> str:
    return f"""
        SELECT printf('B-%08d', p) AS partner_id, printf('Partner %d GmbH', p) AS name,
               printf('partner%d@reseller.example', p) AS email, currency_of(p) AS currency,
               {_choice(LEVELS, "pick(p, 2)")} AS level, {_choice(LANGUAGES, "pick(p, 3)")} AS language
        FROM range({count}) AS t(p) ORDER BY p"""


def _sales(partners: int, count: int, shape: Shape) -> str:
    few = f"floor({partners} * power((pick(n, 4) % 1000003) / 1000003.0, 3))::BIGINT"
    owners = {
        "skewed": f"CASE WHEN n % 2 = 0 THEN {few} ELSE pick(n, 4) % {partners} END",
        "even": f"n % {partners}",
    }
    owner = owners[shape]
    return f"""
        SELECT printf('A-%09d', n) AS sale_id, printf('B-%08d', p) AS partner_id,
               strftime(DATE '2022-01-01' + (pick(n, 6) % 730)::INTEGER, '%Y-%m-%d') AS sold_on,
               CASE currency_of(p) WHEN 'JPY' THEN (1 + pick(n, 5) % 500000)::VARCHAR
                    WHEN 'KWD' THEN ((1 + pick(n, 5) % 500000)::DECIMAL(12,3) / 1000)::DECIMAL(12,3)::VARCHAR
                    ELSE ((1 + pick(n, 5) % 500000)::DECIMAL(12,2) / 100)::DECIMAL(12,2)::VARCHAR END AS amount,
               currency_of(p) AS currency, 'PRO 8SC' AS product
        FROM (SELECT n, {owner} AS p FROM range({count}) AS t(n)) ORDER BY n"""


def _subscriptions(partners: int, count: int) -> str:
    return f"""
        SELECT printf('S-%09d', n) AS subscription_id, printf('B-%08d', n % {partners}) AS partner_id,
               CASE WHEN n % 7 = 0 THEN '4SC' ELSE 'PRO 8SC' END AS product,
               CASE WHEN n % 7 = 0 THEN 'free' ELSE 'paid' END AS plan,
               strftime(DATE '2023-03-01' + (pick(n, 7) % 900)::INTEGER, '%Y-%m-%d') AS expires_on
        FROM range({count}) AS t(n) ORDER BY n"""


def _rates() -> str:
    rows = ", ".join(f"('{currency}', {n + 1})" for n, currency in enumerate(CURRENCIES))
    return f"""
        SELECT '2021-12-31' AS "on", currency AS "from", 'EUR' AS "to",
               (0.1 + n::DECIMAL(6,2) / 10)::DECIMAL(6,2)::VARCHAR AS rate
        FROM (VALUES {rows}) AS t(currency, n) WHERE currency <> 'EUR' ORDER BY currency"""

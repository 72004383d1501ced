"""Random ledgers in random shapes are read back as what was meant."""

import csv
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from random import Random
from string import ascii_letters, digits
from typing import Any

import pytest

from ledger import DataSettings, read
from ledger.database import Database
from ledger.findings import Findings
from ledger.reading.loading import Surroundings, load
from ledger.tables import TABLES
from ledger.values import parse, prepare
from rewards import Fault, Policy, Source, validated
from tests.exports.shapes import LedgerRows, Rows, Shape, meant_digest, plain_ledger, write_ledger

EXAMPLES, AT_ONCE = 500, 150
"""All examples, which `make test-long` completes, and how many of them `make test` reads."""
PART = 50
LETTERS = {
    "utf-8": ascii_letters + "äöüßéèçœñ€łśčž中文日本語ひらがなабвшалום",
    "utf-8-sig": ascii_letters + "äöü日本語",
    "utf-16": ascii_letters + "日本語ひらがなカタカナé",
    "utf-16-le": ascii_letters + "日本語",
    "cp1252": ascii_letters + "äöüßéèçœñ€",
    "cp1250": ascii_letters + "łśčžěř",
    "cp1251": ascii_letters + "абвгджш",
    "cp932": ascii_letters + "日本語ひらがなカタカナ",
}
NAMES: list[dict[str, str]] = [
    {},
    {"partner_id": "Kunde", "name": "Firma", "sale_id": "Beleg", "sold_on": "Datum", "amount": "Betrag"},
    {"partner_id": "N° client", "amount": "Montant HT", "currency": "Devise", "sold_on": "Date de vente"},
    {"partner_id": "Customer ID", "amount": "Net Amount", "level": "Tier", "status": "Account Status"},
    {"sale_id": "伝票番号", "partner_id": "得意先", "amount": "金額", "sold_on": "売上日", "product": "商品"},
]
WORDS: list[dict[str, dict[str, str]]] = [
    {},
    {"status": {"active": "aktiv", "closed": "gekuendigt"}},
    {"status": {"active": "1", "closed": "0"}, "currency": {"EUR": "Euro"}, "plan": {"paid": "bezahlt"}},
]
DATES = [
    (),
    ("%d.%m.%Y",),
    ("%m/%d/%Y",),
    ("%Y%m%d",),
    ("serial",),
    ("serial-1904",),
    ("%d.%m.%Y", "%Y/%m/%d"),
    ("serial", "%d-%m-%Y"),
]
FORMS = [(".", ""), (",", ""), (",", "."), (".", ","), (",", " "), (".", "'"), (".", " ")]
POINTS = {"EUR": 2, "USD": 2, "JPY": 0, "KWD": 3}


def text(random: Random, letters: str, marks: str = " -.,;'\"&") -> str:
    """A text that begins and ends with a letter."""
    inside = "".join(random.choice(letters * 3 + marks) for _ in range(random.randrange(0, 9)))
    return random.choice(letters) + inside.replace("  ", " ") + random.choice(letters)


def day(random: Random) -> str:
    """A day that every form can hold."""
    return date.fromordinal(date(2001, 1, 1).toordinal() + random.randrange(12_000)).isoformat()


def amount(random: Random, currency: str) -> str:
    """An amount with some or all of its places, often below zero."""
    whole = random.choice([random.randrange(10), random.randrange(1000), random.randrange(10**9)])
    places = random.randrange(POINTS[currency] + 1)
    shown = f"{whole}.{random.randrange(10**places):0{places}}" if places else str(whole)
    return f"-{shown}" if random.random() < 0.4 and set(shown) - {"0", "."} else shown


def ledger_rows(random: Random, letters: str) -> LedgerRows:
    """A small ledger, without rows that name others wrongly."""
    currencies = random.sample(sorted(POINTS), random.choice([1, 1, 3]))
    partners: Rows = [
        {
            "partner_id": f"P{n}{random.choice(letters)}",
            "name": text(random, letters),
            "email": "",
            "currency": random.choice(currencies),
            "level": random.choice(["bronze", "silver"]),
            "language": random.choice(["de", "en"]),
            "status": random.choice(["active", "active", "closed"]),
        }
        for n in range(random.randrange(1, 5))
    ]
    rows: dict[str, Rows] = {table.name: [] for table in TABLES} | {"partners": partners}
    for n in range(random.randrange(0, 6)):
        owner, currency = random.choice(partners)["partner_id"], random.choice(currencies)
        rows["sales"].append(
            {
                "sale_id": f"{random.choice(['A', 'Beleg ', '2023/'])}{n}",
                "partner_id": owner,
                "sold_on": day(random),
                "amount": amount(random, currency),
                "currency": currency,
                "product": text(random, letters),
            }
        )
        rows["subscriptions"].append(
            {
                "subscription_id": f"S{n}",
                "partner_id": owner,
                "product": text(random, letters),
                "plan": "paid",
                "expires_on": day(random),
                "started_on": random.choice(["", day(random)]),
            }
        )
    if random.random() < 0.5:  # a table less is read sooner
        rows["subscriptions"] = []
        return _complete(rows)
    rows["rates"] = [
        {"on": day(random), "from": "JPY", "to": "EUR", "rate": random.choice(["0.0070", "7", "12.5"])}
    ]
    return _complete(rows)


def _complete(rows: LedgerRows) -> LedgerRows:
    return {
        table.name: [{name: row.get(name, "") for name in table.names} for row in rows[table.name]]
        for table in TABLES
    }


def shape_of(random: Random, encoding: str) -> Shape:
    """A random shape, of signs that the encoding has."""

    def can(value: str) -> bool:
        try:
            return bool(value.encode(encoding))
        except UnicodeEncodeError:
            return False

    decimal, thousands = random.choice(FORMS)
    word = random.choice(["Summe", "Total", "Grand total:"])
    names = random.choice([one for one in NAMES if all(map(can, one.values()))])
    shape = Shape(
        encoding=encoding,
        delimiter=random.choice(",;\t|"),
        quoting=random.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
        titles=random.choice([(), (), [["Report"]], [["Sales 2023", "", "x"], [], ["printed: 31.12.2023"]]]),
        names_delimiter=random.random() < 0.2,
        totals=random.choice(["", "skip", "stop"]),
        totals_word=word,
        has_subtotals=random.random() < 0.3,
        has_blanks=random.random() < 0.3,
        dates=random.choice(DATES),
        decimal=decimal,
        thousands=thousands,
        space=random.choice([one for one in " \u00a0\u2009\u202f" if can(one)]),
        minus=random.choice([one for one in ("-x", "x-", "(x)", "\u2212x", "- x") if can(one)]),
        currency=random.choice(["column", "column", "sign", "cell", "constant"]),
        code_first=random.random() < 0.5,
        names=names,
        words=random.choice(WORDS),
        splits_names=random.random() < 0.3,
        leaves_out_language=random.random() < 0.3,
        is_shuffled=random.random() < 0.5,
        files=random.choice([1, 1, 1, 2]),
    )
    if random.random() < 0.1:
        return replace(shape, suffix=".xlsx", names_delimiter=False, typed=random.choice([0.0, 0.5, 1.0]))
    return shape


def settings_of(data: dict[str, Any]) -> DataSettings:
    """`[data]` as it is read."""
    faults: list[Fault] = []
    found = validated(DataSettings, data, Source("offerpress.toml"), faults)
    assert found is not None, list(map(str, faults))
    return found


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    """A database for all examples: to make one takes longer than to read a small ledger."""
    found = Database(threads=1)
    yield found
    found.close()


@pytest.fixture(scope="module")
def digest_in(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """Return the digest of the rows that `[data]` of a site names, or fail with the faults."""

    def run(site: Path, data: dict[str, Any]) -> str:
        findings, of = Findings(), settings_of(data)
        around = Surroundings(site, {}, tmp_path_factory.mktemp("scratch"))
        for table in TABLES:
            load(database, findings, table, of.of(table.name), around)
        prepare(database, "Europe/Berlin")
        for table in TABLES:
            parse(database, table)
        found = database.digest(lambda table: table.name)
        for table in TABLES:
            database.run(f"DROP VIEW rows_{table.name}")
            database.run(f"DROP TABLE raw_{table.name}")
            database.run(f"DROP TABLE {table.name}")
        database.run("DROP TABLE currencies")
        database.run("DROP TABLE instants")
        assert [] == [str(fault) for fault in findings.sorted() if fault.severity == "fault"], data
        return found

    return run


@pytest.mark.parametrize(
    "part",
    [
        pytest.param(part, marks=pytest.mark.long if part * PART >= AT_ONCE else ())
        for part in range(EXAMPLES // PART)
    ],
)
def test_a_ledger_in_any_shape_is_the_ledger(
    digest_in: Callable[..., str], tmp_path: Path, part: int
) -> None:
    """Whatever the form of rows, days, numbers, words and files: the digest is that of what was meant."""
    for number in range(part * PART, (part + 1) * PART):
        random = Random(number)
        encoding = random.choice(sorted(LETTERS))
        shape = shape_of(random, encoding)
        ledger = ledger_rows(random, LETTERS[encoding])
        site = tmp_path / str(number)
        data = write_ledger(site, ledger, shape, random)
        assert meant_digest(ledger) == digest_in(site, data), (number, shape)


def test_what_is_meant_is_what_a_plain_table_says(tmp_path: Path, policy: Policy) -> None:
    """The digest that these tests compute is that of the plain tables, read without any setting."""
    random = Random(1)
    ledger = ledger_rows(random, ascii_letters + digits)
    plain_ledger(tmp_path, ledger)
    faults: list[Fault] = []
    found = read(DataSettings(), tmp_path, policy, faults)
    assert found is not None, list(map(str, faults))
    with found:
        assert meant_digest(ledger) == found.digest

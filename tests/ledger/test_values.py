"""What single values of the tables may be."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from ledger import DataSettings, Ledger, freeze, read
from rewards import Fault, Policy, Sale, parse_day

Reading = Callable[..., tuple[Ledger | None, list[Fault]]]

SALES = "sale_id,partner_id,sold_on,amount,currency\n"


def cells(faults: list[Fault]) -> list[tuple[str, int | None, str]]:
    """Where the faults are, remarks apart."""
    return [(fault.file, fault.row, fault.field) for fault in faults if fault.severity == "fault"]


@pytest.fixture
def sales(reading: Reading, tmp_path: Path) -> Callable[[list[tuple[str, str, str]]], list[Sale]]:
    """Read and freeze sales of P1, given as (sold_on, amount, currency); they come back in that order."""

    def run(values: list[tuple[str, str, str]]) -> list[Sale]:
        rows = [
            f'A{row:02},P1,{day},"{amount}",{currency}\n'
            for row, (day, amount, currency) in enumerate(values)
        ]
        ledger, faults = reading(sales=SALES + "".join(rows))
        assert ledger is not None, faults
        account = freeze(ledger, {"P1": 0, "P2": 0}, tmp_path / "frozen").account("P1")
        assert account is not None
        return list(account.sales)

    return run


def test_amounts_are_exact(sales: Callable[[list[tuple[str, str, str]]], list[Sale]]) -> None:
    """An amount is its minor units, to the last of 18 digits."""
    expected = {
        ("1", "EUR"): 100,
        ("-1.5", "EUR"): -150,
        ("0.05", "EUR"): 5,
        ("-0.00", "EUR"): 0,
        ("007.10", "EUR"): 710,
        ("  12.34\u00a0", "EUR"): 1234,
        ("50", "JPY"): 50,
        ("1.001", "KWD"): 1001,
        ("1.0001", "CLF"): 10001,
        ("9999999999999999.99", "EUR"): 999999999999999999,
        ("-999999999999999999", "JPY"): -999999999999999999,
        ("0.07", "EUR"): 7,
        ("4503599627370497.53", "EUR"): 450359962737049753,
    }
    found = sales([("2023-01-01", text, currency) for text, currency in expected])
    assert [sale.amount for sale in found] == list(expected.values())


def test_what_is_no_amount(reading: Reading) -> None:
    """Grouping, exponents, other digits, too many places and too many digits are faults of the cell."""
    texts = [
        "1.",
        ".5",
        "+1",
        "--1",
        "-.5",
        "1e3",
        "1E3",
        "NaN",
        "Infinity",
        "inf",
        "1,000.00",
        "1.000,00",
        "1'000",
        "0x10",
        "1_000",
        "١",
        "１",
        "²",
        "1.000",
        "1.2.3",
        "10000000000000000.00",
        "99999999999999999999999999",
        "−1",
        "1-",
        "(1)",
        "$1",
    ]
    values = [
        *((text, "EUR") for text in [*texts, "- 1", "1 000", "1\u202f000", "", "  "]),
        ("1.0", "JPY"),
        ("1.0000", "KWD"),
    ]
    rows = [f'A{row},P1,2023-01-01,"{text}",{currency}\n' for row, (text, currency) in enumerate(values)]
    _, faults = reading(sales=SALES + "".join(rows))
    assert cells(faults) == [("data/sales.csv", row, "amount") for row in range(2, len(values) + 2)]


def test_days(sales: Callable[[list[tuple[str, str, str]]], list[Sale]]) -> None:
    """A sale's day is the date, or the day of its instant in the program's zone."""
    expected = {
        "2023-12-31": "2023-12-31",
        "2024-02-29": "2024-02-29",
        "0001-01-01": "0001-01-01",
        "9999-12-31": "9999-12-31",
        "1582-10-10": "1582-10-10",
        "2023-12-31T22:59:59Z": "2023-12-31",
        "2023-12-31T23:00:00Z": "2024-01-01",
        "2023-06-30T22:00:00+00:00": "2023-07-01",
        "2024-01-01T00:30:00+02:00": "2023-12-31",
        "2023-12-31 23:30:00.123+01:00": "2023-12-31",
    }
    found = sales([(text, "1", "EUR") for text in expected])
    assert [sale.day for sale in found] == [parse_day(day) for day in expected.values()]


def test_what_is_no_day(reading: Reading) -> None:
    """Another form, an unreal date, and a time without an offset are faults of the cell."""
    texts = [
        "2023-02-29",
        "2023-13-01",
        "2023-00-10",
        "2023-01-00",
        "0000-01-01",
        "23-01-01",
        "2023-1-1",
        "20230101",
        "31.12.2023",
        "12/31/2023",
        "2023-12-31T10:00:00",
        "2023-12-31T25:00:00Z",
        "2023-02-29T10:00:00Z",
        "2023-W01-1",
        "-2023-01-01",
        "12023-01-01",
        "infinity",
        "epoch",
        "today",
        "45000",
        "٢٠٢٣-01-01",
        "2023–01–01",
    ]
    values = [*texts, " 2023-01-01", "2023-01-01 ", "2023-01-01 00:00:00", ""]
    rows = [f"A{row},P1,{text},1,EUR\n" for row, text in enumerate(values)]
    _, faults = reading(sales=SALES + "".join(rows))
    assert cells(faults) == [("data/sales.csv", row, "sold_on") for row in range(2, len(values) + 2)]


@pytest.mark.parametrize("table", ["subscriptions", "credits", "rates", "levels"])
def test_only_a_sale_may_have_an_instant(reading: Reading, table: str) -> None:
    """In every other table a day is a date."""
    rows = {
        "subscriptions": "subscription_id,partner_id,product,plan,expires_on\nS1,P1,PRO,paid,DAY\n",
        "credits": "credit_id,partner_id,offer,amount,currency,credited_on\nC1,P1,cashback,1,EUR,DAY\n",
        "rates": "on,from,to,rate\nDAY,JPY,EUR,0.0070\n",
        "levels": "partner_id,level,from\nP1,silver,DAY\n",
    }
    _, faults = reading(**{table: rows[table].replace("DAY", "2023-01-01T00:00:00Z")})
    assert [row for _, row, _ in cells(faults)] == [2]


def test_what_is_no_rate(reading: Reading) -> None:
    """A rate is a decimal above 0."""
    texts = ["0", "-1", "0.000", "1,5", "", "1e2", "abc", "\u0661", ".5", "5."]
    rows = [f'2023-01-{row:02},JPY,EUR,"{text}"\n' for row, text in enumerate(texts, 1)]
    _, faults = reading(rates="on,from,to,rate\n" + "".join(rows))
    assert cells(faults) == [("data/rates.csv", row, "rate") for row in range(2, len(texts) + 2)]


def test_unknown_words(reading: Reading) -> None:
    """Currencies, levels, plans, statuses, time zones and offers that do not exist are faults with a suggestion."""
    _, faults = reading(
        partners="partner_id,name,email,currency,level,status,timezone\n"
        "P1,One,,EURO,bronce,activ,Europe/Berlinn\nP2,Two,,jpy,affiliate,,\n",
        sales=None,
        subscriptions="subscription_id,partner_id,product,plan,expires_on\nS1,P1,PRO,Paid,2023-01-01\n",
        credits="credit_id,partner_id,offer,amount,currency,credited_on\nC1,P1,cash-back,1,EUR,2023-06-30\n",
        rates="on,from,to,rate\n2023-01-01,XAU,EUR,1\n2023-01-01,USD,\u20ac,1\n",
        levels="partner_id,level,from\nP1,Silver,2023-01-01\n",
    )
    assert cells(faults) == [
        ("data/partners.csv", 2, "currency"),
        ("data/partners.csv", 2, "level"),
        ("data/partners.csv", 2, "timezone"),
        ("data/partners.csv", 2, "status"),
        ("data/partners.csv", 3, "currency"),
        ("data/subscriptions.csv", 2, "plan"),
        ("data/credits.csv", 2, "offer"),
        ("data/rates.csv", 2, "from"),
        ("data/rates.csv", 3, "to"),
        ("data/levels.csv", 2, "level"),
    ]
    suggested = [re.findall(r"did you mean '(.*)'", fault.remedy) for fault in faults]
    assert suggested[:7] == [
        ["EUR"],
        ["bronze"],
        ["Europe/Berlin"],
        ["active"],
        ["JPY"],
        ["paid"],
        ["cashback"],
    ]


def test_what_must_not_be_empty(reading: Reading) -> None:
    """Ids, days, amounts, currencies, levels and plans are needed in every row; names and addresses are not."""
    headers = {
        "partners": "partner_id,name,email,currency,level,note\n",
        "sales": "sale_id,partner_id,sold_on,amount,currency,note\n",
        "subscriptions": "subscription_id,partner_id,product,plan,expires_on,note\n",
        "credits": "credit_id,partner_id,offer,amount,currency,credited_on,note\n",
        "rates": "on,from,to,rate,note\n",
        "levels": "partner_id,level,from,note\n",
    }
    tables = {name: header + "," * header.count(",") + "x\n" for name, header in headers.items()}
    tables["partners"] += "P1,,,EUR,bronze,\n"
    _, found = reading(**tables)
    faults = [fault for fault in found if fault.severity == "fault"]
    assert all(fault.row == 2 and fault.what.endswith("is empty") for fault in faults)
    assert [fault.field for fault in faults] == [
        *("partner_id", "currency", "level"),
        *("sale_id", "partner_id", "sold_on", "amount", "currency"),
        *("subscription_id", "partner_id", "plan", "expires_on"),
        *("credit_id", "partner_id", "offer", "amount", "currency", "credited_on"),
        *("on", "from", "to", "rate"),
        *("partner_id", "level", "from"),
    ]


def test_all_faults_of_a_row_come_at_once_and_in_order(reading: Reading) -> None:
    """Every wrong cell is listed in one run, by row and column, then what names others; a long value is cut."""
    _, faults = reading(sales=f"{SALES}A1,P1,x,y,z\nA2,P9,2023-01-01,{'9' * 500},EUR\n")
    assert [(fault.row, fault.field) for fault in faults] == [
        (2, "sold_on"),
        (2, "currency"),
        (3, "amount"),
        (3, "partner_id"),
    ]
    assert max(len(fault.what) for fault in faults) < 120


def test_strange_ids_are_ids(reading: Reading) -> None:
    """A partner id is any text without control characters, taken as it stands."""
    ids = [
        "x" * 300,
        "..",
        "a/b",
        "%2e%2e",
        "-1",
        "CON",
        "p.",
        " p ",
        "\u202eevil",
        "<script>",
        "{{7*7}}",
        "=1+1",
        "'; DROP--",
    ]
    rows = [f'"{partner_id}",N,,EUR,bronze\n' for partner_id in [*ids, "P1", "P2"]]
    ledger, faults = reading(partners="partner_id,name,email,currency,level\n" + "".join(rows))
    assert ledger is not None, faults
    assert ledger.partner_ids == tuple(sorted([*ids, "P1", "P2"]))


def remarks(faults: list[Fault]) -> list[tuple[int | None, str]]:
    """Row and field of each remark."""
    return [(fault.row, fault.field) for fault in faults if fault.severity == "remark"]


def test_addresses_that_cannot_be_written_to_are_told(reading: Reading) -> None:
    """A space that is none (U+00A0), a name, a domain without a dot (RFC 5321 2.3.5), two in one: each with its row."""
    addresses = [
        "a@b.example\u00a0",
        "Jo <jo@b.example>",
        "jo@two",
        "a@b.example;c@d.example",
        "a..b@c.example",
        "jo",
    ]
    rows = "".join(f'P{n},N,"{one}",EUR,bronze,\n' for n, one in enumerate(addresses))
    header = "partner_id,name,email,currency,level,cc\n"
    _, faults = reading(
        **dict.fromkeys(("sales", "subscriptions", "credits", "levels")), partners=header + rows
    )
    assert [(n, "email") for n in range(2, 8)] == remarks(faults)
    assert not any(
        one in fault.what + fault.remedy for fault in faults for one in ("b.example\u00a0", "a..b")
    )


def test_what_is_said_about_addresses(tmp_path: Path, policy: Policy) -> None:
    """A missing address, one that two partners have, and several in one cell, with word of partners with money."""
    (tmp_path / "data").mkdir()
    rows = "P1,N,,EUR,bronze\nP2,N,,EUR,bronze\nP3,N,a@b.example,EUR,bronze\nP4,N, A@b.example,EUR,bronze\n"
    rows += 'P5,N,"a@b.example, c@d.example",EUR,bronze\n'
    (tmp_path / "data" / "partners.csv").write_text(f"partner_id,name,email,currency,level\n{rows}")
    (tmp_path / "data" / "sales.csv").write_text(f"{SALES}A1,P2,2023-01-01,1,EUR\n")
    faults: list[Fault] = []
    ledger = read(DataSettings(), tmp_path, policy, faults)
    assert ledger is not None
    ledger.close()
    assert [
        (2, "no mail can go to it: there is no address"),
        (3, "no mail can go to it, and the partner has sales or credits: there is no address"),
        (5, "partner 'P3' in row 4 has the same address"),
        (6, "no mail can go to it: the cell holds 2 addresses"),
    ] == [(fault.row, fault.what) for fault in faults]


def test_usable_addresses_are_no_remark(reading: Reading) -> None:
    """Usual and unusual addresses that are sent to, an empty one, and those of partners without a statement."""
    good = [
        "a.b+c@d-e.example",
        "A@B.example",
        "o'neil@x.example",
        "jo@b\u00fccher.example",
        " a@d.example ",
        "",
    ]
    rows = "".join(f'P{n},N,"{one}",EUR,bronze,,\n' for n, one in enumerate(good))
    rows += 'P7,N,nobody,EUR,bronze,closed,"a@b.example, c@d.example"\nP8,N,a@e.example,EUR,bronze,,c@d\n'
    header = "partner_id,name,email,currency,level,status,cc\n"
    _, faults = reading(
        **dict.fromkeys(("sales", "subscriptions", "credits", "levels")), partners=header + rows
    )
    assert [(9, "cc")] == remarks(faults)


def test_words_for_nothing_are_told(reading: Reading) -> None:
    """What programs write in the place of a missing value would be greeted: a remark with its row."""
    columns = ("name", "contact_name", "manager_name")
    words = ("#N/A", "NULL", "None", "nan", "#REF!", " n/a ")
    cells = [(column, word) for column in columns for word in words]
    rows = "P1,a@b.example,EUR,bronze,One,,\nP2,c@b.example,JPY,silver,Nonesuch,Null-Meyer,\n"
    for number, (column, word) in enumerate(cells):
        values = {"name": "One", "contact_name": "", "manager_name": ""} | {column: word}
        rows += f"Q{number},q{number}@b.example,EUR,bronze,{','.join(values.values())}\n"
    _, faults = reading(partners=f"partner_id,email,currency,level,{','.join(columns)}\n{rows}")
    assert [(number, column) for number, (column, _) in enumerate(cells, 4)] == remarks(faults)


@pytest.mark.parametrize("text", ["1.23457E+18", "4,00638e+12", "9E+15"])
def test_ids_that_a_spreadsheet_shortened_are_faults(reading: Reading, text: str) -> None:
    """Two ids of 19 digits become one such number: the second sale would be dropped as a repetition."""
    row = f'"{text}",P1,2023-01-31,10.00,EUR\n'
    _, faults = reading(sales=SALES + row * 2)
    assert [("data/sales.csv", 2, "sale_id"), ("data/sales.csv", 3, "sale_id")] == cells(faults)


@pytest.mark.parametrize("rate", ["1" * 21, "0." + "1" * 31, "9" * 400])
def test_rates_have_limits(reading: Reading, rate: str) -> None:
    """No rate of the world has more than 20 digits before its point or 30 after it: a longer one is a fault."""
    _, faults = reading(rates=f"on,from,to,rate\n2023-01-01,JPY,EUR,{rate}\n")
    assert [("data/rates.csv", 2, "rate")] == cells(faults)

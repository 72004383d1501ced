"""What single values of the tables may be."""

import re
from collections.abc import Callable

import pytest

from ledger import Ledger, freeze
from rewards import Fault, Sale, parse_day

Reading = Callable[..., tuple[Ledger | None, list[Fault]]]

SALES = "sale_id,partner_id,sold_on,amount,currency\n"


def cells(faults: list[Fault]) -> list[tuple[str, int | None, str]]:
    """Where the faults are, remarks apart."""
    return [(fault.file, fault.row, fault.field) for fault in faults if fault.severity == "fault"]


@pytest.fixture
def sale(reading: Reading, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str, str], Sale | str]:
    """Read one sale of P1: the sale as frozen, or the text of its only fault."""

    def run(sold_on: str, amount: str, currency: str = "EUR") -> Sale | str:
        ledger, faults = reading(sales=f'{SALES}A1,P1,{sold_on},"{amount}",{currency}\n')
        if ledger is None:
            assert len(faults) == 1, faults
            return str(faults[0])
        folder = tmp_path_factory.mktemp("frozen") / "s"
        account = freeze(ledger, {"P1": 0, "P2": 0}, folder).account("P1")
        assert account is not None
        return account.sales[0]

    return run


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("1", "EUR", 100),
        ("-1.5", "EUR", -150),
        ("0.05", "EUR", 5),
        ("-0.00", "EUR", 0),
        ("007.10", "EUR", 710),
        ("  12.34\u00a0", "EUR", 1234),
        ("50", "JPY", 50),
        ("1.001", "KWD", 1001),
        ("1.0001", "CLF", 10001),
        ("9999999999999999.99", "EUR", 999999999999999999),
        ("-999999999999999999", "JPY", -999999999999999999),
        ("0.07", "EUR", 7),
        ("4503599627370497.53", "EUR", 450359962737049753),
    ],
)
def test_amounts_are_exact(sale: Callable[..., Sale | str], text: str, currency: str, minor: int) -> None:
    """An amount is its minor units, to the last of 18 digits."""
    found = sale("2023-01-01", text, currency)
    assert isinstance(found, Sale)
    assert found.amount == minor


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("1.", "EUR"),
        (".5", "EUR"),
        ("+1", "EUR"),
        ("--1", "EUR"),
        ("- 1", "EUR"),
        ("1e3", "EUR"),
        ("NaN", "EUR"),
        ("Infinity", "EUR"),
        ("1,000.00", "EUR"),
        ("1.000,00", "EUR"),
        ("1 000", "EUR"),
        ("1'000", "EUR"),
        ("0x10", "EUR"),
        ("1_000", "EUR"),
        ("\u0661", "EUR"),
        ("\uff11", "EUR"),
        ("1.000", "EUR"),
        ("1.0", "JPY"),
        ("1.0000", "KWD"),
        ("10000000000000000.00", "EUR"),
        ("99999999999999999999999999", "EUR"),
        ("", "EUR"),
        ("   ", "EUR"),
    ],
)
def test_what_is_no_amount(sale: Callable[..., Sale | str], text: str, currency: str) -> None:
    """Grouping, exponents, other digits, too many places and too many digits are faults of the cell."""
    found = sale("2023-01-01", text, currency)
    assert isinstance(found, str)
    assert found.startswith("data/sales.csv row 2: amount: ")


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2023-12-31", "2023-12-31"),
        ("2024-02-29", "2024-02-29"),
        ("0001-01-01", "0001-01-01"),
        ("9999-12-31", "9999-12-31"),
        ("1582-10-10", "1582-10-10"),
        ("2023-12-31T22:59:59Z", "2023-12-31"),
        ("2023-12-31T23:00:00Z", "2024-01-01"),
        ("2023-06-30T22:00:00+00:00", "2023-07-01"),
        ("2024-01-01T00:30:00+02:00", "2023-12-31"),
        ("2023-12-31 23:30:00.123+01:00", "2023-12-31"),
    ],
)
def test_days(sale: Callable[..., Sale | str], text: str, day: str) -> None:
    """A sale's day is the date, or the day of its instant in the program's zone."""
    found = sale(text, "1")
    assert isinstance(found, Sale)
    assert found.day == parse_day(day)


@pytest.mark.parametrize(
    "text",
    [
        "2023-02-29",
        "2023-13-01",
        "2023-00-10",
        "0000-01-01",
        "23-01-01",
        "2023-1-1",
        "20230101",
        "31.12.2023",
        "12/31/2023",
        "2023-12-31T10:00:00",
        "2023-12-31T25:00:00Z",
        "2023-W01-1",
        "-2023-01-01",
        "12023-01-01",
        " 2023-01-01",
        "infinity",
        "epoch",
        "today",
        "\u0662\u0660\u0662\u0663-01-01",
        "",
    ],
)
def test_what_is_no_day(sale: Callable[..., Sale | str], text: str) -> None:
    """Another form, an unreal date, and a time without an offset are faults of the cell."""
    found = sale(text, "1")
    assert isinstance(found, str)
    assert found.startswith("data/sales.csv row 2: sold_on: ")


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


@pytest.mark.parametrize("text", ["0", "-1", "0.000", "1,5", "", "1e2", "abc", "\u0661"])
def test_what_is_no_rate(reading: Reading, text: str) -> None:
    """A rate is a decimal above 0."""
    _, faults = reading(rates=f'on,from,to,rate\n2023-01-01,JPY,EUR,"{text}"\n')
    assert cells(faults) == [("data/rates.csv", 2, "rate")]


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
    _, faults = reading(
        partners="partner_id,name,email,currency,level\n,,,,\nP1,,,EUR,bronze\n",
        sales=SALES + ",,,,\n",
        subscriptions="subscription_id,partner_id,product,plan,expires_on\n,,,,\n",
        credits="credit_id,partner_id,offer,amount,currency,credited_on\n,,,,,\n",
        rates="on,from,to,rate\n,,,\n",
        levels="partner_id,level,from\n,,\n",
    )
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
    """Every wrong cell is listed in one run, by file, row and column; a long value is cut."""
    _, faults = reading(sales=f"{SALES}A1,P1,x,y,z\nA2,P9,2023-01-01,{'9' * 500},EUR\n")
    assert [(fault.row, fault.field) for fault in faults] == [
        (2, "sold_on"),
        (2, "currency"),
        (3, "partner_id"),
        (3, "amount"),
    ]
    assert max(len(fault.what) for fault in faults) < 120


@pytest.mark.parametrize(
    "partner_id",
    [
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
        "'; DROP TABLE sales; --",
    ],
)
def test_strange_ids_are_ids(reading: Reading, partner_id: str) -> None:
    """A partner id is any text without control characters, taken as it stands."""
    ledger, faults = reading(
        partners=f'partner_id,name,email,currency,level\n"{partner_id}",N,,EUR,bronze\nP1,One,,EUR,bronze\nP2,T,,JPY,silver\n'
    )
    assert ledger is not None, faults
    assert partner_id in ledger.partner_ids

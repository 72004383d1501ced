"""Exports in their own form: what `[data]` declares is read strictly, and gives the digest of the plain table."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger import DataSettings, Ledger
from ledger.reading.forms import date_reader, number_reader
from rewards import Fault, Source, validated

Reading = Callable[..., tuple[Ledger | None, list[Fault]]]
PLAIN = (
    "sale_id,partner_id,sold_on,amount,currency\n"
    "A1,P1,2023-03-01,1234.56,EUR\nA2,P1,2023-12-31,-0.50,EUR\nA3,P1,2023-04-05,1000000.00,EUR\n"
)
GERMAN = (
    "Umsätze 2023;;;\n;;;\nBeleg;Kunde;Datum;Betrag\n"
    "A1;P1;01.03.2023;1.234,56\nA2;P1;31.12.2023;0,50-\nA3;P1;5.4.2023;1.000.000,00\nSumme;;;1.001.234,06\n"
)
NAMES = {"sale_id": "Beleg", "partner_id": "Kunde", "sold_on": "Datum", "amount": "Betrag"}
SHAPE: dict[str, object] = {
    "path": "own.csv",
    "encoding": "cp1252",
    "header_row": 3,
    "skip_last": 1,
    "dates": "%d.%m.%Y",
    "decimal": ",",
    "thousands": ".",
    "columns": NAMES,
    "constant": {"currency": "EUR"},
}


def data(**source: object) -> DataSettings:
    """`[data]` with this source of sales."""
    faults: list[Fault] = []
    found = validated(DataSettings, {"sales": source}, Source("offerpress.toml"), faults)
    assert found is not None, faults
    return found


def faults_of(**source: object) -> list[Fault]:
    """The faults of such settings."""
    faults: list[Fault] = []
    assert validated(DataSettings, {"sales": source}, Source("offerpress.toml"), faults) is None
    return faults


def digest(reading: Reading, of: DataSettings | None = None, **tables: str) -> str:
    """The digest of what is read without a fault."""
    ledger, faults = reading(of, **tables)
    assert ledger is not None, list(map(str, faults))
    return ledger.digest


def test_an_export_in_its_own_form_is_the_same_ledger(reading: Reading, tmp_path: Path) -> None:
    """A title, totals, German dates and numbers, a missing currency: settings alone connect the file."""
    (tmp_path / "own.csv").write_text(GERMAN, encoding="cp1252")
    assert digest(reading, sales=PLAIN) == digest(reading, data(**SHAPE))


def test_a_workbook_may_mix_typed_cells_and_texts(reading: Reading, tmp_path: Path) -> None:
    """A typed number or day says what it is, whatever form the texts of its column have."""
    book = openpyxl.Workbook()
    rows: list[list[object]] = [
        ["Sales of 2023"],
        [*NAMES.values()],
        ["A1", "P1", date(2023, 3, 1), 1234.56],
        ["A2", "P1", "31.12.2023", "(0,50)"],
        ["A3", "P1", date(2023, 4, 5), "1.000.000,00"],
        ["total", None, None, 1001234.06],
    ]
    for row in rows:
        book.active.append(row)
    book.save(tmp_path / "own.xlsx")
    shape = SHAPE | {"path": "own.xlsx", "header_row": 2, "encoding": "utf-8"}
    assert digest(reading, sales=PLAIN) == digest(reading, data(**shape))


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("2023/03/01", 2),
        ("32.01.2023", 2),
        ("01.03.23", 2),
        ("1,234.56", 3),
        ("12.34,56", 3),
        ("1234,56 USD", 3),
        ("--1", 3),
    ],
)
def test_another_form_than_the_declared_one_is_a_fault(
    reading: Reading, tmp_path: Path, text: str, place: int
) -> None:
    """Nothing is guessed: a text that the declared forms cannot read is a fault with its row."""
    fields = ["A1", "P1", "01.03.2023", "1.234,56"]
    fields[place] = text
    lines = GERMAN.splitlines(keepends=True)
    (tmp_path / "own.csv").write_text(
        "".join([*lines[:3], ";".join(fields) + "\n", *lines[4:]]), encoding="cp1252"
    )
    _, faults = reading(data(**SHAPE))
    assert [(4, ["sold_on", "amount"][place - 2])] == [(fault.row, fault.field) for fault in faults]


def test_words_are_mapped_and_unknown_ones_are_faults(reading: Reading, tmp_path: Path) -> None:
    """Our words stay, theirs become ours, and a word that is neither is a fault with its row."""
    header = "partner_id,name,email,currency,level,status\n"
    words = {"status": {"aktiv": "active", "gek\u00fcndigt": "closed"}}
    faults: list[Fault] = []
    source = {"partners": {"path": "own.csv", "values": words}}
    mapped = validated(DataSettings, source, Source("offerpress.toml"), faults)
    assert mapped is not None, faults
    rows = ["P1,One,,EUR,bronze,aktiv\n", "P2,Two,,JPY,silver,active\n", "P3,X,,EUR,bronze,gek\u00fcndigt\n"]
    (tmp_path / "own.csv").write_text(header + "".join(rows), encoding="utf-8")
    ledger, found = reading(mapped)
    assert ledger is not None, found
    assert ("P1", "P2") == ledger.partner_ids
    (tmp_path / "own.csv").write_text(header + "".join(rows) + "P4,Y,,EUR,bronze,ruhend\n", encoding="utf-8")
    _, found = reading(mapped)
    assert [(5, "status")] == [(fault.row, fault.field) for fault in found]


def test_a_constant_beside_a_column_is_a_fault(reading: Reading, tmp_path: Path) -> None:
    """Two sources of one value could differ."""
    (tmp_path / "own.csv").write_text(PLAIN, encoding="utf-8")
    _, faults = reading(data(path="own.csv", constant={"currency": "EUR"}))
    assert [(1, "currency")] == [(fault.row, fault.field) for fault in faults]


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("dates", "%d.%m.%y"),
        ("dates", ["%Y-%m-%d", "%d"]),
        ("thousands", ","),
        ("thousands", "x"),
        ("decimal", ";"),
        ("header_row", 0),
        ("values", {"stat": {}}),
        ("constant", {"curency": "EUR"}),
    ],
)
def test_settings_that_cannot_be_meant_are_faults(setting: str, value: object) -> None:
    """A year of two digits, one sign for two things, and unknown columns are refused where they are written."""
    (fault,) = faults_of(
        path="own.csv", **({"decimal": ","} if setting == "thousands" else {}), **{setting: value}
    )
    assert fault.field.startswith(f"sales.{setting}") or setting in {"values", "constant"}


def test_a_day_that_two_forms_read_as_two_days_is_none() -> None:
    """03/04/2023 is a day in March or April; 13/04/2023 and 03/03/2023 are one day."""
    read = date_reader(["%d/%m/%Y", "%m/%d/%Y"])
    assert ["2023-04-13", "2023-03-03"] == [read("13/04/2023"), read("03/03/2023")]
    with pytest.raises(ValueError, match="fits two of the forms in dates, as 2023-03-04 and 2023-04-03"):
        read("03/04/2023")


@given(
    minor=st.integers(-(10**14), 10**14), sign=st.sampled_from(["before", "after", "brackets", "minus sign"])
)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_numbers_come_back_from_every_form(minor: int, sign: str) -> None:
    """Grouped and written with another sign, a number is the one that was meant."""
    whole, places = divmod(abs(minor), 100)
    shown = f"{whole:,}".replace(",", "\u00a0") + f",{places:02}"
    forms = {"before": "-{}", "after": "{}-", "brackets": "({})", "minus sign": "\u2212{}"}
    written = forms[sign].format(shown) if minor < 0 else shown
    assert f"{'-' if minor < 0 else ''}{whole}.{places:02}" == number_reader(",", " ")(written).number

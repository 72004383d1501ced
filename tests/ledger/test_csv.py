"""Reading separated text: files, headers, encodings, rows."""

from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest

from ledger import DataSettings, Ledger
from rewards import Fault

Reading = Callable[..., tuple[Ledger | None, list[Fault]]]

PARTNERS = "partner_id,name,email,currency,level\n"


def only(faults: list[Fault]) -> Fault:
    """The one fault, remarks apart."""
    found = [fault for fault in faults if fault.severity == "fault"]
    assert len(found) == 1, list(map(str, faults))
    return found[0]


def test_good_tables_give_a_ledger(reading: Reading) -> None:
    """Tables without a mistake are read without a fault or a remark."""
    ledger, faults = reading()
    assert faults == []
    assert ledger is not None
    assert ledger.partner_ids == ("P1", "P2")


@pytest.mark.parametrize("name", ["sales", "subscriptions", "credits", "rates", "levels"])
def test_every_table_but_partners_may_be_missing(reading: Reading, name: str) -> None:
    """A table without a file is empty, and that is no fault."""
    ledger, faults = reading(**{name: None})
    assert ledger is not None, faults


def test_missing_partners_are_one_fault(reading: Reading) -> None:
    """Without partners there is one fault, and none for each row that names one."""
    ledger, faults = reading(partners=None)
    assert ledger is None
    assert only(faults) == Fault(
        "the file does not exist",
        'export the partners to it, or name it in [data], such as partners = "exports/partners.csv"',
        "data/partners.csv",
    )


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\n\n \r\n"])
def test_empty_file(reading: Reading, content: bytes) -> None:
    """A file without a header is a fault, with or without a byte order mark or blank lines."""
    _, faults = reading(sales=content)
    fault = only(faults)
    assert (fault.file, fault.what) == ("data/sales.csv", "the file is empty")


@pytest.mark.parametrize("marks", [("",), pytest.param(("", "\ufeff"), marks=pytest.mark.long)], ids=len)
def test_delimiter_ends_and_mark_do_not_matter(reading: Reading, marks: tuple[str, ...]) -> None:
    """Comma, semicolon or tab, any line end, with or without a byte order mark: the same ledger."""
    text = PARTNERS + "P1,One,one@one.example,EUR,bronze\nP2,Two,two@two.example,JPY,silver\n"
    digests = set()
    for delimiter, ending, mark in [*product(",;\t", ("\n", "\r\n", "\r"), marks), (",", "\n", "\ufeff")]:
        ledger, faults = reading(partners=mark + text.replace(",", delimiter).replace("\n", ending))
        assert faults == []
        assert ledger is not None
        digests.add(ledger.digest)
    assert len(digests) == 1


def test_quoted_fields(reading: Reading) -> None:
    """Quotes protect delimiters and double quotes in fields, and may stand around any field."""
    ledger, faults = reading(
        partners=PARTNERS + '"P1","One, ""the first""",a@b.example,EUR,"bronze"\nP2,T,,JPY,silver'
    )
    assert faults == []
    assert ledger is not None
    assert ledger.partner_ids == ("P1", "P2")


def test_missing_column_suggests_a_present_one(reading: Reading) -> None:
    """A missing column is named, with the unknown column that resembles it; its values are no further faults."""
    _, faults = reading(
        partners="partner_id,name,email,currrency,level\nP1,One,,EUR,bronze\nP2,Two,,JPY,silver\n"
    )
    fault = only(faults)
    assert (fault.row, fault.field, fault.what) == (1, "currency", "the column 'currency' is missing")
    assert "did you mean 'currrency'?" in fault.remedy


def test_unknown_column_is_a_remark(reading: Reading) -> None:
    """An extra column is ignored with a remark and a suggestion."""
    ledger, faults = reading(
        partners=PARTNERS.replace("level", "level,langauge") + "P1,One,,EUR,bronze,de\nP2,Two,,JPY,silver,\n"
    )
    assert ledger is not None
    assert [(fault.severity, fault.field, fault.remedy) for fault in faults] == [
        ("remark", "langauge", "did you mean 'language'?")
    ]


def test_repeated_column(reading: Reading) -> None:
    """A known column that stands twice in the header is a fault."""
    _, faults = reading(
        partners=PARTNERS.replace("level", "level,level") + "P1,One,,EUR,bronze,x\nP2,T,,JPY,silver,y\n"
    )
    assert only(faults).what == "the column 'level' stands twice in the header"


def test_not_utf8_names_line_and_byte(reading: Reading) -> None:
    """Bytes that are no UTF-8 are a fault with the line and the place of the first."""
    head = (PARTNERS + "P1,One,,EUR,bronze\nP2,M").encode()
    _, faults = reading(partners=head + b"\xfcller,,JPY,silver\n")
    fault = only(faults)
    assert (fault.file, fault.line) == ("data/partners.csv", 3)
    assert fault.what == f"not UTF-8: byte 0xFC at position {len(head) + 1}"


def test_utf16_is_recognized(reading: Reading) -> None:
    """A file with the byte order mark of UTF-16 is one fault."""
    _, faults = reading(sales="sale_id,partner_id\nA,P1\n".encode("utf-16"))
    assert only(faults).what == "not UTF-8: it begins as UTF-16 does"


def test_control_characters(reading: Reading) -> None:
    """A control character in a known or an unknown column is a fault with its row and column, in whichever column."""
    characters = "\x00\x07\x1b\x7f\x85\t\n\r"
    rows = [f'P{ord(each)},"a{each}b",,EUR,bronze,"c{each}"\n' for each in characters]
    _, faults = reading(
        partners=PARTNERS.replace("level", "level,note")
        + "".join(rows)
        + "P1,One,,XYZ,bronze,n\nP2,Two,,JPY,silver,n\n"
    )
    found = [(fault.row, fault.field) for fault in faults if fault.severity == "fault"]
    expected = [(row, column) for row in range(2, 2 + len(characters)) for column in ("name", "note")]
    assert found == [*expected, (2 + len(characters), "currency")]
    texts = [fault.what[:24] for fault in faults if fault.field == "name"]
    assert texts == [f"control character U+{ord(each):04X}" for each in characters]


def test_ragged_rows(reading: Reading) -> None:
    """A row with too few or too many fields is one fault, and its values are none."""
    _, faults = reading(partners=PARTNERS + "P1,One,,EUR\nP2,Two,x,y,JPY,silver\nP3,Three,,EUR,bronze\n")
    assert [(fault.row, fault.what) for fault in faults] == [
        (2, "4 fields where the header has 5"),
        (3, "6 fields where the header has 5"),
    ]


def test_unterminated_quote_hides_nothing(reading: Reading) -> None:
    """A quote that is not closed is a fault of its own row; the rows below are still read, with their own numbers."""
    _, faults = reading(
        sales='sale_id,partner_id,sold_on,amount,currency\nA1,P1,"2023-01-01,1,EUR\nA2,P1,2023-13-01,1,EUR\n'
    )
    assert [(fault.row, fault.what) for fault in faults] == [
        (2, "a quote opens that is not closed"),
        (3, "'2023-13-01' is no day of the calendar"),
    ]


def test_text_after_a_quote(reading: Reading) -> None:
    """Text between a closing quote and the delimiter is a fault of that row."""
    _, faults = reading(partners=PARTNERS + 'P1,"One"!,,EUR,bronze\nP2,Two,,JPY,silver\n')
    assert [(fault.row, fault.what) for fault in faults] == [(2, "text follows a closing quote")]


def test_rows_are_counted_as_a_spreadsheet_does(reading: Reading) -> None:
    """An empty line is a row, and a field with a line break is within one row."""
    _, faults = reading(
        sales="sale_id,partner_id,sold_on,amount,currency\n\nA1,P1,2023-01-01,x,EUR\n"
        'A2,P1,2023-01-01,"1\n",EUR\nA3,P1,2023-01-01,y,EUR\n\n\n'
    )
    assert [fault.row for fault in faults] == [3, 4, 5]


def test_a_glob_reads_many_files(reading: Reading, tmp_path: Path) -> None:
    """The files of a glob are one table; a fault names its own file and row, a repetition the other file."""
    head = "sale_id,partner_id,sold_on,amount,currency\n"
    (tmp_path / "data" / "y").mkdir(parents=True)
    (tmp_path / "data/y/2022.csv").write_text(
        head + "B1,P1,2022-01-01,1.00,EUR\nB2,P1,2022-01-02,1.001,EUR\n"
    )
    (tmp_path / "data/y/2023.csv").write_text(
        head.replace(",", ";") + "B1;P1;2022-01-01;2;EUR\nB3;P9;2023-01-01;1;EUR\n"
    )
    _, faults = reading(DataSettings.model_validate({"sales": "data/y/*.csv"}))
    assert [(fault.file, fault.row, fault.field) for fault in faults] == [
        ("data/y/2022.csv", 3, "amount"),
        ("data/y/2023.csv", 2, "sale_id"),
        ("data/y/2023.csv", 3, "partner_id"),
    ]
    assert "row 2 of data/y/2022.csv" in faults[1].what


def test_names_of_files_are_no_patterns(reading: Reading, tmp_path: Path) -> None:
    """A file whose name looks like a pattern is read as itself."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data/s[1]*'.csv").write_text(
        "sale_id,partner_id,sold_on,amount,currency\nB1,P1,2022-01-01,x,EUR\n"
    )
    (tmp_path / "data/s1.csv").write_text("nonsense")
    _, faults = reading(DataSettings.model_validate({"sales": "data/s[1]*'.csv"}))
    assert only(faults).file == "data/s[1]*'.csv"


def test_a_folder_is_no_table(reading: Reading, tmp_path: Path) -> None:
    """A path that is a folder is a fault that says so, and no traceback."""
    (tmp_path / "data" / "all").mkdir(parents=True)
    _, faults = reading(DataSettings.model_validate({"sales": "data/all"}))
    assert "cannot be read" in only(faults).what


def test_the_row_of_a_fault_far_down_is_exact(reading: Reading) -> None:
    """Among 120,000 rows a fault is reported with its own row, whichever reader reads the file."""
    rows = [f"B{number},P1,2023-01-01,1.00,EUR" for number in range(120_000)]
    rows[99_998] = "X,P1,2023-01-01,1.000,EUR"
    text = "sale_id,partner_id,sold_on,amount,currency\n" + "\n".join(rows)
    for content in (text, text.replace("\nB2,", "\n\nB2,")):
        _, faults = reading(sales=content)
        expected = 100_000 + content.count("\n\n")
        assert (only(faults).row, only(faults).field) == (expected, "amount")


def test_a_flood_of_faults_is_listed_in_part_and_counted(reading: Reading) -> None:
    """Of one kind of mistake 10,000 are listed; a closing fault counts the others."""
    rows = "".join(f"B{number},P1,2023-01-01,x,EUR\n" for number in range(12_000))
    _, faults = reading(sales="sale_id,partner_id,sold_on,amount,currency\n" + rows)
    assert len(faults) == 10_001
    assert [fault.row for fault in faults[:3]] == [2, 3, 4]
    assert faults[-1].what.startswith("2,000 more of the same are not listed")


HEADER = "sale_id,partner_id,sold_on,amount,currency,product,kind\n"
ROW = "A1,P1,2023-03-01,10.00,EUR,PRO 8SC,x\n"


@pytest.mark.parametrize("field", [' "PRO 8SC"', '  "PRO"', '\u00a0"PRO"'])
@pytest.mark.parametrize("elsewhere", ["", "\n"])
def test_a_space_before_a_quote_is_a_fault(reading: Reading, field: str, elsewhere: str) -> None:
    """Spaces belong to a field (RFC 4180 2.4), so that the quotes would too; some readers take both off."""
    _, faults = reading(sales=HEADER + ROW + elsewhere + ROW.replace("A1", "A2").replace("PRO 8SC", field))
    fault = only(faults)
    assert (3 + len(elsewhere), "a space stands before an opening quote") == (fault.row, fault.what)


@pytest.mark.parametrize("field", ['19" rack', '" ""x"""', '"a, ""b"""', "'PRO'"])
def test_other_quotes_are_text(reading: Reading, field: str) -> None:
    """A quote within a field that begins without one, and quotes that are doubled in one, are part of the text."""
    ledger, faults = reading(sales=HEADER + ROW.replace("PRO 8SC", field))
    assert ledger is not None, faults


@pytest.mark.parametrize(
    "row", [ROW.replace("\n", ",\n"), "A1,P1,2023-03-01,10.00,EUR,SC, PRO,\n", ROW.replace(",x", "")]
)
@pytest.mark.parametrize("others", [0, 3])
def test_a_field_too_many_or_too_few_is_a_fault(reading: Reading, row: str, others: int) -> None:
    """An empty field at the end is one too (RFC 4180 2.4): a name that was cut in two has moved all fields."""
    text = HEADER + "".join(ROW.replace("A1", f"B{n}") for n in range(others)) + row
    _, faults = reading(sales=text)
    assert others + 2 == only(faults).row


@pytest.mark.parametrize("name", ['"Notes\n(internal)"', '"a\r\nb\r\nc"', '"x ""y""\nz"'])
def test_a_name_of_the_header_may_have_several_lines(reading: Reading, name: str) -> None:
    """A quoted name may hold line breaks (RFC 4180 2.6); the header stays one row, and faults count from it."""
    text = HEADER.replace("kind", name)
    assert reading(sales=text + ROW)[0] is not None
    _, faults = reading(sales=text + ROW + ROW.replace("A1", "A2").replace("10.00", "ten"))
    assert (3, "amount") == (only(faults).row, only(faults).field)


@pytest.mark.parametrize(
    "blank", [",,,,,,\n", '"","",,,,,""\n', " , ,,,,,\n", ",,\n", "\u00a0,,,,,,\n", '""\n']
)
def test_rows_that_say_nothing_are_left_out(reading: Reading, blank: str) -> None:
    """Spreadsheet programs write rows of delimiters below and between their data; row numbers stay the sheet's."""
    ledger, faults = reading(sales=blank + HEADER + ROW + blank * 2 + ROW.replace("A1", "A2") + blank)
    assert ledger is not None, faults
    _, faults = reading(sales=HEADER + ROW + blank * 2 + ROW.replace("A1,P1", "A2,P9") + blank)
    assert (5, "partner_id") == (only(faults).row, only(faults).field)


@pytest.mark.parametrize(
    ("line", "delimiter"), [("sep=;\r\n", ";"), ('"sep=,"\n', ","), ("SEP=|\n", "|"), ("sep=\t\n", "\t")]
)
@pytest.mark.parametrize("body", [ROW, ROW + "\n"])
def test_a_line_may_name_the_delimiter(reading: Reading, line: str, delimiter: str, body: str) -> None:
    """Excel reads `sep=;` in the first line and does not show it, so that the header is row 1."""
    text = (HEADER + body).replace(",", delimiter)
    assert reading(sales=line + text)[0] is not None
    _, faults = reading(sales=line + text.replace("10.00", "ten"))
    assert (2, "amount") == (only(faults).row, only(faults).field)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"PK\x03\x04" + bytes(40), "a workbook or an archive"),
        (b"\xd0\xcf\x11\xe0" + bytes(40), "a workbook of an older format"),
        (b"PAR1" + bytes(40), "Parquet"),
        (b"\x1f\x8b\x08" + bytes(40), "a compressed file"),
    ],
)
def test_what_only_is_called_csv_is_a_fault(reading: Reading, content: bytes, what: str) -> None:
    """A file of another kind under the name of a text is one fault that says how to name it."""
    _, faults = reading(sales=content)
    assert f"not UTF-8: it begins as {what} does" == only(faults).what

"""Tables of suppressions as other systems and spreadsheets write them."""

from datetime import UTC, datetime

import pytest

from offerpress.plans.returns import read_suppressions, suppressible, suppressions_csv
from rewards import Faulty

NOW = datetime(2023, 12, 31, 12, tzinfo=UTC)


def faults(content: bytes) -> list[tuple[int | None, str]]:
    """Row and words of each fault of a table."""
    with pytest.raises(Faulty) as raised:
        read_suppressions(content, "list.csv", NOW)
    return [(fault.row, fault.what) for fault in raised.value.faults]


@pytest.mark.parametrize(
    "content",
    [
        b"address,source\njo@x.example,Z\xc3\xbcrich\n",
        b"\xef\xbb\xbfaddress;source\r\njo@x.example;Z\xc3\xbcrich\r\n",
        "address\tsource\r\njo@x.example\tZürich\r\n".encode("utf-16"),
        b"\xfe\xff" + "Address,Source\nJo <jo@x.example>,Zürich\n".encode("utf-16-be"),
        b'source,address\r"Z\xc3\xbcrich",mailto:jo@x.example\r',
    ],
)
def test_tables_of_many_programs_are_read(content: bytes) -> None:
    """UTF-8 and UTF-16 with a mark (Unicode 15 23.8), the usual separators, and addresses as people paste them."""
    (found,) = read_suppressions(content, "list.csv", NOW)
    assert ("jo@x.example", "manual", "Zürich") == (found.address, found.reason, found.source)


@pytest.mark.parametrize(
    ("content", "row", "words"),
    [
        ("address,source\na@x.example,y\nb@x.example,Zürich\n".encode("cp1252"), 3, "not UTF-8"),
        ("address\njo@x.example\n".encode("utf-16-le"), 1, "not UTF-8"),
        (b"\xff\xfea", 1, "not UTF-8"),
        (b"address\n\n\nno address\n", 4, "no mail address"),
        (b"address,source\n,,\n  \nnobody,x\n", 4, "no mail address"),
        (b'address,source\na@x.example,"two\nlines"\nnobody,x\n', 3, "no mail address"),
        (b"address,source\na@x.example,bell\x07\n", 2, "control character"),
        (b"address,source\na@x.example," + b"x" * 140_000, 2, "cannot be read"),
        (b"", 1, "no column"),
    ],
)
def test_each_fault_names_its_row(content: bytes, row: int, words: str) -> None:
    """The row is that of a spreadsheet, in which blank lines count and a quoted line break does not."""
    assert [row] == [number for number, said in faults(content) if words in said]


def test_blank_rows_hold_no_suppression() -> None:
    """Spreadsheets write rows of separators below the data."""
    assert 1 == len(read_suppressions(b"address,reason\na@x.example,\n,\n\n , \n", "list.csv", NOW))


def test_a_table_is_read_as_it_was_written() -> None:
    """Digests of forgotten addresses and guarded formulas included."""
    digest = "sha256:" + "ab" * 32
    rows = read_suppressions(f"address,source\n=a@x.example,'+y\n{digest},z\n".encode(), "list.csv", NOW)
    assert ["=a@x.example", digest] == [one.address for one in rows]
    assert rows == read_suppressions(suppressions_csv(rows).encode(), "list.csv", NOW)


@pytest.mark.parametrize(
    "text", ["Jo <jo@x.example>", "mailto:jo@x.example", " jo@x.example\u00a0", "<jo@x.example>"]
)
def test_one_pasted_address_is_suppressed_bare(text: str) -> None:
    """The bare address is what notices are compared with."""
    assert "jo@x.example" == suppressible(text)


@pytest.mark.parametrize("text", ["", "Jo", "a@x.example, b@x.example", "mailto:"])
def test_a_text_without_an_address_is_refused(text: str) -> None:
    """Nothing is suppressed in silence that no notice could ever match."""
    with pytest.raises(ValueError, match="no mail address"):
        suppressible(text)

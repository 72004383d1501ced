"""TOML: exact decimals, and the line of each key."""

from decimal import Decimal
from fractions import Fraction

import pytest

from rewards import Fault
from rewards.fields import as_number, as_percentage, parse_toml

TEXT = '''\
currency = "EUR" # comment
note = """
fake = 1
"""

[[levels]]
id = "a"
quota = 1.50

[[levels]]
"id" = "b"
inner.deep = 2

[links.social]
X = "y"
'''


def test_lines_and_decimals() -> None:
    """Keys in tables, arrays of tables and dotted keys know their line; numbers stay exact."""
    faults: list[Fault] = []
    found = parse_toml(TEXT, "program.toml", faults)
    assert found is not None
    raw, source = found
    assert isinstance(raw["levels"], list)
    assert raw["levels"][0]["quota"] == Decimal("1.50")
    paths = [
        ("currency",),
        ("levels", 0, "quota"),
        ("levels", 1),
        ("levels", 1, "id"),
        ("levels", 1, "inner", "deep"),
    ]
    assert [source.lines.get(path) for path in [*paths, ("links", "social", "X")]] == [1, 8, 10, 11, 12, 15]
    assert ("fake",) not in source.lines


def test_syntax_error_names_its_line() -> None:
    """A mistake is a fault with its line."""
    for text, line in (("a = 1\nb = = 2\n", 2), ("a = 1\na = 2\n", 2), ('a = 1\nb = "x', 2)):
        faults: list[Fault] = []
        assert parse_toml(text, "program.toml", faults) is None
        assert [(fault.file, fault.line) for fault in faults] == [("program.toml", line)]
        assert "TOML" in faults[0].what


@pytest.mark.parametrize(
    "number",
    ["9" * 5000, "1e99999999999999999999", "-" + "1" * 4301, "1_" * 4400 + "1", "5e-99999999999999999999"],
)
def test_a_number_that_cannot_be_read_names_its_line(number: str) -> None:
    """Python reads integers of 4,300 digits and exponents of 18: a longer one is a fault at its line, not an error."""
    faults: list[Fault] = []
    assert parse_toml(f'a = "x"\nquota = {number}\n', "program.toml", faults) is None
    assert [("program.toml", 2, "the number is too long")] == [
        (one.file, one.line, one.what) for one in faults
    ]


@pytest.mark.parametrize("number", ["7" * 41, 10**50, Decimal("1e999999"), Decimal("1e-999999"), -(10**41)])
def test_no_number_of_more_than_forty_digits_enters(number: object) -> None:
    """An amount has at most 18 digits, so 40 are enough for every number that staff write."""
    with pytest.raises(ValueError, match="at most 40 digits"):
        as_number(number)


@pytest.mark.parametrize("text", ["10000%", "9" * 39 + "%", "123456.5%"])
def test_percentages_are_limited(text: str) -> None:
    """A share of 100 times the sales or more is a slip of the pen; its product would not fit into an amount."""
    with pytest.raises(ValueError, match="below 10000%"):
        as_percentage(text)


def test_usual_numbers_stay_as_they_are_written() -> None:
    """The limits do not touch numbers of a usual size: places stay, percentages are exact."""
    assert ["0.50", "123456789012345678", "-3", "1" * 40] == [
        as_number(one) for one in (Decimal("0.50"), 123456789012345678, -3, "1" * 40)
    ]
    assert [Fraction(9999, 100), Fraction(1, 8), Fraction(1)] == [
        as_percentage(one) for one in ("9999%", "12.5 %", "0100%")
    ]

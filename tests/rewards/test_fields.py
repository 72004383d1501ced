"""TOML: exact decimals, and the line of each key."""

from decimal import Decimal

from rewards import Fault
from rewards.fields import parse_toml

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

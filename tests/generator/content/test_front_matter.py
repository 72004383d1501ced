"""Front matter: YAML 1.2 with exact numbers, text dates, and the line of every key and mistake."""

from decimal import Decimal

import pytest

from generator.content.front_matter import parse_document
from rewards import Fault


def parsed(front: str) -> dict[str, object]:
    """The values of faultless front matter."""
    faults: list[Fault] = []
    document = parse_document(f"---\n{front}\n---\nBody\n", "a.md", faults)
    assert document is not None, faults
    return dict(document.raw)


def fault(text: str) -> Fault:
    """The one fault of a file that cannot be taken apart."""
    faults: list[Fault] = []
    assert parse_document(text, "a.md", faults) is None
    assert len(faults) == 1
    return faults[0]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("NO", "NO"),
        ("on", "on"),
        ("yes", "yes"),
        ("true", True),
        ("FALSE", False),
        ("null", None),
        ("~", None),
        ("12", 12),
        ("-3", -3),
        ("0.10", Decimal("0.10")),
        ("1e3", Decimal("1e3")),
        ("1_000", "1_000"),
        ("0x1F", "0x1F"),
        ("12:30", "12:30"),
        (".inf", ".inf"),
        ("2023-12-31", "2023-12-31"),
        ("2023-12-31T10:00:00Z", "2023-12-31T10:00:00Z"),
        ("15%", "15%"),
        ("'12'", "12"),
        ('"true"', "true"),
        ("[paid, free]", ["paid", "free"]),
        ("{a: 1}", {"a": 1}),
        ("", None),
    ],
)
def test_scalars_follow_the_core_schema(written: str, value: object) -> None:
    """Words stay words, numbers are exact, dates stay text."""
    found = parsed(f"key: {written}")["key"]
    assert (found, type(found)) == (value, type(value))


def test_long_digits_stay_text() -> None:
    """A number with thousands of digits is no number that anything could compute with."""
    assert isinstance(parsed(f"key: {'9' * 5000}")["key"], str)


def test_lines_of_keys_and_body() -> None:
    """Every key, at any depth, and the body know their line in the file."""
    faults: list[Fault] = []
    document = parse_document(
        "---\ntitle: A\n# comment\nperiod:\n  from: x\nlist:\n  - a\n  - k: v\n---\n\nBody\n", "a.md", faults
    )
    assert document is not None
    lines = document.source.lines
    assert [lines[path] for path in [("title",), ("period", "from"), ("list", 1), ("list", 1, "k")]] == [
        2,
        5,
        8,
        8,
    ]
    assert (document.body_line, document.body) == (10, "\nBody\n")


def test_windows_line_ends_are_the_readers_business() -> None:
    """Trailing spaces after the fences do not matter."""
    faults: list[Fault] = []
    document = parse_document("--- \ntitle: A\n---  \n", "a.md", faults)
    assert document is not None
    assert document.raw == {"title": "A"}


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("", 1, "empty"),
        ("  \n\n", 1, "empty"),
        ("# Title\n", 1, "no front matter"),
        ("---\ntitle: A\n", 1, "no end"),
        ("---\ntitle: A\nsummary: [b\n---\n", 4, "not valid YAML"),
        ("---\ntitle: A\n\tsummary: b\n---\n", 3, "not valid YAML"),
        ("---\ntitle: A: b\n---\n", 2, "not valid YAML"),
        ("---\n- a\n- b\n---\n", 2, "no mapping"),
        ("---\njust words\n---\n", 2, "no mapping"),
        ("---\ntitle: A\ndate: b\ntitle: C\n---\n", 4, "'title' stands twice"),
        ("---\na:\n  b: 1\n  b: 2\n---\n", 4, "'b' stands twice"),
        ("---\n? [a, b]\n: c\n---\n", 2, "a key is a list"),
        ("---\na: !!python/object:os.system x\n---\n", 2, "tag"),
        ("---\na: &x [*x]\n---\n", 2, "too large"),
        ("---\na: *nowhere\n---\n", 2, "not valid YAML"),
        ("---\n'quoted key': *nowhere\n---\n", 2, "not valid YAML"),
        (f"---\na: {'[' * 3000}\n---\n", 2, "too deeply"),
    ],
)
def test_mistakes_name_their_line(text: str, line: int, what: str) -> None:
    """A file that cannot be taken apart gives one fault with its line."""
    found = fault(text)
    assert what in found.what
    assert found.file == "a.md"
    assert found.remedy
    assert found.line is not None
    assert abs(found.line - line) <= (1 if "YAML" in found.what else 0)


def test_nested_aliases_cannot_blow_up() -> None:
    """Aliases of aliases end in a fault, not in memory."""
    levels = "\n".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, 9))
    assert "too large" in fault(f"---\nl0: &l0 [x]\n{levels}\n---\n").what


def test_forbidden_characters_are_dropped_with_a_remark() -> None:
    """An escape that no feed could hold is left out, and said."""
    faults: list[Fault] = []
    document = parse_document('---\ntitle: "A\\x08B\\0C"\n---\n', "a.md", faults)
    assert document is not None
    assert document.raw == {"title": "ABC"}
    assert [(one.severity, one.line) for one in faults] == [("remark", 2)]

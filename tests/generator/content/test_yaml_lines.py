"""Front matter as people type it: YAML 1.2.2 decides what it means, and lost words and missing quotes are told."""

import pytest

from generator.content.front_matter import Document, parse_document
from rewards import Fault


def parsed(lines: str) -> tuple[Document | None, list[Fault]]:
    """The document of that front matter, which begins at line 2, and what there is to say about it."""
    faults: list[Fault] = []
    return parse_document(f"---\n{lines}\ndate: 2024-01-10\n---\nText.\n", "a.md", faults), faults


@pytest.mark.parametrize(
    ("lines", "line", "lost"),
    [
        ("title: We are #2 in Norway", 2, "#2 in Norway"),
        ("title: #sale begins", 2, "#sale begins"),
        ("date2: x\nsubject: Your bonus # of 2024", 3, "# of 2024"),
        ("summary: One line\n  and issue #77", 3, "#77"),
        ("category: notice #urgent", 2, "#urgent"),
        ("amendments:\n- effective_on: 2024-02-01\n  note: Rate #2", 4, "#2"),
        ("title: &now it begins", 2, "&now"),
        ("title: ! Attention", 2, "!"),
    ],
)
def test_words_that_yaml_swallows_are_told(lines: str, line: int, lost: str) -> None:
    """Comments (6.6), anchors (6.9.2) and the tag `!` (6.9.1) take words from a text: a remark names line and words."""
    document, faults = parsed(lines)
    assert document is not None
    (remark,) = faults
    assert ("remark", line, True) == (remark.severity, remark.line, repr(lost) in remark.what)
    assert "in quotes" in remark.remedy


@pytest.mark.parametrize(
    "lines",
    [
        "category: notice     # about the partner's account",
        'title: "We are #2 in Norway" # a comment',
        "title: 'C# and F#'",
        "title: C# and F#",
        "note: |\n  Issue #77 is solved\n   and &more",
        "first: &rate 15%\nsecond: *rate",
        "# title: #1",
        "title: Salt & pepper &c.",
    ],
)
def test_what_is_no_loss_is_not_told(lines: str) -> None:
    """A comment beside a setting, a quoted text, a literal block and an anchor with an alias get no remark."""
    assert [] == parsed(lines)[1]


@pytest.mark.parametrize(
    ("lines", "line", "quoted"),
    [
        ("title: News: a new level", 2, 'title: "News: a new level"'),
        ("date2: x\ntitle: 'n Roll", 3, 'title: "\'n Roll"'),
        ("title: @home", 2, 'title: "@home"'),
        ("title: `code` first", 2, 'title: "`code` first"'),
        ("title: [New] and better", 2, 'title: "[New] and better"'),
        ("title: {brace} first", 2, 'title: "{brace} first"'),
        ("title: %5 less", 2, 'title: "%5 less"'),
        ("title: *today", 2, 'title: "*today"'),
        ("title: > than before", 2, 'title: "> than before"'),
        ("title: - more", 2, 'title: "- more"'),
        ('title: "Gold" partners', 2, "title: '\"Gold\" partners'"),
        ('title: "not closed\nsummary: fine', 2, "title: '\"not closed'"),
        ("amendments:\n- effective_on: 2024-02-01\n  note: Terms: longer", 4, 'note: "Terms: longer"'),
    ],
)
def test_a_missing_quote_is_told_at_its_line(lines: str, line: int, quoted: str) -> None:
    """A value that is invalid as a plain scalar (7.3.3) is a fault at its own line, with the value in quotes."""
    document, (fault, *_) = parsed(lines)
    assert (None, "fault", line) == (document, fault.severity, fault.line)
    assert f"put the value in quotes: {quoted}" == fault.remedy
    corrected = lines.split("\n")
    corrected[line - 2] = corrected[line - 2].partition(quoted.partition(":")[0])[0] + quoted
    assert parsed("\n".join(corrected))[0] is not None


def test_a_colon_needs_a_space() -> None:
    """`title:Hello` is no key in YAML (7.3.3); the fault shows the line with the space."""
    _, (fault,) = parsed("summary: S\ntitle:Welcome back")
    assert (3, "write title: Welcome back") == (fault.line, fault.remedy)


def test_a_tab_cannot_indent() -> None:
    """Indentation is by spaces alone (6.1); the fault says so."""
    _, (fault,) = parsed("amendments:\n\t- note: x")
    assert (3, "indent it by spaces, not by a tab") == (fault.line, fault.remedy)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("k:\tone", "one"),
        ("k: one\t", "one"),
        ("k: one\t# a comment", "one"),
        ("k:\t\t[a,\tb ]", ["a", "b"]),
        ("k:\n-\ta\n-\tb", ["a", "b"]),
        ('k: "a\tb"', "a\tb"),
        ("k: |\n  a\tb", "a\tb\n"),
        ("k: !!str 007", "007"),
        ("k: !!str true", "true"),
        ('k: !!int "12"', 12),
        (r'k: "\uD83C\uDF89 party"', "\N{PARTY POPPER} party"),
        (r'k: "\U0001F389 party"', "\N{PARTY POPPER} party"),
        ("k: \N{PARTY POPPER} party", "\N{PARTY POPPER} party"),
        ("k: !!null ''", None),
    ],
)
def test_valid_yaml_is_accepted(lines: str, expected: object) -> None:
    """Tabs between tokens (6.2), tags of the core schema (10.3) and escapes (5.7, as in JSON) have their meaning."""
    document, faults = parsed(lines)
    assert document is not None
    assert (expected, []) == (document.raw["k"], faults)


@pytest.mark.parametrize(
    "lines",
    ["title: " + "#" * 50_000, "t: " + "'" * 50_001, "[" * 40 + "\t" * 50_000, "a:" * 25_000, "-\t" * 25_000],
)
def test_long_lines_are_read_in_linear_time(lines: str) -> None:
    """A line of 50,000 characters of any kind is answered, with or without a fault."""
    document, faults = parsed(lines)
    assert document is not None or faults

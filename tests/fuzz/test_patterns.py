"""A sample of what `python -m tests.fuzz.patterns` tries with more characters."""

from math import inf

import pytest

from mailer.events.events import _ADDRESS
from tests.fuzz.patterns import every_pattern, slow_on


@pytest.mark.parametrize("length", [1_000, pytest.param(50_000, marks=pytest.mark.long)])
def test_no_pattern_hangs_on_what_it_repeats(length: int) -> None:
    """With 1,000 characters a pattern whose time grows exponentially, or with the cube, takes more than ten seconds.

    With 50,000 characters one whose time grows with the square does, as the code uses it.
    """
    patterns = every_pattern()
    assert [] == [name for name, used in patterns.items() if slow_on(used, length)[0] == inf]


def test_patterns_of_modules_and_of_calls_are_tried() -> None:
    """A literal in a call is tried too, by the method of the call."""
    patterns = every_pattern()
    assert len(patterns) > 180
    assert any(":" in name and used.methods == {"sub"} for name, used in patterns.items())


def test_addresses_in_an_events_words_are_found_as_before() -> None:
    """An address begins where the characters of addresses begin, whatever stands before it."""
    assert "to <> and (), or x: " == _ADDRESS.sub(
        "", "to <a@b.example> and (c+d@e.example), or x:f@g.example "
    )
    assert "@b a@" == _ADDRESS.sub("", "@b a@")

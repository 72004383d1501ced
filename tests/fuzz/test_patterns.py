"""A sample of what `python -m tests.fuzz.patterns` tries with more characters."""

from math import inf

from tests.fuzz.patterns import compiled_patterns, slow_on


def test_no_pattern_hangs_on_what_it_repeats() -> None:
    """With 1,000 characters a pattern whose time grows exponentially, or with the cube, takes more than ten seconds."""
    patterns = compiled_patterns()
    assert len(patterns) > 100
    assert [] == [name for name, pattern in patterns.items() if slow_on(pattern, 1_000)[0] == inf]

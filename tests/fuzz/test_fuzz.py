"""Three hundred damaged sites: each gives faults and stays as it was, or exactly what the naive reference gives."""

from pathlib import Path

import pytest

from tests.fuzz.fuzzing import Fuzzer

CHUNK = 30


@pytest.mark.parametrize("first", range(0, 300, CHUNK))
def test_a_damage_is_a_fault_or_counts_as_the_reference_counts_it(first: int, tmp_path: Path) -> None:
    """Never a traceback, never a half-written output, never another figure."""
    fuzzer = Fuzzer(tmp_path)
    outcomes = [fuzzer.attempt(seed) for seed in range(first, first + CHUNK)]
    assert [] == [str(one) for one in outcomes if one.wrong]
    assert any(one.faulty for one in outcomes)
    assert not all(one.faulty for one in outcomes)


def test_every_seed_does_the_same_again(tmp_path: Path) -> None:
    """So a finding can be looked at: the damage and what became of it follow from the seed alone."""
    fuzzer = Fuzzer(tmp_path)
    for seed in (1, 2, 3):
        assert fuzzer.attempt(seed) == fuzzer.attempt(seed)

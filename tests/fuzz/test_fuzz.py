"""Damaged sites and odd tables: each gives faults and stays as it was, or exactly what the naive reference gives.

`make test-long` tries more, `make fuzz` as many as it is told.
"""

import pytest

from tests.fuzz import tables
from tests.fuzz.fuzzing import Fuzzer

COUNT, MORE = 12, 72


@pytest.fixture(scope="module")
def fuzzer(tmp_path_factory: pytest.TempPathFactory) -> Fuzzer:
    """A site to damage; it is whole again after each damage."""
    return Fuzzer(tmp_path_factory.mktemp("fuzz"))


def test_a_damage_is_a_fault_or_counts_as_the_reference_counts_it(fuzzer: Fuzzer) -> None:
    """Never a traceback, never a half-written output, never another figure."""
    outcomes = [fuzzer.attempt(seed) for seed in range(COUNT)]
    assert [] == [str(one) for one in outcomes if one.wrong]
    assert any(one.faulty for one in outcomes)
    assert not all(one.faulty for one in outcomes)


def test_every_seed_does_the_same_again(fuzzer: Fuzzer) -> None:
    """So a finding can be looked at: the damage and what became of it follow from the seed alone."""
    assert fuzzer.attempt(1) == fuzzer.attempt(1)


def test_an_odd_table_is_a_fault_or_counts_as_people_see_it() -> None:
    """CSV, XLSX and Parquet by several writers: never a traceback, never another figure, never over ten seconds."""
    outcomes = tables.attempts(range(COUNT))
    assert [] == [str(one) for one in outcomes if one.wrong]
    assert any(one.faulty for one in outcomes)
    assert not all(one.faulty for one in outcomes)


@pytest.mark.long
@pytest.mark.parametrize("first", range(COUNT, 300, MORE))
def test_many_odd_tables(first: int) -> None:
    """The same for the seeds up to 300."""
    assert [] == [str(one) for one in tables.attempts(range(first, first + MORE)) if one.wrong]

"""Runs with killed senders and a server that cuts, delays, refuses and takes what it says it did not: one of each sort.

`make test-long` makes the further seeds of a sort too, and `make chaos` many more.
"""

from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from tests.chaos.chaos import SORTS, run
from tests.chaos.fences import run_fenced


def _seeds(place: str) -> list[ParameterSet]:
    """Return the seeds of the sorts with an outbox in that place; of equal sorts all but the first take long."""
    return [
        pytest.param(seed, marks=[pytest.mark.long] if sort in SORTS[:seed] else [])
        for seed, sort in enumerate(SORTS)
        if sort[1] == place
    ]


@pytest.mark.parametrize("seed", _seeds("file"))
def test_nothing_is_taken_twice_and_nothing_is_lost(seed: int, tmp_path: Path) -> None:
    """By the server's own count: never two; what it took is accepted or unknown; the balance is whole in the end."""
    assert run(seed, tmp_path) >= 1


@pytest.mark.parametrize("seed", _seeds("shared"))
def test_four_senders_of_which_two_die_share_a_plan(seed: int, shared_place: str, tmp_path: Path) -> None:
    """The same over PostgreSQL: the two that live finish, and what the dead left is unknown."""
    assert 2 == run(seed, tmp_path, shared_place)


@pytest.mark.parametrize("seed", _seeds("fenced"))
def test_withdrawing_settles_whatever_a_kill_leaves(seed: int, tmp_path: Path) -> None:
    """After kills and lost answers each partner is delivered one message, or was rejected; nothing is unknown."""
    assert run_fenced(seed, tmp_path) >= 1

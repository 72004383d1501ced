"""Sixty runs with killed senders and a server that cuts, delays, refuses and takes what it says it did not."""

from pathlib import Path

import pytest

from tests.chaos.chaos import run


@pytest.mark.parametrize("seed", range(40))
def test_nothing_is_taken_twice_and_nothing_is_lost(seed: int, tmp_path: Path) -> None:
    """By the server's own count: never two; what it took is accepted or unknown; the balance is whole in the end."""
    assert run(seed, tmp_path) >= 1


@pytest.mark.parametrize("seed", range(1000, 1020))
def test_four_senders_of_which_two_die_share_a_plan(seed: int, shared_place: str, tmp_path: Path) -> None:
    """The same over PostgreSQL: the two that live finish, and what the dead left is unknown."""
    assert run(seed, tmp_path, shared_place) == 2

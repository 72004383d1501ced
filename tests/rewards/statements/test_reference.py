"""The rules against the naive reference, on random worlds with every kind of offer and every term."""

import pytest

from tests.reference.comparing import differing

PARTS, EACH = 8, 500  # Four thousand worlds in all, shared out over the workers; `make worlds` compares more.


@pytest.mark.parametrize("part", range(PARTS))
def test_statements_equal_the_naive_reference(part: int) -> None:
    """Every statement equals that of a second implementation that shares no code; each part has its own worlds."""
    assert [] == list(differing(EACH, part * EACH))


def test_bonuses_equal_the_naive_reference() -> None:
    """In worlds of bonuses alone, where more of them are paid than among all kinds."""
    assert [] == list(differing(EACH, kinds=("bonus",)))

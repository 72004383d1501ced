"""The rules against the naive reference, on random worlds with every kind of offer and every term."""

import pytest
from hypothesis import HealthCheck, given, settings

from rewards import Fault, compute_statement, statement_json
from tests.reference.naive import Site
from tests.reference.opening import opened
from tests.reference.worlds import World, worlds

PARTS, EACH = 8, 300  # more than two thousand worlds in all, shared out over the workers
MANY = settings(
    max_examples=EACH,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest.mark.parametrize("part", range(PARTS))
@MANY
@given(world=worlds())
def test_statements_equal_the_naive_reference(part: int, world: World) -> None:
    """Every statement equals that of a second implementation that shares no code; each part draws its own worlds."""
    del part
    compare(world)


@MANY
@given(world=worlds(("bonus",)))
def test_bonuses_equal_the_naive_reference(world: World) -> None:
    """In worlds of bonuses alone, where more of them are paid than among all kinds."""
    compare(world)


def compare(world: World) -> None:
    """Both implementations give the same statements, in the same order."""
    rules, accounts = opened(world)
    faults: list[Fault] = []
    statements = [statement_json(compute_statement(account, rules, faults)) for account in accounts]
    naive = Site(world.program, world.offers, world.tables, world.as_of).statements()
    assert not faults
    assert naive == statements

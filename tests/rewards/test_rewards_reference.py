"""The rules against the naive reference, on random worlds with every kind of offer and every term."""

from hypothesis import HealthCheck, given, settings

from rewards import Fault, compute_statement, statement_json
from tests.reference.naive import Site
from tests.reference.opening import opened
from tests.reference.worlds import World, worlds

MANY = settings(
    max_examples=320,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@MANY
@given(worlds())
def test_statements_equal_the_naive_reference(world: World) -> None:
    """Every statement equals that of a second implementation that shares no code."""
    rules, accounts = opened(world)
    faults: list[Fault] = []
    statements = [statement_json(compute_statement(account, rules, faults)) for account in accounts]
    naive = Site(world.program, world.offers, world.tables, world.as_of).statements()
    assert not faults
    assert naive == statements

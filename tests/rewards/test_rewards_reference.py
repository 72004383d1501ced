"""The rules against the naive reference, on random worlds with every kind of offer and every term."""

from hypothesis import HealthCheck, given, settings
from reference.accounts import accounts_of, rates_of
from reference.naive import Site
from reference.worlds import World, worlds

from rewards import (
    Account,
    Fault,
    Policy,
    Rules,
    Source,
    compute_statement,
    parse_day,
    parse_offer,
    parse_program,
    rules_on,
    statement_json,
)

MANY = settings(
    max_examples=320,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def opened(world: World) -> tuple[Rules, list[Account]]:
    """The rules of a world on its as-of day, and its accounts; everything in it is valid."""
    faults: list[Fault] = []
    program = parse_program(world.program, Source("content/program.toml"), faults)
    assert program is not None, faults
    offers = [
        parse_offer(slug, raw, program, Source(f"content/offers/{slug}.md"), faults)
        for slug, raw in world.offers.items()
    ]
    assert [fault for fault in faults if fault.severity == "fault"] == []
    policy = Policy(program, tuple(offer for offer in offers if offer is not None))
    rules = rules_on(policy, rates_of(world.tables), parse_day(world.as_of))
    return rules, accounts_of(world.tables, program.timezone)


@MANY
@given(worlds())
def test_statements_equal_the_naive_reference(world: World) -> None:
    """Every statement equals that of a second implementation that shares no code."""
    rules, accounts = opened(world)
    faults: list[Fault] = []
    statements = [statement_json(compute_statement(account, rules, faults)) for account in accounts]
    assert not faults
    naive = Site(world.program, world.offers, world.tables, world.as_of).statements()
    assert naive == statements

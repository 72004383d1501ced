"""Compares the statements of both implementations on random worlds."""

from collections.abc import Iterator, Sequence

from rewards import Fault, compute_statement, statement_json
from tests.reference.naive import Site
from tests.reference.opening import opened
from tests.reference.worlds import USUAL, World, worlds


def differing(count: int, first: int = 0, kinds: Sequence[str] = USUAL) -> Iterator[str]:
    """Yield a line with the seed and both values for each of `count` worlds whose statements differ."""
    for seed, world in worlds(count, first, kinds):
        expected = Site(world.program, world.offers, world.tables, world.as_of).statements()
        computed, faults = statements(world)
        if faults or expected != computed:
            yield f"seed {seed}: expected {expected}, computed {computed}, faults {faults}"


def statements(world: World) -> tuple[list[dict[str, object]], list[Fault]]:
    """Compute the statements of a world with the packages, and the faults that come up in doing so."""
    rules, accounts = opened(world)
    faults: list[Fault] = []
    return [statement_json(compute_statement(account, rules, faults)) for account in accounts], faults

"""From a random world to the rules and accounts that the packages compute with."""

from rewards import Account, Fault, Policy, Rules, Source, parse_day, parse_offer, parse_program, rules_on
from tests.reference.accounts import accounts_of, rates_of
from tests.reference.worlds import World


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

"""The program: what is wrong in it, and what it answers."""

from decimal import Decimal

import pytest

from rewards import Fault, Program, Source, parse_day, parse_offer
from tests.reference.samples import (
    PROGRAM,
    account,
    computed,
    offer,
    program,
    program_faults,
    raw_offer,
    rules,
    sale,
)

LEVELS = [
    {"id": "bronze", "name": "Bronze", "quota": 1000},
    {"id": "silver", "name": "Silver", "quota": 5000},
]


@pytest.mark.parametrize("key", sorted(PROGRAM))
def test_nothing_that_changes_an_amount_has_a_default(key: str) -> None:
    """Every key of the program must be there."""
    (fault,) = program_faults(**{key: None})
    assert fault.startswith(f"content/program.toml: {key}: '{key}' is missing; add it")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"timezone": "Europe/Berlim"},
            "timezone: 'Europe/Berlim' is no time zone; did you mean 'Europe/Berlin'?",
        ),
        ({"currency": "eur"}, "currency: 'eur' is no ISO 4217 currency; did you mean 'EUR'?"),
        ({"currency": "XAU"}, "currency: 'XAU' has no minor unit; use a currency that has one"),
        (
            {"base_level": "silver"},
            "base_level: base_level 'silver' is among the levels; name the level below",
        ),
        (
            {"refunds_after_period": "defer"},
            "refunds_after_period: 'refunds_after_period' cannot be 'defer'; write",
        ),
        ({"levels": []}, "levels: list should have at least 1 item"),
        ({"levels": LEVELS[::-1]}, "levels.1.quota: the quota of 'bronze' does not rise; list the levels"),
        ({"levels": [LEVELS[0], LEVELS[0]]}, "levels.1.quota: the quota of 'bronze' does not rise"),
        ({"levels": [{**LEVELS[0], "quota": 0}]}, "levels.0.quota: the quota of 'bronze' is not above 0"),
        (
            {"levels": [{**LEVELS[0], "quota": Decimal("1.001")}]},
            "levels.0.quota: '1.001' has 3 decimal places",
        ),
        ({"levels": [{**LEVELS[0], "quota": 1.5}]}, "levels.0.quota: 1.5 is no plain number; write digits"),
        ({"levels": [{**LEVELS[0], "qota": 1}]}, "levels.0.qota: unknown key 'qota'; did you mean 'quota'?"),
        ({"levels": [{**LEVELS[0], "margin": True}]}, "levels.0.margin: a margin is text or a number"),
        ({"curency": "EUR"}, "curency: unknown key 'curency'; did you mean 'currency'?"),
    ],
)
def test_program_faults(changes: dict[str, object], expected: str) -> None:
    """A mistake in the program is told with its field and remedy."""
    assert program_faults(**changes)[0].startswith(f"content/program.toml: {expected}")


def test_a_program_knows_its_ranks() -> None:
    """The base level is rank 0, quotas are minor units, and the base level shows its id."""
    parsed = program(levels=[{**LEVELS[0], "margin": "20%"}, LEVELS[1]])
    assert ("affiliate", "bronze", "silver") == parsed.level_ids
    assert [0, 2] == [parsed.rank("affiliate"), parsed.rank("silver")]
    assert (100000, "20%", "Bronze", "affiliate") == (
        parsed.levels[0].quota,
        parsed.levels[0].margin,
        parsed.level_name("bronze"),
        parsed.level_name("affiliate"),
    )


NEXT_YEAR = parse_day("2024-01-01")
GOLD = {"id": "gold", "name": "Gold", "quota": 20000}


def amended(*amendments: dict[str, object]) -> Program:
    """A program with two levels and these amendments."""
    return program(levels=LEVELS, amendments=list(amendments))


def test_quotas_change_on_their_day() -> None:
    """A level left out keeps its quota; the day before nothing has changed, and ranks are those of every day."""
    parsed = amended({"effective_on": "2024-01-01", "note": "More.", "quotas": {"silver": "6000.50"}})
    assert [(500000,), (600050,)] == [
        tuple(quota for level, quota in parsed.on(day).quotas if level == "silver")
        for day in (NEXT_YEAR - 1, NEXT_YEAR)
    ]
    assert ("bronze", 100000) == parsed.on(NEXT_YEAR).quotas[0]
    assert ("More.", NEXT_YEAR) == (parsed.amendments[0].note, parsed.amendments[0].effective_on)


def test_levels_come_and_go_on_their_day() -> None:
    """A list of levels replaces the former one; each level keeps its rank, and a name is that of the day."""
    without: dict[str, object] = {
        "effective_on": "2024-01-01",
        "levels": [{**LEVELS[1], "name": "Argent"}, GOLD],
    }
    parsed = amended(without, {"effective_on": "2025-01-01", "quotas": {"gold": 30000}})
    now = parsed.on(NEXT_YEAR)
    assert [("affiliate", "bronze", "silver"), ("affiliate", "silver", "gold")] == [
        parsed.level_ids,
        now.level_ids,
    ]
    assert ("affiliate", "bronze", "silver", "gold") == now.every_level_id == parsed.every_level_id
    assert ("gold", 3, "bronze") == (
        now.higher("bronze", "gold"),
        now.rank("gold"),
        now.higher("affiliate", "bronze"),
    )
    assert ["Argent", "Bronze", "Gold"] == [now.level_name(level) for level in ("silver", "bronze", "gold")]
    assert "Silver" == parsed.on(NEXT_YEAR - 1).level_name("silver")
    assert now == now.on(NEXT_YEAR + 400)


@pytest.mark.parametrize(
    ("amendments", "expected"),
    [
        ([{"effective_on": "2024-01-01"}], "0: the amendment changes nothing; write quotas"),
        (
            [{"effective_on": "2024-01-01", "quotas": {"silver": 9}, "levels": LEVELS}],
            "0: 'quotas' and 'levels' are both given; write quotas",
        ),
        (
            [{"effective_on": "2024-01-01", "quotas": {"gold": 9}}],
            "0.quotas.gold: 'gold' is no level of the program above the base level; ",
        ),
        (
            [{"effective_on": "2024-01-01", "quotas": {"silver": 0}}],
            "0.quotas.silver: the quota of 'silver' is",
        ),
        (
            [{"effective_on": "2024-01-01", "quotas": {"bronze": 5000}}],
            "0.quotas: the quota of 'silver' does",
        ),
        ([{"effective_on": "soon", "quotas": {"bronze": 5}}], "0.effective_on: 'soon' is no date; write"),
        ([{"effective_on": "2024-01-01", "qoutas": {}}], "0.qoutas: unknown key 'qoutas'; did you mean"),
        (
            [{"effective_on": day, "quotas": {"bronze": 5}} for day in ("2024-01-01", "2023-01-01")],
            "1.effective_on: the day 2023-01-01 is not after that of the amendment before; list",
        ),
        (
            [
                {"effective_on": "2024-01-01", "levels": [LEVELS[1], GOLD]},
                {"effective_on": "2025-01-01", "levels": [{**GOLD, "quota": 1}, LEVELS[0]]},
            ],
            "1.levels: the levels 'bronze', 'gold' change their order; keep the order",
        ),
    ],
)
def test_amendment_faults(amendments: list[dict[str, object]], expected: str) -> None:
    """A mistake in an amendment is told with its place; dates rise, and no level changes its place."""
    found = program_faults(levels=LEVELS, amendments=amendments)
    assert found[0].startswith(f"content/program.toml: amendments.{expected}")


def test_an_ended_offer_keeps_the_quotas_of_its_last_day() -> None:
    """Next year's quotas decide about next year's sales only; in its period an offer follows the day."""
    own = amended(
        {"effective_on": "2023-07-01", "quotas": {"silver": 4000}},
        {"effective_on": "2024-01-01", "quotas": {"silver": 9000}},
    )
    quota = offer("level_quota", "", own)
    partner = account(sale("1", "4500"))

    def attained(as_of: str) -> str:
        return computed(partner, rules(quota, as_of=as_of, of=own)).levels[0].attained_level

    assert ["bronze", "silver", "silver"] == [
        attained(day) for day in ("2023-06-30", "2023-07-01", "2024-02-01")
    ]


def test_an_allowance_names_the_levels_in_force() -> None:
    """A level of a later day may be left out until then, and counts as the next lower one; on its day it is missing."""
    own = amended({"effective_on": "2024-01-01", "levels": [*LEVELS, GOLD]})
    allowance = {"affiliate": 0, "bronze": 2, "silver": 5}
    free = offer("free_subscription", "", own, allowance=allowance)
    entry = computed(
        account(levels=(("2023-01-01", "gold"),)), rules(free, as_of="2023-10-01", of=own)
    ).free_subscriptions[0]
    assert 5 == entry.allowed
    late: list[Fault] = []
    raw = raw_offer("free_subscription", allowance=allowance, register_by="2024-12-31")
    assert parse_offer("free", raw, own, Source(""), late) is None
    assert [
        "allowance: the allowance of level 'gold' is missing (in the terms of 2024-01-01); name every level"
    ] == [str(fault).partition(", with")[0] for fault in late]

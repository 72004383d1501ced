"""The program: what is wrong in it, and what it answers."""

from decimal import Decimal

import pytest

from tests.reference.samples import PROGRAM, program, program_faults

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

"""Amendments that a form writes: the terms shown for a day are those in force, and a change holds from its day on."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

import pytest

from offerpress.studio.offers.amending import values_in_force, with_amendment
from offerpress.writing.yaml_edits import REMOVED
from rewards import KINDS, Fault, Offer, Program, Source, day_text, parse_day, parse_offer, parse_program
from tests.reference.samples import raw_offer
from tests.reference.worlds import worlds

DAYS = ("2022-11-30", "2023-01-01", "2023-06-30", "2023-12-31", "2024-02-29")


def parsed(raw: Mapping[str, object], program: Program) -> Offer:
    """The offer of a sound front matter."""
    faults: list[Fault] = []
    found = parse_offer("an-offer", raw, program, Source("an-offer.md"), faults)
    assert found is not None, faults
    return found


def test_the_terms_of_a_day_are_those_in_force() -> None:
    """In random worlds the values of each day, parsed as an offer of their own, are the terms that rewards applies."""
    compared = 0
    for _, world in worlds(100):
        program = parse_program(world.program, Source("program.toml"), [])
        assert program is not None
        for raw in world.offers.values():
            offer, model = parsed(raw, program), KINDS[str(raw["kind"])].terms
            for day in [max(parse_day(one), offer.announced_on) for one in DAYS]:
                values = values_in_force(raw, model, day) | {"announced_on": day_text(day)}
                assert parsed(values, program).terms_on(day) == offer.terms_on(day)
                compared += bool(offer.amendments)
    assert compared


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ([], [{"effective_on": "2023-09-01", "note": "So.", "rate": None, "cap": {"EUR": Decimal(5)}}]),
        (
            [{"effective_on": "2023-09-01", "rate": "12%", "note": "Once."}],
            [{"effective_on": "2023-09-01", "rate": None, "note": "So.", "cap": {"EUR": Decimal(5)}}],
        ),
        (
            [{"effective_on": date(2023, 8, 1), "rate": "12%"}],
            [
                {"effective_on": date(2023, 8, 1), "rate": "12%"},
                {"effective_on": "2023-09-01", "note": "So.", "rate": None, "cap": {"EUR": Decimal(5)}},
            ],
        ),
    ],
    ids=["first", "same day", "another day"],
)
def test_a_change_joins_the_amendment_of_its_day(before: list[object], expected: list[object]) -> None:
    """A change is an item of its own, or part of the item of the same day; a field taken out has no value."""
    raw = raw_offer("cashback", amendments=before)
    made = with_amendment(raw, "2023-09-01", "So.", {"rate": REMOVED, "cap": {"EUR": Decimal(5)}})
    assert expected == list(made)

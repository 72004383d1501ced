"""Frozen rules: the same statements come from them, and only what figures follow from is in them."""

import json

import pytest

from rewards import Faulty, Policy, canonical_json, compute_statement, frozen_rules, rules_on, thawed_rules
from tests.reference.opening import opened
from tests.reference.samples import offer, program, rules
from tests.reference.worlds import worlds


def test_thawed_rules_give_the_same_statements_and_the_same_text() -> None:
    """In random worlds with every kind of offer and every term."""
    for seed, world in worlds(150):
        before, accounts = opened(world)
        text = frozen_rules(before.policy, before.as_of)
        policy = thawed_rules(text)
        after = rules_on(policy, before.rates, before.as_of)
        told = [compute_statement(account, before, []) for account in accounts]
        assert told == [compute_statement(account, after, []) for account in accounts], seed
        assert text == frozen_rules(policy, before.as_of)


def test_the_form_is_canonical_json_of_what_staff_wrote() -> None:
    """Percentages, days and amounts stand as in the files; names, texts and defaults are left out."""
    in_force = rules(offer("cashback", rate="12.5%", minimum={"EUR": "10.50"}))
    text = frozen_rules(in_force.policy, in_force.as_of)
    told = json.loads(text)
    assert text == canonical_json(told)
    assert {"id": "silver", "quota": "5000.00"} == told["program"]["levels"][1]
    assert {
        "kind": "cashback",
        "announced_on": "2023-04-01",
        "rate": "12.5%",
        "period": {"from": "2023-01-01", "to": "2023-12-31"},
        "credited_on": "2023-12-31",
        "minimum": {"EUR": "10.50"},
    } == told["offers"]["cashback"]


def test_only_what_a_figure_of_the_day_follows_from_is_frozen() -> None:
    """Other words, an offer to come and an amendment to come leave the text; a rate and a quota change it."""

    def text(*changed: object, quota: int = 1000, **terms: object) -> str:
        levels = [{"id": "bronze", "name": "Bronze", "quota": quota}]
        own = program(levels=levels)
        later = offer("extension", "later", own, announced_on="2024-02-01")
        offers = (offer("cashback", "", own, **terms), *([later] if changed else []))
        return frozen_rules(Policy(own, offers), rules().as_of)

    amended = [{"effective_on": "2024-01-01", "rate": "20%"}]
    assert text() == text(title="Better", summary="Words") == text("later") == text(amendments=amended)
    assert 3 == len({text(), text(rate="20%"), text(quota=2000)})


def test_the_terms_of_the_day_are_frozen() -> None:
    """Of an amended offer the version in force."""
    amended = [{"effective_on": "2023-10-01", "rate": "20%"}]
    in_force = rules(offer("cashback", amendments=amended))
    assert frozen_rules(in_force.policy, in_force.as_of) == frozen_rules(
        rules(offer("cashback", rate="20%")).policy, in_force.as_of
    )


@pytest.mark.parametrize(
    "text", ["{}", "[]", "", '{"format": "another"}', '{"format": "offerpress rules 1", "program": {}}']
)
def test_another_text_is_refused(text: str) -> None:
    """It is never read as rules that give nothing."""
    with pytest.raises((ValueError, KeyError, TypeError, Faulty)):
        thawed_rules(text)


def test_terms_that_are_not_known_are_refused() -> None:
    """A key of a later version is named."""
    in_force = rules(offer("cashback"))
    text = frozen_rules(in_force.policy, in_force.as_of).replace('"rate":', '"share":')
    with pytest.raises(Faulty, match="share"):
        thawed_rules(text)

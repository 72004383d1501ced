"""Faults: their text, where they stand, and the suggestions they make."""

import pytest
from pydantic import BaseModel, ConfigDict

from rewards import Fault, Faulty, Source, suggestion, validated


class Inner(BaseModel):
    """A nested table of settings."""

    model_config = ConfigDict(strict=True, extra="forbid")

    address: str = ""
    flag: bool = False


class Outer(BaseModel):
    """Settings with nested tables."""

    model_config = ConfigDict(strict=True, extra="forbid")

    inner: Inner = Inner()
    others: list[Inner] = []


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (
            {"inner": {"adress": ""}},
            "a.toml: top.inner.adress: unknown key 'adress'; did you mean 'address'?",
        ),
        ({"others": [{"flg": 1}]}, "a.toml: top.others.0.flg: unknown key 'flg'; did you mean 'flag'?"),
        (
            {"others": {}},
            "a.toml: top.others: input should be a valid list (found {}); write a list, such as [a, b]",
        ),
        (
            {"inner": {"flag": "yes"}},
            "a.toml: top.inner.flag: input should be a valid boolean (found 'yes'); write",
        ),
        (
            {"inner": 5},
            "a.toml: top.inner: input should be a valid dictionary or instance of Inner (found 5); write",
        ),
        (
            {"inner": {"address": ["x" * 99]}},
            "a.toml: top.inner.address: input should be a valid string (found ['xxx",
        ),
    ],
)
def test_settings_are_told_by_their_own_keys(raw: dict[str, object], expected: str) -> None:
    """Suggestions come from the table in which the unknown key stands, and long values are cut."""
    faults: list[Fault] = []
    assert validated(Outer, raw, Source("a.toml"), faults, ("top",)) is None
    assert str(faults[0]).startswith(expected)
    assert len(str(faults[0])) < 250


def test_faults_are_raised_together() -> None:
    """Who needs a faultless input gets all faults in one error."""
    fault = Fault("wrong", "right", "data/sales.csv", row=900_000, field="amount")
    assert str(Faulty([fault])) == "1 faults, the first: data/sales.csv row 900000: amount: wrong; right"
    assert str(Fault("wrong", "", row=2)) == "row 2: wrong"


def test_a_suggestion_is_the_nearest_word_or_all() -> None:
    """A misspelt word gets the nearest known one; a strange one gets the list."""
    assert suggestion("titel", ["title", "summary"]) == "did you mean 'title'?"
    assert suggestion("q", ["title", "summary"]) == "known are: summary, title"


@pytest.mark.parametrize(
    ("remedy", "expected"),
    [
        (suggestion("cashbak", ["cashback", "bonus"]), "cashback"),
        ("did you mean '2023-12-31'?", "2023-12-31"),
        ("write https://example.com/a", "https://example.com/a"),
        ("call it 'my-page'", "my-page"),
        ("write it as 'News', as content/pages/a.md does", "News"),
        (suggestion("zzz", ["cashback", "bonus"]), ""),
        ("write it with a percent sign, such as 15%", ""),
        ("", ""),
    ],
)
def test_a_cure_is_the_one_value_that_a_remedy_names(remedy: str, expected: str) -> None:
    """Where a person has to decide, there is none."""
    assert expected == Fault("it is wrong", remedy).cure

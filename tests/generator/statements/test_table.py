"""The attached table of a statement."""

import csv
from datetime import date
from fractions import Fraction
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.statements.table import COLUMNS, statement_csv
from rewards import (
    BonusEntry,
    CashbackEntry,
    ExtensionEntry,
    FreeSubscriptionEntry,
    HeldSubscription,
    LevelEntry,
    Statement,
    guarded,
    statement_json,
)

DAY = date(2023, 12, 31).toordinal()


def rows(statement: Statement) -> list[dict[str, str]]:
    """The table read back."""
    return list(csv.DictReader(StringIO(statement_csv(statement_json(statement)), newline="")))


def test_every_entry_has_a_row() -> None:
    """All entries appear with the values of the JSON; held subscriptions have rows of their own."""
    found = rows(
        Statement(
            "P-1",
            DAY,
            "silver",
            (CashbackEntry("cashback", "JPY", -333, None, 0, 0, 100, -100, "final", DAY),),
            (ExtensionEntry("extension", "S-1", "PRO", DAY - 31, DAY),),
            (
                FreeSubscriptionEntry(
                    "free", "4SC", 9, 1, 8, DAY, (HeldSubscription("S-9", DAY - 1, DAY),), "silver"
                ),
            ),
            (LevelEntry("quotas", "EUR", Fraction(5), 5, "bronze", None, None, None, "silver", DAY),),
            (BonusEntry("bonus", "JPY", 80000, "silver", "gold", "final"),),
        )
    )
    assert [row["kind"] for row in found] == [
        "cashback",
        "extension",
        "free_subscription",
        "held_subscription",
        "level_quota",
        "bonus",
    ]
    assert all(tuple(row) == COLUMNS for row in found)
    assert (found[0]["eligible_sales"], found[0]["to_credit"], found[0]["rate"]) == ("-333", "-100", "")
    assert (found[1]["expires_on"], found[1]["extended_to"]) == ("2023-11-30", "2023-12-31")
    assert (found[3]["product"], found[3]["subscription_id"]) == ("4SC", "S-9")
    assert (found[4]["attained_sales"], found[4]["next_level"]) == ("0.05", "")
    assert [found[5][name] for name in ("currency", "amount", "level", "attained_level", "status")] == [
        "JPY",
        "80000",
        "silver",
        "gold",
        "final",
    ]


def test_an_empty_statement_is_a_header() -> None:
    """Without entries only the header is left; lines end in CR LF."""
    assert statement_csv(statement_json(Statement("P-1", DAY, "silver"))) == ",".join(COLUMNS) + "\r\n"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "＝1", "＋1", "－1", "＠x", " =1"])
def test_formulas_are_guarded(text: str) -> None:
    """What a spreadsheet could take for a formula, full-width signs included, begins with an apostrophe."""
    found = rows(Statement("P-1", DAY, "s", (), (ExtensionEntry("extension", text, text, DAY, DAY),)))
    assert found[0]["product"] == f"'{text}"
    assert found[0]["subscription_id"] == f"'{text}"


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20))
def test_products_read_back(product: str) -> None:
    """Whatever a product is called, the table's reader sees that text, guarded at most."""
    found = rows(Statement("P-1", DAY, "s", (), (ExtensionEntry("extension", "S", product, DAY, DAY),)))
    assert found[0]["product"] == guarded(product)
    assert found[0]["product"].removeprefix("'") == product.removeprefix("'")

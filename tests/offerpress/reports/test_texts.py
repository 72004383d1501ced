"""Figures as people read them."""

import pytest

from offerpress.reports.texts import grouped_figure


@pytest.mark.parametrize(
    ("figure", "shown"),
    [
        ("18605.38", "18,605.38"),
        ("1234567", "1,234,567"),
        (1234, "1,234"),
        ("-1234.500", "−1,234.500"),
        ("-0.50", "−0.50"),
        ("0.00", "0.00"),
        ("2023-12-31", "2023-12-31"),
        ("S-0001", "S-0001"),
        ("gold", "gold"),
        ("1,5", "1,5"),
    ],
)
def test_numbers_are_grouped_and_nothing_else(figure: object, shown: str) -> None:
    """Every digit and every place stays; days, ids and words stay as they are."""
    assert grouped_figure(figure) == shown

"""The level that sales attain: what level quotas, bonuses and allowances have in common."""

from collections.abc import Sequence
from fractions import Fraction

from rewards.account import Sale
from rewards.money import round_half_away
from rewards.rates import Conversion

Quotas = tuple[tuple[str, int], ...]
"""(level id, minor units of the program's currency), rising."""


def attained_level(exact: Fraction, quotas: Quotas, base_level: str) -> str:
    """Find the highest level whose quota is not above `exact` (minor units)."""
    whole = exact.numerator // exact.denominator
    attained = base_level
    for level, quota in quotas:
        if quota > whole:
            break
        attained = level
    return attained


def parts_of(exact: Fraction, counted: Sequence[Sale], conversion: Conversion) -> list[tuple[str, int]]:
    """What a converted sum is made of: foreign sales as they are, and what is left of it, as (currency, minor units).

    Whole, as amounts are; if a sale was once converted otherwise, the difference stays, to the minor unit.
    """
    target = conversion.target
    foreign = [sale for sale in counted if sale[4] != target]
    own = exact - conversion.total(foreign, []) if foreign else exact
    return [*((sale[4], sale[3]) for sale in foreign), (target, round_half_away(own))]

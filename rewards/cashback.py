"""Cashback: a share of the counted sales of each currency, credited to the partner's account."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import Literal, NamedTuple

from rewards.account import Account, Sale
from rewards.cashback_terms import CashbackTerms
from rewards.days import day_text
from rewards.money import format_amount, parse_amount, rounded_quotient, scale
from rewards.terms import ProductFilter, counted_sales

Standing = Literal["accruing", "final"]


class CashbackEntry(NamedTuple):
    """Cashback of one offer in one currency; amounts are minor units.

    `rounded` is what the rate or the tiers give, before `minimum` and `cap` make `amount` of it.
    `rate` is None where tiers decide.
    """

    offer: str
    currency: str
    eligible_sales: int
    rate: Fraction | None
    rounded: int
    amount: int
    already_credited: int
    to_credit: int
    status: Standing
    credited_on: int


class Slice(NamedTuple):
    """A part of the base (minor units) with its rate; `start` is where its tier begins, in units."""

    start: str
    base: Fraction
    rate: Fraction


@dataclass(frozen=True, slots=True)
class CashbackRule:
    """The terms in force of one offer, prepared for many accounts: `minimum` and `cap` in minor units."""

    offer: str
    terms: CashbackTerms
    first: int
    last: int
    products: ProductFilter | None
    minimum: Mapping[str, int]
    cap: Mapping[str, int]
    _starts: dict[str, list[Fraction]] = field(default_factory=dict)

    @classmethod
    def of(cls, offer: str, terms: CashbackTerms) -> "CashbackRule":
        """Prepare `terms` that have no mistakes."""
        minimum, cap = (
            {currency: parse_amount(number, currency) for currency, number in amounts.items()}
            for amounts in (terms.minimum, terms.cap)
        )
        products = None if terms.products is None else ProductFilter(terms.products)
        return cls(offer, terms, terms.period.first, terms.period.last, products, minimum, cap)

    def counted(self, sales: Sequence[Sale], as_of: int, *, deduct: bool) -> list[Sale]:
        """Select the sales of the period that are left after `products`."""
        inside = counted_sales(sales, self.first, self.last, as_of, deduct=deduct)
        if self.products is None:
            return inside
        counts = self.products.counts
        return [sale for sale in inside if counts(sale.product)]

    def entries(self, account: Account, as_of: int, *, deduct: bool) -> list[CashbackEntry]:
        """Make an entry for each currency in which a sale counts or a credit stands, sorted by currency."""
        sums: dict[str, int] = {}
        for _, _, _, amount, currency, _, _, _ in self.counted(account.sales, as_of, deduct=deduct):
            sums[currency] = sums.get(currency, 0) + amount
        credited: dict[str, int] = {}
        for credit in account.credits:
            if credit.offer == self.offer and credit.credited_on <= as_of:
                credited[credit.currency] = credited.get(credit.currency, 0) + credit.amount
        return [
            self._entry(one, sums.get(one, 0), credited.get(one, 0), as_of)
            for one in sorted(sums.keys() | credited.keys())
        ]

    def _entry(self, currency: str, eligible_sales: int, already_credited: int, as_of: int) -> CashbackEntry:
        terms = self.terms
        rounded = self.rounded(max(eligible_sales, 0), currency)
        amount = self.limited(rounded, currency)
        return CashbackEntry(
            self.offer,
            currency,
            eligible_sales,
            terms.rate,
            rounded,
            amount,
            already_credited,
            amount - already_credited,
            "final" if as_of > self.last else "accruing",
            terms.credited_on,
        )

    def rounded(self, base: int, currency: str) -> int:
        """The share of `base` (minor units, from 0), rounded once, half away from zero."""
        rate = self.terms.rate
        if rate is not None:
            return rounded_quotient(base * rate.numerator, rate.denominator)
        exact = self.exact(base, currency)
        return rounded_quotient(exact.numerator, exact.denominator)

    def exact(self, base: int, currency: str) -> Fraction:
        """The share of `base` (minor units, from 0) before rounding."""
        return sum((part.base * part.rate for part in self.slices(base, currency)), Fraction(0))

    def limited(self, rounded: int, currency: str) -> int:
        """What `minimum` and `cap` leave of a rounded share: nothing below the one, at most the other."""
        if rounded < self.minimum.get(currency, 0):
            return 0
        cap = self.cap.get(currency)
        return rounded if cap is None or rounded <= cap else cap

    def slices(self, base: int, currency: str) -> list[Slice]:
        """Split `base` (minor units, from 0) into parts with their rates; below the first tier is none."""
        if self.terms.rate is not None:
            return [Slice("0", Fraction(base), self.terms.rate)]
        reached = [
            (start, tier)
            for start, tier in zip(self._tier_starts(currency), self.terms.tiers or (), strict=True)
            if start <= base
        ]
        if self.terms.mode == "retroactive":
            return [Slice(tier.start, Fraction(base), tier.rate) for _, tier in reached[-1:]]
        ends = [*(start for start, _ in reached[1:]), Fraction(base)]
        return [
            Slice(tier.start, end - start, tier.rate)
            for (start, tier), end in zip(reached, ends, strict=False)
        ]

    def _tier_starts(self, currency: str) -> list[Fraction]:
        starts = self._starts.get(currency)
        if starts is None:
            starts = [Fraction(tier.start) * scale(currency) for tier in self.terms.tiers or ()]
            self._starts[currency] = starts
        return starts


@lru_cache(maxsize=1024)
def rate_text(rate: Fraction) -> str:
    """Write a share as a decimal without trailing zeros: 3/20 as `0.15`, 1 as `1`.

    Raises `ValueError` where no number of places is enough; for percentages there always is one.
    """
    # A denominator of n bits that divides some power of ten divides the n-th.
    enough = (place for place in range(rate.denominator.bit_length()) if not 10**place % rate.denominator)
    places = next(enough, None)
    if places is None:
        raise ValueError(f"{rate} has no finite decimal form; write it as a fraction")
    digits = str((rate * 10**places).numerator).rjust(places + 1, "0")
    return f"{digits[:-places]}.{digits[-places:]}" if places else digits


def cashback_json(entry: CashbackEntry) -> dict[str, object]:
    """The public form of an entry."""
    currency = entry.currency
    return {
        "offer": entry.offer,
        "currency": currency,
        "eligible_sales": format_amount(entry.eligible_sales, currency),
        "rate": None if entry.rate is None else rate_text(entry.rate),
        "amount": format_amount(entry.amount, currency),
        "already_credited": format_amount(entry.already_credited, currency),
        "to_credit": format_amount(entry.to_credit, currency),
        "status": entry.status,
        "credited_on": day_text(entry.credited_on),
    }

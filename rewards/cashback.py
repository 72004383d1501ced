"""Cashback: a share of the counted sales of each currency, credited to the partner's account."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Annotated, Literal, NamedTuple

from pydantic import BaseModel, Field

from rewards.account import Account, Sale
from rewards.days import day_text
from rewards.fields import TERMS, Day, Number, Percentage
from rewards.money import format_amount, parse_amount, rounded_quotient, scale
from rewards.program import Program
from rewards.terms import Mistake, OfferTerms, Period, ProductFilter, Products, amount_mistakes, counted_sales

Standing = Literal["accruing", "final"]
Mode = Literal["retroactive", "incremental"]


class Tier(BaseModel):
    """From this number of the currency's units upwards, `rate` holds."""

    model_config = TERMS

    start: Annotated[Number, Field(alias="from")]
    rate: Percentage


class CashbackTerms(OfferTerms):
    """Either `rate` or `tiers` with their `mode`; `minimum` and `cap` by currency, as numbers of its units."""

    kind: Literal["cashback"] = "cashback"
    period: Period
    credited_on: Day
    rate: Percentage | None = None
    tiers: Annotated[list[Tier], Field(min_length=1)] | None = None
    mode: Mode | None = None
    minimum: dict[str, Number] = {}
    cap: dict[str, Number] = {}
    products: Products | None = None

    def mistakes(self, program: Program) -> Iterator[Mistake]:
        """Beside the common ones: rate and tiers at odds, tiers that do not rise, amounts a currency cannot hold."""
        yield from super().mistakes(program)
        yield from self.period.mistakes()
        yield from self._rate_mistakes()
        yield from self._tier_mistakes()
        yield from self._amount_mistakes()
        if self.products is not None:
            yield from self.products.mistakes()

    def _rate_mistakes(self) -> Iterator[Mistake]:
        if self.rate is None and self.tiers is None:
            yield Mistake(("rate",), "'rate' is missing", "add it, or tiers with a mode")
        if self.rate is not None and self.tiers is not None:
            yield Mistake(
                ("tiers",),
                "'rate' and 'tiers' are both given",
                "keep one of them; an amendment empties the other with no value",
            )
        if self.tiers is not None and self.mode is None:
            yield Mistake(("mode",), "'mode' is missing", "add retroactive or incremental beside the tiers")
        if self.tiers is None and self.mode is not None:
            yield Mistake(("mode",), "'mode' has no tiers to work on", "remove it, or add tiers")

    def _tier_mistakes(self) -> Iterator[Mistake]:
        before: Fraction | None = None
        for index, tier in enumerate(self.tiers or ()):
            start = Fraction(tier.start)
            if start < 0:
                yield Mistake(
                    ("tiers", index, "from"),
                    f"the tier begins at {tier.start}, below 0",
                    "begin at 0 or above",
                )
            if before is not None and start <= before:
                yield Mistake(
                    ("tiers", index, "from"),
                    f"the tiers do not rise at {tier.start}",
                    "order them by 'from', each above the one before",
                )
            before = start

    def _amount_mistakes(self) -> Iterator[Mistake]:
        sound: dict[tuple[str, str], int] = {}
        for key, amounts in (("minimum", self.minimum), ("cap", self.cap)):
            for currency, number in amounts.items():
                wrong = list(amount_mistakes((key, currency), number, currency))
                yield from wrong
                if not wrong:
                    sound[key, currency] = parse_amount(number, currency)
        for (key, currency), minor in sound.items():
            cap = sound.get(("cap", currency))
            if key == "minimum" and cap is not None and minor > cap:
                what = (
                    f"the minimum {self.minimum[currency]} {currency} is above the cap {self.cap[currency]}"
                )
                yield Mistake(("minimum", currency), what, "lower the minimum or raise the cap")


class CashbackEntry(NamedTuple):
    """Cashback of one offer in one currency; amounts are minor units.

    The middle fields are the steps from `eligible_sales` to `amount`: `exact` before rounding, `rounded` before
    `minimum` and `cap`. `rate` is None where tiers decide.
    """

    offer: str
    currency: str
    eligible_sales: int
    rate: Fraction | None
    exact: Fraction
    rounded: int
    minimum: int | None
    cap: int | None
    amount: int
    already_credited: int
    to_credit: int
    status: Standing
    credited_on: int


class Slice(NamedTuple):
    """A part of the base (minor units) with its rate; `start` is where the tier begins, in units of the currency."""

    start: str
    base: Fraction
    rate: Fraction


@dataclass(frozen=True, slots=True)
class CashbackRule:
    """The terms in force of one offer, prepared for many accounts."""

    offer: str
    terms: CashbackTerms
    products: ProductFilter | None
    minimum: Mapping[str, int]
    cap: Mapping[str, int]
    _starts: dict[str, list[Fraction]] = field(default_factory=dict)

    @classmethod
    def of(cls, offer: str, terms: CashbackTerms) -> "CashbackRule":
        """The rule of `terms` that have no mistakes."""
        minimum, cap = (
            {currency: parse_amount(number, currency) for currency, number in amounts.items()}
            for amounts in (terms.minimum, terms.cap)
        )
        return cls(offer, terms, ProductFilter(terms.products) if terms.products else None, minimum, cap)

    def counted(self, sales: Sequence[Sale], as_of: int, *, deduct: bool) -> list[Sale]:
        """The sales of the period that are left after `products`."""
        period = self.terms.period
        inside = counted_sales(sales, period.first, period.last, as_of, deduct=deduct)
        if self.products is None:
            return inside
        counts = self.products.counts
        return [sale for sale in inside if counts(sale.product)]

    def entries(self, account: Account, as_of: int, *, deduct: bool) -> list[CashbackEntry]:
        """An entry for each currency in which a sale counts or that has a credit up to `as_of`, sorted by currency."""
        sums: dict[str, int] = {}
        for sale in self.counted(account.sales, as_of, deduct=deduct):
            currency = sale[4]
            sums[currency] = sums.get(currency, 0) + sale[3]
        credited: dict[str, int] = {}
        for credit in account.credits:
            if credit.offer == self.offer and credit.credited_on <= as_of:
                credited[credit.currency] = credited.get(credit.currency, 0) + credit.amount
        currencies = sorted(sums.keys() | credited.keys()) if len(sums) > 1 or credited else sums
        return [self._entry(one, sums.get(one, 0), credited.get(one, 0), as_of) for one in currencies]

    def _entry(self, currency: str, eligible_sales: int, already_credited: int, as_of: int) -> CashbackEntry:
        terms = self.terms
        base = max(eligible_sales, 0)
        exact = base * terms.rate if terms.rate is not None else self._by_tiers(base, currency)
        rounded = rounded_quotient(exact.numerator, exact.denominator)
        minimum, cap = self.minimum.get(currency), self.cap.get(currency)
        amount = 0 if minimum is not None and rounded < minimum else rounded
        if cap is not None and amount > cap:
            amount = cap
        return CashbackEntry(
            self.offer,
            currency,
            eligible_sales,
            terms.rate,
            exact,
            rounded,
            minimum,
            cap,
            amount,
            already_credited,
            amount - already_credited,
            "final" if as_of > terms.period.last else "accruing",
            terms.credited_on,
        )

    def _by_tiers(self, base: int, currency: str) -> Fraction:
        return sum((part.base * part.rate for part in self.slices(base, currency)), Fraction(0))

    def slices(self, base: int, currency: str) -> list[Slice]:
        """The parts of `base` (minor units, from 0) with the rate of each; below the first tier there is none."""
        tiers = self.terms.tiers or []
        starts = self._starts.get(currency)
        if starts is None:
            starts = self._starts[currency] = [Fraction(tier.start) * scale(currency) for tier in tiers]
        reached = [(start, tier) for start, tier in zip(starts, tiers, strict=True) if start <= base]
        if self.terms.mode == "retroactive":
            return [Slice(tier.start, Fraction(base), tier.rate) for _, tier in reached[-1:]]
        ends = [*(start for start, _ in reached[1:]), Fraction(base)]
        return [
            Slice(tier.start, end - start, tier.rate)
            for (start, tier), end in zip(reached, ends, strict=False)
        ]


def rate_text(rate: Fraction) -> str:
    """A share as a decimal without trailing zeros: 3/20 is `0.15`, 1 is `1`. Its denominator divides a power of ten."""
    places = 0
    while (rate * 10**places).denominator != 1:
        places += 1
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

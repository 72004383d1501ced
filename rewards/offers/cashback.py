"""Cashback: a share of the counted sales of each currency, credited to the partner's account."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal, NamedTuple

from pydantic import BaseModel, Field

from rewards.account import Sale
from rewards.fields import TERMS, Day, Number, Percentage, Pick
from rewards.money import parse_amount, rounded_quotient, scale
from rewards.offers.entry import Fields, Published, Slug, Unpublished, rate_text
from rewards.offers.kind import Basis, Case, Compared, Derived, Kind, Origin, Worth
from rewards.offers.steps import ROUNDING, amount_text, exact_text, listed_credits, listed_sales, step
from rewards.offers.terms import (
    Headline,
    Mistake,
    OfferTerms,
    OnDay,
    Period,
    ProductFilter,
    Products,
    Standing,
    TermRow,
    Word,
    amount_mistakes,
    amount_rows,
    counted_sales,
    standing,
)
from rewards.program import Program

Mode = Literal["retroactive", "incremental"]


class Tier(BaseModel):
    """From this number of the currency's units upwards, `rate` holds."""

    model_config = TERMS

    start: Annotated[Number, Field(alias="from", title="From sales of")]
    rate: Annotated[Percentage, Field(title="Rate")]

    @property
    def shown_start(self) -> int | Decimal:
        """The same number in every currency, so without a unit."""
        return int(self.start) if self.start.isdigit() else Decimal(self.start)


class CashbackTerms(OfferTerms):
    """Either `rate` or `tiers` with their `mode`; `minimum` and `cap` by currency, in its units."""

    kind: Literal["cashback"] = "cashback"
    period: Annotated[Period, Field(title="Period of the sales", description="Both days count.")]
    credited_on: Annotated[
        Day, Field(title="Credited on", description="The day on which partners get the credit.")
    ]
    rate: Percentage | None = Field(
        default=None,
        title="Rate",
        description="The share of the sales, such as 15%. Leave it empty if there are tiers.",
    )
    tiers: Annotated[list[Tier], Field(min_length=1)] | None = Field(
        default=None, title="Tiers", description="Higher rates from higher sales on, the lowest tier first."
    )
    mode: Mode | None = Field(
        default=None,
        title="How tiers count",
        description="Retroactive: the highest tier reached counts for all sales. Incremental: each for its part.",
    )
    minimum: Annotated[dict[str, Number], Pick(by="currencies")] = Field(
        default_factory=dict, title="Least amount", description="Below it, nothing is credited."
    )
    cap: Annotated[dict[str, Number], Pick(by="currencies")] = Field(
        default_factory=dict, title="Highest amount", description="No partner is credited more."
    )
    products: Products | None = Field(default=None, title="Products", description="Which sales count.")

    @property
    def deadline(self) -> int:
        """The period's last day."""
        return self.period.last

    def rows(self, program: Program) -> Iterator[TermRow]:
        """Yield rate or tiers, days, limits and products."""
        del program
        if self.rate is not None:
            yield TermRow("rate", (self.rate,))
        else:
            table = tuple((tier.shown_start, tier.rate) for tier in self.tiers or ())
            yield TermRow("tiers", (Word(self.mode or ""),), table)
        yield self.period.row()
        yield TermRow("credited_on", (OnDay(self.credited_on),))
        yield from amount_rows("minimum", self.minimum)
        yield from amount_rows("cap", self.cap)
        if self.products is not None:
            yield from self.products.rows()

    def headline(self, program: Program) -> Headline:
        """Return the rate, or the highest of the tiers."""
        del program
        rates = [self.rate] if self.rate is not None else [tier.rate for tier in self.tiers or ()]
        return Headline(max(rates), self.rate is None)

    def mistakes(self, program: Program) -> Iterator[Mistake]:
        """Find rates and tiers at odds, tiers that do not rise, and amounts that a currency cannot hold."""
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
            remedy = "keep one of them; an amendment empties the other with no value"
            yield Mistake(("tiers",), "'rate' and 'tiers' are both given", remedy)
        if self.tiers is not None and self.mode is None:
            yield Mistake(("mode",), "'mode' is missing", "add retroactive or incremental beside the tiers")
        if self.tiers is None and self.mode is not None:
            yield Mistake(("mode",), "'mode' has no tiers to work on", "remove it, or add tiers")

    def _tier_mistakes(self) -> Iterator[Mistake]:
        before: Fraction | None = None
        for index, tier in enumerate(self.tiers or ()):
            start, path = Fraction(tier.start), ("tiers", index, "from")
            if start < 0:
                yield Mistake(path, f"the tier begins at {tier.start}, below 0", "begin at 0 or above")
            if before is not None and start <= before:
                what = f"the tiers do not rise at {tier.start}"
                yield Mistake(path, what, "order them by 'from', each above the one before")
            before = start

    def _amount_mistakes(self) -> Iterator[Mistake]:
        sound: dict[tuple[str, str], int] = {}
        for key, amounts in (("minimum", self.minimum), ("cap", self.cap)):
            for currency, number in amounts.items():
                wrong = list(amount_mistakes((key, currency), number, currency))
                yield from wrong
                if not wrong:
                    sound[key, currency] = parse_amount(number, currency)
        for currency, number in self.minimum.items():
            least, cap = sound.get(("minimum", currency)), sound.get(("cap", currency))
            if least is not None and cap is not None and least > cap:
                what = f"the minimum {number} {currency} is above the cap {self.cap[currency]} {currency}"
                yield Mistake(("minimum", currency), what, "lower the minimum or raise the cap")


class CashbackEntry(NamedTuple):
    """Cashback of one offer in one currency; amounts are minor units.

    `rounded` is what the rate or the tiers give, before `minimum` and `cap` make `amount` of it.
    `rate` is None where tiers decide.
    """

    offer: Slug
    currency: Annotated[str, Published("code")]
    eligible_sales: Annotated[int, Published("money", "Sales that count")]
    rate: Annotated[Fraction | None, Published("rate", "Rate")]
    rounded: Annotated[int, Unpublished(like="amount")]
    amount: Annotated[int, Published("money", "Amount")]
    already_credited: Annotated[int, Published("money")]
    to_credit: Annotated[int, Published("money", "Still to credit")]
    status: Annotated[Standing, Published("code")]
    credited_on: Annotated[int, Published("day", "Credited on")]

    @property
    def gives(self) -> bool:
        """Whether anything was credited or is still to be."""
        return bool(self.amount or self.to_credit)


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
    def of(cls, origin: Origin, terms: CashbackTerms) -> "CashbackRule":
        """Prepare `terms` that have no mistakes."""
        minimum, cap = (
            {currency: parse_amount(number, currency) for currency, number in amounts.items()}
            for amounts in (terms.minimum, terms.cap)
        )
        products = None if terms.products is None else ProductFilter(terms.products)
        return cls(origin.offer, terms, terms.period.first, terms.period.last, products, minimum, cap)

    def counted(self, sales: Sequence[Sale], basis: Basis) -> list[Sale]:
        """Return the sales of the period that are left after `products`."""
        inside = counted_sales(sales, self.first, self.last, basis.as_of, deduct=basis.deduct)
        if self.products is None:
            return inside
        counts = self.products.counts
        return [sale for sale in inside if counts(sale.product)]

    def entries(self, case: Case) -> list[CashbackEntry]:
        """Make an entry for each currency in which a sale counts or a credit stands, sorted by currency."""
        account, as_of = case.account, case.basis.as_of
        sums: dict[str, int] = {}
        for _, _, _, amount, currency, _, _, _ in self.counted(account.sales, case.basis):
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
            standing(as_of, self.last),
            terms.credited_on,
        )

    def rounded(self, base: int, currency: str) -> int:
        """Return the share of `base` (minor units, from 0), rounded once, half away from zero."""
        rate = self.terms.rate
        if rate is not None:
            return rounded_quotient(base * rate.numerator, rate.denominator)
        exact = sum((part.base * part.rate for part in self.slices(base, currency)), Fraction(0))
        return rounded_quotient(exact.numerator, exact.denominator)

    def limited(self, rounded: int, currency: str) -> int:
        """Apply `minimum` and `cap` to a rounded share: below the minimum it is 0, and it never exceeds the cap."""
        if rounded < self.minimum.get(currency, 0):
            return 0
        cap = self.cap.get(currency)
        return rounded if cap is None or rounded <= cap else cap

    def slices(self, base: int, currency: str) -> list[Slice]:
        """Split `base` (minor units, from 0) into parts with their rates; sales below the first tier form no part."""
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

    def tallied(self, entries: Sequence[CashbackEntry], case: Case) -> list[tuple[str, int]]:
        """Return the `eligible_sales` of the entries."""
        del case
        return [(entry.currency, entry.eligible_sales) for entry in entries]

    def derived(self, entries: Sequence[CashbackEntry], case: Case) -> list[Derived]:
        """Derive each entry from its lines, its credits and each step."""
        return [self._derived(entry, case) for entry in entries]

    def _derived(self, entry: CashbackEntry, case: Case) -> Derived:
        currency, as_of = entry.currency, case.basis.as_of
        counted = self.counted(case.account.sales, case.basis)
        credited = [
            credit
            for credit in case.account.credits
            if credit.offer == self.offer and credit.currency == currency and credit.credited_on <= as_of
        ]
        return {
            "currency": currency,
            "counted": listed_sales([sale for sale in counted if sale.currency == currency], currency),
            "credits": listed_credits(credited, currency),
            "steps": self._steps(entry),
            "rounding": ROUNDING.format(currency),
        }

    def _steps(self, entry: CashbackEntry) -> list[dict[str, str]]:
        currency = entry.currency
        base = max(entry.eligible_sales, 0)
        amount, credited, rest = (
            amount_text(minor, currency) for minor in (entry.amount, entry.already_credited, entry.to_credit)
        )
        steps = [
            step("sum of the counted sales", amount_text(entry.eligible_sales, currency)),
            step("base, not below 0", amount_text(base, currency)),
        ]
        for part in self.slices(base, currency):
            share = f"{rate_text(part.rate * 100)} % of {exact_text(part.base, currency)}"
            tier = "share" if entry.rate is not None else f"{self.terms.mode} tier from {part.start}"
            steps.append(step(tier, f"{share} = {exact_text(part.base * part.rate, currency)}"))
        steps.append(step("rounded", amount_text(entry.rounded, currency)))
        if currency in self.minimum:
            steps.append(
                step("minimum", f"{amount_text(self.minimum[currency], currency)}; below it nothing")
            )
        if currency in self.cap:
            steps.append(step("cap", f"at most {amount_text(self.cap[currency], currency)}"))
        steps.append(step("amount", amount))
        steps.append(step("already credited", credited))
        steps.append(step("to credit", f"{amount} - {credited} = {rest}"))
        return steps


def _posted_as_told(figure: str, told: Fields, now: Fields, as_of: str) -> bool:
    """Return whether `to_credit` fell only because exactly the amount told has been credited since."""
    del as_of
    if figure != "to_credit" or not told or not now or told["amount"] != now["amount"]:
        return False
    credited = Decimal(told["already_credited"]) + Decimal(told["to_credit"])
    return credited == Decimal(now["already_credited"])


def _worth(entry: CashbackEntry, terms: CashbackTerms, program: Program) -> tuple[Worth, ...]:
    """Return the amount, whether or not a part of it is already credited."""
    del terms, program
    return (Worth(entry.currency, entry.amount),)


CASHBACK = Kind(
    "cashback",
    "cashback",
    CashbackTerms,
    CashbackRule.of,
    CashbackEntry,
    (Compared(("offer", "currency"), _posted_as_told, sums=("eligible_sales", "amount")),),
    _worth,
)

"""The terms of a cashback offer as staff write them."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from rewards.fields import TERMS, Day, Number, Percentage
from rewards.money import parse_amount
from rewards.program import Program
from rewards.term_rows import Headline, OnDay, TermRow, Word, amount_rows
from rewards.terms import Mistake, OfferTerms, Period, Products, amount_mistakes

Mode = Literal["retroactive", "incremental"]


class Tier(BaseModel):
    """From this number of the currency's units upwards, `rate` holds."""

    model_config = TERMS

    start: Annotated[Number, Field(alias="from")]
    rate: Percentage

    @property
    def shown_start(self) -> int | str:
        """The same number in every currency, so without a unit."""
        return int(self.start) if self.start.isdigit() else self.start


class CashbackTerms(OfferTerms):
    """Either `rate` or `tiers` with their `mode`; `minimum` and `cap` by currency, in its units."""

    kind: Literal["cashback"] = "cashback"
    period: Period
    credited_on: Day
    rate: Percentage | None = None
    tiers: Annotated[list[Tier], Field(min_length=1)] | None = None
    mode: Mode | None = None
    minimum: dict[str, Number] = Field(default_factory=dict)
    cap: dict[str, Number] = Field(default_factory=dict)
    products: Products | None = None

    @property
    def deadline(self) -> int:
        """The period's last day."""
        return self.period.last

    def rows(self, program: Program) -> Iterator[TermRow]:
        """Rate or tiers, days, limits and products."""
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
        if self.products and self.products.include is not None:
            yield TermRow("products", tuple(self.products.include))
        if self.products and self.products.exclude:
            yield TermRow("products_excluded", tuple(self.products.exclude))

    def headline(self, program: Program) -> Headline:
        """The rate, or the highest of the tiers."""
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
                limits = (
                    f"{self.minimum[currency]} {currency} is above the cap {self.cap[currency]} {currency}"
                )
                what = f"the minimum {limits}"
                yield Mistake(("minimum", currency), what, "lower the minimum or raise the cap")

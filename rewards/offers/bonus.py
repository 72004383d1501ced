"""Bonuses: an amount paid once to whoever's sales of a period attain a level by the program's quotas."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from rewards.account import Sale
from rewards.fields import Number, Pick, Text
from rewards.money import Money, format_amount, parse_amount
from rewards.offers.entry import Published, Slug
from rewards.offers.kind import Basis, Case, Compared, Derived, Kind, Origin, Worth
from rewards.offers.steps import amount_text, converted_lines, exact_text, step
from rewards.offers.terms import (
    Headline,
    LevelId,
    Mistake,
    OfferTerms,
    Period,
    Quotas,
    Standing,
    TermRow,
    amount_mistakes,
    amount_rows,
    attained_level,
    counted_sales,
    parts_of,
    standing,
    unknown_level,
)
from rewards.program import Program


class BonusTerms(OfferTerms):
    """`amount` by currency, in its units; a partner whose own currency it does not name gets none."""

    kind: Literal["bonus"] = "bonus"
    period: Annotated[Period, Field(title="Period of the sales", description="Both days count.")]
    level: Annotated[
        Text, Pick("level"), Field(title="Level to attain", description="By the quotas of the program.")
    ]
    amount: Annotated[
        dict[str, Number],
        Pick(by="currencies"),
        Field(min_length=1, title="Amount", description="Paid once, in the partner's own currency."),
    ]

    @property
    def deadline(self) -> int:
        """The period's last day."""
        return self.period.last

    def rows(self, program: Program) -> Iterator[TermRow]:
        """Yield the amounts, the level with its quota, and the period."""
        quota = Money(dict(program.quotas)[self.level], program.currency)
        yield from amount_rows("amount", self.amount)
        yield TermRow("level", (LevelId(self.level), quota))
        yield self.period.row()

    def headline(self, program: Program) -> Headline:
        """Return the amount in the program's currency, else in the first currency."""
        currency = program.currency if program.currency in self.amount else min(self.amount)
        return Headline(Money.parse(self.amount[currency], currency))

    def mistakes(self, program: Program) -> Iterator[Mistake]:
        """Find a level that no sale attains or that the program does not know, and amounts that pay nothing."""
        yield from super().mistakes(program)
        yield from self.period.mistakes()
        if self.level == program.base_level:
            what = f"the base level {self.level!r} has no quota that sales could reach"
            remedy = f"name one of {', '.join(level for level, _ in program.quotas)}"
            yield Mistake(("level",), what, remedy)
        elif self.level not in program.level_ids:
            yield unknown_level(("level",), self.level, program)
        for currency, number in self.amount.items():
            path = ("amount", currency)
            wrong = list(amount_mistakes(path, number, currency))
            yield from wrong
            if not wrong and parse_amount(number, currency) == 0:
                yield Mistake(
                    path, f"the amount in {currency} is 0", "write an amount above 0, or leave it out"
                )


class BonusEntry(NamedTuple):
    """The bonus of a partner who reached `level`; `amount` is in minor units of the partner's own currency."""

    offer: Slug
    currency: Annotated[str, Published("code", "Currency")]
    amount: Annotated[int, Published("money", "Amount")]
    level: Annotated[str, Published("level", "Level")]
    attained_level: Annotated[str, Published("level", "Level reached")]
    status: Annotated[Standing, Published("code")]

    @property
    def gives(self) -> bool:
        """Return True, because every bonus gives something."""
        return True


@dataclass(frozen=True, slots=True)
class BonusRule:
    """The terms in force of one offer: `amounts` in minor units by currency, `quotas` those of the program."""

    offer: str
    terms: BonusTerms
    first: int
    last: int
    amounts: Mapping[str, int]
    quotas: Quotas
    products: None = None

    @classmethod
    def of(cls, origin: Origin, terms: BonusTerms) -> "BonusRule":
        """Prepare `terms` that have no mistakes."""
        amounts = {currency: parse_amount(number, currency) for currency, number in terms.amount.items()}
        return cls(origin.offer, terms, terms.period.first, terms.period.last, amounts, origin.program.quotas)

    def counted(self, sales: Sequence[Sale], basis: Basis) -> list[Sale]:
        """Return the sales of the period, of every product."""
        return counted_sales(sales, self.first, self.last, basis.as_of, deduct=basis.deduct)

    def entries(self, case: Case) -> list[BonusEntry]:
        """Return one entry if the partner attained the level and the offer names its currency, else none."""
        currency, program = case.account.partner.currency, case.basis.program
        amount = self.amounts.get(currency)
        if amount is None:
            return []
        exact = case.basis.conversion.total(self.counted(case.account.sales, case.basis), case.missing)
        attained = self._attained(exact, program)
        if program.rank(attained) < program.rank(self.terms.level):
            return []
        status = standing(case.basis.as_of, self.last)
        return [BonusEntry(self.offer, currency, amount, self.terms.level, attained, status)]

    def tallied(self, entries: Sequence[BonusEntry], case: Case) -> list[tuple[str, int]]:
        """Return the parts of the exact sum, whether it earned a bonus or not."""
        del entries
        counted, conversion = self.counted(case.account.sales, case.basis), case.basis.conversion
        return parts_of(conversion.total(counted, []), counted, conversion)

    def derived(self, entries: Sequence[BonusEntry], case: Case) -> list[Derived]:
        """Derive the bonus, or the reason for none, from the lines, the rates and the level."""
        basis = case.basis
        counted = self.counted(case.account.sales, case.basis)
        target = basis.program.currency
        exact = basis.conversion.total(counted, [])
        return [
            {
                "currency": case.account.partner.currency,
                **converted_lines(counted, basis.conversion),
                "quotas": {level: format_amount(quota, target) for level, quota in self.quotas},
                "steps": [
                    step("exact sum", exact_text(exact, target)),
                    step("attained level", self._attained(exact, basis.program)),
                    step("level of the bonus", f"{self.terms.level} at {self._quota(target)}"),
                    step("bonus", self._outcome(entries, case)),
                ],
            }
        ]

    def _attained(self, exact: Fraction, program: Program) -> str:
        return attained_level(exact, self.quotas, program.base_level)

    def _quota(self, currency: str) -> str:
        return amount_text(dict(self.quotas)[self.terms.level], currency)

    def _outcome(self, entries: Sequence[BonusEntry], case: Case) -> str:
        if entries:
            return f"{amount_text(entries[0].amount, entries[0].currency)}, {entries[0].status}"
        currency = case.account.partner.currency
        if currency not in self.amounts:
            return f"none, because the offer names no amount in {currency}"
        return f"none, because {self.terms.level} is not reached"


def _worth(entry: BonusEntry, terms: BonusTerms, program: Program) -> tuple[Worth, ...]:
    """Return the amount."""
    del terms, program
    return (Worth(entry.currency, entry.amount),)


BONUS = Kind(
    "bonus",
    "bonuses",
    BonusTerms,
    BonusRule.of,
    BonusEntry,
    (Compared(("offer",), sums=("amount",)),),
    _worth,
)

"""Level quotas: the level that the counted sales attain, in the program's currency, and the next one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from rewards.account import Sale
from rewards.days import day_text
from rewards.fields import Day, Number, Pick
from rewards.money import Money, format_amount, parse_amount, round_half_away, rounded_quotient
from rewards.offers.entry import Published, Slug, Unpublished
from rewards.offers.kind import Basis, Case, Compared, Derived, Kind, Origin, Worth
from rewards.offers.steps import ROUNDING, amount_text, converted_lines, exact_text, step
from rewards.offers.terms import (
    Headline,
    LevelId,
    Mistake,
    OfferTerms,
    OnDay,
    Period,
    Quotas,
    TermRow,
    amount_mistakes,
    attained_level,
    counted_sales,
    parts_of,
    unknown_level,
)
from rewards.program import Program


class LevelQuotaTerms(OfferTerms):
    """`quotas` in units of the program's currency; a level left out keeps the program's."""

    kind: Literal["level_quota"] = "level_quota"
    period: Annotated[Period, Field(title="Period of the sales", description="Both days count.")]
    quotas: Annotated[
        dict[str, Number],
        Pick(by="levels"),
        Field(
            title="Quotas", description="In the program's currency. A level left empty keeps its usual quota."
        ),
    ]
    secured_until: Annotated[
        Day, Field(title="Level kept until", description="The last day of a level attained this way.")
    ]

    @property
    def deadline(self) -> int:
        """The period's last day."""
        return self.period.last

    def rows(self, program: Program) -> Iterator[TermRow]:
        """Yield the days, and for each level the usual quota and this one."""
        yield self.period.row()
        yield TermRow("secured_until", (OnDay(self.secured_until),))
        currency = program.currency
        quotas = tuple(
            (LevelId(level), Money(usual, currency), Money(now, currency))
            for level, usual, now in self._quotas(program)
        )
        yield TermRow("quotas", table=quotas)

    def headline(self, program: Program) -> Headline | None:
        """Return the largest cut of a quota in whole percent; None if no quota is lower."""
        cuts = [Fraction(usual - now, usual) for _, usual, now in self._quotas(program)]
        whole = Fraction(int(max(cuts) * 100), 100)
        return Headline(-whole, len(set(cuts)) > 1) if whole > 0 else None

    def _quotas(self, program: Program) -> list[tuple[str, int, int]]:
        """Return each level with its usual quota and its quota under these terms."""
        own = merged_quotas(self, program)
        return [(level, usual, now) for (level, usual), (_, now) in zip(program.quotas, own, strict=True)]

    def mistakes(self, program: Program) -> Iterator[Mistake]:
        """Find levels that the program does not know, and quotas that do not rise on the result."""
        yield from super().mistakes(program)
        yield from self.period.mistakes()
        wrong = list(self._quota_mistakes(program))
        yield from wrong
        if wrong:
            return
        merged = merged_quotas(self, program)
        for (lower, below), (higher, quota) in pairwise(merged):
            if quota <= below:
                own = higher in self.quotas
                bound = (
                    f"more than {_shown(below, program)}" if own else f"less than {_shown(quota, program)}"
                )
                what = f"the quota of {higher!r} does not rise above that of {lower!r}"
                remedy = f"write {bound}; a level left out keeps the program's quota"
                path = ("quotas", higher if own else lower)
                yield Mistake(path, what, remedy)

    def _quota_mistakes(self, program: Program) -> Iterator[Mistake]:
        for level, number in self.quotas.items():
            path = ("quotas", level)
            if level == program.base_level:
                yield Mistake(path, f"the base level {level!r} has no quota", "remove it")
            elif level not in program.every_level_id:
                yield unknown_level(path, level, program)
            else:
                wrong = list(amount_mistakes(path, number, program.currency))
                yield from wrong
                if not wrong and parse_amount(number, program.currency) == 0:
                    yield Mistake(path, f"the quota of {level!r} is not above 0", "write an amount above 0")


def _shown(minor: int, program: Program) -> str:
    return f"{format_amount(minor, program.currency)} {program.currency}"


def merged_quotas(terms: LevelQuotaTerms, program: Program) -> Quotas:
    """Return the quotas that hold under `terms`, by rank."""
    return tuple(
        (level, parse_amount(terms.quotas[level], program.currency) if level in terms.quotas else quota)
        for level, quota in program.quotas
    )


def missing_sales(quota: int, exact: Fraction) -> int:
    """Return how much `exact` is below `quota`, in minor units: rounded half away from zero, but never 0."""
    denominator = exact.denominator
    return rounded_quotient(quota * denominator - exact.numerator, denominator) or 1


LevelBasis = Literal["reached", "kept", "below"]


class LevelEntry(NamedTuple):
    """The way to the next level; sums, `next_quota` and `remaining` are minor units of `currency`.

    `exact_sales` is the converted sum before rounding; `next_*` and `remaining` are None at the top. `last` is the
    period's last day, 0 if the entry was read back.
    """

    offer: Slug
    currency: Annotated[str, Published("code", "Currency")]
    exact_sales: Annotated[Fraction, Unpublished(like="attained_sales")]
    attained_sales: Annotated[int, Published("money", "Sales that count")]
    attained_level: Annotated[str, Published("level", "Level reached")]
    next_level: Annotated[str | None, Published("level", "Next level")]
    next_quota: Annotated[int | None, Published("money", "Its quota")]
    remaining: Annotated[int | None, Published("money", "Missing")]
    secured_level: Annotated[str, Published("level", "Secured level")]
    secured_until: Annotated[int, Published("day", "Secured until")]
    last: Annotated[int, Unpublished()] = 0

    @property
    def gives(self) -> bool:
        """Return True, because every level entry gives something."""
        return True

    def basis(self, base_level: str) -> LevelBasis:
        """Return why the secured level is secured: sales `reached` it, or it is `kept` although they did not.

        It is `below` while it is the base level, which needs no sales.
        """
        if self.secured_level == base_level:
            return "below"
        return "reached" if self.secured_level == self.attained_level else "kept"


@dataclass(frozen=True, slots=True)
class LevelQuotaRule:
    """The terms in force of one offer, with the quotas that result."""

    offer: str
    terms: LevelQuotaTerms
    first: int
    last: int
    quotas: Quotas
    products: None = None

    @classmethod
    def of(cls, origin: Origin, terms: LevelQuotaTerms) -> "LevelQuotaRule":
        """Prepare `terms` that have no mistakes."""
        quotas = merged_quotas(terms, origin.program)
        return cls(origin.offer, terms, terms.period.first, terms.period.last, quotas)

    def counted(self, sales: Sequence[Sale], basis: Basis) -> list[Sale]:
        """Return the sales of the period, of every product."""
        return counted_sales(sales, self.first, self.last, basis.as_of, deduct=basis.deduct)

    def entries(self, case: Case) -> list[LevelEntry]:
        """Return the one entry of every eligible partner."""
        program = case.basis.program
        exact = case.basis.conversion.total(self.counted(case.account.sales, case.basis), case.missing)
        attained = attained_level(exact, self.quotas, program.base_level)
        case.attained.append(attained)
        rank = program.rank(attained)
        above = (one for one in self.quotas if program.rank(one[0]) > rank)
        following, quota = next(above, (None, None))
        entry = LevelEntry(
            self.offer,
            program.currency,
            exact,
            round_half_away(exact),
            attained,
            following,
            quota,
            None if quota is None else missing_sales(quota, exact),
            program.higher(case.level, attained),
            self.terms.secured_until,
            self.last,
        )
        return [entry]

    def tallied(self, entries: Sequence[LevelEntry], case: Case) -> list[tuple[str, int]]:
        """Return the parts of each entry's exact sum."""
        counted, conversion = self.counted(case.account.sales, case.basis), case.basis.conversion
        return [part for entry in entries for part in parts_of(entry.exact_sales, counted, conversion)]

    def derived(self, entries: Sequence[LevelEntry], case: Case) -> list[Derived]:
        """Derive the level from the lines, the rates and the exact sum."""
        return [
            {
                "currency": entry.currency,
                **converted_lines(self.counted(case.account.sales, case.basis), case.basis.conversion),
                "quotas": {level: format_amount(quota, entry.currency) for level, quota in self.quotas},
                "steps": _steps(entry),
                "rounding": f"{ROUNDING.format(entry.currency)}, for show only: levels follow from the exact sum",
            }
            for entry in entries
        ]


def _steps(entry: LevelEntry) -> list[dict[str, str]]:
    currency = entry.currency
    steps = [
        step("exact sum", exact_text(entry.exact_sales, currency)),
        step("shown", amount_text(entry.attained_sales, currency)),
        step("attained level", entry.attained_level),
    ]
    if entry.next_level is not None and entry.next_quota is not None and entry.remaining is not None:
        missing = exact_text(entry.next_quota - entry.exact_sales, currency)
        steps.append(step("next level", f"{entry.next_level} at {amount_text(entry.next_quota, currency)}"))
        steps.append(step("missing", f"{missing}, shown as {amount_text(entry.remaining, currency)}"))
    return [*steps, step("secured level", f"{entry.secured_level} until {day_text(entry.secured_until)}")]


def _worth(entry: LevelEntry, terms: LevelQuotaTerms, program: Program) -> tuple[Worth, ...]:
    """Return the rank of the secured level."""
    del terms
    return (Worth("level", program.rank(entry.secured_level)),)


LEVEL_QUOTA = Kind(
    "level_quota",
    "levels",
    LevelQuotaTerms,
    LevelQuotaRule.of,
    LevelEntry,
    (Compared(("offer",), sums=("attained_sales",)),),
    _worth,
)

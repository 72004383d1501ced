"""Level quotas: the level that the counted sales attain, in the program's currency, and the next one."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Literal, NamedTuple

from rewards.account import Account, Sale
from rewards.days import day_text
from rewards.fields import Day, Number
from rewards.money import format_amount, parse_amount, round_half_away, rounded_quotient
from rewards.program import Program
from rewards.rates import Conversion
from rewards.terms import Mistake, OfferTerms, Period, amount_mistakes, counted_sales, unknown_level

Quotas = tuple[tuple[str, int], ...]
"""(level id, minor units of the program's currency), rising."""


class LevelQuotaTerms(OfferTerms):
    """`quotas` in units of the program's currency; a level left out keeps the program's."""

    kind: Literal["level_quota"] = "level_quota"
    period: Period
    quotas: dict[str, Number]
    secured_until: Day

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
            elif level not in program.level_ids:
                yield unknown_level(path, level, program)
            else:
                wrong = list(amount_mistakes(path, number, program.currency))
                yield from wrong
                if not wrong and parse_amount(number, program.currency) == 0:
                    yield Mistake(path, f"the quota of {level!r} is not above 0", "write an amount above 0")


def _shown(minor: int, program: Program) -> str:
    return f"{format_amount(minor, program.currency)} {program.currency}"


def merged_quotas(terms: LevelQuotaTerms, program: Program) -> Quotas:
    """The quotas that hold under `terms`, by rank."""
    return tuple(
        (level, parse_amount(terms.quotas[level], program.currency) if level in terms.quotas else quota)
        for level, quota in program.quotas
    )


def attained_level(exact: Fraction, quotas: Quotas, base_level: str) -> str:
    """Find the highest level whose quota is not above `exact` (minor units)."""
    whole = exact.numerator // exact.denominator
    attained = base_level
    for level, quota in quotas:
        if quota > whole:
            break
        attained = level
    return attained


def missing_sales(quota: int, exact: Fraction) -> int:
    """What `exact` lacks to a `quota` above it, rounded half away from zero, but never 0 (minor units)."""
    denominator = exact.denominator
    return rounded_quotient(quota * denominator - exact.numerator, denominator) or 1


class LevelEntry(NamedTuple):
    """The way to the next level; sums, `next_quota` and `remaining` are minor units of `currency`.

    `exact_sales` is the converted sum before rounding; `next_*` and `remaining` are None at the top.
    """

    offer: str
    currency: str
    exact_sales: Fraction
    attained_sales: int
    attained_level: str
    next_level: str | None
    next_quota: int | None
    remaining: int | None
    secured_level: str
    secured_until: int


@dataclass(frozen=True, slots=True)
class LevelQuotaRule:
    """The terms in force of one offer, with the quotas that result."""

    offer: str
    terms: LevelQuotaTerms
    quotas: Quotas

    def counted(self, account: Account, as_of: int, *, deduct: bool) -> list[Sale]:
        """The sales of the period, of every product."""
        period = self.terms.period
        return counted_sales(account.sales, period.first, period.last, as_of, deduct=deduct)

    def entry(
        self,
        account: Account,
        assigned: str,
        as_of: int,
        program: Program,
        conversion: Conversion,
        missing: list[Sale],
    ) -> LevelEntry:
        """The entry of a partner of level `assigned`; counted sales without a rate are added to `missing`."""
        deduct = program.refunds_after_period == "deduct"
        exact = conversion.total(self.counted(account, as_of, deduct=deduct), missing)
        attained = attained_level(exact, self.quotas, program.base_level)
        rank = program.rank(attained)
        following, quota = self.quotas[rank] if rank < len(self.quotas) else (None, None)
        return LevelEntry(
            self.offer,
            program.currency,
            exact,
            round_half_away(exact),
            attained,
            following,
            quota,
            None if quota is None else missing_sales(quota, exact),
            program.higher(assigned, attained),
            self.terms.secured_until,
        )


def level_json(entry: LevelEntry) -> dict[str, object]:
    """The public form of an entry."""
    currency = entry.currency
    return {
        "offer": entry.offer,
        "currency": currency,
        "attained_sales": format_amount(entry.attained_sales, currency),
        "attained_level": entry.attained_level,
        "next_level": entry.next_level,
        "next_quota": None if entry.next_quota is None else format_amount(entry.next_quota, currency),
        "remaining": None if entry.remaining is None else format_amount(entry.remaining, currency),
        "secured_level": entry.secured_level,
        "secured_until": day_text(entry.secured_until),
    }

"""Free subscriptions: how many of a product a level may hold, and until when those held run."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from rewards.account import Account
from rewards.days import day_text
from rewards.fields import Count, Day, Pick, Text
from rewards.offers.entry import Fields, Published, Slug, Unpublished
from rewards.offers.kind import Case, Compared, Derived, Kind, Origin, Worth
from rewards.offers.steps import exact_text, step
from rewards.offers.terms import (
    Headline,
    LevelId,
    Mistake,
    OfferTerms,
    OnDay,
    TermRow,
    attained_level,
    counted_sales,
    unknown_level,
)
from rewards.program import Program


class FreeSubscriptionTerms(OfferTerms):
    """`allowance` names every level, the base level included."""

    kind: Literal["free_subscription"] = "free_subscription"
    product: Annotated[Text, Field(title="Product")]
    allowance: Annotated[
        dict[str, Count],
        Pick(by="levels"),
        Field(title="How many", description="For each level; 0 for none."),
    ]
    register_by: Annotated[Day, Field(title="Register by", description="The last day to register.")]
    expires_on: Annotated[Day, Field(title="Ends on", description="The day on which they end.")]

    @property
    def deadline(self) -> int:
        """The last day to register."""
        return self.register_by

    def rows(self, program: Program) -> Iterator[TermRow]:
        """Yield product, days and allowances."""
        yield TermRow("product", (self.product,))
        yield TermRow("register_by", (OnDay(self.register_by),))
        yield TermRow("runs_until", (OnDay(self.expires_on),))
        allowances = tuple((LevelId(level), self.allowed(level, program)) for level in program.level_ids)
        yield TermRow("allowance", table=allowances)

    def headline(self, program: Program) -> Headline:
        """Return the product."""
        del program
        return Headline(self.product)

    def mistakes(self, program: Program) -> Iterator[Mistake]:
        """Find levels that the allowance lacks and levels that the program does not know."""
        yield from super().mistakes(program)
        for level in self.allowance:
            if level not in program.every_level_id:
                yield unknown_level(("allowance", level), level, program)
        for level in program.level_ids:
            if level not in self.allowance:
                yield Mistake(
                    ("allowance",),
                    f"the allowance of level {level!r} is missing",
                    "name every level, with 0 for none",
                )

    def allowed(self, level: str, program: Program) -> int:
        """Return the allowance of a level; one that the terms do not name has that of the next lower one named.

        Only a level of another day can be left out: terms name every level in force.
        """
        for lower in reversed(program.every_level_id[: program.rank(level) + 1]):
            if lower in self.allowance:
                return self.allowance[lower]
        return 0


class HeldSubscription(NamedTuple):
    """A free subscription that counts against the allowance."""

    subscription_id: Annotated[str, Published("ledger_text")]
    expires_on: Annotated[int, Published("day", "Expiry before")]
    extended_to: Annotated[int, Published("day", "Extended to")]


class FreeSubscriptionEntry(NamedTuple):
    """The right to free subscriptions of a product, and those held; `level` decides `allowed`."""

    offer: Slug
    product: Annotated[str, Published("text", "Product")]
    allowed: Annotated[int, Published("count", "Allowed")]
    held: Annotated[int, Published("count")]
    remaining: Annotated[int, Published("count")]
    register_by: Annotated[int, Published("day", "Register by")]
    subscriptions: Annotated[tuple[HeldSubscription, ...], Published("items")]
    level: Annotated[str, Unpublished()]

    @property
    def gives(self) -> bool:
        """Whether one is held or allowed."""
        return bool(self.held or self.allowed)


@dataclass(frozen=True, slots=True)
class FreeSubscriptionRule:
    """The terms in force of one offer."""

    offer: str
    terms: FreeSubscriptionTerms
    announced_on: int

    @classmethod
    def of(cls, origin: Origin, terms: FreeSubscriptionTerms) -> "FreeSubscriptionRule":
        """Take `terms` as they are."""
        return cls(origin.offer, terms, origin.announced_on)

    def held(self, account: Account, as_of: int) -> tuple[HeldSubscription, ...]:
        """Return the free subscriptions of the product that run at least to `as_of`, sorted by id."""
        held = []
        for one in account.subscriptions:
            if (
                one.plan == "free"
                and one.product == self.terms.product
                and one.expires_on >= self.announced_on
            ):
                until = max(one.expires_on, self.terms.expires_on)
                if until >= as_of:
                    held.append(HeldSubscription(one.subscription_id, one.expires_on, until))
        held.sort()
        return tuple(held)

    def entries(self, case: Case) -> list[FreeSubscriptionEntry]:
        """Return the one entry of every eligible partner."""
        terms, as_of = self.terms, case.basis.as_of
        level = allowance_level(case)
        held = self.held(case.account, as_of)
        allowed = terms.allowed(level, case.basis.program)
        remaining = 0 if as_of > terms.register_by else max(0, allowed - len(held))
        entry = FreeSubscriptionEntry(
            self.offer, terms.product, allowed, len(held), remaining, terms.register_by, held, level
        )
        return [entry]

    def derived(self, entries: Sequence[FreeSubscriptionEntry], case: Case) -> list[Derived]:
        """Derive how many remain from the level that decides and the number that it allows."""
        return [{"product": entry.product, "steps": self._steps(entry, case)} for entry in entries]

    def _steps(self, entry: FreeSubscriptionEntry, case: Case) -> list[dict[str, str]]:
        basis = case.basis
        late = basis.as_of > entry.register_by
        remaining = (
            f"0, because registering ended on {day_text(entry.register_by)}" if late else str(entry.remaining)
        )
        steps = [step("level that decides", f"{entry.level} ({basis.program.allowance_level})")]
        if basis.program.allowance_level != "assigned" and not case.attained:
            total = exact_text(sales_of_the_year(case), basis.program.currency)
            steps.append(step("sales of the calendar year", total))
        return [
            *steps,
            step("allowed", str(entry.allowed)),
            step("run at least until", day_text(self.terms.expires_on)),
            step("held", str(entry.held)),
            step("remaining", remaining),
        ]


def allowance_level(case: Case) -> str:
    """Return the level that decides how many free subscriptions are allowed.

    The attained level is the highest of the statement's level entries. Without such entries it is the level by the
    program's own quotas over the sales of the as-of day's calendar year.
    """
    program = case.basis.program
    if program.allowance_level == "assigned":
        return case.level
    if case.attained:
        attained = max(case.attained, key=program.rank)
    else:
        attained = attained_level(sales_of_the_year(case), program.quotas, program.base_level)
    return program.higher(case.level, attained) if program.allowance_level == "best" else attained


def sales_of_the_year(case: Case) -> Fraction:
    """Return the exact converted sum of the sales counted in the as-of day's calendar year, in minor units."""
    basis = case.basis
    first, last = basis.calendar_year
    counted = counted_sales(case.account.sales, first, last, basis.as_of, deduct=basis.deduct)
    return basis.conversion.total(counted, case.missing)


def _registration_over(figure: str, told: Fields, now: Fields, as_of: str) -> bool:
    return figure == "allowed" and bool(told and now) and str(now["register_by"]) < as_of


def _run_out(figure: str, told: Fields, now: Fields, as_of: str) -> bool:
    del figure
    return not now and str(told["extended_to"]) < as_of


def _worth(entry: FreeSubscriptionEntry, terms: FreeSubscriptionTerms, program: Program) -> tuple[Worth, ...]:
    """Return how many are held or may still be registered, and the days that those held run longer."""
    del terms, program
    longer = sum(one.extended_to - one.expires_on for one in entry.subscriptions)
    return (Worth("subscriptions", entry.held + entry.remaining), Worth("days", longer))


FREE_SUBSCRIPTION = Kind(
    "free_subscription",
    "free_subscriptions",
    FreeSubscriptionTerms,
    FreeSubscriptionRule.of,
    FreeSubscriptionEntry,
    (
        Compared(("offer",), _registration_over, sums=("allowed",)),
        Compared(("offer", "subscription_id"), _run_out, "subscriptions"),
    ),
    _worth,
)

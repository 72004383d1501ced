"""Extensions: months added to the subscriptions that were active on a day."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from rewards.account import Subscription
from rewards.days import add_months, day_text
from rewards.faults import Fault
from rewards.fields import Day
from rewards.offers.entry import Published, Slug
from rewards.offers.kind import Case, Compared, Derived, Kind, Origin, Worth
from rewards.offers.steps import step
from rewards.offers.terms import OfferTerms, OnDay, TermRow, Word
from rewards.program import Program

Plan = Literal["paid", "free", "trial", "nfr"]


class ExtensionTerms(OfferTerms):
    """`months` are added to each subscription of `plans` whose expiry is not before `active_on`."""

    kind: Literal["extension"] = "extension"
    months: Annotated[
        int, Field(ge=1, le=1200, title="Months", description="Added to the end of each subscription.")
    ]
    plans: Annotated[list[Plan], Field(min_length=1, default_factory=lambda: ["paid"], title="Subscriptions")]
    active_on: Annotated[
        Day, Field(title="Active on", description="Subscriptions that had not ended before this day.")
    ]
    bought_before: Day | None = Field(
        default=None,
        title="Bought before",
        description="Only subscriptions that were bought before this day.",
    )

    def rows(self, program: Program) -> Iterator[TermRow]:
        """Yield months, plans and days."""
        del program
        yield TermRow("months", (self.months,))
        yield TermRow("plans", tuple(Word(plan) for plan in self.plans))
        yield TermRow("active_on", (OnDay(self.active_on),))
        if self.bought_before is not None:
            yield TermRow("bought_before", (OnDay(self.bought_before),))


class ExtensionEntry(NamedTuple):
    """One subscription with its date before and after the extension."""

    offer: Slug
    subscription_id: Annotated[str, Published("ledger_text")]
    product: Annotated[str, Published("ledger_text", "Product")]
    expires_on: Annotated[int, Published("day", "Expiry before")]
    extended_to: Annotated[int, Published("day", "Extended to")]

    @property
    def gives(self) -> bool:
        """Return True, because every extension gives something."""
        return True


@dataclass(frozen=True, slots=True)
class ExtensionRule:
    """The terms in force of one offer."""

    offer: str
    terms: ExtensionTerms

    @classmethod
    def of(cls, origin: Origin, terms: ExtensionTerms) -> "ExtensionRule":
        """Take `terms` as they are."""
        return cls(origin.offer, terms)

    def applies(self, subscription: Subscription, faults: list[Fault]) -> bool:
        """Return whether `subscription` is extended; a missing start is a fault if `bought_before` needs it."""
        terms = self.terms
        if subscription.plan not in terms.plans or subscription.expires_on < terms.active_on:
            return False
        if terms.bought_before is None:
            return True
        if subscription.started_on is None:
            one = subscription.subscription_id
            faults.append(
                Fault(
                    f"subscription {one!r} has no started_on, which offer {self.offer!r} needs",
                    "add the day on which it was bought",
                    field="subscriptions.started_on",
                )
            )
            return False
        return subscription.started_on < terms.bought_before

    def entries(self, case: Case) -> list[ExtensionEntry]:
        """Return an entry for each extended subscription, sorted by its id."""
        entries = [
            ExtensionEntry(
                self.offer,
                one.subscription_id,
                one.product,
                one.expires_on,
                add_months(one.expires_on, self.terms.months),
            )
            for one in case.account.subscriptions
            if self.applies(one, case.faults)
        ]
        entries.sort(key=lambda entry: entry.subscription_id)
        return entries

    def derived(self, entries: Sequence[ExtensionEntry], case: Case) -> list[Derived]:
        """Derive the later date of each subscription from the earlier one."""
        del case
        return [
            {
                "subscription_id": entry.subscription_id,
                "steps": [
                    step("expires on", day_text(entry.expires_on)),
                    step("active on", f"{day_text(self.terms.active_on)} or later"),
                    step("extended", f"{self.terms.months} months, at most to the month's last day"),
                    step("extended to", day_text(entry.extended_to)),
                ],
            }
            for entry in entries
        ]


def _worth(entry: ExtensionEntry, terms: ExtensionTerms, program: Program) -> tuple[Worth, ...]:
    """Return the months that one subscription runs longer: none if it never ends."""
    del program
    return (Worth("months", terms.months if entry.extended_to > entry.expires_on else 0),)


EXTENSION = Kind(
    "extension",
    "extensions",
    ExtensionTerms,
    ExtensionRule.of,
    ExtensionEntry,
    (Compared(("offer", "subscription_id")),),
    _worth,
)

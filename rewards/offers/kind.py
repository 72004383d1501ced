"""The parts of a kind of offer: its terms, a rule that makes entries of an account, and their derivation.

The kinds stand in `kinds.py`. Nothing else in this package names them, except `Statement` for their lists.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, TypeVar, runtime_checkable

from rewards.account import Account, Sale
from rewards.faults import Fault
from rewards.offers.entry import Entry, Fields, published_fields
from rewards.offers.terms import OfferTerms, ProductFilter
from rewards.program import Program
from rewards.rates import Conversion

Derived = dict[str, object]
"""Plain JSON values; amounts, days and rates are text."""


@dataclass(frozen=True, slots=True)
class Basis:
    """The values that all rules of a day share; `conversion` is into the program's currency.

    With `deduct` a refund counts where its sale does. `calendar_year` is the first and last day of the as-of day's
    year.
    """

    program: Program
    as_of: int
    conversion: Conversion
    deduct: bool
    calendar_year: tuple[int, int]


@dataclass(slots=True)
class Case:
    """One account while its statement is computed; `level` is the assigned one.

    Rules add to `attained` (the levels of the level entries), `missing` (counted sales without a rate) and `faults`.
    """

    account: Account
    level: str
    basis: Basis
    attained: list[str] = field(default_factory=list)
    missing: list[Sale] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


One = TypeVar("One", bound=Entry)


class Rule(Protocol[One]):
    """The terms in force of one offer, prepared for many accounts."""

    @property
    def offer(self) -> str:
        """The offer's slug."""

    @property
    def terms(self) -> OfferTerms:
        """The terms in force."""

    def entries(self, case: Case) -> Sequence[One]:
        """Return the entries of an eligible partner, in the order of the statement's list."""

    def derived(self, entries: Sequence[One], case: Case) -> list[Derived]:
        """Return how those entries came about."""


@runtime_checkable
class CountingRule(Rule[One], Protocol[One]):
    """A rule that counts the sales of the days `first` to `last`, of `products` only if there are any."""

    @property
    def first(self) -> int:
        """The period's first day."""

    @property
    def last(self) -> int:
        """The period's last day."""

    @property
    def products(self) -> ProductFilter | None:
        """Which products count; None for all."""

    def counted(self, sales: Sequence[Sale], basis: Basis) -> list[Sale]:
        """Return the sales that enter the figures."""

    def tallied(self, entries: Sequence[One], case: Case) -> Iterable[tuple[str, int]]:
        """Return the counted sums as (currency, minor units), taken from the figures and not from the lines."""


class Origin(NamedTuple):
    """The offer that a rule is of, and the program that it belongs to."""

    offer: str
    announced_on: int
    program: Program


class Worth(NamedTuple):
    """A number of an entry of which more is better: minor units of a currency, months, subscriptions, days, a rank."""

    unit: str
    number: int


def nothing_counted(entry: Entry, terms: OfferTerms, program: Program) -> Sequence[Worth]:
    """Return nothing: the kind has no number of which more is better."""
    del entry, terms, program
    return ()


def never(figure: str, told: Fields, now: Fields, as_of: str) -> bool:
    """Return False: no difference comes by itself."""
    del figure, told, now, as_of
    return False


class Compared(NamedTuple):
    """How corrections compare entries, or with `within` the items of that list in each entry.

    `names` are the keys that name an entry. `by_itself` gets a figure that differs, the entry told, the entry now and
    the as-of day, and returns whether only the passing of time changed the figure. `sums` are the figures that grow
    with each sale while the period of the offer runs.
    """

    names: Sequence[str]
    by_itself: Callable[[str, Fields, Fields, str], bool] = never
    within: str = ""
    sums: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of offer: its name, its list in a statement, its terms, its rule and its entries.

    `rule` prepares terms that have no mistakes. `compared` is what corrections compare. `worth` says what an entry
    gives under its terms, so that two versions of an offer can be compared.
    """

    name: str
    list: str
    terms: type[OfferTerms]
    rule: Callable[[Origin, Any], Rule[Any]]
    entry: type[Entry]
    compared: tuple[Compared, ...]
    worth: Callable[[Any, Any, Program], Sequence[Worth]] = nothing_counted

    def labels(self, compared: Compared) -> dict[str, str]:
        """Return the figures that a correction reports, each with its label."""
        fields = published_fields(self.entry)
        if compared.within:
            item = next(one.item for one in fields if one.name == compared.within)
            fields = published_fields(item) if item is not None else ()
        return {one.name: one.label for one in fields if one.label}

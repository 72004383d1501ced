"""The terms that every kind of offer has, the sales that a period counts, and the level that they attain."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from fnmatch import translate
from fractions import Fraction
from re import compile as compiled
from typing import Annotated, Literal, NamedTuple

from pydantic import BaseModel, Field

from rewards.account import Partner, Sale
from rewards.days import day_text
from rewards.faults import KeyPath, Severity, suggestion
from rewards.fields import TERMS, Day, Pick, Text
from rewards.money import Money, parse_amount, round_half_away
from rewards.program import Program
from rewards.rates import Conversion

# Terms as rows of plain values. The generator formats the values and names the rows.


class OnDay(NamedTuple):
    """A day, as an ordinal."""

    day: int


class LevelId(NamedTuple):
    """A level, which people know by its name."""

    level: str


class Word(NamedTuple):
    """A word of ours, such as a subscription's plan, which is put into the reader's language."""

    code: str


Cell = str | int | Decimal | Fraction | Money | LevelId
"""Text of staff, a number, a share, an amount or a level."""
Value = Cell | OnDay | Word
"""The same, a day or a word."""


class TermRow(NamedTuple):
    """One line of the terms under a code; `table` holds rows of cells."""

    name: str
    values: tuple[Value, ...] = ()
    table: tuple[tuple[Cell, ...], ...] = ()


class Headline(NamedTuple):
    """The figure that says most about an offer; `highest`: of several."""

    value: Cell
    highest: bool = False


def amount_rows(name: str, amounts: Mapping[str, str]) -> Iterator[TermRow]:
    """Yield a row of the amounts by currency, if there are any."""
    if amounts:
        yield TermRow(
            name, tuple(Money.parse(number, currency) for currency, number in sorted(amounts.items()))
        )


Standing = Literal["accruing", "final"]


class Mistake(NamedTuple):
    """A mistake in terms that are well-formed by themselves; `path` leads from the top of the terms."""

    path: KeyPath
    what: str
    remedy: str
    severity: Severity = "fault"


class Period(BaseModel):
    """Both days belong to it."""

    model_config = TERMS

    first: Annotated[Day, Field(alias="from", title="First day")]
    last: Annotated[Day, Field(alias="to", title="Last day")]

    def row(self) -> TermRow:
        """Return the row with both days."""
        return TermRow("period", (OnDay(self.first), OnDay(self.last)))

    def mistakes(self) -> Iterator[Mistake]:
        """Find a period that ends before it begins."""
        if self.last < self.first:
            what = f"the period ends on {day_text(self.last)}, before it begins on {day_text(self.first)}"
            yield Mistake(("period", "to"), what, "put the earlier day in 'from'")


class Eligible(BaseModel):
    """The partners that an offer is for: each list given must hold the partner's value.

    An empty value of a partner matches nothing.
    """

    model_config = TERMS

    levels: Annotated[list[Text] | None, Pick("levels")] = Field(
        default=None, title="Levels", description="Nothing chosen: partners of every level."
    )
    countries: Annotated[list[Text] | None, Pick("countries")] = Field(
        default=None, title="Countries", description="Nothing chosen: partners of every country."
    )
    languages: Annotated[list[Text] | None, Pick("languages")] = Field(
        default=None, title="Languages", description="Nothing chosen: partners of every language."
    )

    def holds(self, partner: Partner, level: str) -> bool:
        """Return whether the offer is for `partner`, whose assigned level is `level`."""
        return (
            (self.levels is None or level in self.levels)
            and (self.countries is None or (partner.country != "" and partner.country in self.countries))
            and (self.languages is None or (partner.language != "" and partner.language in self.languages))
        )

    def rows(self) -> Iterator[TermRow]:
        """Yield a row for each list given."""
        if self.levels is not None:
            yield TermRow("eligible_levels", tuple(LevelId(level) for level in self.levels))
        if self.countries is not None:
            yield TermRow("eligible_countries", tuple(self.countries))
        if self.languages is not None:
            yield TermRow("eligible_languages", tuple(self.languages))

    def mistakes(self, program: Program) -> Iterator[Mistake]:
        """Find levels that the program does not know, and empty lists, which leave out everybody."""
        for index, level in enumerate(self.levels or ()):
            if level not in program.every_level_id:
                yield unknown_level(("eligible", "levels", index), level, program)
        for key in ("levels", "countries", "languages"):
            if getattr(self, key) == []:
                yield Mistake(
                    ("eligible", key),
                    "the list is empty, so no partner is eligible",
                    "leave the key out",
                    "remark",
                )


class OfferTerms(BaseModel):
    """The keys that an amendment can change in every kind of offer."""

    model_config = TERMS

    kind: str
    title: Annotated[Text, Field(title="Title", description="The name of the offer, for readers.")]
    summary: Annotated[
        Text, Field(title="Summary", description="One sentence with the figures, for lists and cards.")
    ]
    eligible: Eligible | None = Field(
        default=None, title="Who can have it", description="Nothing chosen: every partner."
    )

    def mistakes(self, program: Program) -> Iterator[Mistake]:
        """Find mistakes that show only beside the program; each kind adds its own."""
        if self.eligible is not None:
            yield from self.eligible.mistakes(program)

    @property
    def deadline(self) -> int | None:
        """The day until which something counts or can be done; None where nothing ends."""
        return None

    def program_on(self, program: Program, day: int) -> Program:
        """Return the program whose levels and quotas the terms use on a day: after the deadline those of that day.

        So next year's quotas change nothing about the sales of this year.
        """
        return program.on(day if self.deadline is None else min(day, self.deadline))

    def rows(self, program: Program) -> Iterator[TermRow]:
        """Yield the terms of the kind in the order in which people ask for them."""
        raise NotImplementedError

    def headline(self, program: Program) -> Headline | None:
        """Return the figure that a card shows large; None for no figure."""
        del program
        return None

    def is_for(self, partner: Partner, level: str) -> bool:
        """Return whether `partner`, whose assigned level is `level`, is eligible."""
        return self.eligible is None or self.eligible.holds(partner, level)


class Products(BaseModel):
    """Shell-style, case-sensitive patterns on a product; `exclude` wins, and without `include` all products count.

    An empty pattern matches a sale without a product.
    """

    model_config = TERMS

    include: Annotated[list[str] | None, Pick("products")] = Field(
        default=None,
        title="Only these products",
        description="One a line; * stands for any letters. Empty: all.",
    )
    exclude: Annotated[list[str], Pick("products")] = Field(
        default=[], title="Without these products", description="One a line; they never count."
    )

    def rows(self) -> Iterator[TermRow]:
        """Yield a row for each list that says something."""
        if self.include is not None:
            yield TermRow("products", tuple(self.include))
        if self.exclude:
            yield TermRow("products_excluded", tuple(self.exclude))

    def mistakes(self) -> Iterator[Mistake]:
        """Find an empty list, which counts no sale."""
        if self.include == []:
            yield Mistake(
                ("products", "include"), "the list is empty, so no sale counts", "leave the key out", "remark"
            )


class ProductFilter:
    """A filter of products by their patterns, which decides each distinct product once."""

    def __init__(self, products: Products) -> None:
        self._include = (
            None if products.include is None else [compiled(translate(one)) for one in products.include]
        )
        self._exclude = [compiled(translate(one)) for one in products.exclude]
        self._decided: dict[str, bool] = {}

    def counts(self, product: str) -> bool:
        """Return whether a sale of `product` counts; a missing product is matched as empty text."""
        decided = self._decided.get(product)
        if decided is None:
            included = self._include is None or any(pattern.match(product) for pattern in self._include)
            decided = included and not any(pattern.match(product) for pattern in self._exclude)
            self._decided[product] = decided
        return decided


def counted_sales(sales: Iterable[Sale], first: int, last: int, as_of: int, *, deduct: bool) -> list[Sale]:
    """Return the sales of the days `first` to `last` that are not after `as_of`.

    With `deduct` a refund that names its sale counts in the period of that sale, whatever its own day, if its own day
    is not after `as_of`.
    """
    if deduct:
        return [
            sale
            for sale in sales
            if sale[2] <= as_of and first <= (sale[2] if sale[7] is None else sale[7]) <= last
        ]
    until = min(last, as_of)
    return [sale for sale in sales if first <= sale[2] <= until]


Quotas = tuple[tuple[str, int], ...]
"""(level id, minor units of the program's currency), rising."""


def attained_level(exact: Fraction, quotas: Quotas, base_level: str) -> str:
    """Return the highest level whose quota is not above `exact` (minor units)."""
    whole = exact.numerator // exact.denominator
    attained = base_level
    for level, quota in quotas:
        if quota > whole:
            break
        attained = level
    return attained


def parts_of(exact: Fraction, counted: Sequence[Sale], conversion: Conversion) -> list[tuple[str, int]]:
    """Split a converted sum into its foreign sales as they are and the rest, as (currency, minor units).

    The parts are whole minor units. If a sale was once converted at another rate, the difference remains visible.
    """
    target = conversion.target
    foreign = [sale for sale in counted if sale[4] != target]
    own = exact - conversion.total(foreign, []) if foreign else exact
    return [*((sale[4], sale[3]) for sale in foreign), (target, round_half_away(own))]


def standing(as_of: int, last: int) -> Standing:
    """Return `final` if the period that ends on `last` is over as of a day, else `accruing`."""
    return "final" if as_of > last else "accruing"


def unknown_level(path: KeyPath, level: str, program: Program) -> Mistake:
    """Return the mistake of a level id that the program does not know."""
    return Mistake(path, f"{level!r} is no level of the program", suggestion(level, program.every_level_id))


def amount_mistakes(path: KeyPath, number: str, currency: str) -> Iterator[Mistake]:
    """Find what keeps `number` from being an amount of `currency` from 0 up."""
    try:
        minor = parse_amount(number, currency)
    except ValueError as error:
        what, _, remedy = str(error).partition("; ")
        yield Mistake(path, what, remedy)
    else:
        if minor < 0:
            yield Mistake(path, f"{number} is below 0", "write an amount from 0 up")

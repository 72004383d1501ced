"""The terms of an offer as rows for people: names that templates translate, and formatted values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from generator.formats import Formats
from generator.shown import Shown
from generator.statement_view import level_names
from rewards import (
    BonusTerms,
    CashbackTerms,
    ExtensionTerms,
    FreeSubscriptionTerms,
    LevelQuotaTerms,
    Offer,
    OfferTerms,
    Policy,
    parse_amount,
)

Cells = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the terms. `name` and `words` are codes that templates put into words; `values` are texts.

    `days` are formatted days whose `raw` is the ISO form: one, or the first and last of a period.
    `table` holds rows of cells, whose head follows from `name`.
    """

    name: str
    values: Cells = ()
    words: Cells = ()
    days: tuple[Shown, ...] = ()
    number: int | None = None
    table: tuple[Cells, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """A row before and after an amendment; None where there was or is none."""

    before: Row | None
    after: Row | None


@dataclass(frozen=True, slots=True)
class AmendmentView:
    """What changed on a day, and the notes that say why."""

    day: Shown
    notes: Cells
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class TermsView:
    """Terms for templates: the rows, the figure that a card shows large, and the day that matters most."""

    kind: str
    rows: tuple[Row, ...]
    figure: str
    up_to: bool
    months: int
    deadline: Shown | None
    passed: bool
    history: tuple[AmendmentView, ...] = field(default=())


class TermsFormatter:
    """Puts the terms of one policy into rows in one language."""

    def __init__(self, policy: Policy, formats: Formats) -> None:
        self._program = policy.program
        self._formats = formats
        self._names = level_names(policy)

    def view(self, offer: Offer, as_of: int) -> TermsView:
        """The terms in force on `as_of` of an offer announced by then, and the amendments up to it."""
        terms = offer.terms_on(as_of)
        if terms is None:
            raise ValueError(f"offer {offer.slug!r} is not announced yet")
        figure, up_to = self._figure(terms)
        deadline = terms.deadline
        return TermsView(
            kind=offer.kind,
            rows=self.rows(terms),
            figure=figure,
            up_to=up_to,
            months=terms.months if isinstance(terms, ExtensionTerms) else 0,
            deadline=None if deadline is None else self._formats.day(deadline),
            passed=deadline is not None and deadline < as_of,
            history=self._history(offer, as_of),
        )

    def rows(self, terms: OfferTerms) -> tuple[Row, ...]:
        """The rows of any terms, in the order in which people ask for them."""
        match terms:
            case CashbackTerms():
                rows = self._cashback(terms)
            case ExtensionTerms():
                rows = self._extension(terms)
            case FreeSubscriptionTerms():
                rows = self._free_subscription(terms)
            case LevelQuotaTerms():
                rows = self._level_quota(terms)
            case BonusTerms():
                rows = self._bonus(terms)
            case _:
                raise TypeError(f"no rows are known for offers of kind {terms.kind!r}")
        return (*rows, *self._eligible(terms))

    def _cashback(self, terms: CashbackTerms) -> list[Row]:
        rows = [
            self._period(terms.period.first, terms.period.last),
            self._day("credited_on", terms.credited_on),
        ]
        if terms.rate is not None:
            rows.insert(0, Row("rate", (self._formats.percent(terms.rate),)))
        else:
            table = tuple(
                (self._step(tier.start), str(self._formats.percent(tier.rate))) for tier in terms.tiers or ()
            )
            rows.insert(0, Row("tiers", words=(terms.mode or "",), table=table))
        rows += self._amounts("minimum", terms.minimum) + self._amounts("cap", terms.cap)
        if terms.products and terms.products.include is not None:
            rows.append(Row("products", tuple(terms.products.include)))
        if terms.products and terms.products.exclude:
            rows.append(Row("products_excluded", tuple(terms.products.exclude)))
        return rows

    def _step(self, start: str) -> str:
        """Where a tier begins: the same number in every currency, so it has no unit."""
        return str(self._formats.number(int(start))) if start.isdigit() else start

    def _amounts(self, name: str, amounts: Mapping[str, str]) -> list[Row]:
        shown = tuple(
            self._formats.money(parse_amount(number, currency), currency)
            for currency, number in sorted(amounts.items())
        )
        return [Row(name, shown)] if shown else []

    def _extension(self, terms: ExtensionTerms) -> list[Row]:
        rows = [
            Row("months", number=terms.months),
            Row("plans", words=tuple(terms.plans)),
            self._day("active_on", terms.active_on),
        ]
        return (
            rows if terms.bought_before is None else [*rows, self._day("bought_before", terms.bought_before)]
        )

    def _free_subscription(self, terms: FreeSubscriptionTerms) -> list[Row]:
        allowance = tuple(
            (self._names[level], str(self._formats.number(terms.allowance[level])))
            for level in self._program.level_ids
        )
        return [
            Row("product", (terms.product,)),
            self._day("register_by", terms.register_by),
            self._day("runs_until", terms.expires_on),
            Row("allowance", table=allowance),
        ]

    def _level_quota(self, terms: LevelQuotaTerms) -> list[Row]:
        currency = self._program.currency
        table = tuple(
            (
                self._names[level],
                str(self._formats.money(usual, currency)),
                str(self._formats.money(now, currency)),
            )
            for level, usual, now in self._quotas(terms)
        )
        return [
            self._period(terms.period.first, terms.period.last),
            self._day("secured_until", terms.secured_until),
            Row("quotas", table=table),
        ]

    def _bonus(self, terms: BonusTerms) -> list[Row]:
        return [
            *self._amounts("amount", terms.amount),
            Row("level", (self._names[terms.level],)),
            self._period(terms.period.first, terms.period.last),
        ]

    def _quotas(self, terms: LevelQuotaTerms) -> list[tuple[str, int, int]]:
        """Level, usual quota and the quota under `terms`."""
        currency = self._program.currency
        return [
            (level, usual, parse_amount(terms.quotas[level], currency) if level in terms.quotas else usual)
            for level, usual in self._program.quotas
        ]

    def _eligible(self, terms: OfferTerms) -> list[Row]:
        eligible = terms.eligible
        if eligible is None:
            return []
        named = (
            (
                "eligible_levels",
                None if eligible.levels is None else [self._names[one] for one in eligible.levels],
            ),
            ("eligible_countries", eligible.countries),
            ("eligible_languages", eligible.languages),
        )
        return [Row(name, tuple(values)) for name, values in named if values is not None]

    def _period(self, first: int, last: int) -> Row:
        return Row("period", days=(self._formats.day(first), self._formats.day(last)))

    def _day(self, name: str, day: int) -> Row:
        return Row(name, days=(self._formats.day(day),))

    def _figure(self, terms: OfferTerms) -> tuple[str, bool]:
        """The figure that a card shows large, and whether it is the highest of several."""
        if isinstance(terms, CashbackTerms):
            rates = [terms.rate] if terms.rate is not None else [tier.rate for tier in terms.tiers or ()]
            return str(self._formats.percent(max(rates))), terms.rate is None
        if isinstance(terms, FreeSubscriptionTerms):
            return terms.product, False
        if isinstance(terms, BonusTerms):
            own = self._program.currency
            currency = own if own in terms.amount else min(terms.amount)
            return str(self._formats.money(parse_amount(terms.amount[currency], currency), currency)), False
        if isinstance(terms, LevelQuotaTerms):
            cuts = [Fraction(usual - now, usual) for _, usual, now in self._quotas(terms)]
            whole = Fraction(int(max(cuts) * 100), 100)
            return (
                (f"\N{MINUS SIGN}{self._formats.percent(whole)}", len(set(cuts)) > 1)
                if whole > 0
                else ("", False)
            )
        return "", False

    def _history(self, offer: Offer, as_of: int) -> tuple[AmendmentView, ...]:
        """The amendments in force since the announcement, the newest first."""
        found = []
        for before, after in zip(offer.versions, offer.versions[1:], strict=False):
            if after.effective_on > as_of or after.effective_on <= offer.announced_on:
                continue
            notes = tuple(
                one.note
                for one in offer.amendments
                if one.effective_on == after.effective_on and one.note.strip()
            )
            changes = _changes(self.rows(before.terms), self.rows(after.terms))
            found.append(AmendmentView(self._formats.day(after.effective_on), notes, changes))
        return tuple(reversed(found))


def _changes(before: tuple[Row, ...], after: tuple[Row, ...]) -> tuple[Change, ...]:
    old, new = ({row.name: row for row in rows} for rows in (before, after))
    names = dict.fromkeys([*old, *new])
    return tuple(Change(old.get(name), new.get(name)) for name in names if old.get(name) != new.get(name))

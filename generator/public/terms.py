"""The terms of an offer as rows for people: names that templates translate, and formatted values."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Self

from generator.statements.view import level_names
from generator.templating.formats import Direction, Formats, direction
from generator.templating.values import Shown
from rewards import (
    Cell,
    ExtensionTerms,
    LevelId,
    Money,
    Offer,
    OfferTerms,
    OnDay,
    Policy,
    TermRow,
    Word,
)

Cells = tuple[str, ...]
NotesOf = Callable[[int], Iterable[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class TermRowView:
    """One row of the terms. `name` and `words` are codes that templates translate; `values` are texts.

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
    """A row before and after an amendment; None if the row is added or removed."""

    before: TermRowView | None
    after: TermRowView | None


class Note(str):
    """A note of an amendment, with the language in which it is written and its direction."""

    __slots__ = ("direction", "language")
    language: str
    direction: Direction

    def __new__(cls, text: str, language: str) -> Self:
        """Mark a text with its language."""
        note = super().__new__(cls, text)
        note.language, note.direction = language, direction(language)
        return note


@dataclass(frozen=True, slots=True)
class AmendmentView:
    """The changes of a day, and the notes that explain them."""

    day: Shown
    notes: tuple[Note, ...]
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class TermsView:
    """Terms for templates: the rows, the headline figure, and the deadline; `passed` tells that it is over."""

    kind: str
    rows: tuple[TermRowView, ...]
    figure: str
    up_to: bool
    months: int
    deadline: Shown | None
    passed: bool
    history: tuple[AmendmentView, ...] = field(default=())


class TermsFormatter:
    """Formats the terms of one policy in one language; `written_in` is the language of the notes of the program."""

    def __init__(self, policy: Policy, formats: Formats, written_in: str) -> None:
        self._policy = policy
        self._formats = formats
        self._language = written_in

    def view(self, offer: Offer, as_of: int, notes: NotesOf) -> TermsView:
        """Return the terms of `as_of` and the amendments up to it; raises ValueError before the announcement.

        `notes` returns text and language of the notes of a day.
        """
        terms = offer.terms_on(as_of)
        if terms is None:
            raise ValueError(f"offer {offer.slug!r} is not announced yet")
        headline = terms.headline(terms.program_on(self._policy.program, as_of))
        deadline = terms.deadline
        return TermsView(
            kind=offer.kind,
            rows=self.rows(terms, as_of),
            figure="" if headline is None else self._text(headline.value, as_of),
            up_to=headline is not None and headline.highest,
            months=terms.months if isinstance(terms, ExtensionTerms) else 0,
            deadline=None if deadline is None else self._formats.day(deadline),
            passed=deadline is not None and deadline < as_of,
            history=self._history(offer, as_of, notes),
        )

    def rows(self, terms: OfferTerms, day: int) -> tuple[TermRowView, ...]:
        """Return the rows of any terms beside the program of a day; those about eligibility come last."""
        eligible = () if terms.eligible is None else terms.eligible.rows()
        program = terms.program_on(self._policy.program, day)
        return tuple(self._row(row, day) for row in (*terms.rows(program), *eligible))

    def _row(self, row: TermRow, day: int) -> TermRowView:
        return TermRowView(
            row.name,
            values=tuple(
                self._text(value, day) for value in row.values if not isinstance(value, OnDay | Word | int)
            ),
            words=tuple(value.code for value in row.values if isinstance(value, Word)),
            days=tuple(self._formats.day(value.day) for value in row.values if isinstance(value, OnDay)),
            number=next((value for value in row.values if isinstance(value, int)), None),
            table=tuple(tuple(self._text(cell, day) for cell in cells) for cells in row.table),
        )

    def _text(self, cell: Cell, day: int) -> str:
        match cell:
            case Money():
                return str(self._formats.money(cell.minor, cell.currency))
            case LevelId():
                return level_names(self._policy, day)[cell.level]
            case Fraction():
                return str(self._formats.percent(cell)).replace("-", "\N{MINUS SIGN}")
            case Decimal():
                return self._formats.decimal_text(cell)
            case int():
                return str(self._formats.number(cell))
            case str():
                return cell

    def _history(self, offer: Offer, as_of: int, notes: NotesOf) -> tuple[AmendmentView, ...]:
        """Return the amendments in force since the announcement, the newest first.

        An amendment of the program is among them if it changes a row of the offer's terms.
        """
        own = {version.effective_on for version in offer.versions}
        of_program = {one.effective_on: one for one in self._policy.program.amendments}
        found = []
        for day in sorted(own | of_program.keys(), reverse=True):
            before, after = offer.terms_on(day - 1), offer.terms_on(day)
            if day > as_of or before is None or after is None:
                continue
            old, new = self.rows(before, day - 1), self.rows(after, day)
            if day not in own and old == new:
                continue
            texts = [Note(text, language) for text, language in notes(day)] if day in own else []
            if day in of_program and self.rows(after, day - 1) != new and of_program[day].note:
                texts.append(Note(of_program[day].note, self._language))
            found.append(AmendmentView(self._formats.day(day), tuple(texts), _changes(old, new)))
        return tuple(found)


def _changes(before: tuple[TermRowView, ...], after: tuple[TermRowView, ...]) -> tuple[Change, ...]:
    old, new = ({row.name: row for row in rows} for rows in (before, after))
    names = dict.fromkeys([*old, *new])
    return tuple(Change(old.get(name), new.get(name)) for name in names if old.get(name) != new.get(name))

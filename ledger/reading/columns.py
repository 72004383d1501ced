"""Which column of a file probably holds what ours hold: by its name in several languages, else by its values."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field

from ledger.reading.forms import USUAL_FORMS, date_reader, number_reader
from ledger.reading.headers import called, is_like, plain_name
from ledger.reading.raw import RawFile
from ledger.tables import PLANS, STATUSES, Column, Table
from rewards import MINOR_UNITS

_FIRST = ("first name", "vorname", "prénom", "prenom", "given name", "الاسم الأول")
_LAST = ("last name", "nachname", "surname", "nom", "apellido", "apellidos", "family name", "اسم العائلة")
_MOST_SEEN = 200
_NEARLY = 0.9
_LEAST_WORD = 4
_PARTS = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class LikelyColumns:
    """The names in the file by our columns, and those of which one of ours is joined."""

    columns: dict[str, str] = field(default_factory=dict)
    joined: dict[str, tuple[str, str]] = field(default_factory=dict)


def likely_columns(
    table: Table, raw: RawFile, levels: Mapping[str, str], partner_ids: Collection[str]
) -> LikelyColumns:
    """Return the likely columns; each name in the file stands for one column of ours at most.

    Sure signs come first: our own name, a usual name, one that is nearly so, one that has a usual name among its words.
    Then required columns take what has the right values.
    """
    found = LikelyColumns()
    free = [name for name in dict.fromkeys(raw.names) if name]
    for test in (str.__eq__, _is_called, is_like):
        _take(table, found, free, test)
    if "name" in table.names and "name" not in found.columns:
        parts = [
            next((one for one in free if plain_name(one) in _plain(words)), "") for words in (_FIRST, _LAST)
        ]
        if all(parts):
            found.joined["name"] = (parts[0], parts[1])
            free = [one for one in free if one not in parts]
    _take(table, found, free, _has_word)
    for column in table.columns:
        if column.required and column.name not in {*found.columns, *found.joined}:
            fits = [one for one in free if _holds(column, _values(raw, one), levels, partner_ids)]
            if fits:
                found.columns[column.name] = fits[0]
                free.remove(fits[0])
    return found


def _take(table: Table, found: LikelyColumns, free: list[str], test: Callable[[str, str], bool]) -> None:
    for column in table.columns:
        if column.name not in {*found.columns, *found.joined}:
            fits = [name for name in free if test(column.name, name)]
            if fits:
                found.columns[column.name] = fits[0]
                free.remove(fits[0])


def _is_called(column: str, name: str) -> bool:
    return plain_name(name) in called(column)


def _has_word(column: str, name: str) -> bool:
    """Return whether a word of a longer name is one that programs give to the column; `id` and the like say nothing."""
    words = {plain_name(word) for word in _PARTS.split(name)}
    return len(words) > 1 and not {one for one in words if len(one) >= _LEAST_WORD}.isdisjoint(called(column))


def _plain(names: Collection[str]) -> frozenset[str]:
    return frozenset(map(plain_name, names))


def _values(raw: RawFile, name: str) -> list[str]:
    at = raw.names.index(name)
    seen = (row.fields[at].strip() for row in raw.rows[:_MOST_SEEN] if at < len(row.fields))
    return [text for text in seen if text]


def _holds(
    column: Column, values: list[str], levels: Mapping[str, str], partner_ids: Collection[str]
) -> bool:
    """Return whether nearly all values are such as the column holds; rows of totals hold others."""
    known: dict[str, Callable[[str], bool]] = {
        "currency": lambda text: text in MINOR_UNITS,
        "level": lambda text: text.casefold() in {one.casefold() for pair in levels.items() for one in pair},
        "partner": lambda text: text in partner_ids,
        "plan": lambda text: text.casefold() in PLANS,
        "status": lambda text: text.casefold() in STATUSES,
        "day": _is_day,
        "instant": _is_day,
        "amount": _is_number,
        "rate": _is_number,
    }
    test = (lambda text: "@" in text) if column.name == "email" else known.get(column.kind)
    return bool(values) and test is not None and sum(map(test, values)) >= _NEARLY * len(values)


def _is_day(text: str) -> bool:
    return any(_read(date_reader((form,)), text) for form in USUAL_FORMS)


def _is_number(text: str) -> bool:
    """Return whether it is a number with a mark in it; digits alone are as often an id."""
    forms: Iterator[tuple[str, str]] = iter(((".", ","), (",", "."), (",", " "), (".", "'")))
    return not text.isdigit() and any(_read(number_reader(*form), text) for form in forms)


def _read(reader: Callable[[str], object], text: str) -> bool:
    try:
        return bool(reader(text))
    except ValueError:
        return False

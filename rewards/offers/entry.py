"""Entries declare their fields once: public form, reading back, views, table columns and labels follow from that.

An entry is a `NamedTuple` whose annotations carry a mark for each field, `Published` or `Unpublished`. Amounts are
minor units of the entry's `currency`, days are ordinals, rates are fractions.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from types import NoneType
from typing import Annotated, Any, Literal, Protocol, TypeVar, cast, get_args, get_origin, get_type_hints

from rewards.days import day_text, parse_day
from rewards.money import format_amount, parse_amount

Fields = Mapping[str, Any]
"""The public form of an entry, as JSON values."""
Form = Literal["text", "code", "ledger_text", "level", "money", "day", "rate", "count", "items"]
"""The kind of value in a published field.

`text` was written by staff. `code` is a word of ours or a currency. `ledger_text` comes from the partner data and may
hold anything. `level` is the id of a level. `items` is a tuple of entries without an `offer` of their own.
"""


@dataclass(frozen=True, slots=True)
class Published:
    """The mark of a field that is part of the public form.

    `label` names the figure for people in a correction, and is a message of the catalogs. Corrections do not report a
    field without a label.
    """

    form: Form
    label: str = ""


@dataclass(frozen=True, slots=True)
class Unpublished:
    """The mark of a field that the public form leaves out.

    When the entry is read back, the field takes the value of the field `like`, or the empty value of its type.
    """

    like: str = ""


Slug = Annotated[str, Published("text")]
"""The offer of an entry."""


class Entry(Protocol):
    """The benefit of one offer for one partner, once for each currency, subscription or product."""

    @property
    def offer(self) -> str:
        """The offer's slug."""

    @property
    def gives(self) -> bool:
        """Whether it gives something, as a campaign's `audience.offers` asks."""


@dataclass(frozen=True, slots=True)
class EntryField:
    """One published field of an entry; `item` is the type of its items, and `optional` fields may be None."""

    name: str
    form: Form
    label: str
    optional: bool
    item: type | None = None


_FIELDS: dict[type, tuple[EntryField, ...]] = {}


def published_fields(entry: type) -> tuple[EntryField, ...]:
    """Return the published fields of a type of entry or item, in the order of its public form."""
    found = _FIELDS.get(entry)
    if found is None:
        found = _FIELDS[entry] = tuple(
            EntryField(name, mark.form, mark.label, NoneType in get_args(base), _item(base))
            for name, base, mark in _declared(entry)
            if isinstance(mark, Published)
        )
    return found


def _declared(entry: type) -> list[tuple[str, Any, Published | Unpublished]]:
    """Return name, type and mark of each field."""
    found = []
    for name, hint in get_type_hints(entry, include_extras=True).items():
        if get_origin(hint) is not Annotated:
            raise TypeError(f"{entry.__name__}.{name} has no mark; write Annotated[type, Published(form)]")
        base, mark = get_args(hint)
        found.append((name, base, mark))
    return found


def _item(base: object) -> type | None:
    return get_args(base)[0] if get_origin(base) is tuple else None


@lru_cache(maxsize=1024)
def rate_text(rate: Fraction) -> str:
    """Write a share as a decimal without trailing zeros: 3/20 as `0.15`, 1 as `1`.

    Raises `ValueError` for a share without a finite decimal form; a percentage always has one.
    """
    # A denominator of n bits that divides some power of ten divides the n-th.
    enough = (place for place in range(rate.denominator.bit_length()) if not 10**place % rate.denominator)
    places = next(enough, None)
    if places is None:
        raise ValueError(f"{rate} has no finite decimal form; write it as a fraction")
    digits = str((rate * 10**places).numerator).rjust(places + 1, "0")
    return f"{digits[:-places]}.{digits[-places:]}" if places else digits


Writer = Callable[[Any, str], object]
_WRITERS: Mapping[Form, Writer] = {
    "money": format_amount,
    "day": lambda value, _: day_text(value),
    "rate": lambda value, _: rate_text(value),
    "items": lambda value, _: [public_form(item) for item in value],
}
_READERS: Mapping[Form, Writer] = {
    "money": parse_amount,
    "day": lambda value, _: parse_day(value),
    "rate": lambda value, _: Fraction(value),
}


def public_form(entry: object) -> dict[str, object]:
    """Return the JSON form of an entry or item: money with the currency's places, days and rates as text."""
    currency = getattr(entry, "currency", "")
    found: dict[str, object] = {}
    for field in published_fields(type(entry)):
        value, write = getattr(entry, field.name), _WRITERS.get(field.form)
        found[field.name] = value if write is None or value is None else write(value, currency)
    return found


Read = TypeVar("Read")


def read_back(entry: type[Read], fields: Fields) -> Read:
    """Return the entry or item of that type whose public form is `fields`."""
    currency = fields.get("currency", "")
    declared: type = cast("type[Any]", entry)
    values: dict[str, Any] = {}
    for field in published_fields(declared):
        value, read, item = fields[field.name], _READERS.get(field.form), field.item
        if item is not None:
            values[field.name] = tuple(read_back(item, one) for one in value)
        else:
            values[field.name] = value if read is None or value is None else read(value, currency)
    for name, base, mark in _declared(declared):
        if isinstance(mark, Unpublished):
            values[name] = base(values[mark.like]) if mark.like else base()
    return entry(**values)

"""What of a statement differs from what its partner was told: the ledger or the terms changed, not only the day.

Works on the JSON form of statements, because that is what a frozen message keeps. What changes by itself corrects
nothing, as each kind of offer says: a status that follows the calendar; a credit that was posted as it was told; a
free subscription that has run out, and an allowance whose time to register is over.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from rewards.offers.kind import Compared, Fields
from rewards.offers.kinds import KINDS
from rewards.statements.statement import LISTS

Key = tuple[str, ...]


class Difference(NamedTuple):
    """One figure that is not what was told.

    `table` is the statement's list, `key` names the entry (offer, then currency or subscription id), `told` and `now`
    are JSON values, None where there was or is no such entry.
    """

    table: str
    key: Key
    figure: str
    told: object
    now: object


def differences(told: Fields, now: Fields) -> list[Difference]:
    """Every figure of the statement `now` that differs from the statement `told`, in the order of their lists."""
    as_of = now["as_of"]
    return [
        Difference(compared.within or name, key, figure, before.get(figure), after.get(figure))
        for name, compared in _TABLES
        for key, before, after in _pairs(_by_key(name, compared, told), _by_key(name, compared, now))
        for figure in compared.figures
        if before.get(figure) != after.get(figure) and not compared.by_itself(figure, before, after, as_of)
    ]


_KIND_OF = {kind.list: kind for kind in KINDS.values()}
_TABLES = [(name, compared) for name in LISTS for compared in _KIND_OF[name].compared]


def _pairs(before: Mapping[Key, Fields], after: Mapping[Key, Fields]) -> Iterator[tuple[Key, Fields, Fields]]:
    """The entries of both statements by their key; an empty mapping stands for none."""
    for key in sorted(before.keys() | after.keys()):
        yield key, before.get(key, {}), after.get(key, {})


def _by_key(name: str, compared: Compared, statement: Fields) -> dict[Key, Fields]:
    entries: Iterable[Fields] = statement.get(name, ())
    if compared.within:
        entries = ({"offer": entry["offer"], **one} for entry in entries for one in entry[compared.within])
    return {tuple(str(entry[key]) for key in compared.names): entry for entry in entries}

"""Corrections: the figures of a statement that differ from those its partner was told.

The comparison works on the JSON form of statements, because a frozen message keeps that form. A difference that comes
by itself is no correction: a status that follows the calendar, a credit that was posted as it was told, a free
subscription that has run out, an allowance whose time to register is over. Each kind of offer decides this. Nor is it a
correction that a sum grew which was told while its period was running.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple

from rewards.offers.entry import Fields
from rewards.offers.kind import Compared
from rewards.offers.kinds import KIND_OF_LIST
from rewards.statements.statement import LISTS

Key = tuple[str, ...]


class Difference(NamedTuple):
    """One figure that is not what was told.

    `table` is the statement's list, or the list of items within an entry. `key` names the entry (offer, then currency
    or subscription id). `label` names the figure for people. `told` and `now` are JSON values, None without an entry.
    """

    table: str
    key: Key
    figure: str
    told: object
    now: object
    label: str


def differences(told: Fields, now: Fields, running: Collection[str] = ()) -> list[Difference]:
    """Return every figure of the statement `now` that differs from `told`, in the order of the statement's lists.

    `running` are offers with unchanged terms whose period was running when the statement was told. Their sums were told
    as what they were so far: an entry that only grew since then is left out.
    """
    as_of, later = now["as_of"], str(told["as_of"]) < str(now["as_of"])
    return [
        Difference(compared.within or name, key, figure, before.get(figure), after.get(figure), label)
        for name, compared, labels in _TABLES
        for key, before, after in _pairs(_by_key(name, compared, told), _by_key(name, compared, now))
        if not (later and key[0] in running and _only_grew(compared, before, after))
        for figure, label in labels.items()
        if before.get(figure) != after.get(figure) and not compared.by_itself(figure, before, after, as_of)
    ]


def _only_grew(compared: Compared, told: Fields, now: Fields) -> bool:
    """Return whether an entry has sums and none of them fell; a missing entry has sums of zero."""
    return bool(compared.sums) and all(
        Decimal(str(told.get(one, 0))) <= Decimal(str(now.get(one, 0))) for one in compared.sums
    )


_TABLES = [
    (name, compared, kind.labels(compared))
    for name, kind in ((name, KIND_OF_LIST[name]) for name in LISTS)
    for compared in kind.compared
]


def _pairs(before: Mapping[Key, Fields], after: Mapping[Key, Fields]) -> Iterator[tuple[Key, Fields, Fields]]:
    """Pair the entries of both statements by key; an empty mapping stands for a missing entry."""
    for key in sorted(before.keys() | after.keys()):
        yield key, before.get(key, {}), after.get(key, {})


def _by_key(name: str, compared: Compared, statement: Fields) -> dict[Key, Fields]:
    entries: Iterable[Fields] = statement.get(name, ())
    if compared.within:
        entries = ({"offer": entry["offer"], **one} for entry in entries for one in entry[compared.within])
    return {tuple(str(entry[key]) for key in compared.names): entry for entry in entries}

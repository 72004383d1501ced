"""What of a statement differs from what its partner was told: the ledger or the terms changed, not only the day.

Works on the JSON form of statements, because that is what a frozen message keeps. Three things change by themselves
and correct nothing: the day and a status that follow the calendar; a credit that was posted as it was told; a free
subscription that has run out, and an allowance whose time to register is over.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

Entry = Mapping[str, object]
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


def differences(told: Entry, now: Entry) -> list[Difference]:
    """Every figure of the statement `now` that differs from the statement `told`, in the order of their lists."""
    as_of = str(now["as_of"])
    return [
        Difference(table.name, key, figure, before.get(figure), after.get(figure))
        for table in _TABLES
        for key, before, after in _pairs(table, told, now)
        for figure in table.figures
        if before.get(figure) != after.get(figure) and not table.by_itself(figure, before, after, as_of)
    ]


def _posted_as_told(figure: str, told: Entry, now: Entry, as_of: str) -> bool:
    """Whether `to_credit` only went down because what was told has been credited since, to the last unit."""
    del as_of
    if figure != "to_credit" or not told or not now or told["amount"] != now["amount"]:
        return False
    credited = Decimal(str(told["already_credited"])) + Decimal(str(told["to_credit"]))
    return credited == Decimal(str(now["already_credited"]))


def _never(figure: str, told: Entry, now: Entry, as_of: str) -> bool:
    del figure, told, now, as_of
    return False


def _registration_over(figure: str, told: Entry, now: Entry, as_of: str) -> bool:
    return figure == "allowed" and bool(told and now) and str(now["register_by"]) < as_of


def _run_out(figure: str, told: Entry, now: Entry, as_of: str) -> bool:
    del figure
    return not now and str(told["extended_to"]) < as_of


class _Table(NamedTuple):
    """A list of a statement: what names an entry, which figures are compared, which differences come by themselves."""

    name: str
    names: Sequence[str]
    figures: Sequence[str]
    by_itself: Callable[[str, Entry, Entry, str], bool] = _never


_SUBSCRIPTIONS = "subscriptions"
_LEVEL = ("currency", "attained_sales", "attained_level", "next_level", "next_quota", "remaining")
_TABLES = (
    _Table(
        "cashback",
        ("offer", "currency"),
        ("eligible_sales", "rate", "amount", "to_credit", "credited_on"),
        _posted_as_told,
    ),
    _Table("extensions", ("offer", "subscription_id"), ("product", "expires_on", "extended_to")),
    _Table("free_subscriptions", ("offer",), ("product", "allowed", "register_by"), _registration_over),
    _Table(_SUBSCRIPTIONS, ("offer", "subscription_id"), ("expires_on", "extended_to"), _run_out),
    _Table("bonuses", ("offer",), ("currency", "amount", "level", "attained_level")),
    _Table("levels", ("offer",), (*_LEVEL, "secured_level", "secured_until")),
)


def _pairs(table: _Table, told: Entry, now: Entry) -> Iterator[tuple[Key, Entry, Entry]]:
    """The entries of both statements by their key; an empty mapping stands for none."""
    before, after = _by_key(table, told), _by_key(table, now)
    for key in sorted(before.keys() | after.keys()):
        yield key, before.get(key, {}), after.get(key, {})


def _by_key(table: _Table, statement: Entry) -> dict[Key, Entry]:
    return {tuple(str(entry[name]) for name in table.names): entry for entry in _entries(table, statement)}


def _entries(table: _Table, statement: Entry) -> Iterator[Entry]:
    if table.name != _SUBSCRIPTIONS:
        yield from _list(statement, table.name)
        return
    for free in _list(statement, "free_subscriptions"):
        for held in _list(free, _SUBSCRIPTIONS):
            yield {"offer": free["offer"], **held}


def _list(owner: Entry, name: str) -> Sequence[Entry]:
    entries = owner.get(name, ())
    assert isinstance(entries, list | tuple)
    return entries

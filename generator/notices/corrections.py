"""Corrections in mails: the figures that differ from those told before, in the reader's language."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from generator.statements.view import StatementView, StatementViews
from generator.templating.values import PartnerText, Shown, ShownCount
from rewards import Difference, Statement, differences, statement_json

_ITEMS: Mapping[str, Sequence[str]] = {"cashback": ("currency",), "extensions": ("subscription_id",)}
_NAMED = frozenset({"level", "attained_level", "next_level", "secured_level"})


class CorrectionView(NamedTuple):
    """One of `corrections` in a template: a figure that differs from the one told before.

    `figure` is its name in the statement's JSON, and `item` is the id of its subscription, if it has one. `told` and
    `now` are None if the figure did not or does not exist.
    """

    offer: str
    title: str
    item: PartnerText
    figure: str
    told: Shown | None
    now: Shown | None


def correction_context(viewer: StatementViews, told: Statement | None, now: Statement) -> dict[str, object]:
    """Return `previous`, the statement told before, and `corrections`, its differences; None and empty without it."""
    if told is None:
        return {"previous": None, "corrections": ()}
    before, after = viewer.statement(told), viewer.statement(now)
    found = differences(statement_json(told), statement_json(now))
    return {"previous": before, "corrections": tuple(_shown(one, before, after) for one in found)}


def _shown(difference: Difference, told: StatementView, now: StatementView) -> CorrectionView:
    before, after = _entry(difference, told), _entry(difference, now)
    titles = [title for entry in (after, before) if (title := getattr(entry, "title", None))]
    offer, *rest = difference.key
    item = "" if difference.table == "cashback" else "".join(rest)
    return CorrectionView(
        offer,
        titles[0] if titles else offer,
        PartnerText(item),
        difference.figure,
        _figure(before, difference),
        _figure(after, difference),
    )


def _entry(difference: Difference, statement: StatementView) -> object:
    """Return the view of the entry that the difference is about; None if the statement has none."""
    if difference.table == "subscriptions":
        frees = [one for one in statement.free_subscriptions if one.offer == difference.key[0]]
        held = {str(one.subscription_id): one for free in frees for one in free.subscriptions}
        return held.get(difference.key[1])
    names = ("offer", *_ITEMS.get(difference.table, ()))
    entries = (
        entry
        for entry in getattr(statement, difference.table)
        if tuple(str(getattr(entry, name)) for name in names) == difference.key
    )
    return next(entries, None)


def _figure(entry: object, difference: Difference) -> Shown | None:
    name = f"{difference.figure}_name" if difference.figure in _NAMED else difference.figure
    value = getattr(entry, name, None)
    if value is None or isinstance(value, Shown):
        return value
    raw = str(value.raw) if isinstance(value, ShownCount) else str(value)
    return Shown(str(value), raw)

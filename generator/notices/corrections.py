"""The figures in a mail that partners were told otherwise before: both values, in the reader's language."""

from typing import NamedTuple

from generator.statements.view import StatementViews
from generator.templating.values import PartnerText, Shown, ShownCount
from rewards import KIND_OF_LIST, KINDS, Difference, Statement, differences, published_fields, statement_json


class CorrectionView(NamedTuple):
    """One of `corrections` in a template: a figure that differs from the one told before.

    `item` is the id of the subscription concerned, if there is one. `figure` is the figure's name in the statement's
    JSON, and `label` its name for people, in English. `told` and `now` are None if there was or is no such entry.
    """

    offer: str
    title: str
    item: PartnerText
    figure: str
    told: Shown | None
    now: Shown | None
    label: str


def correction_context(viewer: StatementViews, told: Statement | None, now: Statement) -> dict[str, object]:
    """Return `previous`, the statement as told, and the `corrections`; without `told`, None and no corrections."""
    if told is None:
        return {"previous": None, "corrections": ()}
    before, after = viewer.statement(told), viewer.statement(now)
    found = differences(statement_json(told), statement_json(now))
    return {"previous": before, "corrections": tuple(_shown(one, before, after) for one in found)}


def _shown(difference: Difference, told: object, now: object) -> CorrectionView:
    before, after = _entry(difference, told), _entry(difference, now)
    titles = [title for entry in (after, before) if (title := getattr(entry, "title", None))]
    offer, *rest = difference.key
    return CorrectionView(
        offer,
        titles[0] if titles else offer,
        PartnerText("".join(rest) if _NAMES[difference.table][-1] == "subscription_id" else ""),
        difference.figure,
        _figure(before, difference),
        _figure(after, difference),
        difference.label,
    )


_NAMES = {
    compared.within or kind.list: tuple(compared.names)
    for kind in KINDS.values()
    for compared in kind.compared
}
_LIST_OF = {
    compared.within: kind.list for kind in KINDS.values() for compared in kind.compared if compared.within
}


def _entry(difference: Difference, statement: object) -> object:
    """The view of the entry that the difference is about; None if that statement has no such entry."""
    table = difference.table
    for entry in getattr(statement, _LIST_OF.get(table, table)):
        for item in getattr(entry, table) if table in _LIST_OF else (entry,):
            values = (getattr(item, name, None) or getattr(entry, name) for name in _NAMES[table])
            if tuple(map(str, values)) == difference.key:
                return item
    return None


_LEVELS = frozenset(
    field.name
    for kind in KIND_OF_LIST.values()
    for field in published_fields(kind.entry)
    if field.form == "level"
)


def _figure(entry: object, difference: Difference) -> Shown | None:
    name = f"{difference.figure}_name" if difference.figure in _LEVELS else difference.figure
    value: object = getattr(entry, name, None)
    if value is None or isinstance(value, Shown):
        return value
    raw = str(value.raw) if isinstance(value, ShownCount) else str(value)
    return Shown(str(value), raw)

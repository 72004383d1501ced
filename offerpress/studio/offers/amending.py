"""Amendments as they are written: the terms in force on a day as plain values, and a new one beside the others."""

from collections.abc import Mapping, Sequence

from offerpress.writing.fields import FieldValue
from offerpress.writing.yaml_edits import REMOVED, Removed
from rewards import OfferTerms, parse_day

Item = Mapping[str, object]


def amendment_items(raw: Item) -> list[Item]:
    """Return the amendments of the front matter in the order of the file; those that are no mapping are left out."""
    written = raw.get("amendments")
    return [one for one in written if isinstance(one, Mapping)] if isinstance(written, list) else []


def day_of(text: str) -> int | None:
    """Return a day as an ordinal; None for text that is no real day."""
    try:
        return parse_day(text)
    except ValueError:
        return None


def amendment_day(item: Item) -> int | None:
    """Return the day from which an amendment holds; None if it names no real day."""
    return day_of(str(item.get("effective_on", "")))


def values_in_force(raw: Item, model: type[OfferTerms], day: int) -> dict[str, object]:
    """Return the terms in force on a day as they are written, by the rule of `parse_offer`: a later item wins."""
    values = {key: value for key, value in raw.items() if key in model.model_fields and value is not None}
    dated = [(found, one) for one in amendment_items(raw) if (found := amendment_day(one)) is not None]
    for effective_on, one in sorted(dated, key=lambda pair: pair[0]):
        if effective_on <= day:
            values |= {key: value for key, value in one.items() if key in model.model_fields}
    return {key: value for key, value in values.items() if value is not None}


def without_amendment(raw: Item, place: int) -> Sequence[FieldValue] | Removed:
    """Return the amendments without the one at a place; no list at all if that was the only one."""
    left = [dict(one) for n, one in enumerate(amendment_items(raw)) if n != place]
    return left or REMOVED  # type: ignore[return-value] # values of front matter


def with_amendment(
    raw: Item, day: str, note: str, changes: Mapping[str, FieldValue | Removed]
) -> Sequence[FieldValue]:
    """Return the amendments with a further one; one of the same day takes the changes instead.

    A field that is taken out is written without a value, which ends it from that day on.
    """
    keys = {key: None if value is REMOVED else value for key, value in changes.items()}
    items: list[dict[str, object]] = [dict(one) for one in amendment_items(raw)]
    same = [one for one in items if str(one.get("effective_on", "")) == day]
    target: dict[str, object] = same[-1] if same else {"effective_on": day}
    if note:
        target["note"] = note
    target |= keys
    if not same:
        items.append(target)
    return items  # type: ignore[return-value] # values of front matter and of the form

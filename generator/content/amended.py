"""Translations of amendments: notes, titles and summaries that amendments of an offer change."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from generator.content.front_matter import Document
from rewards import Fault, day_text, suggestion
from rewards.fields import as_day

_KEYS = ("effective_on", "note", "title", "summary")
_WORDS = ("note", "title", "summary")


class AmendmentKey(NamedTuple):
    """An amendment by its day, and its place among those of that day."""

    effective_on: int
    place: int


AmendedTexts = Mapping[AmendmentKey, Mapping[str, str]]


def written_amendments(raw: object) -> Iterator[tuple[AmendmentKey, int, Mapping[str, object]]]:
    """Yield key, index and content of each readable item of `amendments`; other checks report the rest."""
    places: Counter[int] = Counter()
    for index, item in enumerate(raw if isinstance(raw, list) else ()):
        if not isinstance(item, dict):
            continue
        try:
            day = as_day(item.get("effective_on"))
        except ValueError:
            continue
        yield AmendmentKey(day, places[day]), index, item
        places[day] += 1


def amended_texts(original: Document, translation: Document, faults: list[Fault]) -> AmendedTexts:
    """Return the `note`, `title` and `summary` of each amendment in a translation.

    Adds a fault for what no amendment of the original has, and a remark for what is not translated.
    """
    source, written = translation.source, translation.raw.get("amendments", [])
    wanted = {key: item for key, _, item in written_amendments(original.raw.get("amendments", []))}
    found: dict[AmendmentKey, Mapping[str, str]] = {}
    copied = written == original.raw.get("amendments")
    for key, index, item in written_amendments([] if copied else written):
        if key not in wanted:
            what = f"the original has no amendment of {day_text(key.effective_on)}"
            days = ", ".join(sorted({day_text(one.effective_on) for one in wanted})) or "none"
            faults.append(source.fault(("amendments", index), what, f"its amendments are of: {days}"))
            continue
        for name in item:
            if name not in _KEYS:
                what = f"unknown key {name!r} in the translation of an amendment"
                faults.append(source.fault(("amendments", index, name), what, suggestion(str(name), _KEYS)))
        found[key] = {name: " ".join(str(item[name]).split()) for name in _WORDS if item.get(name)}
    if not copied and (not isinstance(written, list) or len(found) < len(written)) and not faults:
        faults.append(
            source.fault(("amendments",), "an item of 'amendments' has no readable day", "write effective_on")
        )
    faults.extend(_untranslated(wanted, found, translation))
    return found


def _untranslated(
    wanted: Mapping[AmendmentKey, Mapping[str, object]], found: AmendedTexts, translation: Document
) -> Iterator[Fault]:
    for key, item in wanted.items():
        missing = [name for name in _WORDS if item.get(name) and name not in found.get(key, {})]
        if missing:
            day, names = day_text(key.effective_on), " and ".join(missing)
            yield Fault(
                f"the amendment of {day} has a {names} that this translation lacks",
                f"add {{effective_on: {day}, {missing[0]}: …}} to 'amendments'",
                translation.source.file,
                1,
                severity="remark",
            )

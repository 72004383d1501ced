"""A translation's front matter: its own words, and nothing that would contradict the original."""

from collections.abc import Collection, Mapping

from generator.front_matter import Document
from rewards.faults import Fault, suggestion


def translated_keys(
    original: Document, translation: Document, own: Collection[str], faults: list[Fault]
) -> Mapping[str, object]:
    """The keys of `own` in the translation. Another key that differs from the original's adds a fault."""
    for key, value in translation.raw.items():
        if key in own:
            continue
        if key not in original.raw:
            known = [*own, *original.raw]
            faults.append(
                translation.source.fault(
                    (key,), f"unknown key {key!r} in a translation", suggestion(key, known)
                )
            )
        elif value != original.raw[key]:
            remedy = f"leave it out: {original.source.file} holds it for all languages"
            faults.append(translation.source.fault((key,), f"{key!r} differs from the original", remedy))
    return {key: translation.raw[key] for key in own if key in translation.raw}

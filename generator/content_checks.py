"""What is worth a second look in content that could be published as it is: remarks, which stop nothing."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from generator.front_matter import Document
from generator.settings import SiteSettings
from generator.term_checks import term_remarks
from generator.text_checks import text_remarks
from rewards import Offer, Policy, Program
from rewards.faults import Fault

Versions = Mapping[str, Document]
Rooms = Mapping[str, Mapping[str, Versions]]
LONGEST_TITLE = 100
LONGEST_SUMMARY = 220
LARGEST_PICTURE = 1_000_000
PICTURES = frozenset({".avif", ".gif", ".jpeg", ".jpg", ".png", ".svg", ".webp"})


def content_remarks(
    rooms: Rooms, policy: Policy | None, own_days: Mapping[str, frozenset[int]], settings: SiteSettings
) -> Iterator[Fault]:
    """The remarks of all content files that are no drafts; `own_days` are those of each announcement's front matter."""
    default = settings.default_language
    for room, found in rooms.items():
        yield from _missing_translations(room, found, settings)
        for versions in found.values():
            for document in versions.values():
                if _is_draft(document) or _is_draft(versions[default]):
                    continue
                yield from text_remarks(document, under_title=room != "campaigns")
                yield from _length_remarks(document)
    for slug, versions in rooms["announcements"].items():
        if policy is not None and not _is_draft(versions[default]):
            offers = _named(versions[default], policy)
            yield from _announced(
                versions, offers, rooms["offers"], policy.program, own_days.get(slug, frozenset()), default
            )


def picture_remarks(static: Mapping[str, Path]) -> Iterator[Fault]:
    """Pictures that keep readers waiting."""
    for name, path in static.items():
        size = path.stat().st_size
        if path.suffix.lower() in PICTURES and size > LARGEST_PICTURE:
            what = f"the picture has {size / 1_000_000:.1f} MB, which phones load for a long time"
            remedy = f"save it smaller: at most {LARGEST_PICTURE // 1_000_000} MB"
            yield Fault(what, remedy, f"content/static/{name}", severity="remark")


def _is_draft(document: Document) -> bool:
    return document.raw.get("draft") is True


def _missing_translations(
    room: str, found: Mapping[str, Versions], settings: SiteSettings
) -> Iterator[Fault]:
    """Languages that most texts of a room have, and that one lacks; a draft in a language is under way."""
    published = {slug: one for slug, one in found.items() if not _is_draft(one[settings.default_language])}
    for language in settings.languages:
        having = sum(language in versions for versions in published.values())
        for slug, versions in published.items():
            if language not in versions and having * 2 > len(published):
                file = versions[settings.default_language].source.file
                what = f"there is no translation into {language!r}, as most of {room} have"
                remedy = f"add {room}/{slug}.{language}.md; until then the original is shown, with a note"
                yield Fault(what, remedy, file, severity="remark")


def _length_remarks(document: Document) -> Iterator[Fault]:
    """Titles and summaries that lists, cards and feed readers cut off."""
    for key, longest in (("title", LONGEST_TITLE), ("summary", LONGEST_SUMMARY)):
        value = document.raw.get(key)
        if isinstance(value, str) and len(value) > longest:
            what = f"the {key} has {len(value)} characters, and cards and feed readers cut it off"
            yield document.source.fault((key,), what, f"shorten it to at most {longest}", "remark")


def _named(document: Document, policy: Policy) -> list[Offer]:
    listed = document.raw.get("offers")
    slugs = listed if isinstance(listed, list) else []
    return [offer for offer in policy.offers if offer.slug in slugs]


def _announced(
    versions: Versions,
    offers: list[Offer],
    texts: Mapping[str, Versions],
    program: Program,
    own: frozenset[int],
    default: str,
) -> Iterator[Fault]:
    """What an announcement says of the offers that it names, in each of its languages."""
    for language, document in versions.items():
        named = {}
        for offer in offers:
            words = texts[offer.slug].get(language) or texts[offer.slug][default]
            named[offer.slug] = (offer, str(words.raw.get("title", "")))
        if not _is_draft(document):
            yield from term_remarks(document, language, named, program, own)

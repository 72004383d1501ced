"""Checks over all content: remarks, which never stop a build, and faults in references between files."""

import re
from collections.abc import (
    Collection,
    Iterable,
    Iterator,
    Mapping,
)
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path

from generator.content.bodies import Reference
from generator.content.campaigns import Campaign
from generator.content.front_matter import Document, SourceLine, prose_lines
from generator.content.pages import Page, PageText
from generator.content.references import Index, Target, missing_anchor, resolve
from generator.content.terms import term_remarks
from generator.settings import SiteSettings
from generator.templating.kept_results import TEXT_RESULTS, closed_digest
from rewards import Fault, KeyPath, Offer, Policy, Program, Source, suggestion

# Remarks about one text: skipped heading levels, pictures without description, placeholders.

_ATX = re.compile(r"\s{0,3}(?P<marks>#{1,6})\s+\S")
_UNDERLINE = re.compile(r"\s{0,3}(?P<mark>=+|-+)\s*")
_NO_UNDERLINED = re.compile(r"\s*([-*+>|#]|\d+[.)]\s|$)")
_PICTURE = re.compile(r"!\[\s*\](\(|\[)")
_ELEMENT = re.compile(r"<img\b(?P<attributes>[^<>]*)>", re.IGNORECASE)
_OPENS = re.compile(
    r" {0,3}<(?P<name>article|aside|details|div|figure|section)\b(?P<rest>[^<>]*)>\s*$", re.IGNORECASE
)
_NOTE = re.compile(r" {0,3}\[\^(?P<label>[^\]]+)\]:")
# CommonMark 4.7 limits a label to 999 characters.
_NOTE_USE = re.compile(r"\[\^([^\]]{1,999}+)\](?!:)|(?<=\S)\[\^([^\]]{1,999}+)\]:")
_SYNTAX = re.compile(r"\s*(?:[-*+] |\d{1,9}[.)] |#{1,6} |\|)|.*?(?:\*\*\w|\]\()")
_ALT = re.compile(r"\balt\s*=", re.IGNORECASE)
_PLACEHOLDER = re.compile(
    r"\blorem ipsum\b|\b(?:TODO|FIXME|TBD)\b|\bXXX\b|\[\s*(?:…|\.\.\.)\s*\]|\[(?:TEXT|NAME|DATE|LINK)\](?![(\[])",
    re.IGNORECASE,
)


def text_remarks(document: Document, *, under_title: bool) -> Iterator[Fault]:
    """Yield the remarks of one file; `under_title` says that a page shows its title as `<h1>` above the body."""
    lines = prose_lines(document)
    yield from _heading_remarks(document.source.file, lines, under_title=under_title)
    yield from _raw_remarks(document.source.file, lines)
    yield from _note_remarks(document.source.file, lines)
    for line in lines:
        yield from _picture_remarks(document.source.file, line)
        yield from _placeholder_remarks(document.source.file, line.number, line.text)
    for key in ("title", "summary", "subject", "preheader"):
        value = document.raw.get(key)
        if isinstance(value, str):
            line_number = document.source.lines.get((key,), 1)
            yield from _placeholder_remarks(document.source.file, line_number, value, key)


def _heading_remarks(file: str, lines: list[SourceLine], *, under_title: bool) -> Iterator[Fault]:
    above = 1 if under_title else 0
    for number, level in _headings(lines):
        if under_title and level == 1:
            what = "the title is the page's heading of the first level already"
            yield Fault(what, "begin this one with ##", file, number, severity="remark")
        elif level > above + 1:
            what = f"a heading of level {level} follows one of level {above}"
            remedy = f"write it with {'#' * (above + 1)}: readers with a screen reader go from level to level"
            yield Fault(what, remedy, file, number, severity="remark")
        above = level


def _headings(lines: list[SourceLine]) -> Iterator[tuple[int, int]]:
    """SourceLine and level of each heading."""
    for line, after in pairwise([*lines, SourceLine(0, "")]):
        marks = _ATX.match(line.text)
        under = _UNDERLINE.fullmatch(after.text)
        if marks:
            yield line.number, len(marks["marks"])
        elif under and not _NO_UNDERLINED.match(line.text):
            yield line.number, 1 if under["mark"].startswith("=") else 2


def _raw_remarks(file: str, lines: list[SourceLine]) -> Iterator[Fault]:
    """Yield a remark for each HTML element with Markdown after a blank line, which code hosts would convert."""
    opened, is_parted = "", False
    for line in lines:
        begin = _OPENS.match(line.text)
        if begin and not opened and "markdown" not in begin["rest"]:
            opened, is_parted = begin["name"].lower(), False
        elif opened and f"</{opened}" in line.text.lower():
            opened = ""
        elif opened and not line.text.strip():
            is_parted = True
        elif opened and is_parted and _SYNTAX.match(line.text):
            what = f"Markdown within <{opened}> is shown as it is written"
            yield Fault(what, f'write <{opened} markdown="1">', file, line.number, severity="remark")
            opened = ""


def _note_remarks(file: str, lines: list[SourceLine]) -> Iterator[Fault]:
    """Yield a remark for each footnote to which no text refers; it is not shown."""
    used = {label for line in lines for found in _NOTE_USE.findall(line.text) for label in found}
    for line in lines:
        defined = _NOTE.match(line.text)
        if defined and defined["label"] not in used:
            label = defined["label"]
            what = f"no text refers to the footnote [^{label}], so it is not shown"
            yield Fault(
                what, f"write [^{label}] where it belongs, or remove it", file, line.number, severity="remark"
            )


def _picture_remarks(file: str, line: SourceLine) -> Iterator[Fault]:
    undescribed = len(_PICTURE.findall(line.text))
    undescribed += sum(not _ALT.search(found["attributes"]) for found in _ELEMENT.finditer(line.text))
    if undescribed:
        remedy = 'say between the brackets what it shows; if it only decorates, write <img alt="" src="…">'
        yield Fault("a picture has no alternative text", remedy, file, line.number, severity="remark")


def _placeholder_remarks(file: str, line: int, text: str, field: str = "") -> Iterator[Fault]:
    for found in _PLACEHOLDER.finditer(text):
        word = found[0]
        if word.isupper() or word.startswith("[") or word.casefold() == "lorem ipsum":
            what = f"{word!r} looks like a placeholder"
            yield Fault(what, "write what is to stand there", file, line, field=field, severity="remark")


Versions = Mapping[str, Document]
Rooms = Mapping[str, Mapping[str, Versions]]
LONGEST_TITLE = 100
LONGEST_SUMMARY = 220
LARGEST_PICTURE = 1_000_000
PICTURES = frozenset({".avif", ".gif", ".jpeg", ".jpg", ".png", ".svg", ".webp"})


def content_remarks(
    rooms: Rooms,
    policy: Policy | None,
    own_days: Mapping[str, frozenset[int]],
    dated: Mapping[tuple[str, str], int],
    settings: SiteSettings,
) -> Iterator[Fault]:
    """Yield the remarks of all files except drafts.

    `own_days` are the days of each announcement's front matter. `dated` has the day of a text by (room, slug).
    """
    default = settings.default_language
    for room, found in rooms.items():
        yield from _missing_translations(room, found, settings)
        for versions in found.values():
            for document in versions.values():
                if _is_draft(document) or _is_draft(versions[default]):
                    continue
                yield from own_remarks(document, room)
    if policy is None:
        return
    # Taken before any remark is computed: an offer keeps what is computed of it, and its digest would include that.
    digests = {one.slug: closed_digest(one, policy.program, has_sets=True) for one in policy.offers}
    for room in ("announcements", "campaigns", "offers"):
        for slug, versions in rooms[room].items():
            if _is_draft(versions[default]):
                continue
            about = _TextAbout(
                _named(room, slug, versions[default], policy),
                own_days.get(slug, frozenset()) if room == "announcements" else frozenset(),
                dated.get((room, slug), 0),
                of_one=room == "offers",
                digests=digests,
            )
            yield from _told(versions, about, rooms["offers"], policy.program, default)


def own_remarks(document: Document, room: str) -> tuple[Fault, ...]:
    """Return the remarks that follow from the file alone, which are kept for the next reading of the same text."""
    return TEXT_RESULTS.of("remarks", document.digest, partial(_own_remarks, document, room))


def _own_remarks(document: Document, room: str) -> tuple[Fault, ...]:
    """Return the remarks that follow from the file alone; its name tells the room."""
    return *text_remarks(document, under_title=room != "campaigns"), *_length_remarks(document)


def picture_remarks(static: Mapping[str, Path]) -> Iterator[Fault]:
    """Yield a remark for each picture that is too large for phones."""
    for name, path in static.items():
        if path.suffix.lower() in PICTURES and (size := path.stat().st_size) > LARGEST_PICTURE:
            what = f"the picture has {size / 1_000_000:.1f} MB, which phones load for a long time"
            remedy = f"save it smaller: at most {LARGEST_PICTURE // 1_000_000} MB"
            yield Fault(what, remedy, f"content/static/{name}", severity="remark")


def _is_draft(document: Document) -> bool:
    return document.raw.get("draft") is True


def _missing_translations(
    room: str, found: Mapping[str, Versions], settings: SiteSettings
) -> Iterator[Fault]:
    """Yield a remark for each text without a translation that most texts of its room have."""
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
    """Yield a remark for each title or summary that lists, cards and feed readers cut off."""
    for key, longest in (("title", LONGEST_TITLE), ("summary", LONGEST_SUMMARY)):
        value = document.raw.get(key)
        if isinstance(value, str) and len(value) > longest:
            what = f"the {key} has {len(value)} characters, and cards and feed readers cut it off"
            yield document.source.fault((key,), what, f"shorten it to at most {longest}", "remark")


@dataclass(frozen=True, slots=True)
class _TextAbout:
    """The offers that a text is about, the days of its front matter, and its own day (0: undated).

    The file of an offer is `of_one`: all of its text is about that offer. `digests` are those of all offers by slug,
    each with the program.
    """

    offers: list[Offer]
    own: frozenset[int]
    day: int
    of_one: bool
    digests: Mapping[str, str]


def _named(room: str, slug: str, document: Document, policy: Policy) -> list[Offer]:
    """Return the offers that a text is about: an offer itself, those of the front matter, or all of them."""
    if room == "offers":
        return [offer for offer in policy.offers if offer.slug == slug]
    raw: object = document.raw
    for key in ("audience", "offers") if room == "campaigns" else ("offers",):
        raw = raw.get(key) if isinstance(raw, Mapping) else None
    if raw is None and room == "campaigns":
        return list(policy.offers)
    slugs = raw if isinstance(raw, list) else []
    return [offer for offer in policy.offers if offer.slug in slugs]


def _told(
    versions: Versions, about: _TextAbout, texts: Mapping[str, Versions], program: Program, default: str
) -> Iterator[Fault]:
    """Yield the remarks about the values that a text tells of its offers, in each of its languages."""
    for language, document in versions.items():
        named = {}
        for offer in about.offers:
            words = texts[offer.slug].get(language) or texts[offer.slug][default]
            named[offer.slug] = (offer, str(words.raw.get("title", "")))
        if not named or _is_draft(document):
            continue
        remarks = term_remarks(
            document, language, named, program, about.own, day=about.day, of_one=about.of_one
        )
        titled = [(about.digests[slug], title) for slug, (_, title) in named.items()]
        key = closed_digest(language, titled, sorted(about.own), about.day, about.of_one)
        yield from TEXT_RESULTS.of("terms", f"{document.digest} {key}", partial(tuple, remarks))


def draft_remarks(
    rooms: Mapping[str, Mapping[str, Page]], campaigns: Mapping[str, Campaign], drafts: Collection[str]
) -> Iterator[Fault]:
    """Yield a remark for each published text and each campaign that names an offer which is a draft."""
    remedy = "publish the offer first: remove 'draft: true' from its file"
    named: list[tuple[Source, KeyPath, str]] = [
        (page.source, ("offers", n), slug)
        for pages in rooms.values()
        for page in pages.values()
        if not page.draft
        for n, slug in enumerate(page.offers)
    ]
    named += [
        (campaign.source, ("audience", "offers", n), slug)
        for campaign in campaigns.values()
        for n, slug in enumerate(campaign.audience.offers or ())
    ]
    for source, path, slug in named:
        if slug in drafts:
            what = f"the offer {slug!r} is a draft, which readers do not see and which gives nothing"
            yield source.fault(path, what, remedy, "remark")


# Faults in references between files: unknown offers and levels, equal addresses, dead links.

OWN_NAMES = frozenset({"404", "announcements", "assets", "index", "offers", "statement", "tags"})
Texts = Mapping[tuple[str, str], Mapping[str, PageText]]


def page_faults(
    pages: Mapping[str, Page], offers: Collection[str], settings: SiteSettings
) -> Iterator[Fault]:
    """Yield the faults of one room's pages: unknown offers, and addresses or ids that two pages claim."""
    claimed: dict[str, str] = dict.fromkeys(pages, "")
    identities: dict[str, str] = {}
    for page in pages.values():
        for n, slug in enumerate(page.offers):
            if slug not in offers:
                remedy = suggestion(slug, sorted(offers)) if offers else "there are no offers yet"
                yield page.source.fault(("offers", n), f"unknown offer {slug!r}", remedy)
        for n, alias in enumerate(page.aliases):
            if alias in claimed:
                holder = claimed[alias] or pages[alias].source.file
                remedy = f"{holder} has this address: choose another"
                yield page.source.fault(("aliases", n), f"the alias {alias!r} is taken", remedy)
            claimed[alias] = page.source.file
        own = {page.identity_in(language, settings): page.source.file for language in settings.languages}
        taken = sorted(own.keys() & identities.keys())
        if taken:
            remedy = f"{identities[taken[0]]} has it: choose another"
            yield page.source.fault(("id",), f"the id {page.identity!r} is taken", remedy)
        identities |= own
        if page.room == "pages":
            yield from _root_faults(page, settings.languages)


def _root_faults(page: Page, languages: Collection[str]) -> Iterator[Fault]:
    """Yield a fault for each page or alias at the site's root with a reserved name."""
    ours = OWN_NAMES | {language.lower() for language in languages}
    if page.slug in ours:
        remedy = "rename the file"
        yield Fault(f"the address {page.slug!r} belongs to the site itself", remedy, page.source.file)
    for n, alias in enumerate(page.aliases):
        if alias in ours:
            yield page.source.fault(
                ("aliases", n), f"the address {alias!r} belongs to the site itself", "leave it out"
            )


def tag_faults(pages: Iterable[Page]) -> Iterator[Fault]:
    """Yield a fault for each tag that differs from another tag with the same address."""
    names: dict[str, tuple[str, str]] = {}
    for page in pages:
        for n, (address, name) in enumerate(page.tags.items()):
            known, file = names.setdefault(address, (name, page.source.file))
            if known != name:
                remedy = f"write it as {known!r}, as {file} does"
                yield page.source.fault(("tags", n), f"the tag {name!r} has the address of another", remedy)


def campaign_faults(campaign: Campaign, levels: Collection[str], offers: Collection[str]) -> Iterator[Fault]:
    """Yield a fault for each unknown level and offer of the audience."""
    audience = campaign.audience
    for key, named, known in (("levels", audience.levels, levels), ("offers", audience.offers, offers)):
        for n, name in enumerate(named or ()):
            if name not in known:
                remedy = suggestion(name, sorted(known)) if known else f"there are no {key}"
                yield campaign.source.fault(("audience", key, n), f"unknown {key[:-1]} {name!r}", remedy)


def link_targets(
    texts: Texts, default_language: str, index: Index, faults: list[Fault]
) -> dict[tuple[str, Reference], Target]:
    """Resolve each reference of `texts`, which are by (room, slug), then language; adds faults for dead links."""
    found: dict[tuple[str, Reference], Target] = {}
    for versions in texts.values():
        for language, text in versions.items():
            for reference in text.body.references:
                target = resolve(reference, text.file, index)
                if isinstance(target, Fault):
                    faults.append(target)
                    continue
                found[text.file, reference] = target
                named = _named_text(target, text, language, texts, default_language)
                mistake = (
                    missing_anchor(target.fragment, named.body.anchors, reference, text.file)
                    if named
                    else None
                )
                faults.extend([mistake] if mistake else [])
    return found


def _named_text(
    target: Target, text: PageText, language: str, texts: Texts, default_language: str
) -> PageText | None:
    """Return the text that a fragment refers to, in the version that a reader of `language` sees."""
    if target.kind == "here":
        return text
    if target.kind != "content":
        return None
    versions = texts.get((target.room, target.slug), {})
    return versions.get(target.language or language) or versions.get(default_language)

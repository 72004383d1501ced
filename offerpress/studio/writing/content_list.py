"""The screen Writing: every announcement, offer, campaign and page with its state and languages, and new ones."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import get_args

from generator import read_content, read_program, read_sound_content
from generator.content.files import content_names, read_text
from generator.content.front_matter import parsed_document
from offerpress.reports.texts import language_word
from offerpress.site.starter import Stub, StubKind, add_stub
from offerpress.studio.state.studio import Context, Done, NotDone, Visit, address_of, ago_words
from offerpress.studio.writing.content_states import (
    FAULTY_TEXT,
    STATE_GROUPS,
    TextState,
    campaign_states,
    page_state,
)
from offerpress.writing.drafts import OpenBy, drafts_of, open_by
from offerpress.writing.paths import content_path
from offerpress.writing.saving import note_made
from offerpress.writing.versions import Author, FileVersion, last_changes
from rewards import KINDS, Fault, required

ROOM_WORDS: Mapping[str, str] = {
    "announcements": "Announcement",
    "offers": "Offer",
    "campaigns": "Campaign",
    "pages": "Page",
}
OFFER_WORDS: Mapping[str, str] = {
    "bonus": "Bonus: an amount for whoever attains a level",
    "cashback": "Cashback: a share of the sales of a period",
    "extension": "Extension: months added to subscriptions",
    "free_subscription": "Free subscriptions: a number of them for each level",
    "level_quota": "Lower quotas: a level for fewer sales",
}
_MINUTE = 60
WROTE = "wrote a new text"


def content_file(room: str, slug: str, language: str = "") -> str:
    """Return the path of a text below the site folder; `language` is empty for the original."""
    return f"content/{room}/{slug}.{language}.md" if language else f"content/{room}/{slug}.md"


@dataclass(frozen=True, slots=True)
class _Written:
    """A text with its files by language, and when each of them changed last."""

    room: str
    slug: str
    files: Mapping[str, str]
    times: Mapping[str, float]

    @property
    def newest(self) -> str:
        """The language that changed last."""
        return max(self.times, key=lambda language: self.times[language])


def list_page(visit: Visit) -> Context:
    """Show every text that the search and the filters leave."""
    query, rows = visit.query, _rows(visit)
    find = " ".join(query.get("find", "").split()).casefold()
    room, state, lacking = (query.get(name, "") for name in ("room", "state", "lacking"))
    shown = [
        row
        for row in rows
        if find in str(row["searched"])
        and room in {"", row["room"]}
        and state in {"", row["group"]}
        and (not lacking or lacking in str(row["lacks"]).split(","))
    ]
    return {
        "rows": shown,
        "drafts": list(_drafts(visit)),
        "all": len(rows),
        "find": query.get("find", ""),
        "filters": [
            (
                "room",
                "Kind",
                [("", "All kinds"), *((one, f"{word}s") for one, word in ROOM_WORDS.items())],
                room,
            ),
            ("state", "State", [("", "Any state"), *STATE_GROUPS.items()], state),
            ("lacking", "Translations", [("", "All texts"), *_lacking_words(visit)], lacking),
        ],
        "kinds": [(kind, kind.capitalize()) for kind in get_args(StubKind)],
        "offer_kinds": [(name, OFFER_WORDS.get(name, name)) for name in sorted(KINDS)],
    }


def _drafts(visit: Visit) -> Iterator[tuple[str, str, str]]:
    """Yield title and address of each text that the person typed and did not save, and since when."""
    folder, default = visit.site.folder, visit.site.settings.site.default_language
    for draft in drafts_of(visit.site, visit.person.person):
        room, name = draft.path.split("/")[1:3]
        slug, _, language = name.removesuffix(".md").partition(".")
        there = (folder / draft.path).is_file()
        title = text_title(folder, draft.path if there else content_file(room, slug)) or slug
        translated = language and (folder / content_file(room, slug)).is_file()
        page = "/text/translation" if translated else "/text" if there else "/text/conflict"
        named = f"{title} ({language_word(language or default)})"
        yield named, address_of(page, file=draft.path), ago_words(draft.at, visit.now)


def _lacking_words(visit: Visit) -> Iterator[tuple[str, str]]:
    for language in visit.site.settings.site.languages[1:]:
        yield f"missing {language}", f"Not in {language_word(language)}"
        yield f"older {language}", f"{language_word(language)} is older"


def _rows(visit: Visit) -> list[Context]:
    """Return a row for each text, kind by kind, the text that changed last first."""
    site, faults, states = visit.site, list[Fault](), dict[str, TextState]()
    settings = site.settings.site
    content = read_content(site.folder, settings, faults) or read_sound_content(site.folder, settings)
    if content:
        with visit.site.open_outbox() as outbox:
            states = dict(campaign_states(visit, outbox, content))
    faulty = {one.file for one in (*faults, *visit.studio.reader.faults) if one.severity == "fault"}
    rooms, rows, changes = list(ROOM_WORDS), list[Context](), last_changes(site)
    opened = open_by(site, visit.now)
    for text in sorted(
        _written(visit), key=lambda one: (rooms.index(one.room), -one.times[one.newest], one.slug)
    ):
        state = FAULTY_TEXT
        if content and faulty.isdisjoint(text.files.values()):
            as_of = site.day(content.policy.program.timezone)
            of_page = text.room != "campaigns"
            state = page_state(content, text.room, text.slug, as_of) if of_page else states[text.slug]
        rows.append(_row(visit, text, state, changes, opened))
    return rows


def _written(visit: Visit) -> Iterator[_Written]:
    """Yield every text that has an original."""
    folder, default = visit.site.folder, visit.site.settings.site.default_language
    found: dict[tuple[str, str], dict[str, str]] = {}
    for room, slug, language in content_names(folder).values():
        found.setdefault((room, slug), {})[language or default] = content_file(room, slug, language)
    for (room, slug), files in found.items():
        if default in files:
            times = {language: _changed_at(folder / file) for language, file in files.items()}
            yield _Written(room, slug, files, times)


def _changed_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # it vanished meanwhile
        return 0.0


def _last_change(changes: Mapping[str, FileVersion], text: _Written) -> FileVersion | None:
    """Return the newest version of any language of a text."""
    found = [changes[file] for file in text.files.values() if file in changes]
    return max(found, key=lambda one: one.instant, default=None)


def _row(
    visit: Visit,
    text: _Written,
    state: TextState,
    changes: Mapping[str, FileVersion],
    opened: Mapping[str, list[OpenBy]],
) -> Context:
    default = visit.site.settings.site.default_language
    title = text_title(visit.site.folder, text.files[default]) or text.slug
    marks = list(_marks(visit, text))
    changed, by = datetime.fromtimestamp(text.times[text.newest], UTC), ""
    last = _last_change(changes, text)
    if last and last.name and abs((last.instant - changed).total_seconds()) < _MINUTE:
        changed, by = last.instant, last.name
    return {
        "room": text.room,
        "kind": ROOM_WORDS[text.room],
        "slug": text.slug,
        "title": title,
        "href": address_of("/text", file=text.files[default]),
        "state": state,
        "group": state.group,
        "marks": marks,
        "lacks": ",".join(str(one["lacks"]) for one in marks),
        "changed": ago_words(changed, visit.now),
        "by": by,
        "open_by": [one.name for file in text.files.values() for one in opened.get(file, ())],
        "searched": f"{title}\n{text.slug}".casefold(),
    }


def text_title(folder: Path, file: str) -> str:
    """Return the title or subject of a text; empty while it has none that can be read."""
    text = read_text(folder / file, file, [])
    document = parsed_document(text, file)[0] if text else None
    raw = document.raw if document else {}
    return " ".join(str(raw.get("title") or raw.get("subject") or "").split())


def _marks(visit: Visit, text: _Written) -> Iterator[Context]:
    """Yield a mark for each language of the site: the text is there, missing, or older than the original."""
    default, *others = visit.site.settings.site.languages
    for language in (default, *others):
        file = text.files.get(language)
        older = file is not None and text.times[language] + _MINUTE < text.times[default]
        lacks = "missing" if file is None else "older" if older else ""
        place = content_file(text.room, text.slug, language)
        yield {
            "code": language,
            "name": language_word(language),
            "word": {"missing": "missing", "older": "older than the original", "": "there"}[lacks],
            "tone": {"missing": "", "older": "open", "": "good"}[lacks],
            "lacks": f"{lacks} {language}" if lacks else "",
            "href": address_of("/text", file=text.files[default])
            if language == default
            else address_of("/text/translation", file=place),
        }


def write_new(visit: Visit) -> Done:
    """Begin a text from its stub, in the language of the site, and open it."""
    visit.need("writer", "operator")
    kind = next((one for one in get_args(StubKind) if one == visit.query.get("kind")), None)
    title, offer_kind = visit.query.get("title", ""), visit.query.get("offer_kind") or "cashback"
    if kind is None or offer_kind not in KINDS:
        raise NotDone("Choose what you want to write.")
    if not title.strip():
        raise NotDone("Give the text a title. You can change it later.")
    site = visit.site
    program = required(lambda faults: read_program(site.folder, faults))
    today = date.fromordinal(site.day(program.timezone))
    stub = Stub(kind, title, offer_kind)
    with visit.studio.change:
        path = add_stub(site.folder, site.template_folders, stub, program, today, site.settings.site)
        file = path.relative_to(site.folder).as_posix()
        note_made(site, content_path(site, file), Author(visit.person.person, visit.person.name), visit.now)
    visit.record(WROTE, file)
    return Done(to=address_of("/text", file=file))

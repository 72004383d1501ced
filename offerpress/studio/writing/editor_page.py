"""The editor: the fields of a text, its words, what is wrong with it, what it will look like, and saving."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from zoneinfo import ZoneInfo

from offerpress.preview.answers import VIEWS
from offerpress.reports.texts import language_word
from offerpress.studio.plans.standing import program_zone
from offerpress.studio.state.studio import Context, Done, Visit, address_of, ago_words, clock_words
from offerpress.studio.writing.content_list import ROOM_WORDS, content_file, text_title
from offerpress.studio.writing.front_form import split_fields
from offerpress.studio.writing.typed_texts import EditedText, author_of, edited_text, options_of, shown_body
from offerpress.writing.drafts import Typed, drop_draft, keep_draft, note_closed, note_open
from offerpress.writing.paths import ContentPath, FileVanished, content_path
from offerpress.writing.saving import save
from offerpress.writing.texts import OpenFile, open_file, open_for
from offerpress.writing.versions import last_version, opened_text

SAVED = "saved a text"
_FIGURES: Mapping[str, str] = {
    "{{ partner.contact_name or partner.name }}": "The name of the person, else of the company",
    "{{ partner.name }}": "The name of the company",
    "{{ statement.level }}": "The partner's level",
    "{{ as_of }}": "The day of the figures",
    "{{ link }}": "The address of the private statement",
    "{{ reference }}": "The reference to name in an answer",
    "{% for currency, amount in statement.to_add.items() %}\n- **{{ amount }}**\n{% endfor %}": (
        "Repeat: each sum that is added"
    ),
    "{% for currency, amount in statement.to_take_back.items() %}\n- **{{ amount }}**\n{% endfor %}": (
        "Repeat: each sum that is taken back"
    ),
    (
        "{% for entry in statement.cashback %}\n"
        "- {{ offers[entry.offer].title }}: {{ entry.to_credit }}\n{% endfor %}"
    ): "Repeat: each cashback with its offer",
    "{% if statement.to_add %}\nHere stands what only they read.\n{% endif %}": (
        "Only for partners to whom something is added"
    ),
}


def editor_page(visit: Visit) -> Context:
    """Show a text as it was left: what the person typed and did not save, else the file."""
    path = content_path(visit.site, visit.query.get("file", ""))
    found = open_for(visit.site, path, visit.person.person, visit.now)
    opened, content = found.file.digest, found.file.content
    if found.draft:
        opened, content = found.draft.opened, found.draft.content
    base = found.file.content if opened == found.file.digest else opened_text(visit.site, opened)
    text = EditedText(visit, path, base, opened)
    last = last_version(visit.site, path.name)
    return {
        **text_context(text, content),
        "draft_since": ago_words(found.draft.at, visit.now) if found.draft else "",
        "others": [one.name for one in found.others],
        "changed_by": last.name if last else "",
        "changed": clock_words(last.instant, program_zone(visit)) if last and last.name else "",
    }


def text_context(text: EditedText, content: bytes) -> Context:
    """Return what the form of a text shows: the fields, or the whole text where they cannot be read."""
    visit, shown = text.visit, OpenFile(text.path, content, "")
    readable = text.values is not None and shown.values is not None
    values = shown.values if readable and "whole" not in visit.query else None
    fields = text.fields_of(values, options_of(visit)) if values is not None else ()
    taken_out = [key for key in text.values or () if values is not None and key not in values]
    known = {str(field.path[0]) for field in fields}
    folder, languages = visit.site.folder, visit.site.settings.site.languages
    title = text_title(folder, text.path.name) or text_title(folder, text.original) or text.slug
    return {
        "file": text.path.name,
        "opened": text.opened,
        "title": title,
        "kind": ROOM_WORDS[text.path.room],
        "room": text.path.room,
        "language": language_word(text.language),
        "code": text.language,
        **split_fields(fields),
        "taken_out": [key for key in taken_out if key not in known],
        "whole": shown.text if values is None else "",
        "is_whole": values is None,
        "is_readable": readable,
        "whole_href": address_of("/text", file=text.path.name, whole="1"),
        "fields_href": address_of("/text", file=text.path.name),
        "body": "" if values is None else shown_body(content, text.path),
        "may_write": visit.person.may("writer", "operator"),
        "other_languages": [
            (
                language_word(one),
                address_of("/text/translation", file=content_file(text.path.room, text.slug, one)),
                one == text.language,
            )
            for one in languages[1:]
        ],
        "is_translation": text.is_translation,
        "links": _links(text),
        "figures": list(_FIGURES.items()) if text.path.room == "campaigns" else [],
        "views": _views(text),
    }


def _views(text: EditedText) -> list[tuple[str, str]]:
    if text.path.room == "campaigns":
        return [(form, word) for form, word in VIEWS.items() if form != "source"]
    feed = [("feed", "Feed entry")] if text.path.room == "announcements" else []
    return [("page", "Page"), *feed, ("card", "Share card")]


def _links(text: EditedText) -> list[tuple[str, str]]:
    """Return the texts that this one can link to, with their titles."""
    found = []
    folder = text.visit.site.folder
    for room in ("announcements", "offers", "pages"):
        for path in sorted((folder / "content" / room).glob("*.md")):
            if path.name.count(".") == 1 and f"content/{room}/{path.name}" != text.original:
                address = path.name if room == text.path.room else f"../{room}/{path.name}"
                found.append((address, text_title(folder, f"content/{room}/{path.name}") or path.stem))
    return found


# What the script of the page asks.


def keep_typed(visit: Visit) -> dict[str, object]:
    """Keep what was typed as the person's draft, and say who else has the text open."""
    visit.need("writer", "operator")
    text = edited_text(visit)
    return kept_draft(visit, text.path, text.typed(options_of(visit)), text.base, text.opened)


def kept_draft(
    visit: Visit, path: ContentPath, content: bytes, base: bytes, opened: str, form: Typed = None
) -> dict[str, object]:
    """Keep a text as the person's draft, unless it is as it was opened, and return what the page says about it.

    What is on the disk already is no draft either: such a request was on its way while the person saved.
    """
    changed = content not in (base, _saved(visit, path))
    if changed:
        keep_draft(visit.site, path, content, opened, author_of(visit), visit.now, form)
    else:
        drop_draft(visit.site, path, visit.person.person)
    others = note_open(visit.site, path, author_of(visit), visit.now)
    return {
        "changed": changed,
        "others": [one.name for one in others],
        "said": f"Not saved yet. Your draft was kept at {_clock(visit)}." if changed else "",
    }


def _saved(visit: Visit, path: ContentPath) -> bytes | None:
    with suppress(FileVanished):
        return open_file(visit.site, path, visit.now).content
    return None


def note_typing(visit: Visit) -> dict[str, object]:
    """Note that the person still has the text open, and say who else has."""
    visit.need("writer", "operator")
    path = content_path(visit.site, visit.query.get("file", ""))
    others = note_open(visit.site, path, author_of(visit), visit.now)
    return {"others": [one.name for one in others]}


def save_typed(visit: Visit) -> dict[str, object]:
    """Save what was typed, or say where the two texts are to be compared."""
    visit.need("writer", "operator")
    text = edited_text(visit)
    content = text.typed(options_of(visit))
    found = save(visit.site, text.path, content, text.opened, author_of(visit), visit.now)
    if found is None:
        return {"go": address_of("/text/conflict", file=text.path.name)}
    if found.version:
        visit.record(SAVED, text.path.name)
    return {"opened": found.digest, "said": f"Saved at {_clock(visit)}."}


def _clock(visit: Visit) -> str:
    at: datetime = visit.now.astimezone(ZoneInfo(program_zone(visit)))
    return f"{at:%H:%M:%S}"


# What its form does where no script runs.


def save_form(visit: Visit) -> Done:
    """Save what was typed, and show the text again, or the comparison."""
    saved = save_typed(visit)
    return Done(to=str(saved.get("go") or address_of("/text", file=visit.query.get("file", ""))))


def discard_draft(visit: Visit) -> Done:
    """Drop what the person typed and did not save."""
    visit.need("writer", "operator")
    path = content_path(visit.site, visit.query.get("file", ""))
    drop_draft(visit.site, path, visit.person.person)
    note_closed(visit.site, path, visit.person.person, visit.now)
    back = "/offer" if "offer" in visit.query else "/text"
    return Done(to=address_of(back, file=path.name) if path.path.is_file() else "/writing")

"""The screen of a translation: the source on the left, the translation on the right, and what is not up to date."""

import re
from collections.abc import Iterator

from offerpress.reports.texts import language_word
from offerpress.studio.state.studio import Context, NotThere, Visit, address_of, ago_words
from offerpress.studio.writing.editor_page import text_context
from offerpress.studio.writing.typed_texts import EditedText, begun_translation, options_of, shown_body
from offerpress.writing.drafts import draft_of
from offerpress.writing.merging import changed_lines
from offerpress.writing.paths import FileVanished, WritingRefused, content_path
from offerpress.writing.texts import OpenFile, open_file, open_for
from offerpress.writing.versions import last_version, opened_text, text_of, versions

_HEADING = re.compile(r"^#{1,6} ", re.MULTILINE)


def translation_page(visit: Visit) -> Context:
    """Show source and translation; one that is not there yet begins with the words of the source."""
    path = content_path(visit.site, visit.query.get("file", ""))
    draft_since, others = "", list[str]()
    try:
        found = open_for(visit.site, path, visit.person.person, visit.now)
    except FileVanished:
        text = begun_translation(visit, path)
        content, is_new = text.base, True
        draft = draft_of(visit.site, path, visit.person.person)
        if draft:
            content, draft_since = draft.content, ago_words(draft.at, visit.now)
    else:
        opened, content, is_new = found.file.digest, found.file.content, False
        base = content
        if found.draft:
            opened, content = found.draft.opened, found.draft.content
            base = opened_text(visit.site, opened) if opened != found.file.digest else base
            draft_since = ago_words(found.draft.at, visit.now)
        text = EditedText(visit, path, base, opened)
        others = [one.name for one in found.others]
    if not text.is_translation:
        raise NotThere("This is the original. Open it from the list.")
    source = open_file(visit.site, content_path(visit.site, text.original), visit.now)
    return {
        **text_context(text, content),
        "draft_since": draft_since,
        "others": others,
        "changed_by": "",
        "changed": "",
        "is_new": is_new,
        "source_href": address_of("/text", file=text.original),
        "source_language": language_word(visit.site.settings.site.default_language),
        "source_code": visit.site.settings.site.default_language,
        "source_fields": _source_fields(text, source),
        "source_body": shown_body(source.content, source.path),
        "source_changes": [] if is_new else _changes_since(visit, text, source),
        "missing": [] if is_new and not draft_since else list(_missing(text, source, content)),
    }


def _source_fields(text: EditedText, source: OpenFile) -> list[tuple[str, str]]:
    """Return label and value of each field that a translation says anew."""
    fields = text.fields_of(source.values or {}, options_of(text.visit))
    return [(field.label, field.text) for field in fields if field.text and field.kind == "text"]


def _changes_since(visit: Visit, text: EditedText, source: OpenFile) -> list[tuple[str, str]]:
    """Return the lines of the source that changed after the translation was written last."""
    mine = last_version(visit.site, text.path.name)
    if mine is None:
        return []
    before = [one for one in versions(visit.site, source.path) if one.digest and one.instant <= mine.instant]
    if not before or before[0].digest == source.digest:
        return []
    try:
        old = text_of(visit.site, before[0].digest)
    except WritingRefused:
        return []
    return [(word, line) for word, line in changed_lines(old, source.content) if line.strip()]


def _missing(text: EditedText, source: OpenFile, content: bytes) -> Iterator[str]:
    """Yield what the source has and the translation has not."""
    own = OpenFile(text.path, content, "")
    for field in text.fields_of(source.values or {}, options_of(text.visit)):
        name = str(field.path[0])
        if field.kind == "text" and field.text and name != "author" and not (own.values or {}).get(name):
            yield f"There is no “{field.label}” yet."
    there, here = (len(_HEADING.findall(one.body)) for one in (source, own))
    if there != here:
        yield f"The source has {there} heading{'' if there == 1 else 's'}, this text has {here}."
    if own.values is not None and own.body.strip() == source.body.strip():
        yield "The text still is that of the source."

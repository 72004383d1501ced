"""The view of a conflict: the file as it is now, what the person typed, and the text that is to be saved."""

from offerpress.studio.state.studio import Context, NotThere, Visit, address_of, ago_words
from offerpress.studio.writing.content_list import text_title
from offerpress.writing.drafts import draft_of
from offerpress.writing.merging import changed_lines, merged
from offerpress.writing.paths import WritingRefused, content_path
from offerpress.writing.texts import typed_text
from offerpress.writing.versions import current_content, digest_of_text, last_version, opened_text


def conflict_page(visit: Visit) -> Context:
    """Show both texts with what each of them changed, and a result, which is saved as it is then."""
    path = content_path(visit.site, visit.query.get("file", ""))
    draft = draft_of(visit.site, path, visit.person.person)
    if draft is None:
        raise NotThere("There is nothing of yours that was not saved. Open the text from the list.")
    theirs, mine = current_content(path), draft.content
    try:
        base = opened_text(visit.site, draft.opened)
    except WritingRefused:
        base = None
    result = merged(base, theirs, mine) if base is not None and theirs is not None else None
    last = last_version(visit.site, path.name)
    return {
        "file": path.name,
        "href": address_of("/text", file=path.name),
        "title": text_title(visit.site.folder, path.name) or path.name,
        "opened": digest_of_text(theirs),
        "is_gone": theirs is None,
        "who": (last.name if last else "") or "Somebody outside the studio",
        "since": ago_words(last.instant, visit.now) if last else "",
        "theirs": "" if theirs is None else typed_text(theirs, path.name),
        "mine": typed_text(mine, path.name),
        "result": typed_text(mine if result is None else result, path.name),
        "is_merged": result is not None,
        "their_changes": [] if base is None or theirs is None else changed_lines(base, theirs),
        "my_changes": [] if base is None else changed_lines(base, mine),
    }

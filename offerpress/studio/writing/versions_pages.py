"""The history of one text: its versions, what differs between two of them, as text and as pages, and going back."""

from collections.abc import Mapping, Sequence

from offerpress.studio.plans.standing import program_zone
from offerpress.studio.state.differences import page_difference
from offerpress.studio.state.studio import Context, Done, NotDone, NotThere, Visit, address_of, clock_words
from offerpress.studio.writing.content_list import text_title
from offerpress.studio.writing.file_actions import RENAMED_ROOMS
from offerpress.studio.writing.text_preview import preview
from offerpress.studio.writing.typed_texts import EditedText, author_of
from offerpress.writing.paths import ContentPath, content_path
from offerpress.writing.saving import restore
from offerpress.writing.texts import NotText, typed_text
from offerpress.writing.versions import (
    FileVersion,
    VersionAction,
    digest_of_text,
    observed,
    text_of,
    versions,
)
from offerpress.writing.work_tree import work_tree

RESTORED = "went back to an earlier version of a text"
_WORDS: Mapping[VersionAction, str] = {
    "made": "Began the text",
    "saved": "Saved",
    "restored": "Went back to an earlier version",
    "renamed": "Gave it this name",
    "deleted": "Deleted",
    "outside": "Written outside the studio",
    "aside": "Not saved: somebody else had changed the text meanwhile",
}
_MOST_VERSIONS = 200
CHANGE = "change"
"""The comparison of a version with the one before, and not with the text as it is now."""


def versions_page(visit: Visit) -> Context:
    """Show every version of a text, the newest first, and what may be done with its file."""
    path = content_path(visit.site, visit.query.get("file", ""))
    current = observed(visit.site, path, visit.now)
    kept = versions(visit.site, path)
    if not kept:
        raise NotThere("There is no such text, and there never was one.")
    now = digest_of_text(current)
    tree = work_tree(visit.site)
    return {
        **_about(visit, path),
        "is_there": current is not None,
        "opened": now,
        "rows": [_row(visit, path, one, kept, now) for one in kept[:_MOST_VERSIONS]],
        "more": max(0, len(kept) - _MOST_VERSIONS),
        "uncommitted": tree is not None and any(one.path == path.name for one in tree.uncommitted),
        "may_commit": tree is not None and tree.may_commit,
        "slug": path.path.name.partition(".")[0],
        "may_rename": path.room in RENAMED_ROOMS and path.path.name.count(".") == 1,
    }


def _row(visit: Visit, path: ContentPath, one: FileVersion, kept: Sequence[FileVersion], now: str) -> Context:
    first = one is kept[-1] and one.action == "outside"
    return {
        "at": clock_words(one.at, program_zone(visit)),
        "name": one.name or ("" if first else "Another program"),
        "action": "As it was when the studio first saw it" if first else _WORDS[one.action],
        "former": one.former.rpartition("/")[2],
        "is_now": bool(now) and one.digest == now,
        "href": address_of("/text/compare", file=path.name, version=one.digest) if one.digest else "",
        "change_href": address_of("/text/compare", file=path.name, version=one.digest, what=CHANGE)
        if one.digest and one is not kept[-1]
        else "",
    }


def compare_page(visit: Visit) -> Context:
    """Show what differs between a version and the text as it is now, or the version before, as text and as pages."""
    path, digest = content_path(visit.site, visit.query.get("file", "")), visit.query.get("version", "")
    known = versions(visit.site, path)
    at = next((n for n, one in enumerate(known) if one.digest == digest and digest), None)
    if at is None:
        raise NotThere("There is no such version of this text.")
    kept, now = text_of(visit.site, digest), observed(visit.site, path, visit.now)
    only = visit.query.get("what") == CHANGE
    former = next((one.digest for one in known[at + 1 :] if one.action != "aside"), "")
    before, after = (text_of(visit.site, former) if former else b"", kept) if only else (kept, now or b"")
    names = ("Before", "This version") if only else ("Then", "Now")
    narrow = visit.query.get("width") == "narrow"
    same = {"file": path.name, "version": digest, **({"what": CHANGE} if only else {})}
    return {
        **_about(visit, path),
        "version": digest,
        "opened": digest_of_text(now),
        "is_there": now is not None,
        "is_now": kept == now,
        "only": only,
        "names": names,
        "differs": before != after,
        "at": clock_words(known[at].at, program_zone(visit)),
        "name": known[at].name or "Another program",
        "lines": _lines(path, before, after),
        "sides": [
            (name, _frame(visit, path, one)) for name, one in zip(names, (before, after), strict=True) if one
        ],
        "narrow": narrow,
        "widths": [
            ("Wide", address_of("/text/compare", **same), not narrow),
            ("Narrow", address_of("/text/compare", **same, width="narrow"), narrow),
        ],
    }


def _lines(path: ContentPath, before: bytes, after: bytes) -> list[tuple[str, str]]:
    """Return the lines that differ; one sentence for what is no text."""
    try:
        return list(page_difference(typed_text(before, path.name), typed_text(after, path.name)))
    except NotText:
        return [("", "This is no text that can be compared.")]


def _frame(visit: Visit, path: ContentPath, content: bytes) -> str:
    """Return the address of a frame with the page or mail of a text; empty for one that has mistakes."""
    if not path.is_text:
        return ""
    try:
        return str(preview(EditedText(visit, path, content, ""), content)["frame"])
    except (NotDone, NotText):
        return ""


def _about(visit: Visit, path: ContentPath) -> Context:
    return {
        "file": path.name,
        "title": text_title(visit.site.folder, path.name) or path.path.name,
        "href": address_of("/text", file=path.name),
        "versions_href": address_of("/text/versions", file=path.name),
        "may_write": visit.person.may("writer", "operator"),
    }


def restore_version(visit: Visit) -> Done:
    """Make an earlier version the text again; the text that it replaces stays a version."""
    visit.need("writer", "operator")
    path, query = content_path(visit.site, visit.query.get("file", "")), visit.query
    if all(one.digest != query.get("version") for one in versions(visit.site, path)):
        raise NotThere("There is no such version of this text.")
    done = restore(visit.site, path, query["version"], query.get("opened", ""), author_of(visit), visit.now)
    if done is None:
        return Done(to=address_of("/text/conflict", file=path.name))
    visit.record(RESTORED, path.name)
    return Done(to=address_of("/text/versions", file=path.name))

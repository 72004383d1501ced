"""What happens to the files of texts: another name, deleting, deleted ones, and version control."""

from collections.abc import Iterator

from generator.content.files import content_names
from offerpress.studio.plans.standing import program_zone
from offerpress.studio.state.studio import Context, Done, NotDone, Visit, address_of, clock_words
from offerpress.studio.writing.content_list import content_file, text_title
from offerpress.studio.writing.typed_texts import author_of
from offerpress.writing.fields import changed_keys
from offerpress.writing.paths import ContentPath, RefusedPath, content_path
from offerpress.writing.saving import delete_file, rename_file, save
from offerpress.writing.texts import open_file
from offerpress.writing.versions import deleted_files
from offerpress.writing.work_tree import commit_files, work_tree

RENAMED_ROOMS = ("announcements", "pages")
RENAMED, DELETED, COMMITTED = (
    "gave a text another name",
    "deleted a text",
    "committed texts to version control",
)


def files_page(visit: Visit) -> Context:
    """Show the deleted texts, and what version control does not have yet."""
    tree, zone = work_tree(visit.site), program_zone(visit)
    return {
        "may_write": visit.person.may("writer", "operator"),
        "gone": [
            {
                "file": one.path,
                "href": address_of("/text/versions", file=one.path),
                "name": one.name or "Another program",
                "at": clock_words(one.at, zone),
            }
            for one in deleted_files(visit.site)
        ],
        "tree": tree,
        "uncommitted": [
            {"file": one.path, "state": one.state, "title": text_title(visit.site.folder, one.path)}
            for one in (tree.uncommitted if tree else ())
            if _is_content(visit, one.path)
        ],
    }


def _is_content(visit: Visit, name: str) -> bool:
    try:
        content_path(visit.site, name)
    except RefusedPath:
        return False
    return True


def rename_text(visit: Visit) -> Done:
    """Give an announcement or page another name in all its languages; the former address leads to the new one."""
    visit.need("writer", "operator")
    path, slug = _opened(visit), visit.query.get("slug", "").strip()
    if path.room not in RENAMED_ROOMS or path.path.name.count(".") > 1:
        raise NotDone(
            "Only announcements and pages get another name. Exports and sent mails refer to the name of an offer or "
            "a campaign, and a translation has that of its original."
        )
    former = path.path.name.partition(".")[0]
    if slug == former:
        raise NotDone("This is its name already.")
    pairs = [(one, _named(visit, one, slug)) for one in _languages(visit, path)]
    taken = next((new for _, new in pairs if new.path.exists()), None)
    if taken:
        raise NotDone(f"There is a text {taken.path.name} already: choose another name.")
    for one, new in pairs:
        found = open_file(visit.site, one, visit.now)
        rename_file(visit.site, one, new, found.digest, author_of(visit), visit.now)
        if new.name == content_file(new.room, slug):
            _keep_address(visit, new, former)
    visit.record(RENAMED, path.name, note=slug)
    return Done(to=address_of("/text", file=_named(visit, path, slug).name))


def _named(visit: Visit, path: ContentPath, slug: str) -> ContentPath:
    language = path.path.name.removesuffix(".md").partition(".")[2]
    if "/" in slug or "." in slug:
        raise RefusedPath("A name has letters, digits and hyphens only.")
    return content_path(visit.site, content_file(path.room, slug, language))


def _keep_address(visit: Visit, path: ContentPath, former: str) -> None:
    """Let the former address of a page lead to the new one."""
    found = open_file(visit.site, path, visit.now)
    if found.values is None:
        return
    before = found.values.get("aliases")
    aliases = [*(before if isinstance(before, list) else []), former]
    content = changed_keys(
        found.content, path.name, {"aliases": [one for one in aliases if one != path.path.stem]}
    )
    save(visit.site, path, content, found.digest, author_of(visit), visit.now)


def delete_text(visit: Visit) -> Done:
    """Delete a text; an original goes with its translations. Each can be restored from its versions."""
    visit.need("writer", "operator")
    path = _opened(visit)
    for one in _languages(visit, path):
        delete_file(
            visit.site, one, open_file(visit.site, one, visit.now).digest, author_of(visit), visit.now
        )
    visit.record(DELETED, path.name)
    return Done(to="/writing/files")


def _opened(visit: Visit) -> ContentPath:
    """Return the text of the form; raises `NotDone` if it is not as the person saw it."""
    path = content_path(visit.site, visit.query.get("file", ""))
    if not path.is_text or open_file(visit.site, path, visit.now).digest != visit.query.get("opened"):
        raise NotDone("The text has changed since you opened this page: look at it again first.")
    return path


def _languages(visit: Visit, path: ContentPath) -> list[ContentPath]:
    """Return an original with its translations, or a translation alone."""
    slug, _, language = path.path.name.removesuffix(".md").partition(".")
    if language:
        return [path]
    return [content_path(visit.site, f"content/{name}") for name in _files_of(visit, path.room, slug)]


def _files_of(visit: Visit, room: str, slug: str) -> Iterator[str]:
    for name, (of_room, of_slug, _) in content_names(visit.site.folder).items():
        if (of_room, of_slug) == (room, slug):
            yield name


def commit_texts(visit: Visit) -> Done:
    """Commit the texts of the form to version control, with the person as author."""
    visit.need("writer", "operator")
    names = [value for name, value in sorted(visit.query.items()) if name.startswith("file.")]
    paths = [content_path(visit.site, name) for name in names]
    if not paths:
        raise NotDone("Choose at least one text.")
    message = visit.query.get("message", "").strip()
    commit = commit_files(visit.site, paths, message, author_of(visit), visit.now)
    visit.record(COMMITTED, ", ".join(path.name for path in paths), note=commit[:12])
    return Done(to="/writing/files")

"""Every public file outside `statement/`, from content alone: partner data never comes here."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from generator.content import Content
from generator.environment import environment
from generator.feeds import atom, feed_source, rss
from generator.json_feed import json_feed
from generator.readings import Reading
from generator.settings import SiteSettings, StatementSettings
from generator.site_files import headers, robots, sitemap
from generator.site_pages import SitePages
from generator.template_faults import syntax_faults
from rewards import Fault, Faulty

_OF_STATEMENTS = frozenset({"statement.css", "statement.svg", "viewer.js"})


def site_artifacts(
    content: Content,
    settings: SiteSettings,
    template_folders: Sequence[Path],
    as_of: int,
    site: Path,
    statements: StatementSettings,
) -> dict[str, bytes]:
    """Path -> content of every public file outside `statement/`, as of a day (an ordinal).

    `template_folders` come first to last in the order in which they win; `site` is the site folder. Raises
    Faulty with the file and line of a mistake in a template, and for a static file that has the path of
    another file.
    """
    _check_templates(template_folders, settings, site)
    readings = [Reading(content, settings, language, as_of) for language in settings.languages]
    assets = _assets(template_folders)
    marked = {
        name: (f"assets/{name}", f"?v={hashlib.sha256(data).hexdigest()[:10]}")
        for name, data in assets.items()
    }
    found: dict[str, bytes] = {f"assets/{name}": data for name, data in assets.items()}
    for reading in readings:
        pages = SitePages.of(reading, template_folders, marked)
        found.update(pages.artifacts())
        found.update(_redirects(reading, pages))
        found.update(_feeds(reading))
        if reading is readings[0]:
            found["404.html"] = pages.not_found()
    found["sitemap.xml"] = sitemap(readings[0])
    found["robots.txt"] = robots(settings)
    found["_headers"] = headers(statements)
    return found | _static(content, found)


def _check_templates(template_folders: Sequence[Path], settings: SiteSettings, site: Path) -> None:
    """The site's own templates are checked as a whole: also those that no page uses today."""
    own = [folder for folder in template_folders if folder.is_relative_to(site)]
    built = environment(template_folders, settings.default_language, kind="html")
    faults = [fault for folder in own for fault in syntax_faults(built, folder, "site")]
    if faults:
        raise Faulty(faults)


def _assets(template_folders: Sequence[Path]) -> dict[str, bytes]:
    """The files of `templates/assets/`, each of the first folder with it, without the statement page's."""
    found: dict[str, Path] = {}
    for folder in reversed(template_folders):
        for path in sorted((folder / "assets").rglob("*")):
            name = path.relative_to(folder / "assets").as_posix()
            if path.is_file() and name not in _OF_STATEMENTS and not name.startswith("."):
                found[name] = path
    return {name: found[name].read_bytes() for name in sorted(found)}


def _redirects(reading: Reading, pages: SitePages) -> Iterator[tuple[str, bytes]]:
    for page in (*reading.announcements, *reading.pages):
        for alias in page.aliases:
            yield pages.redirect(page, alias)


def _feeds(reading: Reading) -> Iterator[tuple[str, bytes]]:
    title = reading.settings.title
    named = [("", title, reading.announcements)] + [
        (f"tags/{tag}/", f"{title}: {name}", reading.tagged(tag, reading.announcements))
        for tag, name in reading.tags.items()
    ]
    for folder, name, announcements in named:
        source = feed_source(reading, announcements, f"{reading.folder}{folder}", name, name)
        yield f"{source.folder}feed.xml", rss(source)
        yield f"{source.folder}atom.xml", atom(source)
        yield f"{source.folder}feed.json", json_feed(source)


def _static(content: Content, ours: Mapping[str, bytes]) -> dict[str, bytes]:
    taken = {path.casefold() for path in ours}
    folders = {parent.casefold() for path in ours for parent in _parents(path)}
    faults = []
    for name in content.static:
        folded = name.casefold()
        above = {parent.casefold() for parent in _parents(name)}
        if folded in taken | folders or above & taken or folded.partition("/")[0] == "statement":
            file = f"content/static/{name}"
            faults.append(Fault(f"the site itself has {name!r}", "rename or move this file", file))
    if faults:
        raise Faulty(faults)
    return {name: path.read_bytes() for name, path in content.static.items()}


def _parents(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:n]) for n in range(1, len(parts))]

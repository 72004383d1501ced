"""The screen Publish: a build as a process of its own, what differs from the published site, and the publication."""

import re
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

from offerpress.build.manifest import Manifest, last_build
from offerpress.build.publishing import (
    FileChange,
    PublishedSite,
    file_changes,
    last_published,
    outdated_by,
    statement_counts,
)
from offerpress.reports.texts import day_words
from offerpress.site.folder import BUILD_FILE, SETTINGS_FILE
from offerpress.site.inputs import CODE, DAY, parts_digest
from offerpress.site.site import Site
from offerpress.studio.plans.standing import program_zone, visit_name
from offerpress.studio.state.commands import day_options
from offerpress.studio.state.studio import MADE, Context, Done, NotDone, Visit, address_of, clock_words
from rewards import parse_day

BUILT, PUBLISHED = "built the site", "published the site"
_MOST_SHOWN = 200
_TITLE = re.compile(r"<title>(.*?)</title>", re.DOTALL)
_TITLE_WITHIN = 20_000
_WORDS = {
    SETTINGS_FILE: "the settings",
    "content/program.toml": "the partner program",
    DAY: "the day",
    CODE: "this program",
}


def publish_page(visit: Visit) -> Context:
    """Show the last build, what it changes for readers, and the last publication."""
    site = visit.site
    built, published = last_build(site), last_published(site)
    outdated = _outdated(site, built) if built else []
    return {
        "built": _built_words(visit, built) if built else None,
        "outdated": outdated[:_MOST_SHOWN],
        "place": site.settings.publish.to,
        "published": _published_words(visit, published) if published else None,
        "differs": _differences(site, built, published) if built else None,
        "job": visit.studio.job,
        "failed": "The build" if visit.studio.job.what == BUILT else "The publication",
        "failure": "" if visit.studio.job.what == MADE else _failure(visit.studio.job.failure),
        "job_words": job_state(visit),
        "refused": _refusal(visit, built, outdated),
    }


def _outdated(site: Site, built: Manifest) -> list[str]:
    """Return what has changed since the build in words for people: files by their names, each once."""
    names = (
        _WORDS.get(name, name.removeprefix("content/").removesuffix(".md"))
        for name in outdated_by(site, built)
    )
    return list(dict.fromkeys(names))


def edition_of(built: Manifest) -> str:
    """Return a digest of all built files, by which a form names what the person saw."""
    return parts_digest(*(f"{path} {digest}" for path, digest in built.files.items()))


def _built_words(visit: Visit, built: Manifest) -> Context:
    at = datetime.fromtimestamp((visit.site.private / BUILD_FILE).stat().st_mtime, UTC)
    return {
        "at": clock_words(at, program_zone(visit)),
        "as_of": day_words(built.as_of),
        "partners": f"{built.partners:,}",
        "remarks": len(built.remarks),
        "edition": edition_of(built),
    }


def _published_words(visit: Visit, published: PublishedSite) -> Context:
    return {
        "at": clock_words(published.at, program_zone(visit)),
        "by": visit_name(visit, published.by) if published.by else "",
        "as_of": day_words(parse_day(published.as_of)),
        "place": published.place,
    }


def _differences(site: Site, built: Manifest, published: PublishedSite | None) -> Context:
    changes = file_changes(published.files if published else {}, built.files)
    shown: dict[str, list[Context]] = {"page": [], "feed": [], "other": []}
    for one in changes:
        if one.sort in shown and len(shown[one.sort]) < _MOST_SHOWN:
            shown[one.sort].append(_row(site, built, one))
    counts = {sort: sum(one.sort == sort for one in changes) for sort in shown}
    return {
        "total": len(changes),
        "pages": shown["page"],
        "feeds": shown["feed"],
        "others": shown["other"],
        "more": {sort: counts[sort] - len(shown[sort]) for sort in shown},
        "counts": counts,
        "statements": statement_counts(changes),
    }


def _row(site: Site, built: Manifest, change: FileChange) -> Context:
    folder = site.private / "published" if change.word == "gone" else built.output
    return {
        "path": change.path,
        "word": change.word,
        "title": file_title(folder / change.path) if change.sort == "page" else "",
        "href": address_of("/publish/file", file=change.path),
    }


def file_title(path: Path) -> str:
    """Return the title of a page; empty if it has none or cannot be read."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            found = _TITLE.search(file.read(_TITLE_WITHIN))
    except OSError:
        return ""
    return " ".join(unescape(found[1]).split()) if found else ""


def _refusal(visit: Visit, built: Manifest | None, outdated: list[str]) -> str:
    """Return why the built site cannot be published now; empty if it can."""
    if visit.studio.job.runs:
        return "Wait until the work above is done."
    if visit.site.settings.publish.to is None:
        return "No place is set at which readers find the site. An operator sets it on the page “Settings”."
    if built is None:
        return "Nothing was built yet."
    if outdated:
        return "The built site is older than what it is made of. Build it again first."
    return ""


def _failure(said: str) -> str:
    """Return why a command failed, in words for people who write."""
    for name, words in _WORDS.items():
        said = said.replace(name, words)
    return said.replace("not valid YAML", "not readable").replace("not valid TOML", "not readable")


def job_state(visit: Visit) -> dict[str, object]:
    """Return what the running command does, and how far it is."""
    job = visit.studio.job
    doing = {BUILT: "Building", PUBLISHED: "Publishing"}.get(job.what, "Planning a campaign")
    of = "partners" if job.what == MADE else "statements"
    far = f" {job.done:,} of {job.total:,} {of} are done." if job.total else ""
    text = f"{doing}, started by {job.started_by}.{far}" if job.runs else ""
    return {"runs": job.runs, "text": text, "done": job.done, "total": job.total}


def build_site(visit: Visit) -> Done:
    """Begin a build."""
    visit.need("writer", "operator")
    _begin(visit, BUILT, "build", "--progress")
    return Done("/publish")


def publish_site(visit: Visit) -> Done:
    """Begin to publish what was built, if it is what the person saw and nothing has changed since."""
    visit.need("operator")
    built = last_build(visit.site)
    why = _refusal(visit, built, _outdated(visit.site, built) if built else [])
    if why:
        raise NotDone(why)
    if built is not None and visit.query.get("seen", "") != edition_of(built):
        raise NotDone("The site was built again since you opened this page. Look at what differs first.")
    _begin(visit, PUBLISHED, "publish", "--by", visit.person.person)
    return Done("/publish")


def _begin(visit: Visit, what: str, *arguments: str) -> None:
    visit.studio.job.start(
        visit.site,
        what,
        [arguments[0], *day_options(visit.site), *arguments[1:]],
        visit.person.name,
        lambda: visit.record(what, visit.site.settings.publish.to or "" if what == PUBLISHED else ""),
    )

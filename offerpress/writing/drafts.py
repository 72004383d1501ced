"""Texts that a person has not saved yet, and who has a file open.

A draft lies in `private/drafts`, so it survives a closed tab and a killed server. It is dropped by the save that took
it. Who has a file open is said again by the page every few seconds, and forgotten when the page is silent.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from offerpress.site.site import Site
from offerpress.site.state import json_text, read_state, write_state
from offerpress.writing.paths import ContentPath
from offerpress.writing.versions import Author, writing_queue

DRAFTS: Final = "drafts"
OPEN_FOR: Final = timedelta(seconds=90)
"""How long a file counts as open after the page said so."""
_MODE: Final = 0o600
Typed = Mapping[str, str] | None
_OPEN: Final = "open.json"
_REMEDY: Final = "delete it: the text that it held is lost, saved versions are not"


@dataclass(frozen=True, slots=True)
class TextDraft:
    """A text that was not saved: of whom, of which file, since when, and the digest of what it began from.

    `form` are the fields of the form of an offer, if they were typed there.
    """

    person: str
    path: str
    content: bytes
    opened: str
    at: datetime
    form: Typed


@dataclass(frozen=True, slots=True)
class OpenBy:
    """Somebody has a file open, and said so last at that instant."""

    person: str
    name: str
    at: datetime


def keep_draft(
    site: Site, path: ContentPath, content: bytes, opened: str, by: Author, at: datetime, form: Typed = None
) -> None:
    """Keep what a person has typed, durably; `opened` is the digest of what was opened."""
    with writing_queue(site):
        keep_draft_in_queue(site, path, content, opened, by, at, form)


def keep_draft_in_queue(
    site: Site, path: ContentPath, content: bytes, opened: str, by: Author, at: datetime, form: Typed = None
) -> None:
    """Do as `keep_draft` for who holds the queue."""
    facts = {
        "path": path.name,
        "opened": opened,
        "at": at.astimezone(UTC).isoformat(timespec="milliseconds"),
        **({"form": form} if form else {}),
        **_written_content(content),
    }
    write_state(_draft_file(site, by.person, path.name), json_text(facts), mode=_MODE)


def draft_of(site: Site, path: ContentPath, person: str) -> TextDraft | None:
    """Return what that person has typed into a file and not saved."""
    return _read_draft(_draft_file(site, person, path.name), person)


def drafts_of(site: Site, person: str) -> list[TextDraft]:
    """Return every draft of a person, sorted by path."""
    folder = _draft_file(site, person, "").parent
    found = (_read_draft(file, person) for file in sorted(folder.glob("*.json")))
    return sorted((one for one in found if one), key=lambda one: one.path)


def drop_draft(site: Site, path: ContentPath, person: str) -> None:
    """Delete a person's draft of a file, if there is one."""
    _draft_file(site, person, path.name).unlink(missing_ok=True)


def note_open(site: Site, path: ContentPath, by: Author, at: datetime) -> list[OpenBy]:
    """Note that a person has a file open, and return who else has."""
    with writing_queue(site):
        everything = _still_open(site, at)
        everything.setdefault(path.name, {})[by.person] = OpenBy(by.person, by.name, at)
        _write_open(site, everything)
    return [one for one in everything[path.name].values() if one.person != by.person]


def note_closed(site: Site, path: ContentPath, person: str, at: datetime) -> None:
    """Note that a person has closed a file."""
    with writing_queue(site):
        everything = _still_open(site, at)
        if everything.get(path.name, {}).pop(person, None):
            _write_open(site, everything)


def open_by(site: Site, at: datetime) -> Mapping[str, list[OpenBy]]:
    """Return who has which files open, by path."""
    return {name: list(people.values()) for name, people in _still_open(site, at).items() if people}


_Open = dict[str, dict[str, OpenBy]]


def _still_open(site: Site, at: datetime) -> _Open:
    found = read_state(site.private / DRAFTS / _OPEN, _parsed_open, _REMEDY) or {}
    return {
        name: {one.person: one for one in people.values() if at - one.at < OPEN_FOR}
        for name, people in found.items()
    }


def _write_open(site: Site, everything: _Open) -> None:
    facts = {
        name: {
            one.person: {"name": one.name, "at": one.at.astimezone(UTC).isoformat()}
            for one in people.values()
        }
        for name, people in everything.items()
        if people
    }
    site.make_private()
    write_state(site.private / DRAFTS / _OPEN, json_text(facts), mode=_MODE)


def _parsed_open(raw: Any) -> _Open:  # noqa: ANN401 - JSON
    return {
        name: {
            person: OpenBy(person, str(facts["name"]), datetime.fromisoformat(facts["at"]))
            for person, facts in people.items()
        }
        for name, people in raw.items()
    }


def _draft_file(site: Site, person: str, name: str) -> Path:
    """Return where a draft lies: names of people and files become digests, because a folder may not take them."""
    folder = site.private / DRAFTS / sha256(person.encode()).hexdigest()[:16]
    return folder / f"{sha256(name.encode()).hexdigest()[:32]}.json"


def _written_content(content: bytes) -> dict[str, str]:
    """Return a text as text, so that a search of the folder finds its words, and anything else in hexadecimal."""
    try:
        return {"text": content.decode()}
    except UnicodeDecodeError:
        return {"bytes": content.hex()}


def _read_draft(file: Path, person: str) -> TextDraft | None:
    def parse(raw: Any) -> TextDraft:  # noqa: ANN401 - JSON
        content = str(raw["text"]).encode() if "text" in raw else bytes.fromhex(raw["bytes"])
        at, form = datetime.fromisoformat(raw["at"]), raw.get("form")
        return TextDraft(person, str(raw["path"]), content, str(raw["opened"]), at, form)

    return read_state(file, parse, _REMEDY)

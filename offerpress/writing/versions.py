"""The versions of every content file in `private/versions`: texts by their SHA-256, and one log of what happened.

A text is durable before the log names it, and the log names it before the file changes. So a killed process leaves at
most a version that never became the file, and no text is lost. What another program wrote is noticed when a file is
looked at, and kept as a version too.
"""

import fcntl
import json
import os
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Final, Literal

from offerpress.site.site import Site
from offerpress.site.state import append_lines, replace_bytes
from offerpress.writing.paths import (
    ContentPath,
    FileVanished,
    NotWritable,
    WritingRefused,
    content_path,
    content_paths,
)

VERSIONS: Final = "versions"
_LOG: Final = "log"
_MODE: Final = 0o600
_GROUP: Final = 50
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")

VersionAction = Literal["made", "saved", "restored", "renamed", "deleted", "outside", "aside"]
"""`outside`: another program wrote it. `aside`: not saved, because the file had changed; it is kept here only."""


@dataclass(frozen=True, slots=True)
class Author:
    """Who writes: the person's id, and the name; both are empty for another program."""

    person: str = ""
    name: str = ""


OUTSIDE: Final = Author()


@dataclass(frozen=True, slots=True)
class FileVersion:
    """One line of the log: when, by whom, what happened to which file.

    `digest` names the text (`text_of`); it is empty where the file was deleted. `former` is the name before a renaming.
    """

    at: str
    person: str
    name: str
    action: VersionAction
    path: str
    digest: str
    former: str = ""

    @property
    def instant(self) -> datetime:
        """When it was written, or noticed for another program's text."""
        return datetime.fromisoformat(self.at)


def digest_of_text(content: bytes | None) -> str:
    """Return the SHA-256 by which a text is kept, in hexadecimal; empty where there is no file."""
    return "" if content is None else sha256(content).hexdigest()


@contextmanager
def writing_queue(site: Site) -> Iterator[None]:
    """Hold the queue of everything that writes content files or versions, between threads and processes.

    It is not the lock of `private/`, which a plan may hold for a minute. It must not be taken twice.
    """
    handle = os.open(_folder(site) / "lock", os.O_RDWR | os.O_CREAT, _MODE)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def current_content(path: ContentPath) -> bytes | None:
    """Return the bytes of the file now; None where there is none. Raises `WritingRefused` if it cannot be read."""
    try:
        with os.fdopen(os.open(path.path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
            return file.read()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise NotWritable(f"{path.name} cannot be read: {error.strerror}.") from error


def observed(site: Site, path: ContentPath, at: datetime) -> bytes | None:
    """Return the bytes of the file now, after noting what another program did to it. None where there is no file."""
    content = current_content(path)
    if _is_known(site, path, content):
        return content
    with writing_queue(site):
        return observed_in_queue(site, path, at)


def observed_in_queue(site: Site, path: ContentPath, at: datetime) -> bytes | None:
    """Do as `observed` for who holds the queue."""
    content = current_content(path)
    if not _is_known(site, path, content):
        keep_version(site, path, content, "deleted" if content is None else "outside", OUTSIDE, at)
    return content


def note_outside(site: Site, at: datetime, names: Collection[str] | None = None) -> int:
    """Keep what other programs did to texts since they were last looked at; return how many texts that were.

    `names` are the only files to look at, by their path from the site folder; without it all texts are looked at.
    """
    paths = content_paths(site) if names is None else []
    if names is None:
        there = {path.name for path in paths}
        names = {name for name, one in last_changes(site).items() if one.digest and name not in there}
    paths += _usable_paths(site, names)
    # Whoever saves waits for one group at most.
    groups = (paths[at : at + _GROUP] for at in range(0, len(paths), _GROUP))
    return sum(_note_group(site, group, at) for group in groups)


def _usable_paths(site: Site, names: Collection[str]) -> Iterator[ContentPath]:
    for name in sorted(names):
        with suppress(WritingRefused):
            path = content_path(site, name)
            if path.is_text:
                yield path


def _note_group(site: Site, paths: Sequence[ContentPath], at: datetime) -> int:
    with writing_queue(site):
        known, found = last_changes(site), 0
        for path in paths:
            content = current_content(path)
            if digest_of_text(content) != (known[path.name].digest if path.name in known else ""):
                keep_version(site, path, content, "deleted" if content is None else "outside", OUTSIDE, at)
                found += 1
        return found


def _is_known(site: Site, path: ContentPath, content: bytes | None) -> bool:
    last = last_version(site, path.name)
    return digest_of_text(content) == (last.digest if last else "")


def keep_version(
    site: Site,
    path: ContentPath,
    content: bytes | None,
    action: VersionAction,
    by: Author,
    at: datetime,
    former: str = "",
) -> FileVersion:
    """Keep a text and the line about it, durably, and return the line. Requires the queue."""
    digest = "" if content is None else _keep_text(site, content)
    when = at.astimezone(UTC).isoformat(timespec="milliseconds")
    version = FileVersion(when, by.person, by.name, action, path.name, digest, former)
    facts = {name: value for name, value in asdict(version).items() if value or name != "former"}
    _append(_folder(site) / _LOG, json.dumps(facts, ensure_ascii=False).encode() + b"\n")
    return version


def last_version(site: Site, name: str) -> FileVersion | None:
    """Return what the file of that name was last known to hold; a text that was put aside never was in the file."""
    sought = f'"path": {json.dumps(name, ensure_ascii=False)}'.encode()
    for line in reversed(_lines(site)):
        if sought in line:
            found = _version(line)
            if found and found.path == name and found.action != "aside":
                return found
    return None


def versions(site: Site, path: ContentPath) -> list[FileVersion]:
    """Return every version of a file, the newest first, also those under former names."""
    found, name = list[FileVersion](), path.name
    for line in reversed(_lines(site)):
        one = _version(line)
        if one and one.path == name:
            found.append(one)
            if one.action == "renamed" and one.former:
                name = one.former
    return found


def last_changes(site: Site) -> Mapping[str, FileVersion]:
    """Return the newest version of every file that was ever seen, by path; deleted files are among them."""
    found = (_version(line) for line in _lines(site))
    return {one.path: one for one in found if one and one.action != "aside"}


def deleted_files(site: Site) -> list[FileVersion]:
    """Return what happened last to each file that is not there any more and has no other name, the newest first."""
    last: dict[str, FileVersion] = {}
    moved = set[str]()
    for one in (_version(line) for line in _lines(site)):
        if one and one.action != "aside":
            last[one.path] = one
            moved = (moved | {one.former}) if one.former else (moved - {one.path} if one.digest else moved)
    gone = [one for one in last.values() if not one.digest and one.path not in moved]
    return sorted(gone, key=lambda one: one.at, reverse=True)


def opened_text(site: Site, digest: str) -> bytes:
    """Return the text from which somebody began: nothing, without a digest, where there was no file yet."""
    return text_of(site, digest) if digest else b""


def text_of(site: Site, digest: str) -> bytes:
    """Return a kept text; raises `WritingRefused` if it was thinned out or damaged."""
    if not _DIGEST.fullmatch(digest):
        raise WritingRefused("There is no such version: reload the page.")
    try:
        content = _text_file(site, digest).read_bytes()
    except FileNotFoundError:
        raise FileVanished("The text of this version was removed, because it was old.") from None
    except OSError as error:
        raise WritingRefused(
            "The text of this version is damaged: restore private/versions from a backup."
        ) from error
    if digest_of_text(content) != digest:
        raise WritingRefused("The text of this version is damaged: restore private/versions from a backup.")
    return content


def old_texts(site: Site, before: date | None = None) -> list[Path]:
    """Return the kept texts that no file holds now and nobody wrote since that day (UTC); without it, of any age.

    Their lines of the log stay when they go.
    """
    lines = [one for one in (_version(line) for line in _lines(site)) if one and one.digest]
    needed = {one.digest for one in last_changes(site).values()}
    if before is not None:
        needed |= {one.digest for one in lines if one.instant.date() >= before}
    found = sorted((site.private / VERSIONS).glob("[0-9a-f][0-9a-f]/*"))
    texts = (path for path in found if path.parent.name + path.name not in needed)
    return [
        path
        for path in texts
        if before is None or datetime.fromtimestamp(path.stat().st_mtime, UTC).date() < before
    ]


def drop_texts(site: Site, texts: Collection[Path], before: date | None = None) -> None:
    """Delete those of these texts that are still old, see `old_texts`."""
    with writing_queue(site):
        for path in {*texts} & {*old_texts(site, before)}:
            path.unlink()


def _folder(site: Site) -> Path:
    try:
        folder = site.make_private() / VERSIONS
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise NotWritable(
            f"Nothing can be saved, because private/ cannot be written: {error.strerror}."
        ) from error
    return folder


def _text_file(site: Site, digest: str) -> Path:
    return site.private / VERSIONS / digest[:2] / digest[2:]


def _keep_text(site: Site, content: bytes) -> str:
    digest = digest_of_text(content)
    file = _text_file(site, digest)
    if not file.is_file():
        file.parent.mkdir(mode=0o700, exist_ok=True)
        replace_bytes(file, content, mode=_MODE)
    return digest


def _append(file: Path, line: bytes) -> None:
    """Append a line durably; one that a crash cut off is ended first."""
    handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND, _MODE)
    try:
        append_lines(handle, line)
    finally:
        os.close(handle)


def _lines(site: Site) -> list[bytes]:
    try:
        return (site.private / VERSIONS / _LOG).read_bytes().split(b"\n")
    except FileNotFoundError:
        return []


def _version(line: bytes) -> FileVersion | None:
    """Return the version of a line; None for an empty or damaged one."""
    try:
        return FileVersion(**json.loads(line)) if line else None
    except (ValueError, TypeError):
        return None

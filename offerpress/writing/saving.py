"""Saving: a text takes the place of the one that was opened, or nothing is overwritten.

The order loses nothing when the process is killed: the text is durable among the versions, then it takes the file's
place in one step, then the draft goes. A save that was confirmed is on the disk.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from offerpress.site.site import Site
from offerpress.site.state import flush_folder, written_beside
from offerpress.writing.drafts import drop_draft, keep_draft_in_queue
from offerpress.writing.merging import merged
from offerpress.writing.paths import ContentPath, FileExists, FileVanished, NotWritable
from offerpress.writing.versions import (
    VERSIONS,
    Author,
    FileVersion,
    VersionAction,
    digest_of_text,
    keep_version,
    observed_in_queue,
    text_of,
    versions,
    writing_queue,
)

_FILE_MODE: Final = 0o666


@dataclass(frozen=True, slots=True)
class Saved:
    """The file holds the text now, durably; `version` is None if it held it before."""

    digest: str
    version: FileVersion | None


@dataclass(frozen=True, slots=True)
class Conflict:
    """The file has changed since it was opened, so nothing was saved; `mine` is kept as a draft and as a version.

    `theirs` is None where the file was deleted, `base` where what was opened is not kept any more. `result` holds both
    changes where they touch different lines, else None. To save a result, give `theirs_digest` as what was opened.
    """

    base: bytes | None
    theirs: bytes | None
    mine: bytes
    result: bytes | None
    theirs_digest: str


def save(
    site: Site, path: ContentPath, content: bytes, opened: str, by: Author, at: datetime
) -> Saved | Conflict:
    """Save a text into the file that had the digest `opened`; `opened` is empty for a file that must not exist.

    Raises `NotWritable`; then the text is kept as the person's draft, as far as the disk takes it.
    """
    with writing_queue(site), _kept_on_failure(site, path, content, opened, by, at):
        theirs = observed_in_queue(site, path, at)
        now = "" if theirs is None else digest_of_text(theirs)
        if theirs == content:
            drop_draft(site, path, by.person)
            return Saved(now, None)
        if now != opened:
            return _conflict(site, path, content, opened, theirs, by, at)
        version = _write(site, path, content, "saved" if opened else "made", by, at)
        drop_draft(site, path, by.person)
        return Saved(version.digest, version)


def restore(
    site: Site, path: ContentPath, digest: str, opened: str, by: Author, at: datetime
) -> Saved | Conflict:
    """Make a kept text the file again; `opened` is the digest of the file, empty for a deleted one."""
    content = text_of(site, digest)
    with writing_queue(site):
        theirs = observed_in_queue(site, path, at)
        now = "" if theirs is None else digest_of_text(theirs)
        if theirs == content:
            return Saved(now, None)
        if now != opened:
            return _conflict(site, path, content, opened, theirs, by, at)
        version = _write(site, path, content, "restored", by, at)
        return Saved(version.digest, version)


def delete_file(site: Site, path: ContentPath, opened: str, by: Author, at: datetime) -> FileVersion:
    """Delete a file that has the digest `opened`; its text stays among the versions."""
    with writing_queue(site):
        _same(site, path, opened, at)
        version = keep_version(site, path, None, "deleted", by, at)
        with _said(path):
            path.path.unlink()
            flush_folder(path.path.parent)
        return version


def rename_file(
    site: Site, path: ContentPath, new: ContentPath, opened: str, by: Author, at: datetime
) -> FileVersion:
    """Give a file that has the digest `opened` another name; its versions follow. Raises `FileExists`."""
    with writing_queue(site):
        content = _same(site, path, opened, at)
        if observed_in_queue(site, new, at) is not None:
            raise FileExists(f"There is a file {new.name} already: choose another name.")
        with _said(new):
            new.path.parent.mkdir(parents=True, exist_ok=True)
        version = keep_version(site, new, content, "renamed", by, at, former=path.name)
        keep_version(site, path, None, "deleted", by, at)
        with _said(new):
            os.link(path.path, new.path)  # unlike a renaming it never replaces a file
            path.path.unlink()
            flush_folder(new.path.parent)
            flush_folder(path.path.parent)
        return version


def note_made(site: Site, path: ContentPath, by: Author, at: datetime) -> FileVersion:
    """Keep the first version of a file that `add_stub` has just made for a person."""
    with writing_queue(site):
        content = path.path.read_bytes()
        return keep_version(site, path, content, "made", by, at)


def _same(site: Site, path: ContentPath, opened: str, at: datetime) -> bytes:
    content = observed_in_queue(site, path, at)
    if content is None:
        raise FileVanished(
            f"{path.name} is not there any more: somebody deleted or renamed it. Its versions are kept."
        )
    if digest_of_text(content) != opened:
        raise FileVanished(f"{path.name} has changed since you opened it: look at it again first.")
    return content


def _conflict(
    site: Site, path: ContentPath, mine: bytes, opened: str, theirs: bytes | None, by: Author, at: datetime
) -> Conflict:
    known = opened and any(one.digest == opened for one in versions(site, path))
    base = text_of(site, opened) if known else None
    keep_draft_in_queue(site, path, mine, opened, by, at)
    keep_version(site, path, mine, "aside", by, at)
    result = merged(base, theirs, mine) if base is not None and theirs is not None else None
    return Conflict(base, theirs, mine, result, "" if theirs is None else digest_of_text(theirs))


def _write(
    site: Site, path: ContentPath, content: bytes, action: VersionAction, by: Author, at: datetime
) -> FileVersion:
    version = keep_version(site, path, content, action, by, at)
    with _said(path):
        path.path.parent.mkdir(parents=True, exist_ok=True)
        _replace_content(site, path, content)
    return version


def _replace_content(site: Site, path: ContentPath, content: bytes) -> None:
    """Replace the file in one step. It is written in `private/`, so that no build reads half of it."""
    target = path.path
    mode = target.stat().st_mode & 0o777 if target.exists() else None
    beside = written_beside(site.private / VERSIONS / "file", content, _FILE_MODE)
    if mode is not None:
        beside.chmod(mode)
    try:
        beside.replace(target)
    except OSError as error:
        beside.unlink(missing_ok=True)
        if error.errno != errno.EXDEV:
            raise
        # `private/` lies on another file system, so the file is written beside its place, under a hidden name.
        beside = written_beside(target.with_name(f".{target.name}"), content, mode or _FILE_MODE)
        beside.replace(target)
    flush_folder(target.parent)


@contextmanager
def _said(path: ContentPath) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        why = {errno.ENOSPC: "the disk is full", errno.EROFS: "the disk is read-only"}.get(
            error.errno or 0,
            "the folder is read-only" if error.errno in {errno.EACCES, errno.EPERM} else error.strerror,
        )
        raise NotWritable(f"{path.name} was not saved: {why}. What you typed is kept as a draft.") from error


@contextmanager
def _kept_on_failure(
    site: Site, path: ContentPath, content: bytes, opened: str, by: Author, at: datetime
) -> Iterator[None]:
    try:
        with _said(path):
            yield
    except NotWritable:
        try:
            keep_draft_in_queue(site, path, content, opened, by, at)
        except OSError:
            raise NotWritable(
                f"{path.name} was not saved, and the disk takes no draft either: keep this page open."
            ) from None
        raise

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
from pathlib import Path
from typing import Final

from generator import exchange_in_one_step
from offerpress.site.site import Site
from offerpress.site.state import WRITING, flush_folder, written_beside
from offerpress.writing.drafts import drop_draft, keep_draft_in_queue
from offerpress.writing.paths import ContentPath, FileExists, FileVanished, NotWritable, check_new_name
from offerpress.writing.versions import (
    OUTSIDE,
    VERSIONS,
    Author,
    FileVersion,
    VersionAction,
    digest_of_text,
    keep_version,
    observed_in_queue,
    text_of,
    writing_queue,
)

_FILE_MODE: Final = 0o666


@dataclass(frozen=True, slots=True)
class Saved:
    """The file holds the text now, durably; `version` is None if it held it before."""

    digest: str
    version: FileVersion | None


def save(
    site: Site, path: ContentPath, content: bytes, opened: str, by: Author, at: datetime
) -> Saved | None:
    """Save a text into the file that had the digest `opened`; `opened` is empty for a file that must not exist.

    Returns None if the file has changed since it was opened. Then nothing was saved: the text is kept as a version and
    as the person's draft, which is compared with the file. Raises `NotWritable`; then the text is kept as the draft,
    as far as the disk takes it.
    """
    if not opened:
        check_new_name(path)
    return _stored(site, path, content, opened, "saved" if opened else "made", by, at)


def restore(
    site: Site, path: ContentPath, digest: str, opened: str, by: Author, at: datetime
) -> Saved | None:
    """Make a kept text the file again as `save` does; `opened` is the digest of the file, empty for a deleted one."""
    return _stored(site, path, text_of(site, digest), opened, "restored", by, at)


def _stored(
    site: Site,
    path: ContentPath,
    content: bytes,
    opened: str,
    action: VersionAction,
    by: Author,
    at: datetime,
) -> Saved | None:
    with writing_queue(site), _kept_on_failure(site, path, content, opened, by, at):
        theirs = observed_in_queue(site, path, at)
        version = None
        if theirs != content:
            if digest_of_text(theirs) == opened:
                version = _write(site, path, content, theirs, action, by, at)
            if version is None:
                keep_draft_in_queue(site, path, content, opened, by, at)
                keep_version(site, path, content, "aside", by, at)
                return None
        if action != "restored":  # going back to an earlier version saves no draft
            drop_draft(site, path, by.person)
        return Saved(digest_of_text(content), version)


def delete_file(site: Site, path: ContentPath, opened: str, by: Author, at: datetime) -> None:
    """Delete a file that has the digest `opened`; its text stays among the versions."""
    with writing_queue(site):
        content = _same(site, path, opened, at)
        with _said(path):
            _check_writable(path.path)
        keep_version(site, path, None, "deleted", by, at)
        with _said(path):
            _take_away(site, path, content, at)


def rename_file(
    site: Site, path: ContentPath, new: ContentPath, opened: str, by: Author, at: datetime
) -> None:
    """Give a file that has the digest `opened` another name; its versions follow. Raises `WritingRefused`."""
    check_new_name(new)
    with writing_queue(site):
        content = _same(site, path, opened, at)
        if observed_in_queue(site, new, at) is not None:
            raise FileExists(f"There is a file {new.name} already: choose another name.")
        with _said(new):
            _check_writable(path.path)
            _check_writable(new.path)
        keep_version(site, new, content, "renamed", by, at, former=path.name)
        keep_version(site, path, None, "deleted", by, at)
        with _said(new):
            os.link(path.path, new.path)  # unlike a renaming it never replaces a file
            flush_folder(new.path.parent)
            _take_away(site, path, content, at)


def note_made(site: Site, path: ContentPath, by: Author, at: datetime) -> None:
    """Keep the first version of a file that `add_stub` has just made for a person."""
    with writing_queue(site):
        keep_version(site, path, path.path.read_bytes(), "made", by, at)


def _same(site: Site, path: ContentPath, opened: str, at: datetime) -> bytes:
    content = observed_in_queue(site, path, at)
    if content is None:
        raise FileVanished(
            f"{path.name} is not there any more: somebody deleted or renamed it. Its versions are kept."
        )
    if digest_of_text(content) != opened:
        raise FileVanished(f"{path.name} has changed since you opened it: look at it again first.")
    return content


def _write(
    site: Site,
    path: ContentPath,
    content: bytes,
    theirs: bytes | None,
    action: VersionAction,
    by: Author,
    at: datetime,
) -> FileVersion | None:
    """Keep the version, then replace the file, which holds `theirs`.

    Returns None if another program wrote the file meanwhile; that text is in its place again, and a version.
    """
    with _said(path):
        _check_writable(path.path)
    version = keep_version(site, path, content, action, by, at)
    with _said(path):
        late = _placed(site, path, content, theirs)
    if late is None:
        return version
    if late not in (content, theirs):
        keep_version(site, path, late, "outside", OUTSIDE, at)
    observed_in_queue(site, path, at)
    return None


def _check_writable(target: Path) -> None:
    """Raise `OSError` if the folder, which is made, or the file is read-only."""
    target.parent.mkdir(parents=True, exist_ok=True)
    for place in (target.parent, target):
        if place.exists() and not os.access(place, os.W_OK, effective_ids=True):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def _take_away(site: Site, path: ContentPath, expected: bytes, at: datetime) -> None:
    """Take a file away; a text that another program has just written into it becomes a version."""
    for beside in (
        site.private / VERSIONS / "file.taken",
        path.path.with_name(f".{path.path.name}{WRITING}"),
    ):
        try:
            path.path.replace(beside)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            continue
        if (taken := beside.read_bytes()) != expected:
            keep_version(site, path, taken, "outside", OUTSIDE, at)
            keep_version(site, path, None, "deleted", OUTSIDE, at)
        beside.unlink()
        flush_folder(path.path.parent)
        return


def _placed(site: Site, path: ContentPath, content: bytes, theirs: bytes | None) -> bytes | None:
    """Let the file hold `content`, durably and in one step, if it holds `theirs`; None means that it was done.

    Otherwise the file stays as another program wrote it, and what was taken out of its place last is returned.
    """
    target = path.path
    mode = _FILE_MODE if theirs is None else target.stat().st_mode & 0o777
    beside = written_beside(site.private / VERSIONS / "file", content, _FILE_MODE)
    try:
        try:
            return _swapped(beside, target, content, theirs, mode)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
        # `private/` lies on another file system, so the file is written beside its place, under a hidden name.
        near = written_beside(target.with_name(f".{target.name}"), content, _FILE_MODE)
        try:
            return _swapped(near, target, content, theirs, mode)
        finally:
            near.unlink(missing_ok=True)
    finally:
        beside.unlink(missing_ok=True)
        flush_folder(target.parent)


def _swapped(beside: Path, target: Path, content: bytes, theirs: bytes | None, mode: int) -> bytes | None:
    if theirs is None:
        try:
            os.link(beside, target)
        except FileExistsError:
            return content
        return None
    beside.chmod(mode)
    try:
        swapped = exchange_in_one_step(beside, target)
    except FileNotFoundError:
        return content
    if not swapped:
        beside.replace(target)
        return None
    taken = beside.read_bytes()
    if taken == theirs:
        return None
    exchange_in_one_step(beside, target)
    return beside.read_bytes()


@contextmanager
def _said(path: ContentPath) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        why = {errno.ENOSPC: "the disk is full", errno.EROFS: "the disk is read-only"}.get(
            error.errno or 0,
            "the folder or the file is read-only"
            if error.errno in {errno.EACCES, errno.EPERM}
            else error.strerror,
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

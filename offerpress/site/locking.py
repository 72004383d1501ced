"""The lock of a site: only one command at a time changes the files of `private/`.

Whoever gets the lock first removes what a killed command left half written. Outbox and hooks do not need this lock,
because the database has its own.
"""

import fcntl
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from threading import RLock
from typing import Final

import click

from offerpress.site.folder import OfferpressError
from offerpress.site.site import Site
from offerpress.site.state import WRITING, remove_unfinished

_WAIT_SECONDS: Final = 60.0
_PAUSE_SECONDS: Final = 0.05
_TOLD_AFTER_SECONDS: Final = 1.0
_FORMER: Final = re.compile(r"\.(.+)-[^-]{8}-former")
_FOLDERS: Final = ("", "manifests", "reports", "sign-offs", "approvals", "batches", "snapshots/*")

_threads: Final[dict[Path, RLock]] = {}
"""The lock of each private folder among the threads of this process: the studio answers several people at once."""
_held: set[Path] = set()
"""The private folders that this process has locked: a command may call functions that need the lock too."""


@contextmanager
def sole_writer(site: Site, wait_seconds: float = _WAIT_SECONDS) -> Iterator[None]:
    """Hold the site's lock for the length of the block; raises `OfferpressError` if another command keeps it.

    The lock is one of the operating system on the private folder, and ends with the process. It belongs to one thread,
    which may take it again within itself. A private folder that the block leaves empty is removed.
    """
    thread = _threads.setdefault(site.private, RLock())
    if not thread.acquire(timeout=wait_seconds):
        raise _busy(site)
    try:
        with nullcontext() if site.private in _held else _alone_on_this_machine(site, wait_seconds):
            yield
    finally:
        thread.release()


@contextmanager
def _alone_on_this_machine(site: Site, wait_seconds: float) -> Iterator[None]:
    private = site.private
    missing = not private.exists()
    handle = os.open(site.make_private(), os.O_RDONLY)
    try:
        _wait(handle, site, wait_seconds)
        _held.add(private)
        _remove_leftovers(site)
        yield
    finally:
        _held.discard(private)
        os.close(handle)
        if missing:
            with suppress(OSError):  # something stands in it
                private.rmdir()


def _busy(site: Site) -> OfferpressError:
    return OfferpressError(
        f"busy: {site.private}: another offerpress command is changing it; wait until that has ended, then run this "
        "again"
    )


def _wait(handle: int, site: Site, wait_seconds: float) -> None:
    began, told = time.monotonic(), False
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waited = time.monotonic() - began
            if waited > wait_seconds:
                raise _busy(site) from None
            if waited > _TOLD_AFTER_SECONDS and not told:
                click.echo(
                    f"Waiting for another offerpress command, which is changing {site.private}", err=True
                )
                told = True
            time.sleep(_PAUSE_SECONDS)
        else:
            return


def _remove_leftovers(site: Site) -> None:
    """Remove the files that killed commands left beside those that they were writing.

    Some are written without the lock, so one of these files may get its own name while it is looked at.
    """
    for folder in _FOLDERS:
        for path in site.private.glob(f"{folder}/*{WRITING}" if folder else f"*{WRITING}"):
            remove_unfinished(path)
    for path in site.batches.glob(".rendering-*"):
        path.unlink(missing_ok=True)
    for path in site.private.glob(".*sealed-*"):
        shutil.rmtree(path)
    for path in sorted(site.snapshots.glob(".*")):
        former = _FORMER.fullmatch(path.name)
        if former and not (site.snapshots / former[1]).exists():
            path.rename(site.snapshots / former[1])  # it was moved away, and nothing took its place
        else:
            shutil.rmtree(path)

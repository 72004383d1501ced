"""The temporary folder of a command: it goes when the command ends, and that of a killed command with the next one.

This module loads little, because every command runs within it.
"""

import fcntl
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

_VARIABLES: Final = ("TMPDIR", "TEMP", "TMP")
_LOCK: Final = ".lock"


@contextmanager
def temporary_folder() -> Iterator[None]:
    """Let everything temporary of this process, and of those that it starts, stand in one folder for the block.

    A lock file beside the folder is locked as long as the process lives. Folders whose lock is free are removed.
    """
    root = _root()
    if root is None:
        yield
        return
    handle, lock = _locked(root)
    own = lock.with_suffix("")
    before = os.environ.get("TMPDIR")
    try:
        _sweep(root)
        own.mkdir(mode=0o700)
        _use(str(own))
        yield
    finally:
        _use(before)
        _remove(own)
        lock.unlink(missing_ok=True)
        os.close(handle)


def _root() -> Path | None:
    """Make the folder that holds those of all commands; None unless it is this user's alone."""
    above = next((Path(os.environ[name]) for name in _VARIABLES if os.environ.get(name)), Path("/tmp"))  # noqa: S108 - as the system has it; what is made in it is checked
    root = above / f"offerpress-{os.getuid()}"
    try:
        root.mkdir(mode=0o700, exist_ok=True)
        status = root.lstat()
        usable = root.is_dir() and not root.is_symlink() and os.access(root, os.W_OK)
    except OSError:
        return None
    return root if usable and status.st_uid == os.getuid() and not status.st_mode & 0o077 else None


def _locked(root: Path) -> tuple[int, Path]:
    """Make a lock file and lock it; another process that sweeps may have removed it before it was locked."""
    while True:
        lock = root / f"{os.getpid()}-{time.time_ns()}{_LOCK}"
        handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        fcntl.flock(handle, fcntl.LOCK_EX)
        if lock.exists():
            return handle, lock
        os.close(handle)


def _use(folder: str | None) -> None:
    """Let `tempfile` use that folder, here and in processes that this one starts; None for the system's."""
    if folder is None:
        os.environ.pop("TMPDIR", None)
    else:
        os.environ["TMPDIR"] = folder
    if "tempfile" in sys.modules:
        sys.modules["tempfile"].tempdir = None  # it reads the environment again


def _sweep(root: Path) -> None:
    """Remove the folders of processes that were killed."""
    for lock in root.glob(f"*{_LOCK}"):
        try:
            handle = os.open(lock, os.O_RDWR)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _remove(lock.with_suffix(""))
            lock.unlink(missing_ok=True)
        except BlockingIOError:
            continue  # its process lives
        finally:
            os.close(handle)


def _remove(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()
        return
    import shutil  # noqa: PLC0415 - only where something was left

    shutil.rmtree(folder, ignore_errors=True)

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
    made = _made()
    if made is None:
        yield
        return
    handle, lock = made
    own, before = lock.with_suffix(""), os.environ.get("TMPDIR")
    try:
        _use(str(own))
        yield
    finally:
        _use(before)
        _remove(own)
        lock.unlink(missing_ok=True)
        os.close(handle)


def _made() -> tuple[int, Path] | None:
    """Make the folder and lock its file; None on a full disk, or where nothing may be made: then there is no folder."""
    try:
        root = _root()
        if root is None:
            return None
        handle, lock = _locked(root)
        _sweep(root)
        lock.with_suffix("").mkdir(mode=0o700)
    except OSError:
        return None
    return handle, lock


def _root() -> Path | None:
    """Make the folder that holds those of all commands; None unless it is this user's alone."""
    above = next((Path(os.environ[name]) for name in _VARIABLES if os.environ.get(name)), Path("/tmp"))  # noqa: S108 - as the system has it; what is made in it is checked
    root = above / f"offerpress-{os.getuid()}"
    root.mkdir(mode=0o700, exist_ok=True)
    status = root.lstat()
    usable = root.is_dir() and not root.is_symlink() and os.access(root, os.W_OK)
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
        vars(sys.modules["tempfile"])["tempdir"] = None  # it reads the environment again


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

"""State files: the small files in `private/` that are read whole and replaced whole.

A reader sees either the old file or the new one. A damaged file is reported in one line with its remedy.
"""

import fcntl
import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import get_ident
from typing import Any, Final, TypeVar

from offerpress.site.folder import OfferpressError

WRITING: Final = ".writing"
"""The ending of a file that is being written beside its place."""
_TRIES: Final = 5

_Value = TypeVar("_Value")


class DamagedState(OfferpressError):
    """A state file that cannot be read; `path` holds it."""

    def __init__(self, path: Path, why: str, remedy: str) -> None:
        self.path = path
        super().__init__(f"damaged: {path}: {why}; {remedy}")


def read_state(path: Path, parse: Callable[[Any], _Value], remedy: str) -> _Value | None:
    """Return what `parse` makes of the JSON in that file; None where there is no file.

    `parse` may raise `ValueError`, `TypeError`, `KeyError` and `AttributeError` for JSON of another shape. Raises
    `DamagedState` with `remedy` for every damage.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        return parse(json.loads(data.decode("utf-8")))
    except RecursionError:
        why = "its values are nested too deeply"
    except json.JSONDecodeError as error:
        why = "it is empty" if not data.strip() else f"it is no JSON (line {error.lineno}: {error.msg})"
    except UnicodeDecodeError:
        why = "it is no text in UTF-8"
    except (ValueError, TypeError, KeyError, AttributeError):
        why = "its JSON has another form than this program writes"
    raise DamagedState(path, why, remedy)


def read_text_state(path: Path) -> str | None:
    """Return the text of a file that holds ASCII only; None where there is no file. Other bytes become `\ufffd`."""
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except FileNotFoundError:
        return None


def json_text(value: object) -> str:
    """Return the form in which state files hold JSON."""
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def write_state(path: Path, text: str, *, mode: int = 0o666) -> None:
    """Replace the file in one step with a durable one, and make its folder if it is missing.

    An unchanged text is not written again.
    """
    data = text.encode()
    try:
        if path.read_bytes() == data:
            return
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    replace_bytes(path, data, mode=mode)


def write_cache(path: Path, data: bytes) -> None:
    """Replace a file whose loss or damage costs time and nothing else: it is not durable, and no error ends a command.

    It needs no lock: whoever writes last wins.
    """
    beside = path.with_name(f"{path.name}.{os.getpid()}-{get_ident()}{WRITING}")
    try:
        beside.write_bytes(data)
        beside.replace(path)
    except OSError:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def replace_file(path: Path, text: str) -> None:
    """Replace a user's file in one step with a durable one; its folder must exist."""
    replace_bytes(path, text.encode())


def replace_bytes(path: Path, data: bytes, *, mode: int = 0o666) -> None:
    """Replace a file in one step with a durable one; its folder must exist. Only one writer at a time may call it."""
    _put(path, data, mode, lambda beside: beside.replace(path))


def create_state(path: Path, text: str, *, mode: int = 0o666) -> None:
    """Write a new file in one step; raises `FileExistsError` where there is one, which is never replaced."""
    path.parent.mkdir(parents=True, exist_ok=True)

    def link(beside: Path) -> None:
        try:
            path.hardlink_to(beside)
        finally:
            beside.unlink(missing_ok=True)

    _put(path, text.encode(), mode, link)


def _put(path: Path, data: bytes, mode: int, name: Callable[[Path], object]) -> None:
    """Write beside and name it; again if a command that began at that moment took the file for one of a killed one."""
    for tries_left in range(_TRIES - 1, -1, -1):
        try:
            name(written_beside(path, data, mode))
        except FileNotFoundError:
            if not tries_left or not path.parent.is_dir():
                raise
        else:
            break
    flush_folder(path.parent)


def written_beside(path: Path, data: bytes, mode: int) -> Path:
    """Write a durable file beside `path`; a file of that name which a crash left there is replaced.

    It is locked while it is written, so that nobody takes it for a file of a killed command (`remove_unfinished`).
    """
    beside = path.with_name(f"{path.name}{WRITING}")
    beside.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    return beside


def remove_unfinished(beside: Path) -> None:
    """Remove a file that a killed process left half written; one that is being written now stays."""
    with suppress(FileNotFoundError, BlockingIOError), beside.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        beside.unlink()


def append_lines(handle: int, lines: bytes) -> None:
    """Append whole lines durably to an open file; a line that a crash cut off is ended first.

    Raises OSError if the disk takes only a part, which the next call ends as a line of its own.
    """
    size = os.fstat(handle).st_size
    cut_off = size and os.pread(handle, 1, size - 1) != b"\n"
    os.lseek(handle, 0, os.SEEK_END)
    left = memoryview(b"\n" + lines if cut_off else lines)
    while left:  # a disk that fills up takes a part of a write without an error
        left = left[os.write(handle, left) :]
    os.fsync(handle)


def flush_folder(folder: Path) -> None:
    """Make the names in that folder durable: new files, and files that took another's place."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

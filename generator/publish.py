"""Publication of artifacts to the output folder in one exchange; unchanged files keep their inode and time.

The new tree is built beside the old one, with hard links for unchanged files. Then the two change places, and the old
one is removed. If all that changed lies in one folder, only this folder is built and exchanged. If nothing has changed,
nothing is touched. A crash leaves either the old or the new site complete, and the next publication removes what the
crash left beside it. The output can be built again at any time, so nothing is synchronised to the disk.
"""

import ctypes
import errno
import fcntl
import os
import shutil
import stat
import sys
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Self

from generator.errors import GeneratorError

# The new tree beside the old one; several processes may place files in it.

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC


class PlacedFile(NamedTuple):
    """A file placed in the new tree: its SHA-256, and whether the published file is equal and stays."""

    digest: str
    kept: bool


@dataclass(frozen=True, slots=True)
class NewTree:
    """The folder `new` beside the published folder `old`, which is empty if there is none."""

    old: str
    new: str

    @classmethod
    def of(cls, output: Path) -> Self:
        """Return the tree of an output folder; only `publish` creates and removes it."""
        folder, name = os.path.split(os.path.abspath(output))  # noqa: PTH100 - a symbolic link is refused, not followed
        return cls(str(output) if output.is_dir() else "", os.path.join(folder, f".{name}.next"))  # noqa: PTH118

    def place(self, path: str, content: bytes) -> bool:
        """Write the file unless the published one is equal; return whether it was kept. Each path comes once."""
        if self.old and _holds(f"{self.old}/{path}", content):
            return True
        target = f"{self.new}/{path}"
        try:
            handle = os.open(target, _CREATE, 0o666)
        except FileNotFoundError:
            Path(target).parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(target, _CREATE, 0o666)
        with os.fdopen(handle, "wb", buffering=0) as file:
            left = memoryview(content)
            while left:  # a disk that fills up takes a part of a write without an error
                left = left[file.write(left) :]
        return False


def _holds(path: str, content: bytes) -> bool:
    """Return whether `path` is a plain file with exactly this content."""
    try:
        status = os.lstat(path)
        same_size = stat.S_ISREG(status.st_mode) and status.st_size == len(content)
        return same_size and Path(path).read_bytes() == content
    except OSError:
        return False


# The exchange of two folders in one step, so that a web server never sees half a site.

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
_RENAME_SWAP = 2
_UNSUPPORTED = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EPERM}


def exchange_folders(one: Path, other: Path, spare: Path) -> None:
    """Exchange two existing folders on one file system; `spare` is a free name there.

    Raises OSError, with nothing changed, if the system offers no way.
    """
    if not exchange_in_one_step(one, other):
        exchange_folders_by_renames(one, other, spare)


def exchange_folders_by_renames(one: Path, other: Path, spare: Path) -> None:
    """Move `other` to `spare`, `one` to `other`, and `spare` to `one`: the fallback."""
    other.rename(spare)
    try:
        one.rename(other)
    except OSError:
        spare.rename(other)
        raise
    spare.rename(one)


def exchange_in_one_step(one: Path, other: Path) -> bool:
    """Let two existing files or folders exchange their names; return False if the system offers no way.

    Raises OSError, with nothing changed.
    """
    names = os.fsencode(one), os.fsencode(other)
    library = ctypes.CDLL(None, use_errno=True)
    if sys.platform == "darwin":
        swap = getattr(library, "renamex_np", None)
        failed = swap is not None and swap(*names, _RENAME_SWAP)
    else:
        swap = getattr(library, "renameat2", None)
        failed = swap is not None and swap(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE)
    code = ctypes.get_errno() if failed else 0
    if code and code not in _UNSUPPORTED:
        raise OSError(code, os.strerror(code), str(other))
    return swap is not None and not code


MARKER = ".offerpress"
_MARKER_TEXT = b"This folder is written by offerpress build, which replaces all of it.\n"
_LONGEST_NAME = 255
_NO_LINK = {errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP}


class RefusedOutput(GeneratorError):
    """The output folder or store `output` must not be replaced."""

    def __init__(self, output: Path | str, why: str, remedy: str) -> None:
        self.output = output
        super().__init__(f"cannot publish: {output}: {why}; {remedy}")


class BadArtifact(GeneratorError):
    """The artifact `path` cannot be published."""

    def __init__(self, path: str, why: str) -> None:
        self.path = path
        super().__init__(f"cannot publish: {path!r}: {why}")


@dataclass(frozen=True, slots=True)
class Publication:
    """The numbers of files written, kept and removed, and the sorted paths of those written and removed."""

    written: int
    kept: int
    removed: int
    changed: tuple[str, ...] = field(default=(), compare=False)
    gone: tuple[str, ...] = field(default=(), compare=False)


ArtifactContent = bytes | PlacedFile | None
"""The bytes of a file, or the `PlacedFile` of one already in the `NewTree`, or None for one that stays."""


def publish_tree(output: Path, artifacts: Iterable[tuple[str, ArtifactContent]]) -> Publication:
    """Make `output` hold exactly `artifacts` (path with forward slashes, content) and the marker.

    While `artifacts` is read, its files may be placed in the output's `NewTree`. Raises `RefusedOutput` (a symbolic
    link, no folder, a folder with files of other origin, another publication in progress), `BadArtifact` (a path
    outside, twice, or that is both a file and a folder) and the errors of `artifacts`; `output` then stays
    unchanged.
    """
    output = Path(os.path.abspath(output))  # noqa: PTH100 - resolve() would follow a symbolic link
    output.parent.mkdir(parents=True, exist_ok=True)
    with _alone(output):
        fresh, spare = Path(NewTree.of(output).new), output.with_name(f".{output.name}.spare")
        _mend(output, fresh, spare)
        _check(output)
        try:
            tree = _Tree(output, fresh)
            for path, content in _checked(artifacts):
                tree.add(path, content)
            publication = tree.counts()
            if tree.changed:
                _exchange(tree, output, fresh, spare)
        finally:
            if isinstance(artifacts, Generator):
                artifacts.close()  # stops the processes that place files before the tree is removed
            for left in (fresh, spare):
                if left.exists():
                    shutil.rmtree(left)
        return publication


def _exchange(tree: "_Tree", output: Path, fresh: Path, spare: Path) -> None:
    """Put the new files of the lowest folder with all that changed, or of the whole tree, in the place of the old."""
    folder = tree.changed_folder()
    tree.complete(folder)
    if folder:
        with suppress(OSError):  # it is a mount point: then all are exchanged
            if exchange_in_one_step(fresh / folder, output / folder):
                _remove(fresh, [path for path in tree.before if path.startswith(folder)])
                return
        tree.complete("", linked=folder)
    if output.exists():
        exchange_folders(fresh, output, spare)
        _remove(fresh, tree.before)
    else:
        fresh.rename(output)


@contextmanager
def _alone(output: Path) -> Iterator[None]:
    """Hold the lock of this output folder; the system frees it when the process dies."""
    lock = output.with_name(f".{output.name}.lock")
    handle = _locked(lock)
    if handle is None:
        raise RefusedOutput(output, "another build is publishing here", "wait until it has ended")
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)
        os.close(handle)


def _locked(lock: Path) -> int | None:
    """Return the open and locked file, or None while another process holds it.

    The holder removes the file before it lets go, so that a file that was locked meanwhile may be gone: then again.
    """
    while True:
        handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(handle).st_ino == lock.stat().st_ino:
                return handle
        except BlockingIOError:
            os.close(handle)
            return None
        except FileNotFoundError:
            pass
        os.close(handle)


def _mend(output: Path, fresh: Path, spare: Path) -> None:
    """Repair the state after a crash: restore an old tree without successor, remove a half-built tree."""
    if spare.is_dir() and not output.exists():
        spare.rename(output)
    for left in (fresh, spare):
        if left.is_dir() and not left.is_symlink():
            shutil.rmtree(left)


def _check(output: Path) -> None:
    if output.is_symlink():
        raise RefusedOutput(output, "it is a symbolic link", "name the folder itself")
    if not output.exists():
        return
    if not output.is_dir():
        raise RefusedOutput(output, "it is no folder", "name another place, or remove it")
    if os.path.ismount(output):
        raise RefusedOutput(
            output, "it is a mount point, which cannot be exchanged", "name a folder inside it"
        )
    names = os.listdir(output)  # noqa: PTH208 - names are enough
    marker = output / MARKER
    if names and (marker.is_symlink() or not marker.is_file()):
        raise RefusedOutput(
            output, "it holds files that no build wrote", "name an empty or new folder, or empty this one"
        )


def _checked(artifacts: Iterable[tuple[str, ArtifactContent]]) -> Iterator[tuple[str, ArtifactContent]]:
    """Yield the marker and the artifacts; each path is plain and differs from the others by more than case."""
    files: set[str] = set()
    folders: set[str] = set()
    yield MARKER, _MARKER_TEXT
    files.add(MARKER)
    for path, content in artifacts:
        parts = path.split("/")
        if any(part in {"", ".", ".."} or len(part.encode()) > _LONGEST_NAME for part in parts) or not _plain(
            path
        ):
            raise BadArtifact(path, "is no plain relative path")
        folded = path.casefold()
        above = {"/".join(parts[:n]).casefold() for n in range(1, len(parts))}
        if folded in files:
            raise BadArtifact(path, "comes twice: rename one of the files that give it")
        if folded in folders or above & files:
            raise BadArtifact(path, "is both a file and a folder: rename one of them")
        files.add(folded)
        folders |= above
        yield path, content


def _plain(path: str) -> bool:
    return path.isprintable() and "\\" not in path


class _Tree:
    """The new tree, which is created with the first difference from the old one."""

    def __init__(self, old: Path, new: Path) -> None:
        self._old, self._new = old, new
        self.before = _files(old) if old.is_dir() else {}
        self._kept: list[str] = []
        self._written: list[str] = []
        self._tree = NewTree(str(old) if self.before else "", str(new))

    def add(self, path: str, content: ArtifactContent) -> None:
        """Add one artifact: note it if the old tree holds it, place it otherwise."""
        kept = (
            self._tree.place(path, content) if isinstance(content, bytes) else content is None or content.kept
        )
        if not kept:
            self._written.append(path)
            return
        if self.before.get(path, -1) < 0:
            raise BadArtifact(path, "was to stay as it is, and is not there: build again")
        self._kept.append(path)

    @property
    def changed(self) -> bool:
        """Whether anything differs from the old tree."""
        return bool(self._written) or len(self._kept) != len(self.before)

    def counts(self) -> Publication:
        """Return the counts so far; a changed file counts as written, a missing one as removed."""
        changed = tuple(sorted(self._written))
        gone = self._gone
        return Publication(len(changed), len(self._kept), len(gone), changed, tuple(sorted(gone)))

    @property
    def _gone(self) -> set[str]:
        return self.before.keys() - set(self._kept) - set(self._written)

    def changed_folder(self) -> str:
        """Return the lowest folder, with a slash at its end, that has all that changed; empty for the whole tree.

        It has files before and after.
        """
        folder = os.path.commonpath({path.rpartition("/")[0] for path in (*self._written, *self._gone)})
        after = [*self._kept, *self._written]
        while folder and not all(
            any(path.startswith(f"{folder}/") for path in paths) for paths in (self.before, after)
        ):
            folder = folder.rpartition("/")[0]
        return folder and f"{folder}/"

    def complete(self, folder: str, linked: str | None = None) -> None:
        """Link the unchanged files of a folder into the new tree, but those of the folder that was `linked` before."""
        made: set[str] = set()
        for path in self._kept:
            if not path.startswith(folder) or (linked and path.startswith(linked)):
                continue
            above = path.rpartition("/")[0]
            if above not in made:
                os.makedirs(f"{self._new}/{above}", exist_ok=True)  # noqa: PTH103 - a path takes thrice as long
                made.add(above)
            try:
                os.link(f"{self._old}/{path}", f"{self._new}/{path}", follow_symlinks=False)
            except OSError as error:
                if error.errno not in _NO_LINK:
                    raise
                shutil.copy2(self._old / path, self._new / path)


def _remove(folder: Path, files: Iterable[str]) -> None:
    """Remove a folder of known files; what is left after an error is the caller's.

    Looking at each folder first takes longer than the removal.
    """
    folders = {""}
    with suppress(OSError):
        for path in files:
            os.unlink(f"{folder}/{path}")  # noqa: PTH108 - half of the time would make paths
            above = path.rpartition("/")[0]
            while above not in folders:
                folders.add(above)
                above = above.rpartition("/")[0]
        for one in sorted(folders, reverse=True):
            os.rmdir(f"{folder}/{one}")  # noqa: PTH106 - likewise


def _files(folder: Path) -> dict[str, int]:
    """Return every file under `folder` with its size; anything but a plain file has -1, which never matches."""
    found: dict[str, int] = {}
    below = [("", str(folder))]
    while below:
        begin, place = below.pop()
        for entry in os.scandir(place):
            if entry.is_dir(follow_symlinks=False):
                below.append((f"{begin}{entry.name}/", entry.path))
            else:
                status = entry.stat(follow_symlinks=False)
                found[f"{begin}{entry.name}"] = status.st_size if stat.S_ISREG(status.st_mode) else -1
    return found

"""The next output, which grows beside the old one; several processes may place files in it."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Self

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC


class Placed(NamedTuple):
    """What became of a file: its SHA-256, and whether the old one stays because it is the same."""

    digest: str
    kept: bool


@dataclass(frozen=True, slots=True)
class NewTree:
    """The folder `new` beside `old`, the published one (empty where there is none)."""

    old: str
    new: str

    @classmethod
    def of(cls, output: Path) -> Self:
        """That of an output folder; `publish` alone begins it, and makes an end of it."""
        folder, name = os.path.split(os.path.abspath(output))  # noqa: PTH100 - a symbolic link is refused, not followed
        return cls(str(output) if output.is_dir() else "", os.path.join(folder, f".{name}.next"))  # noqa: PTH118

    def place(self, path: str, content: bytes) -> bool:
        """Writes the file, unless the old one is the same and so is kept: then True. No other may have its path."""
        if self.old and _holds(f"{self.old}/{path}", content):
            return True
        target = f"{self.new}/{path}"
        try:
            handle = os.open(target, _CREATE, 0o666)
        except FileNotFoundError:
            Path(target).parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(target, _CREATE, 0o666)
        with os.fdopen(handle, "wb", buffering=0) as file:
            file.write(content)
        return False


def _holds(path: str, content: bytes) -> bool:
    """Whether a plain file at `path` holds exactly that."""
    try:
        status = os.lstat(path)
        same_size = stat.S_ISREG(status.st_mode) and status.st_size == len(content)
        return same_size and Path(path).read_bytes() == content
    except OSError:
        return False

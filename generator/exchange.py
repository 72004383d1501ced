"""Two folders change places in one step, so that a web server never sees half a site.

Linux: renameat2(2) with RENAME_EXCHANGE; macOS: renamex_np(2) with RENAME_SWAP. Where the file system or the
kernel has neither, two renames follow each other: for a moment the name is missing, and a crash in that
moment is mended by the next publication.
"""

import ctypes
import errno
import os
import sys
from pathlib import Path

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
_RENAME_SWAP = 2
_UNSUPPORTED = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EPERM}


def exchange(one: Path, other: Path, spare: Path) -> None:
    """`one` and `other`, existing and on one file system, change places; `spare` is a free name there.

    Raises OSError, with nothing changed, where neither way is possible.
    """
    code = _exchange_in_one_step(os.fsencode(one), os.fsencode(other))
    if code in _UNSUPPORTED:
        exchange_by_renames(one, other, spare)
    elif code:
        raise OSError(code, os.strerror(code), str(other))


def exchange_by_renames(one: Path, other: Path, spare: Path) -> None:
    """The fallback: `other` moves to `spare`, `one` into its place, and `spare` to where `one` was."""
    other.rename(spare)
    try:
        one.rename(other)
    except OSError:
        spare.rename(other)
        raise
    spare.rename(one)


def _exchange_in_one_step(one: bytes, other: bytes) -> int:
    """0, or the number of the error; ENOSYS where the C library has no such call."""
    library = ctypes.CDLL(None, use_errno=True)
    if sys.platform == "darwin":
        swap = getattr(library, "renamex_np", None)
        failed = swap is not None and swap(one, other, _RENAME_SWAP)
    else:
        swap = getattr(library, "renameat2", None)
        failed = swap is not None and swap(_AT_FDCWD, one, _AT_FDCWD, other, _RENAME_EXCHANGE)
    if swap is None:
        return errno.ENOSYS
    return ctypes.get_errno() if failed else 0

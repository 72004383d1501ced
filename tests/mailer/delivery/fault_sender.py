"""A sender of its own process under a fault: `fault_sender.py FAULT OUTBOX BATCH PORT`.

`full`: no file may grow beyond what it has and a little more, as on a full disk. `fsync`: the kernel answers every
fsync with EIO. `read-only`: a user who may read the folder and not write it. Prints the error and exits with 3.
"""

import ctypes
import os
import platform
import resource
import struct
import sys
from datetime import UTC, datetime
from pathlib import Path

from mailer.batch.batch import Batch
from mailer.delivery.delivery import deliver
from mailer.errors import MailerError
from mailer.outbox.outbox import Outbox
from mailer.settings import MailSettings, SmtpSettings
from mailer.transports.smtp import SmtpTransport

NOBODY = 65534
SYNCS = {"x86_64": (74, 75), "aarch64": (82, 83)}  # fsync and fdatasync
LOAD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, FAIL_WITH_EIO = 0x7FFF0000, 0x00050005
SET_NO_NEW_PRIVILEGES, SET_SECCOMP, FILTER = 38, 22, 2


def fail_syncs() -> None:
    """From now on the kernel fails this process' fsync and fdatasync (seccomp(2), SECCOMP_RET_ERRNO)."""
    first, second = SYNCS[platform.machine()]
    program = b"".join(
        struct.pack("HBBI", *line)
        for line in (
            (LOAD, 0, 0, 0),
            (JUMP_IF_EQUAL, 1, 0, first),
            (JUMP_IF_EQUAL, 0, 1, second),
            (RETURN, 0, 0, FAIL_WITH_EIO),
            (RETURN, 0, 0, ALLOW),
        )
    )
    code = ctypes.create_string_buffer(program, len(program))
    described = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    for arguments in ((SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0), (SET_SECCOMP, FILTER, described, 0, 0)):
        if libc.prctl(*arguments):
            raise OSError(ctypes.get_errno(), "prctl")


def fill_disk(outbox: Path) -> None:
    """No file may grow beyond the outbox's log and a few pages."""
    log = outbox.with_name(f"{outbox.name}-wal")
    size = max(path.stat().st_size for path in (outbox, log) if path.exists())
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20_000, size + 20_000))


def main(fault: str, outbox: str, batch: str, port: str) -> int:
    """Send the plan in `batch` to the server on `port` under that fault."""
    settings = MailSettings.model_validate({"from": "partners@vendor.example", "group": {"size": 4}})
    transport = SmtpTransport(f"smtp://127.0.0.1:{port}", SmtpSettings(hello="localhost", connections=2))
    if fault == "read-only" and os.geteuid() == 0:
        os.setuid(NOBODY)
    try:
        with Outbox.open(Path(outbox)) as opened, Batch.open(Path(batch)) as frozen:
            if fault == "full":
                fill_disk(Path(outbox))
            if fault == "fsync":
                fail_syncs()
            deliver(opened, frozen, transport, clock=lambda: datetime.now(tz=UTC), settings=settings)
    except MailerError as error:
        sys.stdout.write(f"{error}\n")
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

"""Runs commands in forked processes that are killed before the n-th change of a file, or find a full disk.

Started with the library of `changes.c` in LD_PRELOAD. Reads one request a line in JSON (`site`, `arguments`, `at`,
`full`) and answers with one line: `code` (negative for a signal), `changes`, `out` and `err`. Forking saves the start
of Python and of the libraries for every moment; the parent has no threads. A request as its argument is run in the
process itself, which then writes the number of changes: so a service answers while it runs.
"""

import ctypes
import importlib
import json
import os
import sys
import tempfile
from pathlib import Path

from offerpress.cli import COMMANDS, run


def child(request: dict[str, object], counted: int) -> int:
    """Run the command in this process, and note the number of changes."""
    site = str(request["site"])
    os.chdir(site)
    library = ctypes.CDLL(None)
    library.changes.restype = ctypes.c_long
    at = library.full_at if request["full"] else library.kill_at
    at(f"{site}:{tempfile.gettempdir()}".encode(), ctypes.c_long(int(str(request["at"]))))
    code = run([str(word) for word in request["arguments"]])  # type: ignore[attr-defined] # a list
    sys.stdout.flush()
    os.write(counted, str(library.changes()).encode())
    return code


def answer(request: dict[str, object]) -> dict[str, object]:
    """Fork, wait, and tell what became of the command."""
    reading, writing = os.pipe()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        pid = os.fork()
        if not pid:
            os.dup2(out.fileno(), 1)
            os.dup2(err.fileno(), 2)
            os._exit(child(request, writing))
        os.close(writing)
        _, status = os.waitpid(pid, 0)
        with os.fdopen(reading, "rb") as pipe:
            counted = pipe.read()
        out.seek(0)
        err.seek(0)
        return {
            "code": os.waitstatus_to_exitcode(status),
            "changes": int(counted or b"0"),
            "out": out.read().decode("utf-8", "replace"),
            "err": err.read().decode("utf-8", "replace"),
        }


def main() -> None:
    """Load every command, then answer until standard input ends."""
    for module in {module for module, *_ in COMMANDS.values()}:
        importlib.import_module(f"offerpress.commands.{module}")
    for name in (
        "offerpress.build.pipeline",
        "offerpress.plans.staleness",
        "babel.dates",
        "mailer.outbox.sqlite",
    ):
        importlib.import_module(name)
    here = Path.cwd()
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    for line in sys.stdin:
        answers.write(json.dumps(answer(json.loads(line))) + "\n")
        answers.flush()
        os.chdir(here)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.exit(child(json.loads(sys.argv[1]), 1))
    main()

"""Commands that the studio runs as processes of their own: `plan`, which needs the site's lock, and the one sender."""

import json
import subprocess
import sys
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock, Thread

from offerpress.site.folder import OfferpressError
from offerpress.site.site import Site

_START = "from offerpress.cli import main; main()"
# The pipe ends with the studio, even if it is killed. Then the sender stops in order, as at SIGTERM.
_FOLLOW = (
    "import os, signal, threading; threading.Thread(target=lambda: os.read(0, 1) or "
    "os.kill(os.getpid(), signal.SIGTERM), daemon=True).start(); "
)
_LAST_LINES = 20


def run_command(site: Site, *arguments: str, given: str | None = None) -> dict[str, object]:
    """Run a command with `--json` to its end and return what it says; raises `OfferpressError` with its sentence.

    `given` is its standard input. A command that did its work and leaves something to a person says what it did too.
    """
    done = subprocess.run(  # noqa: S603 - our own program; what a person wrote stands behind `--`
        _call(site, arguments[0], "--json", *arguments[1:]),
        cwd=site.folder,
        env=dict(site.environment),
        input=given or "",
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode and not done.stdout:
        lines = [line.removeprefix("error: ") for line in done.stderr.splitlines() if line.strip()]
        raise OfferpressError("\n".join(lines) or f"it ended with code {done.returncode}")
    # A command with nothing to do says so only in words.
    found: dict[str, object] = json.loads(done.stdout or "{}")
    return found


def day_options(site: Site) -> list[str]:
    """Return the options by which a command takes the same day as this site, if one was named at the start."""
    return ["--as-of", site.as_of.isoformat()] if site.as_of else []


def _call(site: Site, *arguments: str, start: str = _START) -> Sequence[str]:
    return [sys.executable, "-c", start, arguments[0], "--site", str(site.folder), *arguments[1:]]


def started_command(site: Site, *arguments: str, output: int = subprocess.DEVNULL) -> "subprocess.Popen[str]":
    """Start a command that ends in order when the studio does, through its standard input.

    It has a session of its own, so that Ctrl-C reaches the studio alone, which then stops it in order.
    """
    return subprocess.Popen(  # noqa: S603 - our own program
        _call(site, *arguments, start=_FOLLOW + _START),
        cwd=site.folder,
        env=dict(site.environment),
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )


@dataclass
class DueSender:
    """The one process that sends what is approved and due. The outbox lets no second one in."""

    started_by: str = ""
    since: datetime | None = None
    said: deque[str] = field(default_factory=lambda: deque(maxlen=_LAST_LINES))
    _process: "subprocess.Popen[str] | None" = None
    _asked: bool = False
    _lock: Lock = field(default_factory=Lock)

    @property
    def runs(self) -> bool:
        """Whether it runs now."""
        return self._process is not None and self._process.poll() is None

    @property
    def failed(self) -> bool:
        """Whether it ended by itself with an error. Who stops it leaves an unknown outcome behind, which is none."""
        return self._process is not None and not self._asked and self._process.poll() not in {None, 0, -15}

    def start(self, site: Site, by: str) -> None:
        """Start it, unless it runs."""
        with self._lock:
            if self.runs:
                return
            self.said.clear()
            self._asked = False
            self.started_by, self.since = by, site.now
            process = self._process = started_command(site, "send", "--due", "--watch")
        Thread(target=self._read, args=(process,), daemon=True).start()

    def _read(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdin is not None
        assert process.stderr is not None
        with process.stderr as lines:
            for line in lines:
                if line.strip() and (not self.said or self.said[-1] != line.strip()):
                    self.said.append(line.strip())
        process.wait()
        process.stdin.close()

    def stop(self) -> None:
        """Ask it to stop and wait: it settles what it has begun."""
        with self._lock:
            if self._process is not None and self.runs:
                self._asked = True
                self._process.terminate()
                self._process.wait()

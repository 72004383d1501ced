"""The one long command that the studio runs at a time, as a process of its own, with its progress."""

import subprocess
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock, Thread

from offerpress.preview.state import FAILURES
from offerpress.site.folder import OfferpressError
from offerpress.site.site import Site
from offerpress.studio.state.commands import started_command

_LAST_LINES = 50
_PROGRESS = "progress"


@dataclass
class LongJob:
    """A command such as `build`: who started it and when, how far it is, and why it failed, empty if it did not.

    `result` is what it said on standard output. Whoever started it may say in `to` where the result is shown.
    """

    what: str = ""
    started_by: str = ""
    since: datetime | None = None
    done: int = 0
    total: int = 0
    failure: str = ""
    result: str = ""
    to: str = ""
    said: deque[str] = field(default_factory=lambda: deque(maxlen=_LAST_LINES))
    _process: "subprocess.Popen[str] | None" = None
    _reader: Thread | None = None
    _lock: Lock = field(default_factory=Lock)

    @property
    def runs(self) -> bool:
        """Whether it runs now, or its end is being recorded."""
        return self._reader is not None and self._reader.is_alive()

    def start(
        self, site: Site, what: str, arguments: Sequence[str], by: str, then: Callable[[], None]
    ) -> None:
        """Start a command; after its success `then` is called. Raises `OfferpressError` while another one runs."""
        with self._lock:
            if self.runs:
                raise OfferpressError(
                    f"{self.started_by} has started something already: wait until it is done."
                )
            self.what, self.started_by, self.since = what, by, site.now
            self.done, self.total, self.failure, self.result, self.to = 0, 0, "", "", ""
            self.said.clear()
            process = self._process = started_command(site, *arguments, output=subprocess.PIPE)
            self._reader = Thread(target=self._read, args=(process, then), daemon=True)
            self._reader.start()

    def _read(self, process: "subprocess.Popen[str]", then: Callable[[], None]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        told: list[str] = []
        beside = Thread(target=lambda: told.extend(process.stdout or ()), daemon=True)
        beside.start()
        with process.stderr as lines:
            for line in lines:
                word, *numbers = line.split() or [""]
                if word == _PROGRESS:
                    self.done, self.total = map(int, numbers)
                elif line.strip():
                    self.said.append(line.strip().removeprefix("error: "))
        code = process.wait()
        beside.join()
        process.stdin.close()
        process.stdout.close()
        self.result = "".join(told)
        try:
            if code:
                self.failure = "\n".join(self.said) or f"It ended with code {code}."
            else:
                then()
        except FAILURES as error:
            self.failure = str(error)

    def wait(self, seconds: float) -> bool:
        """Wait for its end, but not longer than that; return whether it has ended."""
        if self._reader is not None:
            self._reader.join(seconds)
        return not self.runs

    def stop(self) -> None:
        """Stop it and wait: what it would have replaced stays as it was."""
        with self._lock:
            if self._process is not None and self._process.poll() is None:
                self._process.terminate()
                self._process.wait()

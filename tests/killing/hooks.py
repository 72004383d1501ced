"""The service `hooks`, killed before a change of a file while a real client posts to it, and started again."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPException
from pathlib import Path

from mailer.batch.batch import Batch
from mailer.events.events import EventKind
from mailer.outbox.outbox import Outbox
from offerpress.site.site import Site
from tests.killing.killing import HERE, Runner, left, sent, tiny_site
from tests.servers.provider_events import EventDouble, Told, request

PLAN = "hello-1.1"
BOUNCED, CLICKED = "A-1", "B-2"
CLICK = b"List-Unsubscribe=One-Click"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True, slots=True)
class Served:
    """What became of one start of the service: its end, its words, its changes of files, and the answers' statuses.

    A status of 0 stands for an answer that did not come.
    """

    code: int
    said: str
    changes: int
    statuses: tuple[int, ...]


class KilledHooks:
    """The service of a sent site, which is killed at one change after another."""

    def __init__(self, runner: Runner, library: Path, folder: Path) -> None:
        self._runner, self._library = runner, library
        self._before = tiny_site(folder / "hooks-before")
        sent(runner, self._before)
        self._double, now = EventDouble(), int(time.time())
        keys = Site(self._before, datetime.now(UTC), {}).read_keys([])
        assert keys is not None
        with Batch.open(self._before / f"private/batches/{PLAN}.batch") as batch:
            about: Told = {
                "offerpress_notice": batch.key(BOUNCED),
                "email": batch.message(BOUNCED).to_address,
            }
            self._click = f"/unsubscribe?token={keys.tokens.token(batch.key(CLICKED))}"
        bounce = {"event": "bounce", "type": "bounce", "status": "5.1.1", "reason": "550 no such user"}
        self._events: list[Told] = [
            about | {"timestamp": now, "event": "delivered"},
            about | {"timestamp": now} | bounce,
        ]

    def changes(self) -> int:
        """Return how often the service changes a file from its start to its end."""
        site = self._copy("whole")
        served = self._serve(site, 0)
        assert (0, (204, 200)) == (served.code, served.statuses), served
        shutil.rmtree(site)
        return served.changes

    def broken(self, at: int) -> list[str]:
        """Kill the service before that change, start it again with the same posts, and say what is wrong then."""
        site = self._copy(str(at))
        first = self._serve(site, at)
        again = self._serve(site, 0)
        found = [] if first.code == -signal.SIGKILL else [f"was not killed: {first}"]
        if (again.code, again.statuses) != (0, (204, 200)) or "Traceback" in again.said:
            found.append(f"again: {again}")
        verified = self._runner.run(site, ("verify",))
        if verified.code:
            found.append(f"verify: {verified.err[-500:]}")
        found += _recorded_otherwise(site)
        found += [f"left: {name}" for name in left(site, self._runner.temporary)]
        shutil.rmtree(site)
        return found

    def _copy(self, name: str) -> Path:
        return shutil.copytree(self._before, self._before.with_name(f"hooks-{name}"))

    def _serve(self, site: Path, at: int) -> Served:
        """Start the service, post both requests, and end it if it still runs."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("OFFERPRESS_")}
        kept |= {"LD_PRELOAD": str(self._library), "TMPDIR": str(self._runner.temporary)}
        kept |= {"SENDGRID_WEBHOOK_KEY": self._double.public_key}
        words = {"site": str(site), "arguments": ["hooks", "--port", "0"], "at": at, "full": False}
        with subprocess.Popen(
            [sys.executable, HERE / "runner.py", json.dumps(words)],
            env=kept,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stderr is not None
            said, url = "", ""
            while not url and (line := process.stderr.readline()):
                said += line
                found = re.search(r"http://\S+", line)
                url = found[0] if found else ""
            statuses = tuple(post(url) if url else 0 for post in (self._post_events, self._post_click))
            if url:
                process.send_signal(signal.SIGTERM)
            out, rest = process.communicate(timeout=120)
        return Served(process.returncode, said + rest, int(out or 0), statuses)

    def _post_events(self, url: str) -> int:
        try:
            return self._double.post(url, self._events, int(time.time()))
        except (OSError, HTTPException):
            return 0

    def _post_click(self, url: str) -> int:
        try:
            return request(url, "POST", self._click, CLICK, FORM)[0]
        except (OSError, HTTPException):
            return 0


def _recorded_otherwise(site: Path) -> list[str]:
    """Say what was not recorded, or not once. A click has the instant at which it came, so two are two events."""
    with Outbox.open(site / "private/outbox.sqlite") as outbox:
        events = sorted(event.kind for event in outbox.events_of(PLAN, BOUNCED))
        clicks = {event.kind for event in outbox.events_of(PLAN, CLICKED)}
        reasons = sorted(one.reason for one in outbox.suppressions())
    found = []
    if events != [EventKind.BOUNCED, EventKind.DELIVERED] or clicks != {EventKind.UNSUBSCRIBED}:
        found.append(f"recorded: {events}, {clicks}")
    if reasons != ["bounced", "unsubscribed"]:
        found.append(f"suppressed: {reasons}")
    return found

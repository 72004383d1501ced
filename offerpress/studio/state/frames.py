"""Frames: what authors wrote is shown under another origin, so that it never reaches that of the studio.

The studio listens on a second port, the author origin. Its host is `127.0.0.1` and that of the studio is `localhost`,
so browsers treat them as two sites and send the cookie of a session to one of them only.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from html import unescape
from threading import Lock
from typing import Final
from urllib.parse import unquote, urlsplit

from generator.headers import headers_of
from offerpress.preview.answers import Answer
from offerpress.preview.serving import LOCAL
from offerpress.site.site import Site
from offerpress.studio.state.sessions import TOGETHER, TOKEN_BYTES, Session, Sessions

FRAMES: Final = "/frame/"
FRAME_FOR: Final = timedelta(minutes=5)
MOST_FRAMES: Final = 64
"""As many frames one session has at a time; a further one ends the oldest."""

FindAnswer = Callable[[str], Answer | None]


@dataclass(frozen=True, slots=True)
class OpenFrame:
    """What is shown below one address, for as long as the session is open and somebody asks for it."""

    form_token: str
    seen: datetime
    find: FindAnswer

    def is_open(self, now: datetime, sessions: Sessions) -> bool:
        """Return whether it was asked for within five minutes, in a session that has not ended."""
        return self.seen - TOGETHER <= now < self.seen + FRAME_FOR and sessions.is_open(self.form_token, now)


class Frames:
    """The frames of one process by the token in their address. Safe in any thread."""

    def __init__(self, random_text: Callable[[int], str], sessions: Sessions) -> None:
        self.origin, self.port = "", 0
        self._random_text = random_text
        self._sessions = sessions
        self._open: dict[str, OpenFrame] = {}
        self._lock = Lock()

    def at(self, port: int, origin: str | None = None) -> None:
        """Say at which port of this machine the author origin answers, and under which `origin` a proxy shows it."""
        self.origin, self.port = origin or f"http://{LOCAL}:{port}", port

    def keep(self, session: Session, now: datetime, make: Callable[[str], FindAnswer]) -> str:
        """Open a frame and return its address, which ends with a slash.

        `make` takes that address and returns the function that answers each path below it.
        """
        token = self._random_text(TOKEN_BYTES)
        address = f"{self.origin}{FRAMES}{token}/"
        frame = OpenFrame(session.form_token, now, make(address))
        with self._lock:
            self._open = {key: one for key, one in self._open.items() if one.is_open(now, self._sessions)}
            mine = [key for key, one in self._open.items() if one.form_token == session.form_token]
            for key in mine[: max(0, len(mine) - MOST_FRAMES + 1)]:
                del self._open[key]
            self._open[token] = frame
        return address

    def find(self, path: str, now: datetime) -> Answer | None:
        """Return what a path shows, None for an unknown token, a closed frame or a path that it does not hold."""
        token, _, name = path.removeprefix(FRAMES).partition("/")
        with self._lock:
            frame = self._open.pop(token, None)
            if frame is None or not frame.is_open(now, self._sessions):
                return None
            self._open[token] = replace(frame, seen=max(frame.seen, now))
        return frame.find(name)


def mail_answers(site: Site, origin: str, body: bytes) -> dict[str, Answer]:
    """Return a mail, under `""`, and the pictures in it that stand on the public site, by their path there.

    Pictures come from what was built, else from `content/static`. They are read now: what the frame asks for later
    reads no file.
    """
    base = site.settings.site.base_url.rstrip("/")
    bases = b"|".join(re.escape(one.encode()) for one in (base, origin + urlsplit(base).path))
    named = re.compile(rb'(<img\b[^>]*?\ssrc=")(?:%s)/([^"?#]+)' % bases)
    shown = {unquote(unescape(name.decode())) for _, name in named.findall(body)}
    answers = {name: found for name in shown if (found := _picture(site, name))}
    return {**answers, "": Answer(named.sub(rb"\1\2", body))}


def _picture(site: Site, name: str) -> Answer | None:
    kind = headers_of(name).content_type
    for place in (site.output, site.folder / "content" / "static"):
        with suppress(OSError, ValueError):
            path = (place / name).resolve(strict=True)
            if kind.startswith("image/") and path.is_relative_to(place.resolve()):
                return Answer(path.read_bytes(), kind)
    return None

"""Who may ask the studio for anything: the check of every request, sessions, and the throttle of passphrases."""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

IDLE_FOR: Final = timedelta(minutes=10)
LONGEST: Final = timedelta(hours=12)
TOKEN_BYTES: Final = 32
TOGETHER: Final = timedelta(minutes=1)
"""Requests that a page sends at the same time are answered in any order: one may be older than the last by this."""
_FREE_TRIES: Final = 5
_LONGEST_WAIT: Final = timedelta(minutes=15)
_MOST_KNOWN: Final = 10_000

ELSEWHERE: Final = (
    "This address belongs to another place. Open the studio at the address that the terminal shows."
)
FOREIGN: Final = "Another page asked for this, so nothing was done. Open the studio in a tab of its own."
UNSAID: Final = "The browser did not say which page asks, so nothing was done. Use a current browser."


def cookie_name(port: int) -> str:
    """Return the name of the session's cookie. Browsers accept the prefix only from a host itself, over no network."""
    return f"__Host-studio-{port}"


def request_refusal(method: str, headers: Mapping[str, str], own: str) -> tuple[int, str] | None:
    """Return status and sentence of a request that must not be answered; None to answer it.

    `headers` have lower-case names, `own` is the studio's origin. The host must be that of the origin, or this machine
    with the same port, so that no other site can point its name here. A change must come from a page of the studio. A
    page may also be opened by typing.
    """
    scheme, _, place = own.partition("://")
    name, _, port = place.rpartition(":")
    host = headers.get("host", "")
    if host not in ({place, f"127.0.0.1:{port}", f"[::1]:{port}"} if name == "localhost" else {place}):
        return 421, ELSEWHERE
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    if origin is not None and origin != f"{scheme}://{host}":
        return 403, FOREIGN
    if method in {"GET", "HEAD"}:
        opened = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
        return None if opened or site in {None, "same-origin", "none"} else (403, FOREIGN)
    if origin is None:
        return 403, UNSAID
    return None if site in {None, "same-origin"} else (403, FOREIGN)


def frame_refusal(
    method: str, headers: Mapping[str, str], origin: str, *, public: bool
) -> tuple[int, str] | None:
    """Return status and sentence of a request that the author origin must not answer; None to answer it.

    A page of the studio opens a frame, and what stands in the frame loads its own style sheets and pictures. No cookie
    is read: whoever asks shows a token in the address. The `public` preview is also opened in a tab of its own.
    """
    if headers.get("host", "") != origin.partition("://")[2]:
        return 421, ELSEWHERE
    if method != "GET":
        return 405, "Nothing can be changed here."
    asking, site = headers.get("origin"), headers.get("sec-fetch-site")
    if asking is not None and asking != origin:
        return 403, FOREIGN
    places = {"iframe", "document"} if public else {"iframe"}
    opened = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") in places
    return None if opened or site in {None, "same-origin"} else (403, FOREIGN)


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser. Its forms carry `form_token`, so that only pages of this session can change anything."""

    person: str
    form_token: str
    since: datetime
    seen: datetime

    def is_open(self, now: datetime) -> bool:
        """Return whether it was used within ten minutes, and began within twelve hours."""
        return self.seen - TOGETHER <= now < self.seen + IDLE_FOR and now < self.since + LONGEST

    def made(self, form_token: str) -> bool:
        """Return whether a form is of this session."""
        return hmac.compare_digest(self.form_token.encode(), form_token.encode("utf-8", "replace"))


class Sessions:
    """The open sessions of one process, by the digest of the cookie. Safe in any thread."""

    def __init__(self, random_text: Callable[[int], str]) -> None:
        self._random_text = random_text
        self._open: dict[bytes, Session] = {}
        self._lock = Lock()

    def begin(self, person: str, now: datetime) -> str:
        """Open a session and return the value of its cookie."""
        cookie = self._random_text(TOKEN_BYTES)
        with self._lock:
            self._open = {key: one for key, one in self._open.items() if one.is_open(now)}
            self._open[_key(cookie)] = Session(person, self._random_text(TOKEN_BYTES), now, now)
        return cookie

    def find(self, cookie: str, now: datetime, *, used: bool = True) -> Session | None:
        """Return the session of a cookie, None if it ended. A live part of a page asks with `used` false."""
        with self._lock:
            session = self._open.get(_key(cookie))
            if session is None or not session.is_open(now):
                self._open.pop(_key(cookie), None)
                return None
            if used:
                session = self._open[_key(cookie)] = replace(session, seen=max(session.seen, now))
            return session

    def is_open(self, form_token: str, now: datetime) -> bool:
        """Return whether the session of that form token is open. This is no use of it."""
        with self._lock:
            return any(one.made(form_token) and one.is_open(now) for one in self._open.values())

    def end(self, cookie: str) -> None:
        """End one session."""
        with self._lock:
            self._open.pop(_key(cookie), None)

    def end_all_of(self, person: str) -> None:
        """End every session of a person."""
        with self._lock:
            self._open = {key: one for key, one in self._open.items() if one.person != person}


def _key(cookie: str) -> bytes:
    return hashlib.sha256(cookie.encode("utf-8", "replace")).digest()


class SignInThrottle:
    """Delays who guesses: after five wrong tries each next one must wait twice as long, up to a quarter of an hour."""

    def __init__(self) -> None:
        self._wrong: dict[str, tuple[int, datetime]] = {}
        self._lock = Lock()

    def opens(self, name: str, now: datetime) -> datetime | None:
        """Return when the next try for that name is allowed, None for now."""
        with self._lock:
            tries, last = self._wrong.get(name, (0, now))
        if tries < _FREE_TRIES:
            return None
        wait = min(timedelta(seconds=2 ** min(tries - _FREE_TRIES + 1, 16)), _LONGEST_WAIT)
        return last + wait if now < last + wait else None

    def wrong(self, name: str, now: datetime) -> None:
        """Count a wrong try."""
        with self._lock:
            tries, _ = self._wrong.pop(name, (0, now))
            self._wrong[name] = (tries + 1, now)
            if len(self._wrong) > _MOST_KNOWN:
                del self._wrong[next(iter(self._wrong))]

    def right(self, name: str) -> None:
        """Forget the wrong tries of a name."""
        with self._lock:
            self._wrong.pop(name, None)

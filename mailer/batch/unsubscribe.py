"""Unsubscribing from announcements: the addresses that a message carries, and the token in them.

A token is the notice's own id, which tells nothing about the partner, with a code that only the site's secret makes
(104 bits of HMAC-SHA-256). A token in a log or a scanner unsubscribes one partner and names none.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

if TYPE_CHECKING:  # a batch is read without settings
    from mailer.settings import UnsubscribeSettings

_KEY_BYTES: Final = 20
_CODE_BYTES: Final = 13
_LENGTH: Final = 44  # of 33 bytes in base64, without padding


class UnsubscribeTokens:
    """Makes tokens with the first of the site's `keys`, and reads those of every key: former secrets stay valid.

    No key or an empty one is a ValueError.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys or not all(keys):
            raise ValueError("a token needs a key; derive one from the site secret")
        self._keys = tuple(keys)

    def token(self, key: str) -> str:
        """Return the token of the notice with that own id: 44 characters of `[A-Za-z0-9_-]`."""
        own = bytes.fromhex(key)
        return urlsafe_b64encode(own + _code(self._keys[0], own)).decode("ascii")

    def notice(self, token: str) -> str | None:
        """Return the own id of a token's notice; None for a forged, damaged or foreign token."""
        if len(token) != _LENGTH or not token.isascii():
            return None
        try:
            whole = urlsafe_b64decode(token)
        except ValueError:
            return None
        own, code = whole[:_KEY_BYTES], whole[_KEY_BYTES:]
        known = [hmac.compare_digest(code, _code(key, own)) for key in self._keys]
        return own.hex() if any(known) else None


def _code(key: bytes, own: bytes) -> bytes:
    return hmac.digest(key, b"offerpress unsubscribe" + own, "sha256")[:_CODE_BYTES]


@dataclass(frozen=True, slots=True)
class UnsubscribeMethods:
    """A site's unsubscribe addresses with their tokens; one click needs a token, a message does not."""

    settings: "UnsubscribeSettings"
    tokens: UnsubscribeTokens | None

    def url(self, key: str) -> str:
        """Return the address for unsubscribing by one click, empty if the site has none."""
        if self.settings.url is None or self.tokens is None:
            return ""
        joint = "&" if "?" in self.settings.url else "?"
        return f"{self.settings.url}{joint}token={self.tokens.token(key)}"

    def headers(self, key: str) -> list[tuple[str, str]]:
        """Return `List-Unsubscribe` (RFC 2369), and `List-Unsubscribe-Post` (RFC 8058) if one click is possible."""
        ways = ", ".join(f"<{way}>" for way in (self.url(key), self._mailto(key)) if way)
        found = [("List-Unsubscribe", ways)] if ways else []
        if self.url(key):
            found.append(("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))
        return found

    def _mailto(self, key: str) -> str:
        if self.settings.mailto is None:
            return ""
        token = "" if self.tokens is None else f"%20{self.tokens.token(key)}"
        return f"mailto:{quote(self.settings.mailto, safe='@')}?subject=unsubscribe{token}"

"""Which mail server to hand over to.

The address `smtp://`, `smtps://` or `smtp+starttls://user:password@host:port`.
"""

from dataclasses import dataclass, field
from typing import Final, Literal
from urllib.parse import unquote, urlsplit

from mailer.errors import ConfigurationError

Security = Literal["none", "tls", "starttls"]
_SCHEMES: Final[dict[str, tuple[Security, int]]] = {
    "smtp": ("none", 25),
    "smtps": ("tls", 465),
    "smtp+starttls": ("starttls", 587),
}
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """A server, how the line to it is secured, and the account to log in with (empty for none)."""

    host: str
    port: int
    security: Security = "none"
    user: str = ""
    password: str = field(default="", repr=False)

    def __str__(self) -> str:
        """The server without its password."""
        return f"{self.host}:{self.port}"


def parse_smtp_url(url: str) -> SmtpServer:
    """The server that an address names.

    A ConfigurationError, which never shows the password, if it names none.
    """
    form = "write smtp+starttls://user:password@host:587, with special characters percent-encoded"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ConfigurationError(f"smtp: the address cannot be read; {form}") from error
    if parts.scheme not in _SCHEMES or not parts.hostname:
        raise ConfigurationError(f"smtp: the address has no known scheme or no host; {form}")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise ConfigurationError(f"smtp: the address goes on after the port; {form}")
    security, default_port = _SCHEMES[parts.scheme]
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if user and security == "none" and parts.hostname not in _LOOPBACK:
        raise ConfigurationError(
            f"smtp: {parts.hostname}: the password would go in the clear; use smtp+starttls:// or smtps://"
        )
    return SmtpServer(parts.hostname, port or default_port, security, user, password)

"""A session with a mail server: its address, the connection, and what its replies prove."""

import re
import smtplib
import ssl
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from socket import IPPROTO_TCP, TCP_NODELAY
from typing import Final, Literal, NamedTuple
from urllib.parse import unquote, urlsplit

from mailer.errors import ConfigurationError, MailerError
from mailer.rules.states import NEXT_CALL, Cause, Outcome
from mailer.rules.status_codes import about_us, code_in

SmtpSecurity = Literal["none", "tls", "starttls"]
_SCHEMES: Final[dict[str, tuple[SmtpSecurity, int]]] = {
    "smtp": ("none", 25),
    "smtps": ("tls", 465),
    "smtp+starttls": ("starttls", 587),
}
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_HOST: Final = re.compile(r"[\w.:-]+")


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """A server, the security of the connection, and the account to log in with (empty for none)."""

    host: str
    port: int
    security: SmtpSecurity = "none"
    user: str = ""
    password: str = field(default="", repr=False)

    def __str__(self) -> str:
        """Return host and port, without the password."""
        return f"{self.host}:{self.port}"


def parse_smtp_url(url: str) -> SmtpServer:
    """Return the server that an address names, else raise a ConfigurationError without the password."""
    form = "write smtp+starttls://user:password@host:587, with special characters percent-encoded"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ConfigurationError(f"smtp: the address cannot be read; {form}") from error
    if parts.scheme not in _SCHEMES or not parts.hostname:
        raise ConfigurationError(f"smtp: the address has no known scheme or no host; {form}")
    if parts.path.strip("/") or parts.query or parts.fragment or not _HOST.fullmatch(parts.hostname):
        raise ConfigurationError(f"smtp: the address goes on after the port, or its host is none; {form}")
    security, default_port = _SCHEMES[parts.scheme]
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if user and security == "none" and parts.hostname not in _LOOPBACK:
        raise ConfigurationError(
            f"smtp: {parts.hostname}: the password would go in the clear; use smtp+starttls:// or smtps://"
        )
    return SmtpServer(parts.hostname, port or default_port, security, user, password)


_DONE, _LATER, NEVER = 2, 4, 5  # the first digit of a reply (RFC 5321 4.2.1)
CLOSING: Final = 421
GO_AHEAD: Final = 354
_FOR_ALL: Final = frozenset({CLOSING, 454})  # closing and throttling: not about one recipient
_LOGIN_NEEDED: Final = frozenset({530, 534, 535, 538})


class Reply(NamedTuple):
    """A reply (RFC 5321 4.2): its code, -1 if it has none, and the server's words."""

    code: int
    words: bytes


def refusal(command: str, reply: Reply) -> Outcome | None:
    """Return what a reply before the body proves, None if the message may go on."""
    code = reply.code
    if code == GO_AHEAD if command == "DATA" else code // 100 == _DONE:
        return None
    detail = f"{command}: {code} {printable(reply.words)}"
    if code in _LOGIN_NEEDED:
        raise ConfigurationError(f"smtp: {detail}; give a user and a password in the address")
    ours = command == "MAIL" or about_us(code_in(detail), detail)
    if code // 100 == NEVER:
        return _refusal_of_us(detail) if ours else Outcome(Cause.REJECTION, detail)
    about_notice = code // 100 == _LATER and not ours and code not in _FOR_ALL
    return Outcome(Cause.REFUSAL, detail, "notice" if about_notice else "transport")


def final(reply: Reply) -> Outcome:
    """Return what the reply to the final dot proves."""
    code, detail = reply.code, f"{reply.code} {printable(reply.words)}"
    if code // 100 == _DONE:
        return Outcome(Cause.ACCEPTANCE, detail)
    ours = about_us(code_in(detail), detail)
    if code // 100 == NEVER:
        return _refusal_of_us(detail) if ours else Outcome(Cause.REJECTION, detail)
    if code // 100 == _LATER:
        return Outcome(Cause.REFUSAL, detail, "transport" if ours or code in _FOR_ALL else "notice")
    return Outcome(Cause.LOST_ANSWER, f"an answer that says nothing: {detail}")


def _refusal_of_us(detail: str) -> Outcome:
    """Return the outcome of a final refusal of the sender, its quota or its right to relay: no notice is to blame."""
    return Outcome(Cause.REFUSAL, detail, "transport", NEXT_CALL)


def printable(words: bytes | str) -> str:
    """Return a server's words on one line, for people."""
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    if not text.isprintable():
        text = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(text.split())[:500]


def error_words(error: Exception) -> str:
    """Return an error's words, or its name if it has none."""
    return printable(str(error)) or type(error).__name__


BROKEN: Final = (OSError, smtplib.SMTPException)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """The seconds to wait for a connection, a reply, and the reply to the final dot (RFC 5321 4.5.3.2)."""

    connect: float = 30.0
    command: float = 120.0
    final: float = 600.0


class Refused(MailerError):
    """The server cannot be used now."""


class SmtpSession:
    """A session in use. An error that breaks it is one of `BROKEN`; after that it can only be closed."""

    def __init__(self, client: smtplib.SMTP, timeouts: Timeouts) -> None:
        self._client = client
        self._timeouts = timeouts
        self.pipelines = client.has_extn("pipelining")
        self._wait(timeouts.command)

    def ask(self, commands: Sequence[str]) -> Iterator[Reply]:
        """Send commands, together if the server `pipelines`, else one by one; yield the replies in order.

        If the server pipelines, the caller must read every reply.
        """
        if self.pipelines:
            self._client.send(_joined(commands))
            yield from self.replies(len(commands))
            return
        for command in commands:
            self._client.putcmd(command)
            yield from self.replies(1)

    def send_body(
        self, content: bytes, then: Sequence[str] = (), meanwhile: Callable[[], None] = lambda: None
    ) -> Reply:
        """Send the body up to the final dot and return the reply; lines of `content` end with CRLF.

        The commands in `then` leave together with the final dot (RFC 2920 3.1); `replies` reads the replies to them.
        `meanwhile` is called before the wait for the reply.
        """
        self._wait(self._timeouts.final)
        first = b"." if content.startswith(b".") else b""
        self._client.send(first + content.replace(b"\r\n.", b"\r\n..") + b".\r\n" + _joined(then))
        meanwhile()
        reply = Reply(*self._client.getreply())
        self._wait(self._timeouts.command)
        return reply

    def replies(self, number: int) -> Iterator[Reply]:
        """Yield `number` replies to commands that were sent before."""
        for _ in range(number):
            yield Reply(*self._client.getreply())

    def leave(self) -> None:
        """Say goodbye, if the server still listens."""
        try:
            self._client.quit()
        except BROKEN:
            self.close()

    def close(self) -> None:
        """Close the connection without a goodbye."""
        self._client.close()

    def _wait(self, seconds: float) -> None:
        if self._client.sock is not None:
            self._client.sock.settimeout(seconds)


def _joined(commands: Sequence[str]) -> bytes:
    return "".join(f"{command}\r\n" for command in commands).encode("ascii")


def connected(
    server: SmtpServer, context: ssl.SSLContext, timeouts: Timeouts, hello: str | None
) -> SmtpSession:
    """Connect, secure the connection and log in; without `hello` the server is told the name that the resolver gives.

    Refused means that the server may work later, ConfigurationError that the settings cannot work.
    """
    try:
        return SmtpSession(_greeted(server, context, timeouts.connect, hello), timeouts)
    except ssl.SSLCertVerificationError as error:
        raise ConfigurationError(
            f"smtp: {server}: certificate not believed ({error.verify_message}); correct the host, or name who "
            "vouches for it in [mail.smtp] ca_file"
        ) from error
    except smtplib.SMTPAuthenticationError as error:
        raise _for_good(server, "login", error.smtp_code, error.smtp_error) from error
    except smtplib.SMTPResponseException as error:
        raise _for_good(server, "greeting", error.smtp_code, error.smtp_error) from error
    except smtplib.SMTPNotSupportedError as error:
        raise ConfigurationError(
            f"smtp: {server}: {error}; use an address that fits what it offers"
        ) from error
    except UnicodeError:
        # not from the error: it may name a part of the password
        raise ConfigurationError(
            "smtp: the host, the user or the password cannot be written in ASCII; correct the address"
        ) from None
    except BROKEN as error:
        raise Refused(f"{server} cannot be reached: {error_words(error)}") from error


def _greeted(server: SmtpServer, context: ssl.SSLContext, seconds: float, hello: str | None) -> smtplib.SMTP:
    client: smtplib.SMTP
    if server.security == "tls":
        client = smtplib.SMTP_SSL(server.host, server.port, hello, timeout=seconds, context=context)
    else:
        client = smtplib.SMTP(server.host, server.port, hello, timeout=seconds)
    try:
        if client.sock is not None:
            client.sock.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)  # the end of a message waits for nothing
        client.ehlo_or_helo_if_needed()
        if server.security == "starttls":
            client.starttls(context=context)
            client.ehlo_or_helo_if_needed()
        if server.user:
            client.login(server.user, server.password)
    except BaseException:
        client.close()
        raise
    return client


def _for_good(server: SmtpServer, stage: str, code: int, words: bytes | str) -> MailerError:
    text = f"{server}: {stage}: {code} {printable(words)}"
    if code // 100 == NEVER:
        return ConfigurationError(f"smtp: {text}; correct the address, user or password")
    return Refused(text)

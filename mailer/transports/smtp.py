"""Mail over SMTP (RFC 5321) with the standard library's client, on a kept connection.

What each answer proves: before the body's first byte nothing can have been taken, so a lost
connection is a refusal; after it, only the answer to the final dot tells, so a lost connection is a
lost answer (RFC 1047).
"""

import re
import smtplib
import ssl
from dataclasses import dataclass
from typing import Final

from mailer.addresses import wire_address
from mailer.errors import ConfigurationError, MailerError
from mailer.states import Cause
from mailer.transport_settings import SmtpSettings
from mailer.transports.base import Attempt, Outcome
from mailer.transports.smtp_server import SmtpServer, parse_smtp_url

_DONE, _LATER, _NEVER = 2, 4, 5  # what the first digit of an answer says (RFC 5321 4.2.1)
_OK: Final = 250
_CLOSING: Final = 421
_FOR_ALL: Final = frozenset(
    {_CLOSING, 454}
)  # closing, and what throttling relays answer: not about one recipient
_GO_AHEAD: Final = 354
_LOGIN_NEEDED: Final = frozenset({530, 534, 535, 538})
_LINE_DOT: Final = re.compile(rb"(?m)^\.")
_BROKEN: Final = (OSError, smtplib.SMTPException)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds to wait.

    For a connection, for the answer to a command, and to the final dot (RFC 5321 4.5.3.2).
    """

    connect: float = 30.0
    command: float = 120.0
    final: float = 600.0


class SmtpTransport:
    """A mail server, or the address of one.

    `context` decides which certificates are believed, by default those that the system believes;
    without `hello` in the settings the server is told the name that this machine's resolver gives.
    """

    name = "smtp"

    def __init__(
        self,
        server: SmtpServer | str,
        settings: SmtpSettings | None = None,
        *,
        context: ssl.SSLContext | None = None,
        timeouts: Timeouts | None = None,
    ) -> None:
        self.server = parse_smtp_url(server) if isinstance(server, str) else server
        self.settings = settings or SmtpSettings()
        self.width = self.settings.connections
        self.context = context or ssl.create_default_context()
        self.timeouts = timeouts or Timeouts()

    def connect(self) -> "SmtpConnection":
        """A line that connects when the first message is handed over."""
        return SmtpConnection(self)


class SmtpConnection:
    """One kept connection."""

    def __init__(self, transport: SmtpTransport) -> None:
        self._transport = transport
        self._client: smtplib.SMTP | None = None

    def hand(self, attempt: Attempt) -> Outcome:
        """Send one message. A kept connection that the server has closed meanwhile is opened anew, once."""
        content = attempt.content()
        kept = self._client is not None
        outcome = self._hand(attempt, content)
        gone = (
            kept and self._client is None and outcome.cause is Cause.REFUSAL and outcome.about == "transport"
        )
        return self._hand(attempt, content) if gone else outcome

    def close(self) -> None:
        """Say goodbye, if somebody still listens."""
        client, self._client = self._client, None
        if client is not None:
            try:
                client.quit()
            except _BROKEN:
                client.close()

    def _hand(self, attempt: Attempt, content: bytes) -> Outcome:
        try:
            client = self._client = self._client or _connected(self._transport)
        except _Refused as refused:
            return Outcome(Cause.REFUSAL, str(refused), "transport")
        try:
            refusal = self._envelope(client, attempt)
        except _BROKEN as error:
            self._drop()
            return Outcome(Cause.REFUSAL, f"connection lost before the body: {_words(error)}", "transport")
        if refusal is not None:
            self._reset(client, refusal)
            return refusal
        return self._body(client, content)

    def _envelope(self, client: smtplib.SMTP, attempt: Attempt) -> Outcome | None:
        """Sender, recipients and the word DATA; what was refused, None if the body may follow.

        A refused copy keeps nothing from the recipient.
        """
        code, words = client.mail(wire_address(attempt.notice.from_address) or "")
        refusal = _refusal("MAIL", code, words)
        for number, address in enumerate(attempt.recipients):
            if refusal is not None:
                return refusal
            code, words = client.rcpt(wire_address(address) or "")
            if number == 0 or code == _CLOSING:
                refusal = _refusal("RCPT", code, words)
        if refusal is not None:
            return refusal
        code, words = client.docmd("DATA")
        return None if code == _GO_AHEAD else _refusal("DATA", code, words)

    def _body(self, client: smtplib.SMTP, content: bytes) -> Outcome:
        try:
            client.send(_LINE_DOT.sub(b"..", content) + b".\r\n")
            if client.sock is not None:
                client.sock.settimeout(self._transport.timeouts.final)
            code, words = client.getreply()
            if client.sock is not None:
                client.sock.settimeout(self._transport.timeouts.command)
        except _BROKEN as error:
            self._drop()
            detail = f"connection lost after the body began: {_words(error)}"
            return Outcome(Cause.LOST_ANSWER, detail, "transport")
        if code == _CLOSING:
            self._drop()
        return _final(code, words)

    def _reset(self, client: smtplib.SMTP, refusal: Outcome) -> None:
        try:
            if refusal.about == "transport" or client.rset()[0] != _OK:
                self._drop()
        except _BROKEN:
            self._drop()

    def _drop(self) -> None:
        if self._client is not None:
            self._client.close()
        self._client = None


class _Refused(MailerError):
    """The server cannot be used for now."""


def _connected(transport: SmtpTransport) -> smtplib.SMTP:
    """A client that has said hello, secured the line and logged in.

    _Refused for now, ConfigurationError for good.
    """
    server = transport.server
    try:
        client = _greeted(transport)
    except ssl.SSLCertVerificationError as error:
        raise ConfigurationError(
            f"smtp: {server}: certificate not believed ({error.verify_message}); correct the host or it"
        ) from error
    except smtplib.SMTPAuthenticationError as error:
        raise _for_good(server, "login", error.smtp_code, error.smtp_error) from error
    except smtplib.SMTPResponseException as error:
        raise _for_good(server, "greeting", error.smtp_code, error.smtp_error) from error
    except smtplib.SMTPNotSupportedError as error:
        raise ConfigurationError(
            f"smtp: {server}: {error}; use an address that fits what it offers"
        ) from error
    except _BROKEN as error:
        raise _Refused(f"{server} cannot be reached: {_words(error)}") from error
    if client.sock is not None:
        client.sock.settimeout(transport.timeouts.command)
    return client


def _greeted(transport: SmtpTransport) -> smtplib.SMTP:
    server, hello, timeout = transport.server, transport.settings.hello, transport.timeouts.connect
    client: smtplib.SMTP
    if server.security == "tls":
        client = smtplib.SMTP_SSL(server.host, server.port, hello, timeout=timeout, context=transport.context)
    else:
        client = smtplib.SMTP(server.host, server.port, hello, timeout=timeout)
    try:
        client.ehlo_or_helo_if_needed()
        if server.security == "starttls":
            client.starttls(context=transport.context)
            client.ehlo_or_helo_if_needed()
        if server.user:
            client.login(server.user, server.password)
    except BaseException:
        client.close()
        raise
    return client


def _for_good(server: SmtpServer, stage: str, code: int, words: bytes | str) -> MailerError:
    text = f"{server}: {stage}: {code} {_text(words)}"
    if code // 100 == _NEVER:
        return ConfigurationError(f"smtp: {text}; correct the address, user or password")
    return _Refused(text)


def _refusal(command: str, code: int, words: bytes) -> Outcome | None:
    """What an answer before the body proves; None if it lets the message go on."""
    detail = f"{command}: {code} {_text(words)}"
    if code // 100 == _DONE and command != "DATA":
        return None
    if code in _LOGIN_NEEDED:
        raise ConfigurationError(f"smtp: {detail}; give a user and a password in the address")
    if code // 100 == _NEVER:
        return Outcome(Cause.REJECTION, detail)
    about_notice = code // 100 == _LATER and command != "MAIL" and code not in _FOR_ALL
    return Outcome(Cause.REFUSAL, detail, "notice" if about_notice else "transport")


def _final(code: int, words: bytes) -> Outcome:
    """What the answer to the final dot proves."""
    detail = f"{code} {_text(words)}"
    if code // 100 == _DONE:
        return Outcome(Cause.ACCEPTANCE, detail)
    if code // 100 == _NEVER:
        return Outcome(Cause.REJECTION, detail)
    if code // 100 == _LATER:
        return Outcome(Cause.REFUSAL, detail, "transport" if code in _FOR_ALL else "notice")
    return Outcome(Cause.LOST_ANSWER, f"an answer that says nothing: {detail}")


def _text(words: bytes | str) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:500]


def _words(error: Exception) -> str:
    return _text(str(error)) or type(error).__name__

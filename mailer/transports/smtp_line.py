"""A line to a mail server that has said hello, is secured as its address asks, and has logged in."""

import smtplib
import ssl
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from socket import IPPROTO_TCP, TCP_NODELAY
from typing import Final

from mailer.errors import ConfigurationError, MailerError
from mailer.transports.smtp_answers import NEVER, Answer, error_words, printable
from mailer.transports.smtp_server import SmtpServer

BROKEN: Final = (OSError, smtplib.SMTPException)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds to wait.

    For a connection, for the answer to a command, and to the final dot (RFC 5321 4.5.3.2).
    """

    connect: float = 30.0
    command: float = 120.0
    final: float = 600.0


class Refused(MailerError):
    """The server cannot be used for now."""


class Line:
    """A line in use. Whatever breaks it is raised as one of `BROKEN`; then it can only be closed."""

    def __init__(self, client: smtplib.SMTP, timeouts: Timeouts) -> None:
        self._client = client
        self._timeouts = timeouts
        self.together = client.has_extn("pipelining")
        self._wait(timeouts.command)

    def ask(self, commands: Sequence[str]) -> Iterator[Answer]:
        """The answers in turn; commands go out together where the server takes them so, else each in its turn.

        Where they went `together`, the answers must all be read.
        """
        if self.together:
            self._client.send(_joined(commands))
            yield from self.answers(len(commands))
            return
        for command in commands:
            self._client.putcmd(command)
            yield from self.answers(1)

    def send_body(
        self, content: bytes, then: Sequence[str] = (), meanwhile: Callable[[], None] = lambda: None
    ) -> Answer:
        """Everything up to the final dot, and the answer to that; lines of `content` end with CRLF.

        Where commands go `together`, those that come `then` leave with it (RFC 2920 3.1); `answers` reads what they are
        answered. `meanwhile` is called before the answer is waited for.
        """
        self._wait(self._timeouts.final)
        first = b"." if content.startswith(b".") else b""
        self._client.send(first + content.replace(b"\r\n.", b"\r\n..") + b".\r\n" + _joined(then))
        meanwhile()
        answer = Answer(*self._client.getreply())
        self._wait(self._timeouts.command)
        return answer

    def answers(self, number: int) -> Iterator[Answer]:
        """So many answers to what was said before, each as it is asked for."""
        for _ in range(number):
            yield Answer(*self._client.getreply())

    def leave(self) -> None:
        """Say goodbye, if somebody still listens."""
        try:
            self._client.quit()
        except BROKEN:
            self.close()

    def close(self) -> None:
        """Let go without a word."""
        self._client.close()

    def _wait(self, seconds: float) -> None:
        if self._client.sock is not None:
            self._client.sock.settimeout(seconds)


def _joined(commands: Sequence[str]) -> bytes:
    return "".join(f"{command}\r\n" for command in commands).encode("ascii")


def connected(server: SmtpServer, context: ssl.SSLContext, timeouts: Timeouts, hello: str | None) -> Line:
    """The line; without `hello` it tells the name that the resolver gives.

    Refused for now, ConfigurationError for good.
    """
    try:
        return Line(_greeted(server, context, timeouts.connect, hello), timeouts)
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

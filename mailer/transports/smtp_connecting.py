"""A line to a mail server that has said hello, is secured as its address asks, and has logged in."""

import smtplib
import ssl
from dataclasses import dataclass
from socket import IPPROTO_TCP, TCP_NODELAY
from typing import Final

from mailer.errors import ConfigurationError, MailerError
from mailer.transports.smtp_answers import NEVER, error_words, printable
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


def connected(
    server: SmtpServer, context: ssl.SSLContext, timeouts: Timeouts, hello: str | None
) -> smtplib.SMTP:
    """The line; without `hello` it tells the name that the resolver gives.

    Refused for now, ConfigurationError for good.
    """
    try:
        client = _greeted(server, context, timeouts.connect, hello)
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
    if client.sock is not None:
        client.sock.settimeout(timeouts.command)
    return client


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

"""Mail over SMTP (RFC 5321) on kept connections, with as few waits as the server allows (RFC 2920).

What each answer proves: before the body's first byte nothing can have been taken, so a lost
connection is a refusal; after it, only the answer to the final dot tells, so a lost connection is a
lost answer (RFC 1047).
"""

import re
import smtplib
import ssl
from collections.abc import Iterator, Sequence
from typing import Final

from mailer.addresses import wire_address
from mailer.errors import ConfigurationError
from mailer.states import Cause
from mailer.transport_settings import SmtpSettings
from mailer.transports.base import Attempt, Outcome
from mailer.transports.smtp_answers import CLOSING, GO_AHEAD, Answer, error_words, final, refusal
from mailer.transports.smtp_connecting import BROKEN, Refused, Timeouts, connected
from mailer.transports.smtp_server import SmtpServer, parse_smtp_url

_OK: Final = 250
_LINE_DOT: Final = re.compile(rb"(?m)^\.")


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
            except BROKEN:
                client.close()

    def _hand(self, attempt: Attempt, content: bytes) -> Outcome:
        way = self._transport
        try:
            client = self._client = self._client or connected(
                way.server, way.context, way.timeouts, way.settings.hello
            )
        except Refused as refused:
            return Outcome(Cause.REFUSAL, str(refused), "transport")
        try:
            refused_with = _envelope(client, attempt)
        except ConfigurationError:
            self._drop()
            raise
        except BROKEN as error:
            self._drop()
            words = f"connection lost before the body: {error_words(error)}"
            return Outcome(Cause.REFUSAL, words, "transport")
        if refused_with is None:
            return self._body(client, content)
        self._reset(client, refused_with)
        return refused_with

    def _body(self, client: smtplib.SMTP, content: bytes) -> Outcome:
        try:
            _wait(client, self._transport.timeouts.final)
            client.send(_LINE_DOT.sub(b"..", content) + b".\r\n")
            answer = Answer(*client.getreply())
            _wait(client, self._transport.timeouts.command)
        except BROKEN as error:
            self._drop()
            detail = f"connection lost after the body began: {error_words(error)}"
            return Outcome(Cause.LOST_ANSWER, detail, "transport")
        if answer.code == CLOSING:
            self._drop()
        return final(answer)

    def _reset(self, client: smtplib.SMTP, refused_with: Outcome) -> None:
        """Leave the line ready for the next message, or leave the line."""
        try:
            if refused_with.about == "transport" or client.rset()[0] != _OK:
                self._drop()
        except BROKEN:
            self._drop()

    def _drop(self) -> None:
        if self._client is not None:
            self._client.close()
        self._client = None


def _envelope(client: smtplib.SMTP, attempt: Attempt) -> Outcome | None:
    """Sender, recipients and the word DATA; what was refused, None if the body may follow.

    A refused copy keeps nothing from the recipient. DATA waits for the recipient's own answer where there are copies:
    else the server could already ask for a body that would reach them alone.
    """
    sender, *recipients = (
        wire_address(one) or "" for one in (attempt.notice.from_address, *attempt.recipients)
    )
    commands = [f"MAIL FROM:<{sender}>", *(f"RCPT TO:<{one}>" for one in recipients)]
    if len(recipients) == 1:
        return _spoken(client, [*commands, "DATA"])
    return _spoken(client, commands) or _spoken(client, ["DATA"])


def _spoken(client: smtplib.SMTP, commands: Sequence[str]) -> Outcome | None:
    """What was refused of commands that belong together, None if nothing was."""
    refused_with, recipients = None, 0
    for command, answer in zip(commands, _answers(client, commands), strict=True):
        word = command[:4]
        recipients += word == "RCPT"
        counts = recipients < 2 or word == "DATA" or answer.code == CLOSING  # noqa: PLR2004 - the rest are copies
        if refused_with is None and counts:
            refused_with = refusal(word, answer)
        elif word == "DATA" and answer.code == GO_AHEAD:
            client.send(b".\r\n")  # it asks for a body although it takes no recipient (RFC 2920 3.1)
            client.getreply()
        if answer.code == CLOSING or (refused_with and not client.has_extn("pipelining")):
            break
    return refused_with


def _answers(client: smtplib.SMTP, commands: Sequence[str]) -> Iterator[Answer]:
    """The answers in turn; the commands go out together where the server takes them so, else each in its turn."""
    together = client.has_extn("pipelining")
    if together:
        client.send("".join(f"{command}\r\n" for command in commands))
    for command in commands:
        if not together:
            client.putcmd(command)
        yield Answer(*client.getreply())


def _wait(client: smtplib.SMTP, seconds: float) -> None:
    """The longest wait for the next answer."""
    if client.sock is not None:
        client.sock.settimeout(seconds)

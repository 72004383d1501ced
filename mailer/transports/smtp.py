"""Mail over SMTP (RFC 5321) on kept connections, with as few waits as the server allows (RFC 2920).

What each answer proves: before the body's first byte nothing can have been taken, so a lost
connection is a refusal; after it, only the answer to the final dot tells, so a lost connection is a
lost answer (RFC 1047).
"""

import ssl
from collections.abc import Sequence
from typing import Final

from mailer.addresses import wire_address
from mailer.errors import ConfigurationError
from mailer.states import Cause
from mailer.transport_settings import SmtpSettings
from mailer.transports.base import Attempt, Outcome
from mailer.transports.dkim_signing import Signer
from mailer.transports.smtp_answers import CLOSING, GO_AHEAD, error_words, final, refusal
from mailer.transports.smtp_line import BROKEN, Line, Refused, Timeouts, connected
from mailer.transports.smtp_server import SmtpServer, parse_smtp_url

_OK: Final = 250


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
        sign: Signer | None = None,
    ) -> None:
        self.server = parse_smtp_url(server) if isinstance(server, str) else server
        self.settings = settings or SmtpSettings()
        self.width = self.settings.connections
        self.context = context or ssl.create_default_context()
        self.timeouts = timeouts or Timeouts()
        self.sign = sign

    def connect(self) -> "SmtpConnection":
        """A line that connects when the first message is handed over."""
        return SmtpConnection(self)


class SmtpConnection:
    """One kept connection."""

    def __init__(self, transport: SmtpTransport) -> None:
        self._transport = transport
        self._line: Line | None = None

    def hand(self, attempt: Attempt) -> Outcome:
        """Send one message. A kept connection that the server has closed meanwhile is opened anew, once."""
        sign = self._transport.sign
        content = sign(attempt.content()) if sign else attempt.content()
        kept = self._line is not None
        outcome = self._hand(attempt, content)
        gone = kept and self._line is None and outcome.cause is Cause.REFUSAL and outcome.about == "transport"
        return self._hand(attempt, content) if gone else outcome

    def close(self) -> None:
        """Say goodbye, if somebody still listens."""
        line, self._line = self._line, None
        if line is not None:
            line.leave()

    def _hand(self, attempt: Attempt, content: bytes) -> Outcome:
        way = self._transport
        try:
            line = self._line = self._line or connected(
                way.server, way.context, way.timeouts, way.settings.hello
            )
            refused_with = _envelope(line, attempt)
        except Refused as refused:
            return Outcome(Cause.REFUSAL, str(refused), "transport")
        except ConfigurationError:
            self._drop()
            raise
        except BROKEN as error:
            self._drop()
            words = f"connection lost before the body: {error_words(error)}"
            return Outcome(Cause.REFUSAL, words, "transport")
        if refused_with is None:
            return self._body(line, content)
        self._reset(line, refused_with)
        return refused_with

    def _body(self, line: Line, content: bytes) -> Outcome:
        try:
            answer = line.send_body(content)
        except BROKEN as error:
            self._drop()
            detail = f"connection lost after the body began: {error_words(error)}"
            return Outcome(Cause.LOST_ANSWER, detail, "transport")
        if answer.code == CLOSING:
            self._drop()
        return final(answer)

    def _reset(self, line: Line, refused_with: Outcome) -> None:
        """Leave the line ready for the next message, or leave the line."""
        try:
            if refused_with.about == "transport" or next(line.ask(["RSET"])).code != _OK:
                self._drop()
        except BROKEN:
            self._drop()

    def _drop(self) -> None:
        if self._line is not None:
            self._line.close()
        self._line = None


def _envelope(line: Line, attempt: Attempt) -> Outcome | None:
    """Sender, recipients and the word DATA; what was refused, None if the body may follow.

    A refused copy keeps nothing from the recipient. DATA waits for the recipient's own answer where there are copies:
    else the server could already ask for a body that would reach them alone.
    """
    sender, *recipients = (
        wire_address(one) or "" for one in (attempt.notice.from_address, *attempt.recipients)
    )
    commands = [f"MAIL FROM:<{sender}>", *(f"RCPT TO:<{one}>" for one in recipients)]
    if len(recipients) == 1:
        return _spoken(line, [*commands, "DATA"])
    return _spoken(line, commands) or _spoken(line, ["DATA"])


def _spoken(line: Line, commands: Sequence[str]) -> Outcome | None:
    """What was refused of commands that belong together, None if nothing was."""
    refused_with, copies = None, -1
    for command, answer in zip(commands, line.ask(commands), strict=True):
        word = command[:4]
        copies += word == "RCPT"
        if refused_with is None and (word != "RCPT" or copies == 0 or answer.code == CLOSING):
            refused_with = refusal(word, answer)
        elif word == "DATA" and answer.code == GO_AHEAD:
            line.send_body(b"")  # it asks for a body although it takes no recipient (RFC 2920 3.1)
        if answer.code == CLOSING or (refused_with and not line.together):
            break
    return refused_with

"""Mail over SMTP (RFC 5321) on kept connections, with as few waits as the server allows (RFC 2920).

What each answer proves: before the body's first byte nothing can have been taken, so a lost
connection is a refusal; after it, only the answer to the final dot tells, so a lost connection is a
lost answer (RFC 1047).
"""

import ssl
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Literal

from mailer.addresses import wire_address
from mailer.errors import ConfigurationError
from mailer.rules.states import Cause
from mailer.settings import SmtpSettings
from mailer.transports.base import Attempt, Mail, Outcome
from mailer.transports.dkim_signing import Signer
from mailer.transports.smtp_line import (
    BROKEN,
    CLOSING,
    GO_AHEAD,
    Answer,
    Line,
    Refused,
    SmtpServer,
    Timeouts,
    connected,
    error_words,
    final,
    parse_smtp_url,
    refusal,
)

_OK: Final = 250


class SmtpTransport:
    """A mail server, or the address of one.

    `context` decides which certificates are believed, by default those that the system believes;
    without `hello` in the settings the server is told the name that this machine's resolver gives.
    """

    name = "smtp"
    takes_mail: Literal[True] = True

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
        self._ahead: _Ahead | None = None

    def hand(self, attempt: Attempt) -> Outcome:
        """Send one message. A kept connection that the server has closed meanwhile is opened anew, once."""
        return self.hand_before(attempt, None, lambda: None)

    def hand_before(self, mail: Mail, following: Mail | None, meanwhile: Callable[[], None]) -> Outcome:
        """Send one message, and with its end the envelope of the following one, whose body is written meanwhile."""
        ahead = self._ahead
        if ahead is None or ahead.mail is not mail:
            self._abandon(ahead)
            ahead = _Ahead(mail)
        content = ahead.content or self._written(mail)
        self._ahead = None if following is None else _Ahead(following)
        kept = self._line is not None
        outcome = self._hand(ahead, content, meanwhile)
        gone = kept and self._line is None and outcome.cause is Cause.REFUSAL and outcome.about == "transport"
        return self._hand(_Ahead(mail), content, meanwhile) if gone else outcome

    def close(self) -> None:
        """Say goodbye, if somebody still listens."""
        line, self._line = self._line, None
        if line is not None:
            line.leave()

    def _hand(self, this: "_Ahead", content: bytes, meanwhile: Callable[[], None]) -> Outcome:
        way = self._transport
        try:
            line = self._line = self._line or connected(
                way.server, way.context, way.timeouts, way.settings.hello
            )
            refused_with = this.refused_with if this.opened else _envelope(line, this.mail)
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
            return self._body(line, content, meanwhile)
        self._reset(line, refused_with)
        return refused_with

    def _body(self, line: Line, content: bytes, meanwhile: Callable[[], None]) -> Outcome:
        ahead = self._ahead
        commands = _in_one(ahead.mail) if ahead is not None and line.together else []

        def write_ahead() -> None:
            if ahead is not None:
                with suppress(Exception):  # comes up again in its turn
                    ahead.content = self._written(ahead.mail)
            meanwhile()

        try:
            answer = line.send_body(content, commands, write_ahead)
        except BROKEN as error:
            self._drop()
            detail = f"connection lost after the body began: {error_words(error)}"
            return Outcome(Cause.LOST_ANSWER, detail, "transport")
        outcome = final(answer)
        if answer.code == CLOSING or outcome.cause is Cause.LOST_ANSWER:
            self._drop()
        elif ahead is not None and commands:
            self._open(line, ahead, commands)
        return outcome

    def _written(self, mail: Mail) -> bytes:
        sign = self._transport.sign
        return sign(mail.content()) if sign else mail.content()

    def _open(self, line: Line, ahead: "_Ahead", commands: Sequence[str]) -> None:
        """Read what the envelope of the following message was answered; what breaks here comes up again in its turn."""
        try:
            answers = line.answers(len(commands))
            ahead.refused_with = _refused(line, zip(commands, answers, strict=True))
            ahead.opened = True
        except (ConfigurationError, *BROKEN):
            self._drop()

    def _abandon(self, ahead: "_Ahead | None") -> None:
        """Leave the line if it waits for a body that will never come."""
        if ahead is not None and ahead.opened:
            self._drop()

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


@dataclass(slots=True)
class _Ahead:
    """A mail, and what was done about it ahead of its turn.

    Its content written, its envelope `opened` on the line that there is, and what was refused of that.
    """

    mail: Mail
    content: bytes = b""
    opened: bool = False
    refused_with: Outcome | None = None


def _envelope(line: Line, mail: Mail) -> Outcome | None:
    """Sender, recipients and the word DATA; what was refused, None if the body may follow.

    A refused copy keeps nothing from the recipient. DATA waits for the recipient's own answer where there are copies:
    else the server could already ask for a body that would reach them alone.
    """
    commands = _in_one(mail)
    if commands:
        return _spoken(line, commands)
    return _spoken(line, _addressed(mail)) or _spoken(line, ["DATA"])


def _in_one(mail: Mail) -> list[str]:
    """The whole envelope, if it may be said without waiting; else nothing."""
    return [*_addressed(mail), "DATA"] if len(mail.recipients) == 1 else []


def _addressed(mail: Mail) -> list[str]:
    sender, *recipients = (wire_address(one) or "" for one in (mail.sender, *mail.recipients))
    return [f"MAIL FROM:<{sender}>", *(f"RCPT TO:<{one}>" for one in recipients)]


def _spoken(line: Line, commands: Sequence[str]) -> Outcome | None:
    """What was refused of commands that belong together, None if nothing was."""
    return _refused(line, zip(commands, line.ask(commands), strict=True))


def _refused(line: Line, answered: Iterable[tuple[str, Answer]]) -> Outcome | None:
    refused_with, copies = None, -1
    for command, answer in answered:
        word = command[:4]
        copies += word == "RCPT"
        if refused_with is None and (word != "RCPT" or copies == 0 or answer.code == CLOSING):
            refused_with = refusal(word, answer)
        elif word == "DATA" and answer.code == GO_AHEAD:
            line.send_body(b"")  # it asks for a body although it takes no recipient (RFC 2920 3.1)
        if answer.code == CLOSING or (refused_with and not line.together):
            break
    return refused_with

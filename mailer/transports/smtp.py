"""Mail over SMTP (RFC 5321) on kept connections, with as few round trips as the server allows (RFC 2920).

Before the first byte of the body the server cannot have taken the message, so a lost connection is a refusal. After
that only the reply to the final dot proves anything, so a lost connection is a lost answer (RFC 1047).
"""

import ssl
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from mailer.errors import ConfigurationError
from mailer.rules.states import Cause, Outcome
from mailer.settings import SmtpSettings
from mailer.transports.base import Attempt
from mailer.transports.dkim_signing import Signer
from mailer.transports.smtp_session import (
    BROKEN,
    CLOSING,
    GO_AHEAD,
    Refused,
    Reply,
    SmtpServer,
    SmtpSession,
    Timeouts,
    connected,
    error_words,
    final,
    parse_smtp_url,
    refusal,
)
from rewards import wire_address

_OK: Final = 250
_MAIL_AND_RCPT: Final = 2


class SmtpTransport:
    """A mail server, or the address of one.

    `context` decides which certificates are trusted, by default those that the system trusts. Without `hello` in the
    settings the server is told the name that this machine's resolver gives.
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
        """Return a connection that connects when the first message is handed over."""
        return SmtpConnection(self)


class SmtpConnection:
    """One kept connection."""

    def __init__(self, transport: SmtpTransport) -> None:
        self._transport = transport
        self._session: SmtpSession | None = None
        self._ahead: _Ahead | None = None

    def hand(self, attempt: Attempt) -> Outcome:
        """Send one message. A kept connection that the server has closed meanwhile is opened again, once."""
        return self.hand_before(attempt, None, lambda: None)

    def hand_before(
        self, attempt: Attempt, following: Attempt | None, meanwhile: Callable[[], None]
    ) -> Outcome:
        """Send one message, and with its end the envelope of the following one, whose body is written meanwhile."""
        ahead = self._ahead
        if ahead is None or ahead.attempt is not attempt:
            self._abandon(ahead)
            ahead = _Ahead(attempt)
        content = ahead.content or self._written(attempt)
        self._ahead = None if following is None else _Ahead(following)
        kept = self._session is not None
        outcome = self._hand(ahead, content, meanwhile)
        refused = (
            outcome.cause is Cause.REFUSAL and outcome.about == "transport" and outcome.wait_seconds is None
        )
        gone = kept and self._session is None and refused
        return self._hand(_Ahead(attempt), content, meanwhile) if gone else outcome

    def close(self) -> None:
        """Say goodbye, if the server still listens."""
        session, self._session = self._session, None
        if session is not None:
            session.leave()

    def _hand(self, this: "_Ahead", content: bytes, meanwhile: Callable[[], None]) -> Outcome:
        way = self._transport
        try:
            session = self._session = self._session or connected(
                way.server, way.context, way.timeouts, way.settings.hello
            )
            refused_with = (
                this.refused_with if this.opened else _envelope(session, self._addressed(this.attempt))
            )
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
            return self._body(session, content, meanwhile)
        self._reset(session, refused_with)
        return refused_with

    def _body(self, session: SmtpSession, content: bytes, meanwhile: Callable[[], None]) -> Outcome:
        ahead = self._ahead
        commands = _in_one(self._addressed(ahead.attempt)) if ahead is not None and session.pipelines else []

        def write_ahead() -> None:
            if ahead is not None:
                with suppress(Exception):  # an error comes up again in the message's own turn
                    ahead.content = self._written(ahead.attempt)
            meanwhile()

        try:
            reply = session.send_body(content, commands, write_ahead)
        except BROKEN as error:
            self._drop()
            detail = f"connection lost after the body began: {error_words(error)}"
            return Outcome(Cause.LOST_ANSWER, detail, "transport")
        outcome = final(reply)
        if reply.code == CLOSING or outcome.cause is Cause.LOST_ANSWER:
            self._drop()
        elif ahead is not None and commands:
            self._open(session, ahead, commands)
        return outcome

    def _addressed(self, attempt: Attempt) -> list[str]:
        """Return MAIL and RCPT; the sender is the return path with the notice's own id, if there is one."""
        box, at, domain = (self._transport.settings.return_path or attempt.sender).rpartition("@")
        own = f"+{attempt.idempotency_key}" if self._transport.settings.return_path else ""
        sender, *recipients = (
            wire_address(one) or "" for one in (f"{box}{own}{at}{domain}", *attempt.recipients)
        )
        return [f"MAIL FROM:<{sender}>", *(f"RCPT TO:<{one}>" for one in recipients)]

    def _written(self, attempt: Attempt) -> bytes:
        sign = self._transport.sign
        return sign(attempt.content()) if sign else attempt.content()

    def _open(self, session: SmtpSession, ahead: "_Ahead", commands: Sequence[str]) -> None:
        """Read the replies to the envelope of the following message; an error comes up again in its own turn."""
        try:
            replies = session.replies(len(commands))
            ahead.refused_with = _refused(session, zip(commands, replies, strict=True))
            ahead.opened = True
        except (ConfigurationError, *BROKEN):
            self._drop()

    def _abandon(self, ahead: "_Ahead | None") -> None:
        """Close the session if it waits for a body that will never come."""
        if ahead is not None and ahead.opened:
            self._drop()

    def _reset(self, session: SmtpSession, refused_with: Outcome) -> None:
        """Make the session ready for the next message, or close it."""
        try:
            if refused_with.about == "transport" or next(session.ask(["RSET"])).code != _OK:
                self._drop()
        except BROKEN:
            self._drop()

    def _drop(self) -> None:
        if self._session is not None:
            self._session.close()
        self._session = None


@dataclass(slots=True)
class _Ahead:
    """An attempt and what was done for it ahead of its turn.

    `content` is its message, `opened` tells whether the session has its envelope, and `refused_with` what the server
    refused of that.
    """

    attempt: Attempt
    content: bytes = b""
    opened: bool = False
    refused_with: Outcome | None = None


def _envelope(session: SmtpSession, addressed: list[str]) -> Outcome | None:
    """Send MAIL, RCPT and DATA; return what was refused, None if the body may follow.

    A refused copy does not hold the partner's message back. With copies, DATA waits for the reply about the partner:
    otherwise the server could already ask for a body that would reach the copies alone.
    """
    commands = _in_one(addressed)
    if commands:
        return _spoken(session, commands)
    return _spoken(session, addressed) or _spoken(session, ["DATA"])


def _in_one(addressed: list[str]) -> list[str]:
    """Return the whole envelope if it may be sent without waiting, which needs a single recipient, else nothing."""
    return [*addressed, "DATA"] if len(addressed) == _MAIL_AND_RCPT else []


def _spoken(session: SmtpSession, commands: Sequence[str]) -> Outcome | None:
    """Send commands that belong together; return what was refused, None if nothing was."""
    return _refused(session, zip(commands, session.ask(commands), strict=True))


def _refused(session: SmtpSession, answered: Iterable[tuple[str, Reply]]) -> Outcome | None:
    refused_with, copies = None, -1
    for command, reply in answered:
        word = command[:4]
        copies += word == "RCPT"
        if refused_with is None and (word != "RCPT" or copies == 0 or reply.code == CLOSING):
            refused_with = refusal(word, reply)
        elif word == "DATA" and reply.code == GO_AHEAD:
            session.send_body(b"")  # it asks for a body although it takes no recipient (RFC 2920 3.1)
        if reply.code == CLOSING or (refused_with and not session.pipelines):
            break
    return refused_with

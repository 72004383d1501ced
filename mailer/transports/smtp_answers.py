"""What a mail server's answers prove (RFC 5321 4.2), decided from code and words alone."""

from typing import Final, NamedTuple

from mailer.errors import ConfigurationError
from mailer.states import Cause
from mailer.transports.base import Outcome

_DONE, _LATER, NEVER = 2, 4, 5  # what the first digit of an answer says (RFC 5321 4.2.1)
CLOSING: Final = 421
GO_AHEAD: Final = 354
_FOR_ALL: Final = frozenset(
    {CLOSING, 454}
)  # closing, and what throttling relays answer: not about one recipient
_LOGIN_NEEDED: Final = frozenset({530, 534, 535, 538})


class Answer(NamedTuple):
    """A code, -1 for what is no answer, and the server's words."""

    code: int
    words: bytes


def refusal(command: str, answer: Answer) -> Outcome | None:
    """What an answer before the body proves; None if it lets the message go on."""
    code = answer.code
    if code == GO_AHEAD if command == "DATA" else code // 100 == _DONE:
        return None
    detail = f"{command}: {code} {printable(answer.words)}"
    if code in _LOGIN_NEEDED:
        raise ConfigurationError(f"smtp: {detail}; give a user and a password in the address")
    if code // 100 == NEVER:
        return Outcome(Cause.REJECTION, detail)
    about_notice = code // 100 == _LATER and command != "MAIL" and code not in _FOR_ALL
    return Outcome(Cause.REFUSAL, detail, "notice" if about_notice else "transport")


def final(answer: Answer) -> Outcome:
    """What the answer to the final dot proves."""
    code, detail = answer.code, f"{answer.code} {printable(answer.words)}"
    if code // 100 == _DONE:
        return Outcome(Cause.ACCEPTANCE, detail)
    if code // 100 == NEVER:
        return Outcome(Cause.REJECTION, detail)
    if code // 100 == _LATER:
        return Outcome(Cause.REFUSAL, detail, "transport" if code in _FOR_ALL else "notice")
    return Outcome(Cause.LOST_ANSWER, f"an answer that says nothing: {detail}")


def printable(words: bytes | str) -> str:
    """A server's words on one line, for people."""
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    if not text.isprintable():
        text = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(text.split())[:500]


def error_words(error: Exception) -> str:
    """What an error says, else its name."""
    return printable(str(error)) or type(error).__name__

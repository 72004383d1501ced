"""Enhanced status codes (RFC 3463) and servers' words: whether a failure is about the address, about us, or neither."""

import re
from enum import StrEnum
from typing import Final

_CODE: Final = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?!\.?\d)")
_REPLY: Final = re.compile(r"(?<![\d.])([45]\d\d)(?![\d.])")
_LONGEST: Final = 2_000  # characters of a server's words that are looked at

# The address does not exist, is malformed, has moved, or its mailbox is disabled (RFC 3463 3.2 and 3.3, RFC 7505).
_ADDRESS_CODES: Final = re.compile(r"5\.(1\.(1|2|3|4|6|10)|2\.1)")
# The sender's address (RFC 3463 3.2, RFC 7505), and congestion, by which relays report a sender's used-up quota.
_US_CODES: Final = re.compile(r"[45]\.(1\.[78]|4\.5)")
# Amazon SES reports a domain that does not exist as a failed route.
_NO_ROUTE: Final = "5.4.4"
_NO_DOMAIN: Final = re.compile(r"\b(invalid|no such|unknown) domain\b|\bdomain( \S+)? does not exist\b")
# These tell the class or the subject only, so that the words decide: 5.5.0 is Outlook.com's for "mailbox unavailable".
_VAGUE_CODES: Final = frozenset({"", "5.0.0", "5.1.0", "5.2.0", "5.5.0"})


def _any_of(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns))


_US_WORDS: Final = _any_of(
    r"\b(daily|hourly|monthly|sending|outgoing|outbound|submission|rate)\b[^.;:]{0,40}\b(quota|limit)",
    r"\b(quota|limit)\b[^.;:]{0,40}\b(sending|per (day|hour|minute|second)|(messages|e-?mails) (sent|per))\b",
    r"\btoo many (messages|e-?mails|mails)\b",
    r"\b(credits|rate) exceeded\b",
    r"\bsending (is )?(paused|suspended|disabled)",
    r"\bsender\b[^.;:]{0,60}\b(reject|denied|refus|not |unknown|invalid|block|suspend|verif|does not|unverified)",
    r"\b(rejected|invalid|unknown|unverified|bad|forged) sender\b",
    r"\bnot (allowed|authori[sz]ed|permitted) to (perform|send(?! ((e-?)?mails? |messages? )?to\b))\b",
    r"\b(send|sending) (mail )?(as|on behalf of) (this|that|the)\b",
    r"\bfrom address\b",
    r"\bnot verified\b",
    r"\brelay(ing)?( access)?( is)? (denied|not (permitted|allowed)|prohibited|refused|disabled)",
    r"\b(unable|not permitted|not allowed|refuse|cannot|do not) (to )?relay\b",
    r"\bauthentication (is )?required\b",
)
_ADDRESS_WORDS: Final = _any_of(
    r"\b(unknown|no such|invalid|nonexistent|non-existent|not a valid|undeliverable) "
    r"(\w+ )?(user|recipient|mailbox|address|account|person|local part)\b",
    r"\b(user|recipient|mailbox|address|account|alias)( name)?( \S+)?( is| was| has been)? "
    r"(unknown|not found|invalid|disabled|inactive|unavailable|not available|no longer|does ?n[o']t|not exist"
    r"|not known|not listed|suspended|closed|deactivated|terminated)",
    r"\bdoes ?n[o']t (exist|have (an?|any) )",
    r"\bno (mailbox|account|user)\b",
    r"\bhas (moved|no mailbox)\b",
    r"\bnot our customer\b",
    r"\bno longer (exists|active|valid|works|employed|with)\b",
    r"\bnot (exist|a known user|listed in)\b",
    r"\bunrouteable address\b",
)
_OTHER_WORDS: Final = _any_of(
    # the mailbox or the message
    r"\b(full|quota|storage|insufficient|size|content|virus|malware)\b",
    r"\bover ?limit\b",
    r"\btoo (large|big|long|many)\b",
    r"\bmessage (was |is |has been )?(rejected|refused)",
    # block lists and policies
    r"\b(block|black|deny|reject)[ -]?list",
    r"\b(blocked|banned|rbl|dnsbl|spamhaus|barracuda|spamcop|spam|junk|reputation|policy|policies|unsolicited|bulk)\b",
    r"\b(dmarc|spf|dkim|ptr|helo|tls|rate)\b",
    r"\b(authenticat|prohibit|grey-?list)",
    r"\breverse dns\b",
    r"\byour (host|ip|server|domain)\b",
    # the way
    r"\b(loop|connection|unreachable|routing|expired|dns)\b",
    r"\btime[ds]? ?out\b",
    r"\bno route\b",
    r"\b(temporar|try again)",
    r"\bname (service|server)\b",
    r"\b(host|domain)( or domain)?( name)?( \S+)? not found\b",
)
_ADDRESS_REPLIES: Final = frozenset({"550", "551", "553"})  # RFC 5321 4.2.3


class FailureSubject(StrEnum):
    """The subject of a failure."""

    ADDRESS = "address"
    US = "us"
    OTHER = "other"


def code_in(text: str) -> str:
    """Return the first enhanced status code (RFC 3463) in a text, a specific one before `5.0.0`, or ''."""
    found = [match[0] for match in _CODE.finditer(text)]
    return next((code for code in found if not code.endswith(".0.0")), found[0] if found else "")


def failure_subject(code: str, words: str = "") -> FailureSubject:
    """Return what a failure with that code is about; the words decide if the code tells the class only.

    A temporary code means that the server gave up trying, which is no fault of the address. Without a code and without
    telling words, the SMTP reply decides, and without a reply the failure is taken to be about the address.
    """
    if _US_CODES.fullmatch(code):
        return FailureSubject.US
    text = words[:_LONGEST].lower().replace("\u2019", "'")
    if code not in _VAGUE_CODES:
        no_domain = code == _NO_ROUTE and _NO_DOMAIN.search(text)
        return FailureSubject.ADDRESS if no_domain or _ADDRESS_CODES.fullmatch(code) else FailureSubject.OTHER
    for subject, pattern in (
        (FailureSubject.US, _US_WORDS),
        (FailureSubject.ADDRESS, _ADDRESS_WORDS),
        (FailureSubject.OTHER, _OTHER_WORDS),
    ):
        if pattern.search(text):
            return subject
    reply = _REPLY.search(text)
    about_address = reply is None or reply[1] in _ADDRESS_REPLIES
    return FailureSubject.ADDRESS if about_address else FailureSubject.OTHER


def about_us(code: str, words: str) -> bool:
    """Return whether a relay's refusal is about the sender, its quota or its right to relay, not about a recipient."""
    if code.startswith(("4", "5")) and _US_CODES.fullmatch(code):
        return True
    full_mailbox = code.endswith(".2.2") or _ADDRESS_CODES.fullmatch(code)
    return not full_mailbox and _US_WORDS.search(words[:_LONGEST].lower()) is not None

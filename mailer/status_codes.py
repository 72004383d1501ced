"""Enhanced status codes (RFC 3463): what they say of an address, and where they stand in a server's words."""

import re
from typing import Final

from mailer.events import EventKind

_CODE: Final = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?!\.?\d)")
_LATER, _NEVER = "4", "5"
# About the message, the server or its policy: a full mailbox, a size, a system, a timeout, a content, a policy.
_OTHER_REASONS: Final = re.compile(r"5\.(2\.[23]|3\.\d+|4\.[67]|6\.\d+|7\.\d+)")


def code_in(text: str) -> str:
    """The first enhanced status code in a text, the more telling before a bare class (`5.0.0`); empty without one."""
    found = [match[0] for match in _CODE.finditer(text)]
    return next((code for code in found if not code.endswith(".0.0")), found[0] if found else "")


def failure_of(code: str) -> EventKind:
    """What a failure with that code is: a bounce, because of the address, or blocked, for any other reason.

    A temporary code means that the server gave up trying. Without a code it is taken for a bounce.
    """
    if code.startswith(_LATER) or _OTHER_REASONS.fullmatch(code):
        return EventKind.BLOCKED
    return EventKind.BOUNCED

"""A few facts of a frozen message, read from its canonical form without the rest of it.

Keys are sorted there and nothing is escaped in them, while no text can hold these quotes unescaped: so each is found
by its name. What was frozen was validated then, and is the same as long as it has its digest.
"""

import json
from typing import Final, NamedTuple

_LAST: Final = b',"to_address":'
_FIGURES: Final = (b',"figures":', b',"from_address":')


class Recipient(NamedTuple):
    """To whom a message goes, and in which send window (empty for any time)."""

    partner_id: str
    to_address: str
    window: str


def recipient_of(partner_id: str, parts: bytes) -> Recipient:
    """The recipient of the message with these canonical parts."""
    facts = json.loads(b"{" + parts[parts.rindex(_LAST) + 1 :])
    return Recipient(partner_id, facts["to_address"], facts.get("window", ""))


def figures_of(parts: bytes) -> str:
    """The figures that the message tells: the JSON text of a statement."""
    start = parts.index(_FIGURES[0]) + len(_FIGURES[0])
    return str(json.loads(parts[start : parts.index(_FIGURES[1], start)]))

"""Messages deflated for a batch: those of one language differ in figures only, so one of them is the dictionary."""

import zlib
from collections.abc import Mapping
from typing import Final, NamedTuple

from mailer.batch.header import message_digest

WINDOW: Final = -15  # raw deflate with the largest window
_DICTIONARY_BYTES: Final = 32_768 - 262  # what deflate can reach back to
_LEVEL: Final = (
    3  # under a dictionary twice as fast as level 6 and an eighth larger; 4 and 5 are worse in both
)


class Prepared(NamedTuple):
    """A message ready to be frozen: its canonical form, with all the headers that the plan gives it."""

    partner_id: str
    language: str
    parts: bytes


class Deflated(NamedTuple):
    """A prepared message as it stands in the batch: the number of its dictionary, the digest of its canonical form."""

    partner_id: str
    dictionary: int
    content: bytes
    digest: bytes


class Deflating:
    """Deflates under the dictionary of each language: of those given, else the first message of that language.

    Several processes that are given the same dictionaries make the same bytes; a language that is not among them
    takes the first.
    """

    def __init__(self, dictionaries: Mapping[str, bytes] | None = None) -> None:
        self._learns = dictionaries is None
        self._numbers: dict[str, int] = {}
        self._primed: list[zlib._Compress] = []
        self.dictionaries: dict[str, bytes] = {}
        """By language, in the order of their numbers."""
        given = {} if dictionaries is None else dictionaries or {"": b""}
        for language, dictionary in given.items():
            self._prime(language, dictionary)

    def deflated(self, message: Prepared) -> Deflated:
        """The message as it stands in the batch."""
        partner_id, language, parts = message
        if self._learns and language not in self._numbers:
            self._prime(language, dictionary_of(parts))
        number = self._numbers.get(language, 0)
        deflate = self._primed[number].copy()
        return Deflated(partner_id, number, deflate.compress(parts) + deflate.flush(), message_digest(parts))

    def _prime(self, language: str, dictionary: bytes) -> None:
        self._numbers[language] = len(self._primed)
        self.dictionaries[language] = dictionary
        self._primed.append(zlib.compressobj(_LEVEL, zlib.DEFLATED, WINDOW, 8, zdict=dictionary))


def dictionary_of(parts: bytes) -> bytes:
    """What of a message others of its language are deflated under."""
    return parts[-_DICTIONARY_BYTES:]

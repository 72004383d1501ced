"""Values as templates see them: text for the reader that carries its exact form, and text of partners."""

import re
from decimal import Decimal, InvalidOperation
from typing import Self

from markupsafe import Markup, escape

CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_ISOLATES = re.compile(r"[\u2066-\u2069]")
_FIRST_STRONG, _POP = "\u2068", "\u2069"


class Shown(str):
    """Text in the reader's language; `raw` is the statement's JSON form (`"1851.85"`, `"2023-12-31"`).

    An amount of 0 is false, and `<` and `>` compare with a number, as an author of a template expects.
    """

    __slots__ = ("raw",)
    raw: str

    def __new__(cls, text: str, raw: str) -> Self:
        """Text for people, raw for machines."""
        shown = super().__new__(cls, text)
        shown.raw = raw
        return shown

    def _number(self) -> Decimal | None:
        try:
            return Decimal(self.raw)
        except InvalidOperation:
            return None

    def __bool__(self) -> bool:
        return self._number() != 0 and len(self) > 0

    def __lt__(self, other: object) -> bool:
        return _compare(self, other) < 0

    def __le__(self, other: object) -> bool:
        return _compare(self, other) <= 0

    def __gt__(self, other: object) -> bool:
        return _compare(self, other) > 0

    def __ge__(self, other: object) -> bool:
        return _compare(self, other) >= 0


def _compare(shown: Shown, other: object) -> int:
    number = shown._number()  # noqa: SLF001 - the comparison belongs to the class
    against = other._number() if isinstance(other, Shown) else other  # noqa: SLF001 - likewise
    if number is not None and isinstance(against, int | Decimal):
        return (number > against) - (number < against)
    if number is not None and isinstance(against, float):
        return (number > Decimal(str(against))) - (number < Decimal(str(against)))
    left, right = (shown.raw, other.raw) if isinstance(other, Shown) else (str(shown), str(other))
    return (left > right) - (left < right)


class Count(int):
    """A whole number that prints in the reader's language; `raw` is the plain number."""

    text: str

    def __new__(cls, number: int, text: str) -> Self:
        """A number to compute with, its text for people."""
        count = super().__new__(cls, number)
        count.text = text
        return count

    @property
    def raw(self) -> int:
        """The number itself, as in the JSON."""
        return int(self)

    def __str__(self) -> str:
        return self.text


class Address(str):
    """A web address that we made, and the only kind of value that may stand in a link.

    In HTML it shows as a link to itself, in text as it is; `address` is the bare text.
    """

    __slots__ = ()

    @property
    def address(self) -> str:
        """The address as plain text, for an attribute."""
        return str.__str__(self)

    def __html__(self) -> Markup:
        """A link to the address that shows the address."""
        bare = escape(self.address)
        return Markup('<a href="{0}">{0}</a>').format(bare) if bare else Markup("")


class PartnerText(str):
    """Text that a partner supplied: in HTML escaped and within `<bdi>`, in text between U+2068 and U+2069.

    Methods whose result is still the partner's keep the type: a filter such as `upper` undoes nothing.
    """

    __slots__ = ()

    def __html__(self) -> Markup:
        """The text escaped, isolated from the direction of what stands around it."""
        return Markup(f"<bdi>{escape(contained(self))}</bdi>") if self else Markup("")  # noqa: S704 - escaped here

    def isolated(self) -> str:
        """The text between FIRST STRONG ISOLATE and POP DIRECTIONAL ISOLATE; empty for no text."""
        return f"{_FIRST_STRONG}{contained(self)}{_POP}" if self else ""

    def __str__(self) -> str:
        return self

    def upper(self) -> "PartnerText":
        """As of `str`."""
        return PartnerText(super().upper())

    def lower(self) -> "PartnerText":
        """As of `str`."""
        return PartnerText(super().lower())

    def title(self) -> "PartnerText":
        """As of `str`."""
        return PartnerText(super().title())

    def capitalize(self) -> "PartnerText":
        """As of `str`."""
        return PartnerText(super().capitalize())

    def strip(self, chars: str | None = None, /) -> "PartnerText":
        """As of `str`."""
        return PartnerText(super().strip(chars))


def contained(text: str) -> str:
    """`text` on one line and unable to leave an isolate that is put around it (UAX #9, rules X5a-X6a).

    Line breaks and controls become spaces, an unmatched POP DIRECTIONAL ISOLATE goes, an unclosed isolate is
    closed.
    """
    plain = str.__str__(text)
    if plain.isascii() and plain.isprintable():
        return plain
    plain = CONTROLS.sub(" ", plain)
    open_isolates = 0
    parts: list[str] = []
    start = 0
    for match in _ISOLATES.finditer(plain):
        parts.append(plain[start : match.start()])
        start = match.end()
        if match.group() != _POP:
            open_isolates += 1
            parts.append(match.group())
        elif open_isolates:
            open_isolates -= 1
            parts.append(_POP)
    parts.append(plain[start:])
    return "".join(parts) + _POP * open_isolates

"""Template values: formatted text with its exact form, web addresses, and text supplied by partners."""

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Self

from markupsafe import Markup, escape

CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_LAST_STOP = re.compile("\\.(?=[\u200e\u200f]?$)")
_ISOLATES = re.compile(r"[\u2066-\u2069]")
_FIRST_STRONG, _POP = "\u2068", "\u2069"


class Shown(str):
    """Text in the reader's language; `raw` is the statement's JSON form (`"1851.85"`, `"2023-12-31"`).

    An amount of 0 is false. `<` and `>` compare the exact form with a number or with another `Shown`.
    """

    __slots__ = ("raw",)
    raw: str

    def __new__(cls, text: str, raw: str) -> Self:
        """Create a value from the formatted text and the exact form."""
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


class ShownCount(int):
    """A whole number that prints in the reader's language; `raw` is the plain number."""

    text: str

    def __new__(cls, number: int, text: str) -> Self:
        """Create a count from the number and its formatted text."""
        count = super().__new__(cls, number)
        count.text = text
        return count

    @property
    def raw(self) -> int:
        """The plain number, as in the statement's JSON."""
        return int(self)

    def __str__(self) -> str:
        return self.text


class ShownTotals(dict[str, Shown]):
    """Amounts by currency for templates. A total of 0 is no total: it is not among the items, but can be named."""

    def __init__(self, amounts: Mapping[str, Shown]) -> None:
        super().__init__({currency: amount for currency, amount in amounts.items() if amount})
        self._every = dict(amounts)

    def __missing__(self, currency: str) -> Shown:
        return self._every[currency]


class Address(str):
    """A web address made by Offerpress: the only kind of value that a link in a mail accepts.

    In HTML it renders as a link to itself, in text as it is. `address` is the bare text.
    """

    __slots__ = ()

    @property
    def address(self) -> str:
        """The address as plain text, for an attribute."""
        return str.__str__(self)

    def __html__(self) -> Markup:
        """Return a link whose text is the address."""
        bare = escape(self.address)
        return Markup('<a href="{0}">{0}</a>').format(bare) if bare else Markup("")


class PartnerText(str):
    """Text that a partner supplied. HTML output escapes it within `<bdi>`; text output isolates it.

    String methods keep the type, so that a filter such as `upper` cannot remove the protection.
    """

    __slots__ = ()

    def __html__(self) -> Markup:
        """Return the escaped text within `<bdi>`, isolated from the direction of the surrounding text."""
        return Markup(f"<bdi>{escape(contained(self))}</bdi>") if self else Markup("")  # noqa: S704 - escaped here

    def isolated(self) -> str:
        """Return the text between FIRST STRONG ISOLATE and POP DIRECTIONAL ISOLATE; empty for no text."""
        return f"{_FIRST_STRONG}{contained(self)}{_POP}" if self else ""

    def __str__(self) -> str:
        return self

    def upper(self) -> "PartnerText":
        """`str.upper` as partner text."""
        return PartnerText(super().upper())

    def lower(self) -> "PartnerText":
        """`str.lower` as partner text."""
        return PartnerText(super().lower())

    def title(self) -> "PartnerText":
        """`str.title` as partner text."""
        return PartnerText(super().title())

    def capitalize(self) -> "PartnerText":
        """`str.capitalize` as partner text."""
        return PartnerText(super().capitalize())

    def strip(self, chars: str | None = None, /) -> "PartnerText":
        """`str.strip` as partner text."""
        return PartnerText(super().strip(chars))


def before_stop(value: object) -> object:
    """Return a text without the full stop at its end, for a place before one: an abbreviation ends a sentence once.

    A mark of direction after the stop stays. Other values, and addresses, are returned unchanged.
    """
    if not isinstance(value, str) or isinstance(value, Address):
        return value
    text = _LAST_STOP.sub("", str.__str__(value))
    if isinstance(value, Shown):
        return Shown(text, value.raw)
    return PartnerText(text) if isinstance(value, PartnerText) else value if text == value else text


def contained(text: str) -> str:
    """Return `text` on one line and unable to end an isolate around it (UAX #9, rules X5a-X6a).

    Line breaks and controls become spaces. Unmatched POP DIRECTIONAL ISOLATE characters are removed, and
    unclosed isolates are closed.
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

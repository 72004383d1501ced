"""The language that a reader gets, of those that the site is written in."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Protocol

_LONGEST_HEADER = 500


class Languages(Protocol):
    """The languages in the site's settings."""

    @property
    def default_language(self) -> str:
        """The language of readers without a better match."""

    @property
    def languages(self) -> Sequence[str]:
        """Every language that the site is written in."""


def reader_language(partner_language: str, settings: Languages) -> str:
    """Return the site's language nearest to a partner's: `de` for `de-AT`, otherwise the default language.

    The code is shortened from its end until the site has it (RFC 4647, lookup). Case and `_` do not matter.
    """
    code = partner_language.replace("_", "-")
    return _nearest(code, tuple(settings.languages)) or settings.default_language


def accepted_language(header: str, languages: Sequence[str]) -> str:
    """Return the language that an `Accept-Language` header prefers (RFC 9110, 12.5.4), else `languages[0]`."""
    wishes = []
    for place, part in enumerate(header[:_LONGEST_HEADER].split(",")):
        code, _, weight = part.partition(";")
        try:
            quality = float(weight.strip().removeprefix("q=")) if weight else 1.0
        except ValueError:
            quality = 0.0
        wishes.append((-quality, place, code.strip()))
    found = (_nearest(code, tuple(languages)) for quality, _, code in sorted(wishes) if quality < 0)
    return next(filter(None, found), languages[0])


@lru_cache(maxsize=256)
def _nearest(code: str, languages: tuple[str, ...]) -> str | None:
    known = {language.casefold(): language for language in languages}
    parts = code.casefold().split("-")
    return next(
        (known[short] for length in range(len(parts), 0, -1) if (short := "-".join(parts[:length])) in known),
        None,
    )

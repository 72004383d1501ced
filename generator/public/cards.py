"""Pictures of shared links: an SVG template with a title, drawn as PNG with fonts from Python packages.

The fonts of the machine are not used, so the same words give the same bytes everywhere.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import TypeVar

from lxml import etree

from rewards import Fault, Faulty

_Made = TypeVar("_Made")
WIDTH, HEIGHT = 1200, 630
_FONTS = {
    "fontpkg_noto_sans": "NotoSans[wdth,wght].ttf",
    "fontpkg_noto_sans_arabic": "NotoSansArabic[wdth,wght].ttf",
}
# The characters of the fonts above: Latin, Greek, Cyrillic, Arabic, Devanagari, punctuation, currencies.
_COVERED = (
    (0x20, 0x7E),
    (0xA0, 0x24F),
    (0x300, 0x304),
    (0x386, 0x3CE),
    (0x400, 0x45F),
    (0x60C, 0x60C),
    (0x61B, 0x61B),
    (0x61F, 0x63A),
    (0x640, 0x655),
    (0x660, 0x6D3),
    (0x905, 0x939),
    (0x93E, 0x94D),
    (0x1E00, 0x1EF9),
    (0x2010, 0x2015),
    (0x2018, 0x201E),
    (0x2020, 0x2022),
    (0x2026, 0x2026),
    (0x2039, 0x203A),
    (0x20AC, 0x20AC),
    (0x2212, 0x2212),
)
_DRAWABLE = re.compile("[" + "".join(f"{chr(first)}-{chr(last)}" for first, last in _COVERED) + "]*")
# Font size, most characters in a line, most lines. The first that holds the whole title is used.
_SIZES = ((84, 24, 2), (68, 30, 3), (56, 36, 4))


@dataclass(frozen=True, slots=True)
class CardText:
    """The title of a card in lines of `size` pixels; `right` tells that it is written from right to left."""

    lines: tuple[str, ...]
    size: int
    right: bool


def drawable(text: str) -> bool:
    """Return whether the fonts have every character of `text`."""
    return _DRAWABLE.fullmatch(text) is not None


def broken(text: str) -> CardText:
    """Break a title into lines that fit a card, as large as possible; one that is too long ends with an ellipsis."""
    text = " ".join(text.split())
    right = next((unicodedata.bidirectional(one) in {"R", "AL"} for one in text if one.isalpha()), False)
    for size, longest, most in _SIZES:
        lines = _wrapped(text, longest)
        if len(lines) <= most:
            return CardText(tuple(lines), size, right)
    size, longest, most = _SIZES[-1]
    lines = _wrapped(text, longest)[:most]
    last = lines[-1][: longest - 1].rstrip(" ,;:.")
    return CardText((*lines[:-1], f"{last}…"), size, right)


def _wrapped(text: str, longest: int) -> list[str]:
    """CardText of at most `longest` characters; a longer word is cut."""
    lines: list[str] = []
    for whole in text.split(" "):
        word = whole
        while word:
            room = longest - len(lines[-1]) - 1 if lines else 0
            if len(word) <= room:
                lines[-1] += f" {word}"
                break
            lines.append(word[:longest])
            word = word[longest:]
    return lines


def check_card(svg: str) -> None:
    """Check an SVG without drawing it; raises `ValueError` if it is not well-formed."""
    try:
        etree.fromstring(svg.encode())
    except etree.XMLSyntaxError as error:
        raise ValueError(str(error)) from error


@lru_cache(maxsize=1024)
def draw_card(svg: str) -> bytes:
    """Draw an SVG as PNG in its own size; raises `ValueError` if it cannot be read."""
    return _png(svg)


def draw_cards(svgs: Mapping[str, str]) -> dict[str, bytes]:
    """Draw the cards of several paths; raises `Faulty` if an SVG cannot be read."""
    return dict(_each(svgs, draw_card))


def check_cards(svgs: Mapping[str, str]) -> None:
    """Check the cards of several paths without drawing them; raises `Faulty` if an SVG is not well-formed."""
    dict(_each(svgs, check_card))


def _each(svgs: Mapping[str, str], make: Callable[[str], _Made]) -> Iterator[tuple[str, _Made]]:
    for path, svg in svgs.items():
        try:
            yield path, make(svg)
        except ValueError as error:
            what = f"the picture {path} cannot be drawn: {error}"
            raise Faulty([Fault(what, "correct the SVG", "templates/site/card.svg")]) from error


def draw_icon(svg: bytes, size: int) -> bytes:
    """Draw a square SVG as PNG, `size` pixels wide; raises `ValueError` if it cannot be read."""
    return _png(svg.decode(), size)


def _png(svg: str, size: int | None = None) -> bytes:
    import resvg_py  # noqa: PLC0415 - only who draws needs it and the fonts

    fonts = [str(import_module(name).ROOT / "files" / file) for name, file in _FONTS.items()]
    return bytes(
        resvg_py.svg_to_bytes(
            svg_string=svg,
            skip_system_fonts=True,
            font_files=fonts if size is None else [],
            width=size,
            height=size,
        )
    )

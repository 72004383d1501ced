"""Width and height of pictures, from the head of the file, so that pages keep their room before they are loaded."""

import re
import struct
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from lxml import etree

_HEAD = 1_000_000
_SVG_LENGTH = r"""\s{name}\s*=\s*["']\s*([0-9]{{1,6}}(?:\.[0-9]{{1,6}})?)(?:px)?\s*["']"""
_SVG_BOX = re.compile(r"""\sviewBox\s*=\s*["'][^"']{0,40}?([0-9.]{1,12})[\s,]+([0-9.]{1,12})\s*["']""")
# Start of frame, any JPEG coding; C4, C8 and CC are other segments (ITU T.81, table B.1).
_JPEG_MARK, _JPEG_EXIF = 0xFF, 0xE1
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# EXIF 2.32, 4.6.4 A: the tag and the values that exchange width and height.
_ORIENTATION, _TURNED = 0x0112, range(5, 9)


class PictureSize(NamedTuple):
    """Width and height in CSS pixels."""

    width: int
    height: int


def picture_size(path: Path) -> PictureSize | None:
    """Return the size of a PNG, GIF, JPEG, WebP, AVIF or SVG file; None if it cannot be read."""
    stat = path.stat()
    return _size(path, stat.st_mtime_ns)


@lru_cache(maxsize=1024)
def _size(path: Path, modified: int) -> PictureSize | None:
    del modified  # only part of the cache key, so that a live preview sees a changed file
    read = _READERS.get(path.suffix.lower())
    if read is None:
        return None
    with path.open("rb") as file:
        head = file.read(_HEAD)
    try:
        found = read(head)
    except (struct.error, IndexError, ValueError):
        return None
    return found if found and min(found) > 0 else None


def _png(head: bytes) -> PictureSize | None:
    return PictureSize(*struct.unpack(">II", head[16:24])) if head.startswith(b"\x89PNG\r\n\x1a\n") else None


def _gif(head: bytes) -> PictureSize | None:
    return PictureSize(*struct.unpack("<HH", head[6:10])) if head[:4] == b"GIF8" else None


def _jpeg(head: bytes) -> PictureSize | None:
    place = 2
    turned = False
    while head[:2] == b"\xff\xd8" and place + 9 < len(head) and head[place] == _JPEG_MARK:
        marker, length = head[place + 1], int.from_bytes(head[place + 2 : place + 4], "big")
        if marker in _JPEG_FRAMES:
            height, width = struct.unpack(">HH", head[place + 5 : place + 9])
            return PictureSize(height, width) if turned else PictureSize(width, height)
        if marker == _JPEG_EXIF:
            turned = turned or _is_turned(head[place + 4 : place + 2 + length])
        place += 2 + length
    return None


def _is_turned(segment: bytes) -> bool:
    """Return whether EXIF turns the picture by a quarter, as browsers do (orientations 5 to 8)."""
    if not segment.startswith(b"Exif\0\0") or segment[6:8] not in {b"II", b"MM"}:
        return False
    order = "<" if segment[6:8] == b"II" else ">"
    tiff = segment[6:]
    (start,) = struct.unpack(f"{order}I", tiff[4:8])
    (count,) = struct.unpack(f"{order}H", tiff[start : start + 2])
    for number in range(min(count, 200)):
        entry = tiff[start + 2 + 12 * number : start + 14 + 12 * number]
        tag, _, _, value = struct.unpack(f"{order}HHIH", entry[:10])
        if tag == _ORIENTATION:
            return value in _TURNED
    return False


def _webp(head: bytes) -> PictureSize | None:
    if head[:4] != b"RIFF" or head[8:12] != b"WEBP":
        return None
    kind = head[12:16]
    if kind == b"VP8X":
        width, height = (int.from_bytes(head[place : place + 3], "little") + 1 for place in (24, 27))
        return PictureSize(width, height)
    if kind == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        return PictureSize((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    width, height = struct.unpack("<HH", head[26:30])
    return PictureSize(width & 0x3FFF, height & 0x3FFF)


def _avif(head: bytes) -> PictureSize | None:
    place = head.find(b"ispe")
    return None if place < 0 else PictureSize(*struct.unpack(">II", head[place + 8 : place + 16]))


def _svg(head: bytes) -> PictureSize | None:
    """Return the size by `width` and `height`, or by `viewBox`, whose proportions are what a page needs."""
    text = head[:10_000].decode("utf-8", "replace")
    root = text[text.find("<svg") :].partition(">")[0]
    lengths = [re.search(_SVG_LENGTH.format(name=name), root) for name in ("width", "height")]
    if lengths[0] and lengths[1]:
        return PictureSize(round(float(lengths[0][1])), round(float(lengths[1][1])))
    box = _SVG_BOX.search(root)
    return PictureSize(round(float(box[1])), round(float(box[2]))) if box else None


_READERS: dict[str, Callable[[bytes], PictureSize | None]] = {
    ".avif": _avif,
    ".gif": _gif,
    ".jpeg": _jpeg,
    ".jpg": _jpeg,
    ".png": _png,
    ".svg": _svg,
    ".webp": _webp,
}


# Drawings that somebody uploads: they may hold shapes and words, and nothing that runs or is loaded.

_SVG = "http://www.w3.org/2000/svg"
_SHAPES = (
    "svg g path rect circle ellipse line polyline polygon text tspan textPath title desc defs symbol use marker",
    "clipPath mask pattern linearGradient radialGradient stop filter feGaussianBlur feOffset feBlend feFlood",
    "feColorMatrix feComposite feMerge feMergeNode feDropShadow feMorphology feTile feTurbulence metadata style",
)
_NAMES = frozenset(name for line in _SHAPES for name in line.split())
_HARMLESS = ("inkscape", "sodipodi", "rdf-syntax", "creativecommons", "purl.org")
_ADDRESS = re.compile(r"url\(\s*['\"]?\s*(?!#)|@import|expression\(|javascript:|data:", re.IGNORECASE)


def drawing_refusal(content: bytes) -> str:
    """Return why an SVG cannot be taken in ("what; remedy"); empty if it can."""
    from lxml import etree  # noqa: PLC0415 - only who takes drawings in needs it

    if b"<!" in re.sub(rb"<!--.*?-->|<!\[CDATA\[", b"", content, flags=re.DOTALL):
        return "the drawing declares a document type, which could name other files; save it as plain SVG"
    if re.search(rb"<\?(?!xml\s)", content):
        return "the drawing holds a processing instruction, which could load something; save it as plain SVG"
    try:
        parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError):
        return "the drawing cannot be read; save it again as SVG"
    if root.tag != f"{{{_SVG}}}svg":
        return "this is no drawing, whatever its name says; save it as SVG"
    for element in root.iter():
        found = _active_part(element)
        if found:
            return f"the drawing holds {found}, which could run or load something; save it as plain SVG, or as PNG"
    return ""


def _active_part(element: "etree._Element") -> str:
    """Name the part of an element that could run or load something."""
    tag = str(element.tag)
    if not tag.startswith("{"):  # a comment
        return ""
    space, _, name = tag[1:].partition("}")
    if space != _SVG and any(word in space for word in _HARMLESS):
        return ""
    if space != _SVG or name not in _NAMES:
        return f"<{name}>"
    if name == "style" and _ADDRESS.search(element.text or ""):
        return "a style that loads something"
    found = (_active_attribute(str(key), str(value)) for key, value in element.attrib.items())
    return next((one for one in found if one), "")


def _active_attribute(key: str, value: str) -> str:
    attribute = key.rpartition("}")[2].lower()
    if attribute.startswith("on"):
        return f"the attribute {attribute}"
    if attribute == "href" and not value.strip().startswith("#"):
        return "a link to somewhere else"
    return "an address" if _ADDRESS.search(value) else ""

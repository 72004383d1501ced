"""Smaller sizes of photos and drawings for narrow screens: WebP files, named by their original, made by the build.

SVG, GIF, AVIF and moving pictures have none. The sizes hold no EXIF data, are turned as the original is shown, and have
the colours of sRGB. The same original always has the same names, so a size that is published is not made again.
"""

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rewards import Fault, Faulty

if TYPE_CHECKING:
    from PIL import Image

_SUFFIXES = frozenset({".jpeg", ".jpg", ".png", ".webp"})
_FORMATS = ("JPEG", "PNG", "WEBP")
_WIDTHS = (480, 960, 1440)
_SMALLEST = _WIDTHS[0]
_ALIKE = 0.85  # a size is left out if the next one is hardly wider
_HIGHEST = 16_383  # of WebP
_MOST_PIXELS = 100_000_000
_MODES = frozenset({"1", "CMYK", "L", "LA", "P", "PA", "RGB", "RGBA", "YCbCr"})  # 8 bits a channel
# EXIF 2.32: orientation and its values that exchange width and height; the directory of the position.
_ORIENTATION, _TURNED, _POSITION = 0x0112, range(5, 9), 0x8825
# Part of every name: other parameters of the encoder make other files.
_RECIPE = b"webp 80 4, lanczos, srgb"
_QUALITY, _METHOD = 80, 4
_FOLDER = "assets/"
_OTHERS = re.compile(r"[^a-z0-9]+")
# The column of text in templates/assets/site.css, in rem, and the width of the screen from which it is that wide. On a
# narrower one its margins are twice 0.5rem + 2.5vw.
_COLUMN, _FROM = 43, 46.5
_NARROWER = "calc(95vw - 1rem)"
_PIXELS = 16


class Rendition(NamedTuple):
    """A picture in one width; `path` is that on the site, the original's own if no file need be made."""

    path: str
    width: int


@dataclass(frozen=True, slots=True)
class _Facts:
    """A picture as it is shown; `flaw` says why it has no smaller sizes, and is empty if it can have some."""

    digest: str = ""
    width: int = 0
    height: int = 0
    is_webp: bool = False
    located: bool = False
    flaw: str = ""


_DAMAGED, _LARGE, _OTHER = "damaged", "large", "other"


def renditions(name: str, file: Path) -> tuple[Rendition, ...]:
    """Return the sizes of a static file, the smallest first; `name` is its path on the site. Other files have none."""
    facts = _facts_of(file)
    if facts is None or facts.flaw or facts.width < _SMALLEST:
        return ()
    largest = min(facts.width, _WIDTHS[-1])
    widths = [width for width in _WIDTHS if width < largest * _ALIKE] + [largest]
    stem = _OTHERS.sub("-", posixpath.splitext(posixpath.basename(name))[0].lower()).strip("-") or "picture"
    return tuple(
        Rendition(name, width)
        if facts.is_webp and width == facts.width
        else Rendition(f"{_FOLDER}{stem}-{facts.digest}-{width}.webp", width)
        for width in widths
        if facts.height * width <= _HIGHEST * facts.width
    )


def srcset(sizes: Iterable[tuple[str, int]]) -> str:
    """Return the attribute `srcset` for pairs of address and width."""
    return ", ".join(f"{address} {width}w" for address, width in sizes)


def display_sizes(width: int) -> str:
    """Return the attribute `sizes` of a picture in the column of text that is shown at most `width` pixels wide."""
    if width >= _COLUMN * _PIXELS:
        return f"(min-width: {_FROM}rem) {_COLUMN}rem, {_NARROWER}"
    return f"(min-width: {round((width + _PIXELS) / 0.95)}px) {width}px, {_NARROWER}"


class SmallPictures(Mapping[str, bytes]):
    """The files of all smaller sizes by path; each is made when it is asked for.

    `originals` are static files by their path on the site. Raises `Faulty` for one that cannot be decoded.
    """

    def __init__(self, originals: Mapping[str, Path]) -> None:
        self._originals = {
            one.path: (name, file) for name, file in sorted(originals.items()) for one in _made(name, file)
        }

    def __getitem__(self, path: str) -> bytes:
        name, file = self._originals[path]
        try:
            made = _made(name, file)
            contents = encoded(file, file.stat().st_mtime_ns, tuple(one.width for one in made))
        except (OSError, SyntaxError, ValueError, MemoryError) as error:
            what = f"the picture cannot be decoded: {error}"
            raise Faulty([Fault(what, "save it again", f"content/static/{name}")]) from error
        return dict(zip((one.path for one in made), contents, strict=True))[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._originals)

    def __len__(self) -> int:
        return len(self._originals)


def _made(name: str, file: Path) -> list[Rendition]:
    return [one for one in renditions(name, file) if one.path != name]


def original_faults(originals: Mapping[str, Path]) -> list[Fault]:
    """Return a fault for each original that is too large to be decoded; `originals` are by path on the site."""
    found = []
    for name, file in sorted(originals.items()):
        facts = _facts_of(file)
        if facts and facts.flaw == _LARGE:
            what = f"the picture has {facts.width:,} by {facts.height:,} pixels, more than {_MOST_PIXELS:,}"
            found.append(Fault(what, "make it smaller", f"content/static/{name}"))
    return found


def original_remarks(files: Mapping[str, Path]) -> Iterator[Fault]:
    """Yield remarks about static files by path: a picture that is damaged, or that tells where it was taken."""
    for name, path in sorted(files.items()):
        facts, file = _facts_of(path), f"content/static/{name}"
        if facts and facts.flaw == _DAMAGED:
            what = "the picture is damaged, so it has no smaller sizes, and browsers may not show it"
            yield Fault(what, "save it again", file, severity="remark")
        if facts and facts.located:
            what = "the picture tells where it was taken, and so does the published file"
            yield Fault(what, "remove its GPS position", file, severity="remark")


def _facts_of(file: Path) -> _Facts | None:
    if file.suffix.lower() not in _SUFFIXES:
        return None
    status = file.stat()
    return _read(file, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=4096)
def _read(file: Path, modified: int, size: int) -> _Facts:
    del modified, size  # only parts of the cache key
    content = file.read_bytes()
    try:
        opened = _open(content)
        width, height = opened.size
        if width * height > _MOST_PIXELS:
            return _Facts(width=width, height=height, flaw=_LARGE)
        is_plain = not getattr(opened, "is_animated", False) and opened.mode in _MODES
        opened.draft("L", (1, 1))  # a JPEG is then decoded fast, and yet to its end
        opened.load()
        exif = opened.getexif()
        located = bool(exif.get_ifd(_POSITION))
    except (OSError, SyntaxError, ValueError, EOFError):
        return _Facts(flaw=_DAMAGED)
    if exif.get(_ORIENTATION) in _TURNED:
        width, height = height, width
    digest = sha256(_RECIPE + content).hexdigest()[:10]
    return _Facts(digest, width, height, opened.format == "WEBP", located, "" if is_plain else _OTHER)


def _open(content: bytes) -> "Image.Image":
    from PIL import Image  # noqa: PLC0415 - only sites with pictures need it

    Image.MAX_IMAGE_PIXELS = None  # the size is judged here, before anything is decoded
    return Image.open(BytesIO(content), formats=_FORMATS)


@lru_cache(maxsize=64)
def encoded(file: Path, modified: int, widths: tuple[int, ...]) -> tuple[bytes, ...]:
    """Return a picture as WebP in each of the widths."""
    del modified
    from PIL import Image, ImageOps  # noqa: PLC0415 - only who makes pictures needs it

    with _open(file.read_bytes()) as opened:
        is_drawing = opened.format == "PNG"
        picture = _in_srgb(ImageOps.exif_transpose(opened))
    found = []
    for width in widths:
        size = (width, max(1, round(picture.height * width / picture.width)))
        small = picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
        ways = [_webp(small, lossless=False), *([_webp(small, lossless=True)] if is_drawing else [])]
        found.append(min(ways, key=len))
    return tuple(found)


def _webp(picture: "Image.Image", *, lossless: bool) -> bytes:
    written = BytesIO()
    picture.save(written, "WEBP", quality=_QUALITY, method=_METHOD, lossless=lossless, exif=b"", xmp=b"")
    return written.getvalue()


_UPLOADS = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp", "GIF": ".gif"}
_WIDEST = 2400


def clean_picture(content: bytes) -> tuple[bytes, str]:
    """Return a picture as it may be published, and the suffix of its format: nothing but the picture is left of it.

    It is decoded and written anew, without place, device and comments, and without anything behind its end. A large
    one becomes smaller. Raises `ValueError` ("what; remedy").
    """
    from PIL import Image  # noqa: PLC0415 - only who takes pictures in needs it

    Image.MAX_IMAGE_PIXELS = None  # the size is judged here, before anything is decoded
    try:
        with Image.open(BytesIO(content), formats=tuple(_UPLOADS)) as opened:
            form, frames = str(opened.format), int(getattr(opened, "n_frames", 1))
            large = opened.width * opened.height * frames > _MOST_PIXELS
            cleaned = b"" if large else _rewritten(opened, form, frames)
    except (OSError, SyntaxError, ValueError, EOFError, MemoryError) as error:
        what = "this is no picture that browsers show, or it is damaged"
        raise ValueError(f"{what}; save it as JPEG, PNG, WebP or GIF") from error
    if large:
        raise ValueError(f"the picture has more than {_MOST_PIXELS:,} points; save it smaller")
    return cleaned, _UPLOADS[form]


def _rewritten(opened: "Image.Image", form: str, frames: int) -> bytes:
    from PIL import Image, ImageOps, ImageSequence  # noqa: PLC0415 - as above

    written = BytesIO()
    if frames > 1:
        first, *rest = [one.copy() for one in ImageSequence.Iterator(opened)]
        first.info.clear()
        first.save(written, form, save_all=True, append_images=rest, loop=0)
        return written.getvalue()
    profile = opened.info.get("icc_profile")
    picture = ImageOps.exif_transpose(opened)
    picture.thumbnail((_WIDEST, _WIDEST), Image.Resampling.LANCZOS)
    picture.info = {key: value for key, value in picture.info.items() if key == "transparency"}
    how: dict[str, object] = {"quality": 88} if form in {"JPEG", "WEBP"} else {"optimize": True}
    picture.save(written, form, exif=b"", **how, **({"icc_profile": profile} if profile else {}))
    return written.getvalue()


def _in_srgb(picture: "Image.Image") -> "Image.Image":
    """Return the picture in RGB or RGBA, with its colour profile applied."""
    from PIL import ImageCms  # noqa: PLC0415 - as above

    has_alpha = picture.mode in {"LA", "PA", "RGBA"} or "transparency" in picture.info
    mode = "RGBA" if has_alpha else "RGB"
    profile = picture.info.get("icc_profile")
    plain = picture if picture.mode == "CMYK" else picture.convert(mode)
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(BytesIO(profile))
            target = ImageCms.createProfile("sRGB")
            applied = ImageCms.profileToProfile(plain, source, target, outputMode=mode)
        except (ImageCms.PyCMSError, OSError):
            applied = None  # a profile of another kind of colours
        plain = applied or plain
    plain = plain.convert(mode)
    plain.info.clear()
    return plain

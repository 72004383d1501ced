"""Sizes of pictures, read from files as their formats lay them out, and on pages."""

import struct
from pathlib import Path

import pytest

from generator.public.pictures import picture_size
from tests.generator.conftest import NEWS, SiteMaker, attributes


def png(width: int, height: int) -> bytes:
    """The head of a PNG (PNG 3rd edition, 11.2.1)."""
    return b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", width, height) + b"\x08\x02\0\0\0"


def jpeg(width: int, height: int, orientation: int = 0) -> bytes:
    """A JPEG with an EXIF segment, if it has an orientation, before its frame (ITU T.81, B.2.2; EXIF 2.32)."""
    entry = struct.pack(">HHIHH", 0x0112, 3, 1, orientation, 0)
    exif = b"Exif\0\0MM\0*" + struct.pack(">IH", 8, 1) + entry + b"\0\0\0\0"
    segment = b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif if orientation else b""
    quantization = b"\xff\xdb" + struct.pack(">H", 67) + b"\0" * 65
    frame = b"\xff\xc2" + struct.pack(">HBHHB", 17, 8, height, width, 3) + b"\0" * 9
    return b"\xff\xd8" + segment + quantization + frame + b"\xff\xda"


def webp(kind: bytes, rest: bytes) -> bytes:
    """A WebP with one chunk (RFC 9649, section 2)."""
    return b"RIFF" + struct.pack("<I", 100) + b"WEBP" + kind + struct.pack("<I", 20) + rest


@pytest.mark.parametrize(
    ("name", "content", "size"),
    [
        ("a.png", png(640, 480), (640, 480)),
        ("a.PNG", png(1, 70_000), (1, 70_000)),
        ("a.gif", b"GIF89a" + struct.pack("<HH", 32, 16), (32, 16)),
        ("a.jpg", jpeg(300, 200), (300, 200)),
        ("a.jpeg", jpeg(300, 200, 6), (200, 300)),
        ("b.jpg", jpeg(300, 200, 3), (300, 200)),
        ("a.webp", webp(b"VP8 ", b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 50, 60)), (50, 60)),
        ("b.webp", webp(b"VP8L", b"\x2f" + struct.pack("<I", 9 | 19 << 14)), (10, 20)),
        ("c.webp", webp(b"VP8X", b"\0\0\0\0" + b"\x63\0\0" + b"\xc7\0\0"), (100, 200)),
        ("a.svg", b'<?xml version="1.0"?><svg xmlns="x" width="24px" height=\'48\'/>', (24, 48)),
        ("b.svg", b'<svg viewBox="0 0 120.4 60" xmlns="x"></svg>', (120, 60)),
        ("c.svg", b'<svg width="100%" height="100%" viewBox="0,0,7,9"></svg>', (7, 9)),
        ("d.svg", b"<svg></svg>", None),
        ("d.png", b"\x89PNG", None),
        ("d.jpg", b"\xff\xd8\xff\xe1", None),
        ("e.png", png(0, 5), None),
        ("a.bmp", b"BM", None),
    ],
)
def test_size(tmp_path: Path, name: str, content: bytes, size: tuple[int, int] | None) -> None:
    """Width and height are those that a browser shows; a file that does not tell them has none."""
    path = tmp_path / name
    path.write_bytes(content)
    assert size == picture_size(path)


def test_pictures_on_a_page_have_their_size(make_site: SiteMaker) -> None:
    """A picture has width and height, so that nothing moves when it loads; an author's own stay."""
    body = (
        '![a](../static/a.png)\n\n<img src="../static/a.png" alt="b" width="10">\n\n![c](../static/c.svg)\n'
    )
    site = make_site(
        {
            "announcements/news.md": NEWS.replace("tags:", "image: ../static/b.jpg\ntags:") + "\n" + body,
            "static/a.png": png(640, 480),
            "static/b.jpg": jpeg(900, 600),
            "static/c.svg": "<svg xmlns='http://www.w3.org/2000/svg'/>",
        }
    )
    found = attributes(site.page("announcements/news/"), "//article//img")
    assert [("900", "600"), ("640", "480"), ("10", None), (None, None)] == [
        (one.get("width"), one.get("height")) for one in found
    ]

"""Pictures that somebody uploads: of their bytes only the picture is kept, upright and no larger than pages need."""

from io import BytesIO

import pytest
from PIL import Image

from generator import clean_picture, drawing_refusal

ROOM = 'xmlns="http://www.w3.org/2000/svg"'


def made(form: str, size: tuple[int, int] = (40, 20), mode: str = "RGB", **about: object) -> bytes:
    """A picture in a format of Pillow."""
    written = BytesIO()
    Image.new(mode, size).save(written, form, **about)
    return written.getvalue()


@pytest.mark.parametrize(
    ("form", "suffix"), [("PNG", ".png"), ("JPEG", ".jpg"), ("WEBP", ".webp"), ("GIF", ".gif")]
)
def test_the_suffix_is_that_of_the_bytes(form: str, suffix: str) -> None:
    """Nothing that stood behind the picture is kept, and its name does not matter."""
    cleaned, found = clean_picture(made(form) + b"<script>alert(1)</script>")
    assert (suffix, -1) == (found, cleaned.find(b"script"))
    with Image.open(BytesIO(cleaned)) as picture:
        assert (form, (40, 20)) == (picture.format, picture.size)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_what_a_camera_noted_is_gone_and_the_picture_stands_upright(form: str) -> None:
    """EXIF says where and with what it was taken; only its direction is used, and then it is left out."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Camera of Ann"
    cleaned, _ = clean_picture(made(form, exif=exif))
    assert b"Camera" not in cleaned
    with Image.open(BytesIO(cleaned)) as picture:
        assert ((20, 40), {}) == (picture.size, dict(picture.getexif()))


def test_a_large_picture_becomes_smaller_and_a_transparent_one_stays_so() -> None:
    """At most 2,400 points on the longer side; what was transparent is not painted over."""
    cleaned, _ = clean_picture(made("PNG", (4800, 100), "RGBA"))
    with Image.open(BytesIO(cleaned)) as picture:
        assert ((2400, 50), "RGBA") == (picture.size, picture.mode)


def test_a_moving_picture_keeps_its_frames() -> None:
    """Each frame of a GIF is written anew."""
    written = BytesIO()
    frames = [Image.new("L", (8, 8), shade) for shade in (0, 90, 250)]
    frames[0].save(written, "GIF", save_all=True, append_images=frames[1:], comment=b"made by Ann")
    cleaned, _ = clean_picture(written.getvalue())
    assert b"Ann" not in cleaned
    with Image.open(BytesIO(cleaned)) as picture:
        assert 3 == getattr(picture, "n_frames", 1)


@pytest.mark.parametrize(
    "content", [b"", b"<html>", made("PNG")[:50], b"\x89PNG\r\n\x1a\n" + bytes(100), b"%!PS"]
)
def test_anything_else_is_refused(content: bytes) -> None:
    """A damaged file and one of another kind have a sentence with what to do."""
    with pytest.raises(ValueError, match=r"no picture that browsers show.*; save it as"):
        clean_picture(content)


@pytest.mark.parametrize(
    ("inner", "part"),
    [
        ('<rect width="1" height="1" fill="url(#a)"/><use href="#b"/>', ""),
        ("<!-- drawn by hand --><title>A house</title><style>.a { fill: red }</style>", ""),
        ('<set attributeName="href" to="javascript:alert(1)"/>', "<set>"),
        ('<rect fill="url(https://evil.example/a)"/>', "an address"),
        ('<style>.a { background: url("https://evil.example") }</style>', "a style"),
        ('<script xmlns="http://www.w3.org/1999/xhtml"/>', "<script>"),
        ('<image href="data:image/svg+xml;base64,AAAA"/>', "<image>"),
        ("<text onmouseover='x'>a</text>", "onmouseover"),
    ],
)
def test_a_drawing_holds_shapes_and_words_only(inner: str, part: str) -> None:
    """What could run or load something is named."""
    refusal = drawing_refusal(f"<svg {ROOM}>{inner}</svg>".encode())
    assert (part in refusal) if part else refusal == ""

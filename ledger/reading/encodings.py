"""The encoding of a text file: decoding what `[data]` declares, and guessing what a fault should propose.

A guess is never used for figures: a file in another encoding than the declared one stays a fault.
"""

import codecs
import re
from collections.abc import Iterator
from functools import partial
from itertools import chain
from pathlib import Path

UTF8 = frozenset({"utf-8", "utf-8-sig", "ascii"})
"""Encodings of which every file is also UTF-8."""

BLOCK = 1 << 24
_LOOKED_AT = 1 << 20
_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb\xbf": "utf-8"}
_WIDE = 0.05
"""The share of null bytes at every second place from which a text counts as UTF-16: its digits and delimiters."""
_BETWEEN_LETTERS = rb"(?<=[A-Za-z])[%b](?=[a-z])"
_OF_DOS = re.compile(_BETWEEN_LETTERS % rb"\x80-\x9b\x9d\x9f-\xa5\xe1")
_OF_CENTRAL_EUROPE = re.compile(_BETWEEN_LETTERS % rb"\xb3\xb9\xbf\x9c\x9f")
_RUN = re.compile(rb"[\x80-\xff]{3,}")
_LETTERS_OF_CYRILLIC = 0xC0
_KANA = re.compile("[\u3041-\u30ff]")


def probable(path: Path) -> str:
    """Return the probable encoding of a file that is not UTF-8. Raises `OSError`."""
    with path.open("rb") as stream:
        head = stream.read(_LOOKED_AT)
    marked = next((name for mark, name in _MARKS.items() if head.startswith(mark)), "")
    return marked or wide(head) or _narrow(head)


def wide(head: bytes) -> str:
    """Return the name of UTF-16 without a mark, if that is what these first bytes are; otherwise ""."""
    half = len(head) // 2 or 1
    low, high = head[::2].count(0) / half, head[1::2].count(0) / half
    if max(low, high) < _WIDE or min(low, high) > _WIDE / 10:
        return ""
    return "utf-16-le" if high > low else "utf-16-be"


def _narrow(head: bytes) -> str:
    """Western texts have single bytes beyond ASCII between letters, at most pairs; others have runs of them."""
    beyond = sum(map(head.count, map(bytes, zip(range(0x80, 0x100), strict=True))))
    in_runs = sum(map(len, _RUN.findall(head)))
    if in_runs * 2 <= beyond:
        if len(_OF_DOS.findall(head)) * 2 > beyond:
            return "cp850"
        return "cp1250" if len(_OF_CENTRAL_EUROPE.findall(head)) * 4 > beyond else "cp1252"
    for name in ("cp932", "gb18030"):
        text = head.decode(name, errors="replace")
        broken = text.count("\ufffd") * 20 > len(text)
        if not broken and (name != "cp932" or _KANA.search(text)):
            cyrillic = sum(byte >= _LETTERS_OF_CYRILLIC for byte in head) * 10 > beyond * 9
            return "cp1251" if cyrillic and not _KANA.search(text) else name
    return "cp1251"


def copy_as_utf8(path: Path, encoding: str, copy: Path) -> str:
    """Write `path`, which has that encoding, into `copy` as UTF-8; return what is wrong with it, or "".

    What cannot be decoded is replaced. Raises `OSError`.
    """
    try:
        _decode(path, encoding, "strict", copy)
    except _Undecoded as error:
        _decode(path, "utf-8" if error.position == 1 else encoding, "replace", copy)
        return f"not {encoding}: byte 0x{error.byte:02X} at position {error.position}"
    return f"not {encoding}: the file is UTF-8" if not encoding.startswith("utf") and _is_utf8(path) else ""


class _Undecoded(Exception):
    def __init__(self, position: int, byte: int) -> None:
        self.position, self.byte = position, byte
        super().__init__(position, byte)


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        yield from iter(partial(stream.read, BLOCK), b"")


def _decode(path: Path, encoding: str, errors: str, copy: Path) -> None:
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    with copy.open("w", encoding="utf-8", newline="") as written:
        position = 0
        for block in chain(_blocks(path), [b""]):
            start = position - len(decoder.getstate()[0])
            try:
                written.write(decoder.decode(block, final=not block))
            except UnicodeDecodeError as error:
                raise _Undecoded(start + error.start + 1, error.object[error.start]) from error
            except UnicodeError as error:  # UTF-16 or UTF-32 that does not say in which order its bytes are
                raise _Undecoded(1, block[0]) from error
            position += len(block)


def _is_utf8(path: Path) -> bool:
    """Return whether a file holds characters beyond ASCII in UTF-8, as which hardly any other text can be read."""
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    beyond = False
    try:
        for block in chain(_blocks(path), [b""]):
            decoder.decode(block, final=not block)
            beyond = beyond or not block.isascii()
    except UnicodeDecodeError:
        return False
    return beyond

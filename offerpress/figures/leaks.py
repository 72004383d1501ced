"""The search for partners' particulars in published files, in every spelling that a mistake could give them."""

import base64
import re
import unicodedata
from collections.abc import Callable, Collection, Iterator, Sequence
from html import escape
from pathlib import Path
from urllib.parse import quote, quote_plus

SHORTEST = 6


def leaked(
    folder: Path, files: Sequence[str], words: Collection[str], known: Collection[str] = ()
) -> Iterator[tuple[str, str]]:
    """Return pairs of file and word for each word of six bytes or more that stands in a file in any spelling.

    A word that is a part of one of the `known` other words, such as `P-1001` of `P-10010`, must stand alone.
    """
    spelt = [
        (
            word,
            _alone(word) if any(word.casefold() in other.casefold() for other in known) else _anywhere(word),
        )
        for word in sorted(words)
        if len(word.encode("utf-8", "replace")) >= SHORTEST
    ]
    for name in files:
        path = folder / name
        data = path.read_bytes() if path.is_file() else b""
        for word, is_in in spelt:
            if is_in(data):
                yield name, word


def _anywhere(word: str) -> Callable[[bytes], bool]:
    forms = spellings(word)
    return lambda data: any(form in data for form in forms)


def _alone(word: str) -> Callable[[bytes], bool]:
    """Return the search for a word that is no part of a longer one; only the forms that show where a word ends."""
    forms = sorted(form for form in _readable(word) if form)
    pattern = re.compile(b"(?<![\\w.+-])(?:" + b"|".join(map(re.escape, forms)) + rb")(?![\w-]|\.\w)")
    return lambda data: pattern.search(data) is not None


def spellings(word: str) -> frozenset[bytes]:
    """Return `word` plain, composed and decomposed, each in UTF-8, URL, HTML, base64 and hexadecimal form.

    Base64 depends on the word's offset in a group of three bytes, so the middle part of all three alignments is
    returned.
    """
    forms = set(_readable(word))
    for text in _normalized(word):
        raw = text.encode("utf-8", "replace")
        forms |= {raw.hex().encode(), raw.hex().upper().encode(), *_base64(raw)}
    return frozenset(forms)


def _normalized(word: str) -> set[str]:
    return {word, unicodedata.normalize("NFC", word), unicodedata.normalize("NFD", word)}


def _readable(word: str) -> Iterator[bytes]:
    for text in _normalized(word):
        yield text.encode("utf-8", "replace")
        yield quote(text, safe="", errors="replace").encode()
        yield quote_plus(text, errors="replace").encode()
        yield escape(text).encode("utf-8", "replace")


def _base64(raw: bytes) -> Iterator[bytes]:
    for skipped in range(3):
        body = raw[skipped:]
        whole = body[: len(body) // 3 * 3]
        # Shorter pieces would be found by chance.
        if len(whole) >= SHORTEST:
            yield base64.b64encode(whole)
            yield base64.urlsafe_b64encode(whole)

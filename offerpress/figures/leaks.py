"""The search for partners' particulars in published files, in every spelling that a mistake could give them."""

import base64
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from html import escape
from pathlib import Path
from urllib.parse import quote, quote_plus

SHORTEST = 6


def leaked(folder: Path, files: Sequence[str], words: Collection[str]) -> Iterator[tuple[str, str]]:
    """Return pairs of file and word for each word of six bytes or more that stands in a file in any spelling."""
    spelt = [
        (word, spellings(word)) for word in sorted(words) if len(word.encode("utf-8", "replace")) >= SHORTEST
    ]
    for name in files:
        path = folder / name
        data = path.read_bytes() if path.is_file() else b""
        for word, forms in spelt:
            if any(form in data for form in forms):
                yield name, word


def spellings(word: str) -> frozenset[bytes]:
    """Return `word` plain, composed and decomposed, each in UTF-8, URL, HTML, base64 and hexadecimal form.

    Base64 depends on the word's offset in a group of three bytes, so the middle part of all three alignments is
    returned.
    """
    forms: set[bytes] = set()
    for text in {word, unicodedata.normalize("NFC", word), unicodedata.normalize("NFD", word)}:
        raw = text.encode("utf-8", "replace")
        forms |= {
            raw,
            quote(text, safe="", errors="replace").encode(),
            quote_plus(text, errors="replace").encode(),
        }
        forms |= {escape(text).encode("utf-8", "replace"), raw.hex().encode(), raw.hex().upper().encode()}
        forms |= set(_base64(raw))
    return frozenset(forms)


def _base64(raw: bytes) -> Iterator[bytes]:
    for skipped in range(3):
        body = raw[skipped:]
        whole = body[: len(body) // 3 * 3]
        # Shorter pieces would be found by chance.
        if len(whole) >= SHORTEST:
            yield base64.b64encode(whole)
            yield base64.urlsafe_b64encode(whole)

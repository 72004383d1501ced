"""Addresses on the site: paths below its root, relative to a page, from the host's root, or absolute."""

import re
import unicodedata
from itertools import takewhile
from urllib.parse import quote

from generator.settings import SiteSettings

# RFC 3986, section 3.5: characters that a fragment holds unencoded.
_SAFE_IN_FRAGMENT = "!$&'()*+,;=:@/?"


def as_fragment(identity: str) -> str:
    """Return the id of an element as the end of an address: `#` and the encoded id, empty for no id."""
    return f"#{quote(identity, safe=_SAFE_IN_FRAGMENT)}" if identity else ""


def language_folder(language: str, settings: SiteSettings) -> str:
    """Return the folder of a language's pages: empty for the default language, `de/` for another."""
    return "" if language == settings.default_language else f"{language}/"


def relative(here: str, there: str) -> str:
    """Return the address of the path `there` as a link on the page `here`.

    Paths are names below the site's root, not encoded and without a leading slash. A folder ends with a slash, and
    the root itself is empty.
    """
    folders, names = here.split("/")[:-1], there.removesuffix("/").split("/") if there else []
    shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(folders, names, strict=False)))
    way = "/".join([*[".."] * (len(folders) - shared), *map(quote, names[shared:])]) or "."
    if not there or there.endswith("/"):
        way += "/"
    if ":" in way.partition("/")[0]:
        way = f"./{way}"
    return way


def absolute(there: str, settings: SiteSettings) -> str:
    """Return the absolute address of a path below the site's root."""
    return f"{settings.base_url}/{quote(there)}"


def from_root(there: str, settings: SiteSettings) -> str:
    """Return the address of a path from the host's root, for a page that is shown at any depth."""
    return f"{settings.base_path}{quote(there)}"


def in_own_script(text: str, separator: str) -> str:
    """Return a text as a part of an address: letters, digits and marks in lower case, words joined by `separator`."""
    kept = (
        char if char.isalnum() or char in "_-" or unicodedata.category(char).startswith("M") else " "
        for char in unicodedata.normalize("NFC", text)
        if char.isalnum() or char in "_-" or char.isspace() or unicodedata.category(char).startswith("M")
    )
    return re.sub(rf"[{separator} ]+", separator, "".join(kept).strip().lower())

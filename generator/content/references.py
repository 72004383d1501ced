"""Targets of links in content: a content file, a static file, an outside address, an id in the same text."""

import posixpath
import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote, urlsplit

from generator.content.bodies import Reference
from rewards import Fault, suggestion

_LONGEST_SHOWN = 200
_LONGEST_ADDRESS = 2000
_OUTSIDE = frozenset({"http", "https", "mailto", "tel"})
# An address without its scheme, which Markdown and browsers take for a path: www.example.com, example.com/page.
_HOST = re.compile(r"(?:[\w-]{1,63}\.){1,10}(?P<ending>[A-Za-z]{2,24})(?::[0-9]{1,5})?(?=[/?#]|$)")
_FILES = re.compile(
    r"avif|bmp|css|csv|docx?|gif|html?|ico|ics|jpe?g|js|json|md|mp[34]|od[pst]|pdf|png|pptx?|svg|tiff?|txt|vcf"
    r"|web[mp]|xlsx?|xml|ya?ml|zip",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Target:
    """The target of a reference.

    `content`: `room` and `slug` name a content file, and an empty `language` means the reader's. `static`: `path`
    is the file's path on the site. `outside`: `path` is the whole address. `here`: only the fragment counts.
    """

    kind: Literal["content", "static", "outside", "here"]
    room: str = ""
    slug: str = ""
    language: str = ""
    path: str = ""
    fragment: str = ""


@dataclass(frozen=True, slots=True)
class Index:
    """The possible targets: content files (path below `content/` -> room, slug, language) and static files."""

    files: Mapping[str, tuple[str, str, str]]
    static: Collection[str]


def resolve(reference: Reference, file: str, index: Index) -> Target | Fault:
    """Return the target of a reference in `file`, or a fault with a suggestion if there is no such target."""
    address = reference.address.strip()
    if len(address) > _LONGEST_ADDRESS:
        what = f"the link {shortened(address)!r} has {len(address)} characters"
        return Fault(what, f"shorten it to at most {_LONGEST_ADDRESS}", file, reference.line)
    try:
        parts = urlsplit(address)
    except ValueError:
        return Fault(f"the link {address!r} cannot be read", "correct the address", file, reference.line)
    if parts.scheme or parts.netloc:
        return _outside(reference, parts.scheme.lower(), bool(parts.netloc), file)
    if not address or address.startswith("/"):
        what = f"the link {address!r} is no relative path" if address else "a link has no address"
        return Fault(what, "give the path to the .md file, or the whole address", file, reference.line)
    if not parts.path:
        return Target("here", fragment=unquote(parts.fragment))
    folder = posixpath.dirname(file.removeprefix("content/"))
    named = unicodedata.normalize("NFC", unquote(parts.path))  # two spellings of one letter are one name
    path = posixpath.normpath(posixpath.join(folder, named))
    return _inside(reference, path, parts.query, unquote(parts.fragment), file, index)


def _outside(reference: Reference, scheme: str, has_host: bool, file: str) -> Target | Fault:  # noqa: FBT001
    address = reference.address.strip()
    if scheme not in _OUTSIDE or (scheme in {"http", "https"} and not has_host):
        remedy = "use https:, http:, mailto: or tel:, or the relative path to a file"
        remedy = f"write https://{address}" if _names_host(address) else remedy
        return Fault(f"the address {address!r} cannot be used", remedy, file, reference.line)
    if any(char.isspace() for char in address):
        what = f"the address {shortened(address)!r} holds a space or line break"
        return Fault(what, "correct the address; a space is %20", file, reference.line)
    if reference.attribute != "href":
        remedy = "put the file into content/static/: pages load nothing from elsewhere"
        return Fault(f"{address!r} would be loaded from another site", remedy, file, reference.line)
    return Target("outside", path=address)


def _names_host(address: str) -> bool:
    host = _HOST.match(address)
    return host is not None and not _FILES.fullmatch(host["ending"])


def _inside(
    reference: Reference, path: str, query: str, fragment: str, file: str, index: Index
) -> Target | Fault:
    if path in index.files and not query:
        room, slug, language = index.files[path]
        if room == "campaigns":
            remedy = "link to an announcement, an offer or a page"
            return Fault("campaigns have no public page to link to", remedy, file, reference.line)
        return Target("content", room, slug, language, fragment=fragment)
    static = path.removeprefix("static/")
    if path.startswith("static/") and static in index.static:
        return Target("static", path=static, fragment=fragment)
    if _names_host(reference.address):
        what = f"the link {reference.address!r} leads to no file of content/"
        return Fault(what, f"write https://{reference.address}", file, reference.line)
    known = [*index.files, *(f"static/{name}" for name in index.static)]
    folder = posixpath.dirname(file.removeprefix("content/")) or "."
    remedy = suggestion(
        reference.address.partition("#")[0], [posixpath.relpath(name, folder) for name in known]
    )
    if "did you mean" not in remedy:
        remedy = "correct the path, or add the file"
    return Fault(f"the link {reference.address!r} leads to no file of content/", remedy, file, reference.line)


def missing_anchor(fragment: str, anchors: frozenset[str], reference: Reference, file: str) -> Fault | None:
    """Return the fault of a link to `#fragment` if the target has no such id."""
    if not fragment or fragment in anchors:
        return None
    remedy = suggestion(shortened(fragment), sorted(anchors)) if anchors else "leave the fragment out"
    what = f"the link {shortened(reference.address)!r} names no heading of its target"
    return Fault(what, remedy, file, reference.line)


def shortened(address: str) -> str:
    """Return an address as messages show it: at most 200 characters."""
    return address if len(address) <= _LONGEST_SHOWN else f"{address[: _LONGEST_SHOWN - 1]}…"

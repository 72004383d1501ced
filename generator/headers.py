"""Every Content-Security-Policy and every set of response headers: site, statements, mails, reports, preview, hooks.

A page carries its policy in a `<meta>` element, where `frame-ancestors` has no effect; hosts that send headers add it.
"""

import re
from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256
from mimetypes import MimeTypes
from pathlib import PurePosixPath
from typing import Literal

Headers = tuple[tuple[str, str], ...]
_POLICY = "Content-Security-Policy"
_NO_SNIFFING = ("X-Content-Type-Options", "nosniff")
_NO_REFERRER = ("Referrer-Policy", "no-referrer")
_NOT_LISTED = ("X-Robots-Tag", "noindex, nofollow, noarchive")
_NO_DEVICES = ("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()")
_FOREVER = "public, max-age=31536000, immutable"

# Pages of the site. Without a script nothing uses `connect-src`, except tools in the browser that read robots.txt.
SITE_PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; media-src 'self'; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'"
)
SITE_REFERRER = "strict-origin-when-cross-origin"
# `/*` also covers the statement page, so the policy of the host allows its script.
_SITE_HEADERS: Headers = (
    (
        _POLICY,
        (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; "
            "font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
            "frame-ancestors 'none'"
        ),
    ),
    _NO_SNIFFING,
    ("Referrer-Policy", SITE_REFERRER),
    _NO_DEVICES,
)

# The page that opens private links, and the page of a statement that is not encrypted.
STATEMENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
PLAIN_STATEMENT_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'"
)
STATEMENT_HEADERS: Headers = (
    (_POLICY, f"{STATEMENT_POLICY}; frame-ancestors 'none'"),
    _NO_REFERRER,
    _NOT_LISTED,
    _NO_SNIFFING,
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cache-Control", "no-cache"),
)

# Reports under `private/`: files with their styles and charts in them.
REPORT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"

# The preview on this machine: every answer.
PREVIEW_HEADERS: Headers = (
    ("Cache-Control", "no-store"),
    _NO_SNIFFING,
    _NO_REFERRER,
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("X-Frame-Options", "SAMEORIGIN"),
)


# The studio: its pages name figures of partners, so nothing keeps them and no other page frames them.
def studio_headers(frames: str) -> Headers:
    """Return the headers of every answer of the studio, whose frames come from the origin `frames` alone."""
    policy = (
        f"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-src {frames}; "
        "img-src data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )
    return (
        (_POLICY, policy),
        ("Cache-Control", "no-store"),
        _NO_SNIFFING,
        ("Referrer-Policy", "same-origin"),  # without any referrer, forms would not name their origin either
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        _NO_DEVICES,
    )


def previewed_by(studio: str) -> Headers:
    """Return the headers of the preview on the studio's second port; only `studio` and the preview itself frame it."""
    framers = (_POLICY, f"frame-ancestors 'self' {studio}")
    return (*(one for one in PREVIEW_HEADERS if one[0] != "X-Frame-Options"), framers)


def statement_frame_headers(studio: str) -> Headers:
    """Return what the frame of a statement page adds to `frame_headers`: its own script runs, to open the link."""
    sandbox = f"sandbox allow-scripts allow-same-origin; frame-ancestors {studio}"
    return ((_POLICY, f"{STATEMENT_POLICY}; {sandbox}"),)


def frame_headers(studio: str) -> Headers:
    """Return the headers of what the studio shows in a frame. Nothing runs in it, and only `studio` may frame it.

    It keeps its own origin, which is not that of the studio, because browsers load no fonts into a frame without one.
    """
    policy = (
        "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; media-src 'self'; "
        "font-src 'self'; base-uri 'none'; form-action 'none'; sandbox allow-same-origin; "
        f"frame-ancestors {studio}"
    )
    return (
        (_POLICY, policy),
        ("Cache-Control", "no-store"),
        _NO_SNIFFING,
        _NO_REFERRER,
        _NOT_LISTED,
        ("Cross-Origin-Resource-Policy", "same-origin"),
        _NO_DEVICES,
    )


_PREVIEW_SOURCES = ("script-src", "connect-src", "style-src")


def unsubscribe_headers(style: str) -> dict[str, str]:
    """Return the headers of the page at which a partner unsubscribes; `style` is its one style sheet."""
    digest = b64encode(sha256(style.encode()).digest()).decode()
    return dict(
        (
            (
                _POLICY,
                (
                    f"default-src 'none'; style-src 'sha256-{digest}'; "
                    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
                ),
            ),
            _NO_REFERRER,
            _NOT_LISTED,
            _NO_SNIFFING,
            ("Cache-Control", "no-store"),
            ("Vary", "Accept-Language"),
        )
    )


def preview_policy(policy: str) -> str:
    """Return a page's policy with the scripts, styles and live channel of the preview's own server allowed."""
    directives = [part.strip() for part in policy.split(";") if part.strip()]
    for name in _PREVIEW_SOURCES:
        place = next((n for n, one in enumerate(directives) if one.split()[0] == name), None)
        if place is None:
            directives.append(f"{name} 'self'")
        elif "'none'" in directives[place]:
            directives[place] = f"{name} 'self'"
        elif "'self'" not in directives[place]:
            directives[place] += " 'self'"
    return "; ".join(directives)


def headers_file(access: Literal["link", "plain", "none"]) -> bytes:
    """Return `_headers` for hosts that read it (Netlify, Cloudflare Pages); `access` is that of the statements."""
    rules: list[tuple[str, Headers]] = [
        ("/*", _SITE_HEADERS),
        ("/assets/*", (("Cache-Control", _FOREVER),)),
    ]
    if access != "none":
        known = dict(_SITE_HEADERS)
        rules.append(("/statement/*", tuple(one for one in STATEMENT_HEADERS if known.get(one[0]) != one[1])))
    blocks = [f"{path}\n" + "".join(f"  {name}: {value}\n" for name, value in found) for path, found in rules]
    return "\n".join(blocks).encode()


# Objects in a store.

# The statement's files; then assets, among them sizes of pictures with their width at the end, and cards.
_FINGERPRINTED = re.compile(
    r"-[0-9a-f]{12}\.[a-z0-9]+$|(^assets/.*|(^|/)card)-[0-9a-f]{10}(-[0-9]+)?\.[a-z0-9]+$"
)
_ARCHIVE = re.compile(r"(?<=^feed)-[0-9]+(?=\.)|(?<=^atom)-[0-9]+(?=\.)")
_TYPES = {
    "feed.xml": "application/rss+xml; charset=utf-8",
    "atom.xml": "application/atom+xml; charset=utf-8",
    "feed.json": "application/feed+json",
    "_headers": "text/plain; charset=utf-8",
}
_SUFFIXES = {
    ".avif": "image/avif",
    ".js": "text/javascript",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
_KNOWN_TYPES = MimeTypes(filenames=()).types_map[1] | _SUFFIXES


@dataclass(frozen=True, slots=True)
class ObjectHeaders:
    """The headers that a store sends with an object."""

    content_type: str
    cache_control: str


def headers_of(path: str) -> ObjectHeaders:
    """Return the media type and cache lifetime of a published file.

    A file whose name changes with its bytes may be cached for good, any other for minutes or not at all.
    """
    name = PurePosixPath(path)
    media = _TYPES.get(_ARCHIVE.sub("", name.name)) or _KNOWN_TYPES.get(
        name.suffix, "application/octet-stream"
    )
    if media.startswith("text/") and "charset" not in media:
        media += "; charset=utf-8"
    if _FINGERPRINTED.search(path):
        return ObjectHeaders(media, _FOREVER)
    return ObjectHeaders(media, "no-cache" if path.startswith("statement/") else "public, max-age=300")

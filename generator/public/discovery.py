"""Files for machines: sitemap, robots.txt, web app manifest, icons and security.txt."""

import html
import json
import struct
from collections.abc import Iterable, Iterator, Mapping

from generator.addresses import absolute, language_folder
from generator.content.pages import Page
from generator.public.cards import check_card, draw_icon
from generator.public.localized import LocalizedSite
from generator.settings import Security, SiteSettings

_ICONS = (180, 192, 512)
_SMALL = 32
_AROUND = 1000  # bytes of a sitemap around its entries


def sitemaps(
    localized: LocalizedSite, most_addresses: int = 50_000, most_bytes: int = 50_000_000
) -> dict[str, bytes]:
    """Return `sitemap.xml`: every page in every language in which it is written, with its translations.

    Beyond the limits of sitemaps.org, 50,000 addresses or 50 MB a file, it is an index of `sitemap-1.xml` and so on.
    """
    settings = localized.settings
    parts: list[list[str]] = [[]]
    size = 0
    for path, languages, day in _addresses(localized):
        ordered = [one for one in settings.languages if one in languages]
        for language in ordered:
            entry = _entry(path, language, ordered, day, settings)
            size += len(entry.encode()) + 1
            if parts[-1] and (len(parts[-1]) >= most_addresses or size > most_bytes - _AROUND):
                parts.append([])
                size = len(entry.encode()) + 1
            parts[-1].append(entry)
    if len(parts) == 1:
        return {"sitemap.xml": _sitemap("urlset", parts[0])}
    files = {f"sitemap-{n}.xml": _sitemap("urlset", entries) for n, entries in enumerate(parts, start=1)}
    index = [
        f"<sitemap><loc>{html.escape(absolute(name, settings), quote=False)}</loc></sitemap>"
        for name in files
    ]
    return {"sitemap.xml": _sitemap("sitemapindex", index), **files}


def _sitemap(element: str, entries: Iterable[str]) -> bytes:
    languages = ' xmlns:xhtml="http://www.w3.org/1999/xhtml"' if element == "urlset" else ""
    head = f'<{element} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"{languages}>'
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', head, *entries, f"</{element}>", ""]
    return "\n".join(lines).encode()


def _addresses(localized: LocalizedSite) -> Iterable[tuple[str, Iterable[str], str]]:
    """Yield path below the language folder, the languages in which the page is written, and its last change."""
    everywhere = localized.settings.languages
    newest = max((_changed(page) for page in localized.announcements), default="")
    yield "", everywhere, newest
    yield "announcements/", everywhere, newest
    yield "offers/", everywhere, ""
    for page in localized.announcements:
        yield page.path, page.texts, _changed(page)
    for offer in localized.offers:
        yield offer.path, offer.texts, ""
    for page in localized.pages:
        yield page.path, page.texts, _changed(page)
    if localized.tags:
        yield "tags/", everywhere, ""
    for tag in localized.tags:
        yield f"tags/{tag}/", everywhere, ""


def _changed(page: Page) -> str:
    moment = page.updated or page.date
    return moment.instant.replace(microsecond=0).isoformat() if moment else ""


def _entry(path: str, language: str, languages: Iterable[str], day: str, settings: SiteSettings) -> str:
    def address(code: str) -> str:
        return absolute(f"{language_folder(code, settings)}{path}", settings)

    others = [
        f'  <xhtml:link rel="alternate" hreflang="{html.escape(code)}" href="{html.escape(address(code))}"/>'
        for code in languages
    ]
    lines = ["<url>", f"  <loc>{html.escape(address(language), quote=False)}</loc>"]
    if day:
        lines.append(f"  <lastmod>{day}</lastmod>")
    return "\n".join([*lines, *(others if len(others) > 1 else []), "</url>"])


def robots(settings: SiteSettings) -> bytes:
    """Return robots.txt, which allows everything; private pages carry `noindex` themselves."""
    return f"User-agent: *\nAllow: /\n\nSitemap: {absolute('sitemap.xml', settings)}\n".encode()


def manifest(settings: SiteSettings, assets: Mapping[str, str]) -> bytes:
    """Return the web app manifest (name, colours and icons for a phone's home screen), with relative addresses."""
    drawn = [{"src": f"icon-{size}.png", "sizes": f"{size}x{size}", "type": "image/png"} for size in _ICONS]
    mark = (
        [{"src": assets["mark.svg"], "sizes": "any", "type": "image/svg+xml"}] if "mark.svg" in assets else []
    )
    return _json(
        {
            "name": settings.title,
            "short_name": settings.title,
            "lang": settings.default_language,
            "start_url": "./",
            "display": "browser",
            "background_color": "#ffffff",
            "theme_color": "#ffffff",
            "icons": mark + (drawn if mark else []),
        }
    )


def icons(mark: bytes, *, drawn: bool) -> Iterator[tuple[str, bytes]]:
    """Yield the mark as PNG in the sizes that phones request, and as `favicon.ico`; nothing without a mark.

    If they are not to be `drawn`, the mark is checked and the files stay empty. Raises `ValueError` for a broken SVG.
    """
    if mark and not drawn:
        check_card(mark.decode())
        yield from ((name, b"") for name in ("favicon.ico", *(f"icon-{size}.png" for size in _ICONS)))
    elif mark:
        small = draw_icon(mark, _SMALL)
        # An ICO header with one entry: a PNG of 32 bits a pixel that begins at byte 22.
        header = struct.pack("<3H4B2H2I", 0, 1, 1, _SMALL, _SMALL, 0, 0, 1, 32, len(small), 22)
        yield "favicon.ico", header + small
        yield from ((f"icon-{size}.png", draw_icon(mark, size)) for size in _ICONS)


def security_txt(settings: SiteSettings, security: Security) -> bytes:
    """Return security.txt, which says where to report a vulnerability (RFC 9116)."""
    named = [("Contact", contact) for contact in security.contact]
    named.append(("Expires", security.expires))
    for name, address in (
        ("Encryption", security.encryption),
        ("Acknowledgments", security.acknowledgments),
        ("Policy", security.policy),
    ):
        named += [(name, address)] if address else []
    named.append(("Preferred-Languages", ", ".join(settings.languages)))
    named.append(("Canonical", absolute(".well-known/security.txt", settings)))
    return "".join(f"{name}: {value}\n" for name, value in named).encode()


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1).encode() + b"\n"

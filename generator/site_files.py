"""What hosts and search engines read: sitemap.xml, robots.txt and _headers."""

from collections.abc import Iterable
from xml.sax.saxutils import escape, quoteattr

from generator.addresses import absolute, language_folder
from generator.pages import Page
from generator.readings import Reading
from generator.settings import SiteSettings, StatementSettings
from generator.statement_page import statement_headers

_COMMON = (
    (
        "Content-Security-Policy",
        (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; "
            "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        ),
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "strict-origin-when-cross-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()"),
)


def sitemap(reading: Reading) -> bytes:
    """Every page in every language in which it is written, with the others as alternates (sitemaps.org)."""
    settings = reading.settings
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"',
        ' xmlns:xhtml="http://www.w3.org/1999/xhtml">',
    ]
    for path, languages, day in _addresses(reading):
        ordered = [one for one in settings.languages if one in languages]
        for language in ordered:
            lines += _entry(path, language, ordered, day, settings)
    return "\n".join([*lines, "</urlset>", ""]).encode()


def _addresses(reading: Reading) -> Iterable[tuple[str, Iterable[str], str]]:
    """Path below a language's folder, the languages in which it is written, and when it changed last."""
    everywhere = reading.settings.languages
    newest = max((_changed(page) for page in reading.announcements), default="")
    yield "", everywhere, newest
    yield "announcements/", everywhere, newest
    yield "offers/", everywhere, ""
    for page in reading.announcements:
        yield page.path, page.texts, _changed(page)
    for offer in reading.offers:
        yield offer.path, offer.texts, ""
    for page in reading.pages:
        yield page.path, page.texts, _changed(page)
    if reading.tags:
        yield "tags/", everywhere, ""
    for tag in reading.tags:
        yield f"tags/{tag}/", everywhere, ""


def _changed(page: Page) -> str:
    moment = page.updated or page.date
    return moment.instant.replace(microsecond=0).isoformat() if moment else ""


def _entry(path: str, language: str, languages: Iterable[str], day: str, settings: SiteSettings) -> list[str]:
    def address(code: str) -> str:
        return absolute(f"{language_folder(code, settings)}{path}", settings)

    others = [
        f'  <xhtml:link rel="alternate" hreflang={quoteattr(code)} href={quoteattr(address(code))}/>'
        for code in languages
    ]
    lines = ["<url>", f"  <loc>{escape(address(language))}</loc>"]
    if day:
        lines.append(f"  <lastmod>{day}</lastmod>")
    return [*lines, *(others if len(others) > 1 else []), "</url>"]


def robots(settings: SiteSettings) -> bytes:
    """Everything may be read; private pages say by themselves that they must not be listed."""
    return f"User-agent: *\nAllow: /\n\nSitemap: {absolute('sitemap.xml', settings)}\n".encode()


def headers(statements: StatementSettings) -> bytes:
    """The headers for hosts that read `_headers` (Netlify, Cloudflare Pages); others are set up by hand."""
    rules: list[tuple[str, tuple[tuple[str, str], ...]]] = [("/*", _COMMON)]
    if statements.access != "none":
        known = dict(_COMMON)
        rules.append(
            ("/statement/*", tuple(one for one in statement_headers() if known.get(one[0]) != one[1]))
        )
    blocks = [f"{path}\n" + "".join(f"  {name}: {value}\n" for name, value in found) for path, found in rules]
    return "\n".join(blocks).encode()

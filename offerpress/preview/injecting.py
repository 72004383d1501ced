"""The preview's script in a page, and the page's own policy with room for that script and nothing else."""

import re
from dataclasses import dataclass
from html import escape, unescape
from typing import Literal

Follows = Literal["edition", "turn"]
LIVE = "/_live"
POLICY = re.compile(rb"<meta\b[^>]*\bContent-Security-Policy\b[^>]*>", re.IGNORECASE)
CONTENT = re.compile(rb"\bcontent=(\"[^\"]*\"|'[^']*')", re.IGNORECASE)
NEEDED = ("script-src", "connect-src", "style-src")


def with_script(html: bytes, number: int, *, follows: Follows = "edition") -> bytes:
    """The page with the script at its end, which reloads it when the count that it `follows` is another number."""
    script = f'<script src="{LIVE}/live.js" data-follows="{follows}" data-number="{number}"></script>'
    return POLICY.sub(_with_room, html) + script.encode()


def _with_room(tag: re.Match[bytes]) -> bytes:
    return CONTENT.sub(lambda content: _attribute(content[1][1:-1].decode()), tag[0])


def _attribute(policy: str) -> bytes:
    return f'content="{escape(_widened(unescape(policy)))}"'.encode()


def _widened(policy: str) -> str:
    """The policy with this server's own scripts, styles and live channel allowed."""
    directives = [part.strip() for part in policy.split(";") if part.strip()]
    for name in NEEDED:
        place = next((n for n, one in enumerate(directives) if one.split()[0] == name), None)
        if place is None:
            directives.append(f"{name} 'self'")
        elif "'none'" in directives[place]:
            directives[place] = f"{name} 'self'"
        elif "'self'" not in directives[place]:
            directives[place] += " 'self'"
    return "; ".join(directives)


# What the preview's server answers.

HTML = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer over HTTP, with headers beside those that every answer has."""

    body: bytes
    media_type: str = HTML
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()

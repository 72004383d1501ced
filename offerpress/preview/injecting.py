"""The preview's script in a page, and the page's own policy with room for that script and nothing else."""

import re
from dataclasses import dataclass
from html import escape, unescape
from typing import Literal

from generator import preview_policy

Follows = Literal["edition", "turn"]
LIVE = "/_live"
POLICY = re.compile(rb"<meta\b[^>]*\bContent-Security-Policy\b[^>]*>", re.IGNORECASE)
CONTENT = re.compile(rb"\bcontent=(\"[^\"]*\"|'[^']*')", re.IGNORECASE)


def with_script(html: bytes, number: int, *, follows: Follows = "edition") -> bytes:
    """The page with the script at its end, which reloads it when the count that it `follows` is another number."""
    script = f'<script src="{LIVE}/live.js" data-follows="{follows}" data-number="{number}"></script>'
    return POLICY.sub(_with_room, html) + script.encode()


def _with_room(tag: re.Match[bytes]) -> bytes:
    return CONTENT.sub(lambda content: _attribute(content[1][1:-1].decode()), tag[0])


def _attribute(policy: str) -> bytes:
    return f'content="{escape(preview_policy(unescape(policy)))}"'.encode()


# What the preview's server answers.

HTML = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer over HTTP, with headers beside those that every answer has."""

    body: bytes
    media_type: str = HTML
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()

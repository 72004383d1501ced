"""Answers of the preview over HTTP: a page with the preview's script, and a mail in its frame."""

import email
import email.policy
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape as escape_attribute
from html import unescape

from markupsafe import escape

from generator import preview_policy
from rewards import Notice

LIVE = "/_live"
_POLICY = re.compile(rb"<meta\b[^>]*\bContent-Security-Policy\b[^>]*>", re.IGNORECASE)
CONTENT = re.compile(rb"\bcontent=(\"[^\"]*\"|'[^']*')", re.IGNORECASE)


def with_script(html: bytes, edition: int) -> bytes:
    """Return the page with the preview's script, which reloads it when the edition of the pages is another."""
    script = f'<script src="{LIVE}/live.js" data-edition="{edition}"></script>'
    head, end, body = html.partition(b"</head>")  # the policy stands there, and the text may be long
    return _POLICY.sub(_with_room, head) + end + body + script.encode()


def _with_room(tag: re.Match[bytes]) -> bytes:
    return CONTENT.sub(lambda content: _attribute(content[1][1:-1].decode()), tag[0])


def _attribute(policy: str) -> bytes:
    return f'content="{escape_attribute(preview_policy(unescape(policy)))}"'.encode()


HTML = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer over HTTP. `headers` are added to those of every answer."""

    body: bytes
    media_type: str = HTML
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()


VIEWS = {"html": "HTML", "text": "Text", "headers": "Headers", "source": "Source"}
_DARK = re.compile(r"\(\s*prefers-color-scheme\s*:\s*dark\s*\)")
_ALWAYS_TRUE, _NEVER_TRUE = "(min-width:0)", "(max-width:0)"
PLAIN = (
    "<!doctype html><meta charset=utf-8><title>{title}</title><style>:root{{color-scheme:{scheme}}}"
    "body{{margin:16px;font:14px/1.5 ui-monospace,Menlo,Consolas,monospace}}"
    "pre{{white-space:pre-wrap;overflow-wrap:anywhere;margin:0}}"
    "dt{{font-weight:600}}dd{{margin:0 0 8px;overflow-wrap:anywhere}}"
    "</style>{body}"
)


@dataclass(frozen=True, slots=True)
class MailView:
    """The way a mail is shown: its form, in dark or light, in a narrow or wide frame."""

    form: str = "html"
    dark: bool = False
    narrow: bool = False

    @property
    def query(self) -> dict[str, str]:
        """The query of an address that shows this view. It names only what differs from the default."""
        told = {"view": "" if self.form == "html" else self.form}
        told |= {"dark": "1" if self.dark else "", "narrow": "1" if self.narrow else ""}
        return {name: value for name, value in told.items() if value}

    def choices(self) -> Iterator[list[tuple[str, dict[str, str], bool]]]:
        """Yield groups of choices: the name, the query, and whether it is the present choice."""
        yield [
            (name, MailView(form, self.dark, self.narrow).query, form == self.form)
            for form, name in VIEWS.items()
        ]
        yield [
            (name, MailView(self.form, dark, self.narrow).query, dark == self.dark)
            for name, dark in (("Light", False), ("Dark", True))
        ]
        yield [
            (name, MailView(self.form, self.dark, narrow).query, narrow == self.narrow)
            for name, narrow in (("Wide", False), ("Narrow", True))
        ]


def turned(everybody: Sequence[str], place: int, address: Callable[[str], str]) -> dict[str, object]:
    """Return the mail's number among all of them, and the addresses of those before and after; empty for none."""
    around = {"before": place - 1, "after": place + 1}
    inside = {name: place >= 0 and 0 <= at < len(everybody) for name, at in around.items()}
    links = {name: address(everybody[at]) if inside[name] else "" for name, at in around.items()}
    return {"number": place + 1, "count": len(everybody), **links}


def framed(query: Mapping[str, str]) -> MailView:
    """Return the view that a query names. Unknown values give the default."""
    form = query.get("view", "html")
    return MailView(form if form in VIEWS else "html", "dark" in query, "narrow" in query)


def with_colours(styled: str, *, dark: bool) -> str:
    """Return HTML or CSS whose rules for dark screens hold always, or never."""
    return _DARK.sub(_ALWAYS_TRUE if dark else _NEVER_TRUE, styled)


def framed_mail(notice: Notice, wire: bytes, view: MailView) -> bytes:
    """Return the content of the frame, which is HTML. `wire` is the message in its SMTP form."""
    if view.form == "html":
        return with_colours(notice.html, dark=view.dark).encode()
    if view.form == "headers":
        body = f"<dl>{''.join(_headers(wire))}</dl>"
    else:
        text = notice.text if view.form == "text" else wire.decode("ascii", "replace")
        body = f"<pre>{escape(text)}</pre>"
    scheme = "dark" if view.dark else "light"
    return PLAIN.format(title=VIEWS[view.form], scheme=scheme, body=body).encode()


def _headers(wire: bytes) -> Iterator[str]:
    """Yield each header as a mail program reads it. Date and Message-ID are placeholders until a plan sets them."""
    message = email.message_from_bytes(wire, policy=email.policy.default)
    for name, value in message.items():
        note = " (set when planned)" if name in {"Date", "Message-ID"} else ""
        yield f"<dt>{escape(name)}</dt><dd><bdi>{escape(str(value))}</bdi>{note}</dd>"
    for part in message.iter_attachments():
        size = len(part.get_payload(decode=True) or b"")
        yield f"<dt>Attachment</dt><dd><bdi>{escape(part.get_filename() or '')}</bdi>, {size:,} bytes</dd>"

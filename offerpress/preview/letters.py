"""One mail as staff look at it: its HTML, its text, its headers, or all of it, wide or narrow, light or dark."""

import email
import email.policy
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from markupsafe import escape

from rewards import Notice

VIEWS = {"html": "HTML", "text": "Text", "headers": "Headers", "source": "Source"}
DARK = re.compile(r"\(\s*prefers-color-scheme\s*:\s*dark\s*\)")
ALWAYS_TRUE, NEVER_TRUE = "(min-width:0)", "(max-width:0)"
PLAIN = (
    "<!doctype html><meta charset=utf-8><title>{title}</title><style>:root{{color-scheme:{scheme}}}"
    "body{{margin:16px;font:14px/1.5 ui-monospace,Menlo,Consolas,monospace}}"
    "pre{{white-space:pre-wrap;overflow-wrap:anywhere;margin:0}}"
    "dt{{font-weight:600}}dd{{margin:0 0 8px;overflow-wrap:anywhere}}"
    "</style>{body}"
)


@dataclass(frozen=True, slots=True)
class View:
    """How a mail is looked at; `query` are the parts of an address that say so."""

    form: str = "html"
    dark: bool = False
    narrow: bool = False

    @property
    def query(self) -> dict[str, str]:
        """Only what is not as usual, so that addresses stay short."""
        told = {"view": "" if self.form == "html" else self.form}
        told |= {"dark": "1" if self.dark else "", "narrow": "1" if self.narrow else ""}
        return {name: value for name, value in told.items() if value}

    def choices(self) -> Iterator[list[tuple[str, dict[str, str], bool]]]:
        """Groups of what can be chosen: its name, the query for it, and whether it is so now."""
        yield [
            (name, View(form, self.dark, self.narrow).query, form == self.form)
            for form, name in VIEWS.items()
        ]
        yield [
            (name, View(self.form, dark, self.narrow).query, dark == self.dark)
            for name, dark in (("Light", False), ("Dark", True))
        ]
        yield [
            (name, View(self.form, self.dark, narrow).query, narrow == self.narrow)
            for name, narrow in (("Wide", False), ("Narrow", True))
        ]


def framed(query: Mapping[str, str]) -> View:
    """The view that a query asks for; what it does not know is as usual."""
    form = query.get("view", "html")
    return View(form if form in VIEWS else "html", "dark" in query, "narrow" in query)


def letter(notice: Notice, wire: bytes, view: View) -> tuple[bytes, str]:
    """What the frame shows, and its media type; `wire` is the message as it is sent."""
    if view.form == "html":
        html = DARK.sub(ALWAYS_TRUE if view.dark else NEVER_TRUE, notice.html)
        return html.encode(), "text/html; charset=utf-8"
    if view.form == "headers":
        body = f"<dl>{''.join(_headers(wire))}</dl>"
    else:
        text = notice.text if view.form == "text" else wire.decode("ascii", "replace")
        body = f"<pre>{escape(text)}</pre>"
    scheme = "dark" if view.dark else "light"
    html = PLAIN.format(title=VIEWS[view.form], scheme=scheme, body=body)
    return html.encode(), "text/html; charset=utf-8"


def _headers(wire: bytes) -> Iterator[str]:
    """Each header as a mail program reads it; two of them come from the plan, and are stand-ins here."""
    message = email.message_from_bytes(wire, policy=email.policy.default)
    for name, value in message.items():
        note = " (set when planned)" if name in {"Date", "Message-ID"} else ""
        yield f"<dt>{escape(name)}</dt><dd><bdi>{escape(str(value))}</bdi>{note}</dd>"
    for part in message.iter_attachments():
        size = len(part.get_payload(decode=True) or b"")
        yield f"<dt>Attachment</dt><dd><bdi>{escape(part.get_filename() or '')}</bdi>, {size:,} bytes</dd>"

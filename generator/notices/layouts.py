"""Mail layouts and the unsubscribe page, rendered from templates before there is a partner.

A mail layout is rendered once per language with placeholders, compiled from MJML, and filled with a body.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from traceback import walk_tb
from typing import Literal

from jinja2 import TemplateError
from jinja2.sandbox import SandboxedEnvironment
from markupsafe import Markup
from mjml import mjml2html

from generator.errors import GeneratorError
from generator.headers import unsubscribe_headers
from generator.notices.body import CompiledBody, LineMap
from generator.notices.html_part import read_styles
from generator.notices.tree import LinkAddress
from generator.settings import SiteSettings
from generator.templating.environment import TemplateKind, environment
from generator.templating.formats import direction

HTML_LAYOUT, TEXT_LAYOUT, STYLES = "mail/notice.mjml", "mail/notice.txt", "mail/body.css"
CORRECTION = "mail/correction.md"
CORRECTION_SUBJECT = "mail/correction_subject.txt"
_HOLES: Mapping[str, str] = {
    "subject": "{{ subject }}",
    "preheader": "{{ preheader }}",
    "reference": "{{ reference }}",
    "link": "{{ link | href }}",
    "unsubscribe": "{{ unsubscribe }}",
    "unsubscribeplain": "{{ unsubscribe | replace('mailto:', '') }}",
}
_HOLE = re.compile(r"zqhole([a-z]+)qz")
_BRACE = re.compile(r"\{(?=[{%#])")


class BrokenLayout(GeneratorError):
    """The mail layout `name`, a path below `templates/`, cannot be used; `line` is where, if that is known."""

    def __init__(self, name: str, reason: str, line: int | None = None) -> None:
        self.name = name
        self.line = line
        super().__init__(
            f"the mail layout templates/{name} cannot be used: {reason}: correct it, or delete the site's own"
        )


@dataclass(frozen=True, slots=True)
class Frame:
    """The values of a layout besides the body; an empty `unsubscribe` omits its line.

    `fallback` says in `fallback_language`, the reader's, that there is no text in that language.
    `address` resolves the links of the body. With `corrections` the body begins with the figures told before, unless
    it names them itself. `images_from` is the site's own address, because an image from elsewhere would tell its host
    who reads the mail.
    """

    title: str
    category: str
    has_link: bool
    unsubscribe: str = ""
    images_from: str = ""
    corrections: bool = False
    address: LinkAddress | None = None
    fallback: str = ""
    fallback_language: str = ""


@dataclass(frozen=True, slots=True)
class MailSources:
    """The two complete templates of one language; `*_lines` map their lines to lines of the author's file."""

    html: str
    text: str
    html_lines: LineMap
    text_lines: LineMap


def body_styles(template_folders: Sequence[Path]) -> dict[str, str]:
    """Return the inline styles of body elements; raises `BrokenLayout`."""
    return read_styles(_rendered(environment(template_folders, "en", kind="text"), STYLES, {}))


def template_source(template_folders: Sequence[Path], name: str) -> str:
    """Return the source of a template; raises `BrokenLayout` if no folder has it."""
    for folder in template_folders:
        if (file := folder / name).is_file():
            return file.read_text(encoding="utf-8")
    raise BrokenLayout(name, "it is missing")


def mail_sources(
    template_folders: Sequence[Path], language: str, frame: Frame, body: CompiledBody
) -> MailSources:
    """Return the layouts of `language` filled with `body`; raises `BrokenLayout`."""
    html, html_line = _filled(_laid_out(template_folders, language, frame, "html"), body.html, HTML_LAYOUT)
    text, text_line = _filled(_laid_out(template_folders, language, frame, "text"), body.text, TEXT_LAYOUT)
    return MailSources(html, text, _moved(body.html_lines, html_line), _moved(body.text_lines, text_line))


def shows_link(template_folders: Sequence[Path], language: str, frame: Frame) -> bool:
    """Return whether the layout of the text part shows the private link; raises `BrokenLayout`."""
    holes = _HOLE.findall(_laid_out(template_folders, language, frame, "text"))
    return "link" in holes


def _laid_out(template_folders: Sequence[Path], language: str, frame: Frame, kind: TemplateKind) -> str:
    built = environment(template_folders, language, kind=kind)
    start, end = ("left", "right") if direction(language) == "ltr" else ("right", "left")
    holes = {name: Markup(f"zqhole{name}qz") for name in (*_HOLES, "body")}  # noqa: S704 - our own words
    if not frame.unsubscribe:
        holes["unsubscribe"] = Markup("")
    if kind == "text":
        holes["unsubscribe"] = holes["unsubscribeplain"] if frame.unsubscribe else Markup("")
    context = {
        **holes,
        "site": {"title": frame.title},
        "category": frame.category,
        "has_link": frame.has_link,
        "fallback": frame.fallback,
        "fallback_language": frame.fallback_language,
        "fallback_direction": direction(frame.fallback_language),
        "start": start,
        "end": end,
    }
    name = HTML_LAYOUT if kind == "html" else TEXT_LAYOUT
    rendered = _rendered(built, name, context)
    if kind == "text":
        return rendered
    try:
        return mjml2html(rendered, fonts={}, disable_comments=False)
    except ValueError as error:
        raise BrokenLayout(name, str(error)) from error


def _rendered(built: SandboxedEnvironment, name: str, context: Mapping[str, object]) -> str:
    try:
        return built.get_template(name).render(context)
    except TemplateError as error:
        line = getattr(error, "lineno", None) or _line_in(name, error)
        why = error.message or str(error)
        raise BrokenLayout(name, f"line {line}: {why}" if line else why, line) from error


def _line_in(name: str, error: TemplateError) -> int | None:
    """Return the line of the template `name` from which the error came."""
    places = [
        line for frame, line in walk_tb(error.__traceback__) if frame.f_code.co_filename.endswith(f"/{name}")
    ]
    return places[-1] if places else None


def _filled(layout: str, body: str, name: str) -> tuple[str, int]:
    """Return the layout with code in place of its placeholders, and the first line of the body."""
    parts = _HOLE.split(layout)
    if parts[1::2].count("body") != 1:
        raise BrokenLayout(
            name, f"it has {parts[1::2].count('body')} places for {{{{ body }}}} instead of one"
        )
    written: list[str] = []
    line = body_line = 1
    for index, part in enumerate(parts):
        if index % 2 == 0:
            code = _BRACE.sub("{{ '{' }}", part)
        elif part == "body":
            code, body_line = body, line
        else:
            code = _HOLES[part]
        written.append(code)
        line += code.count("\n")
    return "".join(written), body_line


def _moved(lines: LineMap, first: int) -> LineMap:
    return tuple((at + first - 1, written) for at, written in lines)


# The unsubscribe page is the same for all partners, because its address names the partner.

UnsubscribeStep = Literal["ask", "done", "failed"]
_STEPS: tuple[UnsubscribeStep, ...] = ("ask", "done", "failed")


@dataclass(frozen=True, slots=True)
class UnsubscribePages:
    """The unsubscribe page by language and step, and its HTTP headers."""

    pages: Mapping[tuple[str, UnsubscribeStep], bytes]
    headers: Mapping[str, str]


def unsubscribe_pages(template_folders: Sequence[Path], settings: SiteSettings) -> UnsubscribePages:
    """Render every step in each of the site's languages; raises `BrokenLayout` if a template is missing."""
    style = template_source(template_folders, "unsubscribe/page.css")
    pages: dict[tuple[str, UnsubscribeStep], bytes] = {}
    for language in settings.languages:
        template = environment(template_folders, language, kind="html").get_template("unsubscribe/page.html")
        for step in _STEPS:
            html = template.render(site=settings, step=step, style=Markup(style))  # noqa: S704 - a file of the site's
            pages[language, step] = html.encode()
    return UnsubscribePages(pages, unsubscribe_headers(style))

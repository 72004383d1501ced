"""The layout of mails: rendered once per language around holes, compiled from MJML, filled with a body.

What is fixed for a language (labels, title, styles) is folded into one template before it is compiled.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import TemplateError
from jinja2.sandbox import SandboxedEnvironment
from markupsafe import Markup
from mjml import mjml2html

from generator.compiled import CompiledBody, Lines
from generator.environment import Kind, environment
from generator.errors import GeneratorError
from generator.formats import direction
from generator.mail_html import read_styles

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
    """A mail layout that cannot be used; `name` is the template's, below `templates/`."""

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        super().__init__(
            f"the mail layout templates/{name} cannot be used: {reason}: correct it, or delete the site's own"
        )


@dataclass(frozen=True, slots=True)
class Frame:
    """What a layout says besides the body; an empty `unsubscribe` leaves its line out.

    `corrections`: the body begins with what was told before, unless it says so itself.
    `images_from` is the site's own address: an image from elsewhere would tell its host who reads the mail.
    """

    title: str
    category: str
    has_link: bool
    unsubscribe: str = ""
    images_from: str = ""
    corrections: bool = False


@dataclass(frozen=True, slots=True)
class MailSources:
    """The two whole templates of one language; `*_lines` map their lines to the author's."""

    html: str
    text: str
    html_lines: Lines
    text_lines: Lines


def body_styles(template_folders: Sequence[Path]) -> dict[str, str]:
    """The inline styles of body elements; raises `BrokenLayout`."""
    return read_styles(_rendered(environment(template_folders, "en", kind="text"), STYLES, {}))


def template_source(template_folders: Sequence[Path], name: str) -> str:
    """A template as it is written; raises `BrokenLayout` where no folder has it."""
    for folder in template_folders:
        if (file := folder / name).is_file():
            return file.read_text(encoding="utf-8")
    raise BrokenLayout(name, "it is missing")


def mail_sources(
    template_folders: Sequence[Path], language: str, frame: Frame, body: CompiledBody
) -> MailSources:
    """The layouts of `language` around `body`; raises `BrokenLayout`."""
    html, html_line = _filled(_laid_out(template_folders, language, frame, "html"), body.html, HTML_LAYOUT)
    text, text_line = _filled(_laid_out(template_folders, language, frame, "text"), body.text, TEXT_LAYOUT)
    return MailSources(html, text, _moved(body.html_lines, html_line), _moved(body.text_lines, text_line))


def _laid_out(template_folders: Sequence[Path], language: str, frame: Frame, kind: Kind) -> str:
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
        line = getattr(error, "lineno", None)
        raise BrokenLayout(
            name, f"line {line}: {error.message}" if line else error.message or str(error)
        ) from error


def _filled(layout: str, body: str, name: str) -> tuple[str, int]:
    """The layout with code in its holes, and the line on which the body begins."""
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


def _moved(lines: Lines, first: int) -> Lines:
    return tuple((at + first - 1, written) for at, written in lines)

"""Compiled mail templates of a campaign in one language, which turn a partner's view into a message."""

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from traceback import walk_tb

from jinja2 import Template, TemplateError, TemplateSyntaxError, UndefinedError
from jinja2.exceptions import SecurityError
from jinja2.sandbox import SandboxedEnvironment

from generator.content.campaigns import CampaignText
from generator.notices.body import (
    LineMap,
    author_line,
    check_line,
    compile_body,
    compiled_source,
    mail_environment,
)
from generator.notices.layouts import (
    CORRECTION,
    CORRECTION_SUBJECT,
    Frame,
    body_styles,
    mail_sources,
    shows_link,
    template_source,
)
from generator.notices.text_part import finished
from generator.templating.formats import direction
from generator.templating.values import CONTROLS
from rewards import Fault, Faulty

_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN", "RLE", "RLO", "LRE", "LRO", "RLI", "LRI", "PDF"})
_LATER_SCRIPTS = re.compile("[\\u0590-\\U0010ffff]")  # nothing before Hebrew runs from right to left
_BREAKS = (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError, RecursionError)
_REMEDY = "correct it, or put it into an {% if %} that makes sure of it"


@dataclass(frozen=True, slots=True)
class Rendered:
    """The parts of one message that are rendered from templates."""

    subject: str
    html: str
    text: str


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A template with the origin of its lines."""

    template: Template
    name: str
    file: str
    lines: LineMap
    field: str = ""

    def render(self, context: Mapping[str, object]) -> str:
        """Render the text; raises `Faulty` with the author's file and line."""
        try:
            return self.template.render(context)
        except _BREAKS as error:
            raise Faulty([self._fault(error)]) from error

    def _fault(self, error: Exception) -> Fault:
        places = [
            line for frame, line in walk_tb(error.__traceback__) if frame.f_code.co_filename == self.name
        ]
        what = str(error).rstrip(".")
        if isinstance(error, UndefinedError):
            what = f"the template names what is not there: {what}"
        elif isinstance(error, SecurityError):
            what = f"the template may not do this: {what}"
        line = author_line(self.lines, places[-1]) if places else None
        return Fault(what, _REMEDY, self.file, line, None, self.field)


@dataclass(frozen=True, slots=True)
class MailTemplates:
    """The compiled templates of one campaign in one language."""

    language: str
    subject: _Compiled
    preheader: _Compiled
    html: _Compiled
    text: _Compiled


def render_messages(
    templates: Sequence[MailTemplates], contexts: Sequence[Mapping[str, object]]
) -> list[Rendered]:
    """Render each message with its own templates, for the view of its partner with `link` and `reference`.

    All messages take a step together. Raises `Faulty` if a template names something that its view does not have.
    """
    pairs = list(zip(templates, contexts, strict=True))
    subjects = [one_line(own.subject.render(context), own.language) for own, context in pairs]
    preheaders = [one_line(own.preheader.render(context), own.language) for own, context in pairs]
    wholes = [
        {**context, "subject": subject, "preheader": preheader}
        for context, subject, preheader in zip(contexts, subjects, preheaders, strict=True)
    ]
    html = [own.html.render(whole) for own, whole in zip(templates, wholes, strict=True)]
    texts = [own.text.render(whole) for own, whole in zip(templates, wholes, strict=True)]
    return list(map(Rendered, subjects, html, map(finished, texts)))


def mail_templates(
    text: CampaignText,
    language: str,
    frame: Frame,
    template_folders: Sequence[Path],
    offers: Collection[str],
    faults: list[Fault],
) -> MailTemplates | None:
    """Compile the templates of `text`; returns None after adding faults. Raises `BrokenLayout`, `BrokenCatalog`."""
    if frame.corrections and not tells_corrections(text):
        text = _with_corrections(text, template_folders)
    try:
        return _mail_templates(text, language, frame, template_folders, offers, faults)
    except RecursionError:
        what = "the text is nested too deeply"
        faults.append(Fault(what, "write it with fewer levels", text.file, text.body_line))
        return None


def _mail_templates(
    text: CampaignText,
    language: str,
    frame: Frame,
    template_folders: Sequence[Path],
    offers: Collection[str],
    faults: list[Fault],
) -> MailTemplates | None:
    found: list[Fault] = []
    check_line(text.subject, text.file, text.subject_line, "subject", found, offers)
    check_line(text.preheader, text.file, text.preheader_line, "preheader", found, offers)
    body = compile_body(
        text.body,
        text.file,
        text.body_line,
        found,
        styles=body_styles(template_folders),
        direction=direction(language),
        offers=offers,
        images_from=frame.images_from,
        address=frame.address,
        link_below=shows_link(template_folders, language, frame),
    )
    faults.extend(found)
    if found:
        return None
    sources = mail_sources(template_folders, language, frame, body)
    html = mail_environment(template_folders, language, "html")
    plain = mail_environment(template_folders, language, "text")
    return MailTemplates(
        language,
        _line(plain, text.subject, "subject", text.file, text.subject_line),
        _line(plain, text.preheader, "preheader", text.file, text.preheader_line),
        _compiled(html, sources.html, "html", text.file, sources.html_lines),
        _compiled(plain, sources.text, "text", text.file, sources.text_lines),
    )


def tells_corrections(text: CampaignText) -> bool:
    """Return whether subject or body name the figures told before, so that the layout need not add them."""
    lexer = mail_environment((), "en", "text")
    try:
        tokens = [token for source in (text.subject, text.body) for token in lexer.lex(source)]
    except TemplateSyntaxError:
        return False  # the compilation reports the error
    return any(kind == "name" and value in {"previous", "corrections"} for _, kind, value in tokens)


def _with_corrections(text: CampaignText, template_folders: Sequence[Path]) -> CampaignText:
    """Return the text with the figures told before above its body; raises `BrokenLayout`."""
    above = template_source(template_folders, CORRECTION)
    subject = f"{template_source(template_folders, CORRECTION_SUBJECT).rstrip()} {text.subject}"
    first_line = text.body_line - above.count("\n")
    return replace(text, subject=subject, body=above + text.body, body_line=first_line)


def _line(built: SandboxedEnvironment, source: str, part: str, file: str, line: int) -> _Compiled:
    return replace(_compiled(built, source, part, file, ((1, line),)), field=part)


def _compiled(built: SandboxedEnvironment, source: str, part: str, file: str, lines: LineMap) -> _Compiled:
    name = f"<{file} as {part}>"
    code = compiled_source(source, name, "html" if part == "html" else "text")
    # Globals are a plain mapping, because each rendering copies them, and a chain of mappings copies key by key.
    return _Compiled(Template.from_code(built, code, dict(built.globals)), name, file, lines)


def one_line(text: str, language: str) -> str:
    """Return `text` on one line; directional isolates stay only if part of it runs from right to left."""
    line = " ".join(CONTROLS.sub(" ", text).split())
    if direction(language) == "rtl" or any(
        unicodedata.bidirectional(char) in _RIGHT_TO_LEFT for char in _LATER_SCRIPTS.findall(line)
    ):
        return line
    return line.replace("\u2068", "").replace("\u2069", "")

"""Campaign bodies, compiled once from Markdown to an HTML and a text template, which render without Markdown."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from types import CodeType
from typing import Self

from jinja2 import TemplateSyntaxError, meta
from jinja2.sandbox import SandboxedEnvironment

from generator.addresses import absolute, as_fragment
from generator.content.bodies import Reference
from generator.content.campaigns import Campaign
from generator.content.content import Content, OfferPage, hidden_state
from generator.content.pages import Page
from generator.content.references import missing_anchor, resolve, shortened
from generator.errors import UnreadableMarkdownError
from generator.notices.html_part import HtmlWriter
from generator.notices.names import NameCheck
from generator.notices.tags import MarkedText, take_out, with_placed_blocks
from generator.notices.text_part import FILTERS, TextWriter
from generator.notices.tree import LinkAddress, mail_tree, place_fault
from generator.settings import SiteSettings
from generator.templating.environment import TemplateKind, environment
from generator.templating.formats import Direction
from generator.templating.kept_results import TEXT_RESULTS, closed_digest
from generator.templating.values import Address, before_stop
from rewards import Fault, day_text, suggestion

LineMap = tuple[tuple[int, int], ...]
_BLOCKS = frozenset(
    (
        "for",
        "else",
        "endfor",
        "if",
        "elif",
        "endif",
        "set",
        "endset",
        "with",
        "endwith",
        "filter",
        "endfilter",
    )
)
# A value at the end of a sentence, with the ends of elements and marks of emphasis between it and the full stop.
_STOPPED = re.compile(
    r"(?P<begin>\{\{\s*)(?P<value>[^{}\s+-](?:[^{}]*[^{}\s+-])?)\s*\}\}(?P<end>(?:</[a-z0-9]+>|[*_])*)(?=\.(?![.\w]))"
)
_OWN_ADDRESSES = frozenset({"link", "site.base_url"})
_UNSAFE_FILTERS = frozenset({"safe", "xmlattr", "tojson", "pprint"})


@dataclass(frozen=True, slots=True)
class CompiledBody:
    """Two template sources over the same values; `*_lines` map their lines to lines of the author's file."""

    html: str
    text: str
    html_lines: LineMap = ()
    text_lines: LineMap = ()


class NotAnAddressError(TypeError):
    """A template puts a value into a link that is not an `Address`."""


def _href(value: object) -> str:
    if not isinstance(value, Address):
        raise NotAnAddressError("only an address that we made may stand in a link")
    if not value.address:
        raise NotAnAddressError(
            "there is no such address: statements have no page under [statements] access 'none'"
        )
    return value.address


@lru_cache(maxsize=512)
def compiled_source(source: str, name: str, kind: TemplateKind) -> CodeType:
    """Return the code of a template source; all environments of a kind compile the same source to the same code."""

    def compiled() -> CodeType:
        return mail_environment((), "en", kind).compile(_STOPPED.sub(_with_one_stop, source), name, name)

    return TEXT_RESULTS.code(closed_digest(kind, name, source), compiled)


def _with_one_stop(match: re.Match[str]) -> str:
    return f"{match['begin']}({match['value']}) | before_stop }}}}{match['end']}"


def mail_environment(
    template_folders: Sequence[Path], language: str, kind: TemplateKind
) -> SandboxedEnvironment:
    """Return an environment with the filters of compiled bodies and without filters that trust a value."""
    built = environment(template_folders, language, kind=kind)
    for name in _UNSAFE_FILTERS:
        del built.filters[name]
    built.filters["href"] = _href
    built.filters["before_stop"] = before_stop
    built.filters.update(FILTERS)
    return built


def compile_body(
    source: str,
    file: str,
    first_line: int,
    faults: list[Fault],
    *,
    styles: Mapping[str, str] | None = None,
    direction: Direction = "ltr",
    offers: Collection[str] | None = None,
    images_from: str = "",
    address: LinkAddress | None = None,
    link_below: bool = False,
) -> CompiledBody:
    """Compile the Markdown `source`, which begins at `first_line` of `file`, to templates.

    `address` gives the absolute address of a link. `images_from` is the address below which images may lie; if it is
    empty, none are allowed. `offers` are the slugs that templates may name, None for any. `styles` are the inline
    styles by element. With `link_below` the layout of the text part shows the private link, so that the body need not.
    Adds a fault for each syntax error, unknown name, lost or torn tag and untrusted address; with a fault the result
    is unusable.
    """
    source = source.replace("\r\n", "\n")
    slugs = None if offers is None else tuple(offers)
    marked, mistakes = _checked(source, file, first_line, slugs)
    found = list(mistakes)
    if marked is None:
        faults.extend(found)
        return CompiledBody("", "")
    text = _without_brackets(with_placed_blocks(marked), marked)
    try:
        converted = _converted(text, marked.pattern)
    except UnreadableMarkdownError as error:
        faults.append(error.fault(text, file, first_line))
        return CompiledBody("", "")
    tree = mail_tree(converted, marked, file, first_line, found, images_from, address)
    faults.extend(found)
    if found:
        return CompiledBody("", "")
    html = HtmlWriter(marked, styles or {}, direction).write(tree)
    plain = TextWriter(marked, direction, link_below).write(tree)
    faults.extend(_link_faults(html.source(), tuple(html.lines), file, slugs))
    return CompiledBody(html.source(), plain.source(), tuple(html.lines), tuple(plain.lines))


@lru_cache(maxsize=512)
def _converted(text: str, tag: re.Pattern[str] | None) -> str:
    """Return the Markdown of a mail as HTML, kept by its text and by what finds the placeholders of tags."""

    def converted() -> str:
        from generator.content.markdown import mail_markdown_html  # noqa: PLC0415 - only for texts that changed

        return mail_markdown_html(text, tag)

    return TEXT_RESULTS.of("mail", closed_digest(text, tag.pattern if tag else ""), converted)


def check_line(
    source: str, file: str, line: int, field: str, faults: list[Fault], offers: Collection[str] | None = None
) -> None:
    """Add the faults of a one-line template, such as a subject, in the front matter key `field`."""
    _, found = _checked(source, file, line, None if offers is None else tuple(offers))
    faults.extend(replace(fault, field=field) for fault in found)


def _checked(
    source: str, file: str, first_line: int, offers: tuple[str, ...] | None
) -> tuple[MarkedText | None, tuple[Fault, ...]]:
    """Return the text without its tags, None if it is no template, and the faults of names and blocks."""
    facts = (source, file, first_line, offers)
    return TEXT_RESULTS.of("template", closed_digest(*facts), lambda: _checked_source(*facts))


def _checked_source(
    source: str, file: str, first_line: int, offers: tuple[str, ...] | None
) -> tuple[MarkedText | None, tuple[Fault, ...]]:
    faults: list[Fault] = []
    checking = mail_environment((), "en", "html")
    try:
        template = checking.parse(source)
        undeclared = meta.find_undeclared_variables(template)  # finds unknown filters and tests too
        marked = take_out(source, checking, first_line)
    except TemplateSyntaxError as error:
        message = (error.message or "it cannot be read").rstrip(".")
        remedy = "correct the expression or block; every block needs its end tag"
        faults.append(Fault(f"template: {message}", remedy, file, first_line + error.lineno - 1))
        return None, tuple(faults)
    for tag in marked.tags:
        if tag.is_block and tag.name not in _BLOCKS:
            remedy = suggestion(tag.name, sorted(_BLOCKS))
            faults.append(Fault(f"the block {tag} may not be used here", remedy, file, tag.line))
    NameCheck(file, first_line, offers, faults).check(template, undeclared)
    return marked, tuple(faults)


def _without_brackets(text: str, marked: MarkedText) -> str:
    """Replace `<{{ link }}>` by `{{ link }}`, which renders as a link."""
    for number, tag in enumerate(marked.tags):
        if tag.inner.strip() in _OWN_ADDRESSES and not tag.is_block:
            text = text.replace(f"<{marked.word(number)}>", marked.word(number))
    return text


@lru_cache(maxsize=512)
def _link_faults(source: str, lines: LineMap, file: str, offers: tuple[str, ...] | None) -> tuple[Fault, ...]:
    """Return the faults of expressions in links, which are visible only in the compiled template."""
    found: list[Fault] = []
    NameCheck(file, 1, offers, found).check(mail_environment((), "en", "html").parse(source), ())
    return tuple(
        Fault(fault.what, fault.remedy, file, author_line(lines, fault.line or 1))
        for fault in found
        if fault.what.startswith("only an address")
    )


def author_line(lines: LineMap, line: int) -> int:
    """Return the author's line for a line of the compiled template: that of the last tag up to there."""
    written = line
    for at, own in lines:
        if at > line:
            break
        written = own
    return written


# The links of a campaign lead to what the public sees on the day of sending.


@dataclass(frozen=True, slots=True)
class CampaignLinks:
    """Resolves the links of a campaign in one language, as pages and feeds do; `day` is the day of sending."""

    content: Content
    settings: SiteSettings
    language: str
    day: int

    @classmethod
    def of(
        cls, content: Content, settings: SiteSettings, language: str, campaign: Campaign, as_of: int
    ) -> Self:
        """Return the links of a campaign that is planned on `as_of`; a later `send_at` is the day of sending."""
        sent = campaign.send_at.astimezone(content.zone).date().toordinal() if campaign.send_at else as_of
        return cls(content, settings, language, max(as_of, sent))

    def __call__(self, reference: Reference, file: str) -> str | Fault:
        """Return the absolute address of a reference in `file`, or the fault of a link that leads nowhere."""
        target = resolve(reference, file, self.content.index)
        if isinstance(target, Fault):
            return target
        if target.kind == "outside":
            return target.path
        if target.kind == "here":
            return place_fault(reference, file)
        path = self.content.public_path(target, self.language, self.settings, self.day)
        page = self.content.page_of(target)
        if path is None:
            return self._hidden(page, reference, file)
        mistake = None
        if page is not None:
            text = (
                page.texts.get(target.language or self.language) or page.texts[self.settings.default_language]
            )
            mistake = missing_anchor(target.fragment, text.body.anchors, reference, file)
        return mistake or absolute(path, self.settings) + as_fragment(target.fragment)

    def _hidden(self, page: Page | OfferPage | None, reference: Reference, file: str) -> Fault:
        link = f"the link {shortened(reference.address)!r}"
        if page is None:
            return Fault(
                f"{link} leads to a file with faults", "correct that file first", file, reference.line
            )
        state = hidden_state(page, self.day)
        what = f"{link} leads to a page that the public does not see on {day_text(self.day)} ({state})"
        remedy = (
            "publish the page by then, let 'send_at' be a day on which it is public, or leave the link out"
        )
        return Fault(what, remedy, file, reference.line)

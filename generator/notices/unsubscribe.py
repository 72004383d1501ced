"""The unsubscribe page of announcements: one page for all partners, because the address names the partner."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from markupsafe import Markup

from generator.headers import unsubscribe_headers
from generator.notices.templates import template_source
from generator.settings import SiteSettings
from generator.templating.environment import environment

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

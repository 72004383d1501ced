"""Remarks about the site as of a day: languages without labels, updates that lie ahead, an expired security.txt."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from generator.content.content import Content
from generator.settings import SiteSettings
from generator.templating.catalogs import label_language
from rewards import Fault, day_text

_SETTINGS = "offerpress.toml"


def site_remarks(
    content: Content, settings: SiteSettings, template_folders: Sequence[Path], as_of: int
) -> list[Fault]:
    """Return the remarks about a site as of a day (an ordinal); none of them stops a build."""
    return [
        *_languages(settings, template_folders),
        *_updates(content, as_of),
        *_security(settings, as_of),
    ]


def _languages(settings: SiteSettings, template_folders: Sequence[Path]) -> Iterator[Fault]:
    for language in settings.languages:
        used = label_language(template_folders, language)
        if used != language:
            yield Fault(
                f"there is no catalog for the language {language!r}, so its labels are in English",
                f"add templates/locale/{language}.po",
                _SETTINGS,
                field="site.languages",
                severity="remark",
            )


def _updates(content: Content, as_of: int) -> Iterator[Fault]:
    for page in (*content.announcements.values(), *content.pages.values()):
        if page.updated and page.updated.day > as_of and page.visible(as_of):
            what = f"'updated' is {day_text(page.updated.day)}, after the as-of day {day_text(as_of)}"
            fault = page.source.fault(("updated",), what, "write the day of the last change")
            yield Fault(fault.what, fault.remedy, fault.file, fault.line, field="updated", severity="remark")


def _security(settings: SiteSettings, as_of: int) -> Iterator[Fault]:
    """RFC 9116, 2.5.5: a file that has expired must not be used."""
    if settings.security is None:
        return
    expires = datetime.fromisoformat(settings.security.expires).date().toordinal()
    if expires <= as_of:
        yield Fault(
            f"security.txt expired on {day_text(expires)}, and nobody may rely on it",
            "write a day within a year from now",
            _SETTINGS,
            field="site.security.expires",
            severity="remark",
        )

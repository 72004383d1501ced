"""The public pages of a preview, made from content and templates alone: a change of words never waits for data."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from generator import Content, read_content
from generator.content.content import with_unpublished
from offerpress.checking import rendered_site
from offerpress.moment import Moment
from offerpress.site import Site, open_site
from rewards import Fault, Faulty


@dataclass(frozen=True, slots=True)
class Pages:
    """The pages as of a day: `files` by path, and `marks`, what there is to say about a path that is unpublished."""

    site: Site
    content: Content
    as_of: int
    files: Mapping[str, bytes]
    marks: Mapping[str, str]
    remarks: tuple[Fault, ...]


def read_pages(folder: Path, origin: str, moment: Moment) -> Pages:
    """Reads settings and content and renders every page, with links that stay under `origin`; raises `Faulty`."""
    site = _local(open_site(folder), origin)
    settings = site.settings.site
    faults: list[Fault] = []
    content = read_content(folder, settings, faults)
    if content is None:
        raise Faulty(faults)
    as_of = moment.day(content.policy.program.timezone)
    shown, marks = with_unpublished(content, settings, as_of)
    broken: list[Fault] = []
    files = rendered_site(shown, site, as_of, broken)
    if broken:
        raise Faulty([*broken, *faults])
    return Pages(site, content, as_of, files, marks, tuple(faults))


def _local(site: Site, origin: str) -> Site:
    """The same site with addresses of this machine, so that links of the preview stay in it."""
    base_url = origin + urlsplit(site.settings.site.base_url).path.rstrip("/")
    local = site.settings.site.model_copy(update={"base_url": base_url})
    return replace(site, settings=replace(site.settings, site=local))

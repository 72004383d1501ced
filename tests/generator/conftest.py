"""Small sites written for one test each, and what they are built to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import cast

import pytest
from lxml import html

from generator.content.content import Content, read_content
from generator.public.site import site_artifacts
from generator.settings import SiteSettings, StatementSettings
from rewards import Fault

TEMPLATES = Path(__file__).parents[2] / "templates"
PROGRAM = """\
currency = "EUR"
timezone = "Europe/Berlin"
refunds_after_period = "deduct"
allowance_level = "best"
base_level = "affiliate"

[[levels]]
id = "bronze"
name = "Bronze"
quota = 1000

[[levels]]
id = "silver"
name = "Silver"
quota = 10000
"""
CASHBACK = """\
---
kind: cashback
title: Cashback
summary: A share comes back.
announced_on: 2023-04-14
rate: 15%
period: {from: 2023-01-01, to: 2023-12-31}
credited_on: 2023-12-31
---
All about it.

## The small print

Rounded once.
"""
NEWS = """\
---
title: News
summary: What is new.
date: 2023-04-14
offers: [cashback]
tags: [Offers]
---
See [the offer](../offers/cashback.md#the-small-print).
"""


@dataclass(frozen=True)
class SmallSite:
    """A site folder with its settings; `faults` are those of the last reading."""

    folder: Path
    settings: SiteSettings
    faults: list[Fault]

    def content(self) -> Content | None:
        """What is read; the faults are in `faults`."""
        self.faults.clear()
        return read_content(self.folder, self.settings, self.faults)

    def artifacts(
        self,
        as_of: str = "2023-12-31",
        statements: StatementSettings | None = None,
    ) -> dict[str, bytes]:
        """The site as built, cards without their pictures; its content must have no faults."""
        content = self.content()
        assert content is not None, [str(fault) for fault in self.faults]
        own = self.folder / "templates"
        folders = [own, TEMPLATES] if own.is_dir() else [TEMPLATES]
        day = date.fromisoformat(as_of).toordinal()
        return site_artifacts(
            content,
            self.settings,
            folders,
            day,
            self.folder,
            statements or StatementSettings(),
        )

    def page(self, path: str, as_of: str = "2023-12-31") -> str:
        """The HTML under a path such as `offers/cashback/`."""
        return self.artifacts(as_of)[f"{path}index.html"].decode()


def attributes(page: bytes | str, path: str) -> list[dict[str, str]]:
    """The attributes of every element of a page that an XPath finds, in their order."""
    root = html.document_fromstring(page if isinstance(page, str) else page.decode())
    found = cast("list[html.HtmlElement]", root.xpath(path))
    return [{str(name): str(value) for name, value in one.attrib.items()} for one in found]


SiteMaker = Callable[..., SmallSite]


def small_site(
    folder: Path, files: Mapping[str, str | bytes | None] | None = None, **settings: object
) -> SmallSite:
    """Writes a site: `files` are paths below `content/`, None leaves one out; then `[site]` settings."""
    start: dict[str, str | bytes | None] = {
        "program.toml": PROGRAM,
        "offers/cashback.md": CASHBACK,
        "announcements/news.md": NEWS,
    }
    for name, text in {**start, **(files or {})}.items():
        path = folder / "content" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if text is not None:
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
    given = {"title": "Partners", "base_url": "https://partners.example", "languages": ["en", "de"]}
    return SmallSite(folder, SiteSettings.model_validate({**given, **settings}), [])


@pytest.fixture
def make_site(tmp_path: Path) -> SiteMaker:
    """Writes a site of one test, as `small_site` does."""
    return partial(small_site, tmp_path / "site")

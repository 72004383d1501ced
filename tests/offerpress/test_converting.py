"""The texts of a first build, which several processes convert before the content is read."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from generator import TEXT_RESULTS, read_content
from generator.templating.kept_results import KeptResults, TextResults
from offerpress.build.pipeline import convert_texts
from offerpress.build.workers import choose_workers, in_process
from offerpress.site.site import Site
from rewards import Fault

ROOT = Path(__file__).parents[2]
MANY, FEW = 130, 20
TEXT = """---
title: Text {number}
summary: Words with a comment # lost
tags: [News, "Number {number}"]
---

## Heading

Some *words* of {number}, and [a page](text-1.md#heading). TODO

| item | number |
| --- | ---: |
| one | {number} |
"""


def site_of(folder: Path, count: int) -> Site:
    """The sample's offers and program, and so many pages, of which one cannot be read and one has no body."""
    folder.mkdir(exist_ok=True)
    for name in ("content", "data"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / "offerpress.toml", folder)
    pages = folder / "content/pages"
    for number in range(count):
        (pages / f"text-{number}.md").write_text(TEXT.format(number=number), encoding="utf-8")
    (pages / "text-2.md").write_text("---\ntitle: [\n---\n", encoding="utf-8")
    (pages / "text-3.md").write_bytes(b"\xff\xfe")
    return Site(folder, datetime(2023, 12, 31, 12, tzinfo=UTC), {})


@pytest.fixture(autouse=True)
def _nothing_known() -> Iterator[None]:
    """Let this process know no results of texts, as a new one does."""
    before = vars(TEXT_RESULTS).copy()
    vars(TEXT_RESULTS).update(vars(KeptResults()))
    yield
    vars(TEXT_RESULTS).update(before)


def faults_of(site: Site) -> list[Fault]:
    """The faults and remarks of a reading of the content."""
    faults: list[Fault] = []
    read_content(site.folder, site.settings.site, faults)
    return faults


def test_the_reading_finds_what_processes_converted(tmp_path: Path) -> None:
    """It finds each result of a page's text, makes none of them again, and says the same faults."""
    site = site_of(tmp_path, MANY)
    alone, made = faults_of(site), TEXT_RESULTS.asked
    texts = {digest for kind, digest in made if kind == "body"}
    own = [key for key in made if key[1] in texts and key[0] in {"document", "body", "remarks"}]
    assert 3 * (MANY - 2) <= len(own)
    vars(TEXT_RESULTS).update(vars(KeptResults()))

    convert_texts(site, choose_workers(2))
    assert TEXT_RESULTS.has_new
    TEXT_RESULTS.begin()
    learned: TextResults = {
        key: TEXT_RESULTS.of(*key, lambda: pytest.fail("it was not converted")) for key in own
    }
    assert {key: made[key] for key in own} == learned
    assert alone == faults_of(site)
    assert all(TEXT_RESULTS.asked[key] is found for key, found in learned.items())


def test_no_process_starts_where_it_would_not_pay(tmp_path: Path) -> None:
    """Few texts, and those of a build with one process, are converted where they are read."""
    convert_texts(site_of(tmp_path / "few", FEW), choose_workers(2))
    convert_texts(site_of(tmp_path / "many", MANY), in_process)
    convert_texts(Site(tmp_path / "many", datetime(2023, 12, 31, 12, tzinfo=UTC), {}), choose_workers(1))
    assert TEXT_RESULTS.is_empty

"""Two sites as they are published, built once: the sample, and a deliberately odd one."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.acceptance.conftest import AS_OF, Prepare, called, prepare
from tests.servers.browsing import Server

__all__ = ["prepare"]
ODD = Path(__file__).parents[1] / "sites" / "odd"
ANNOUNCEMENT = """\
---
title: Mitteilung Nummer {n}
summary: Kurz und {words}.
date: {year}-{month:02}-{day:02}
tags: [Reihe]
---
Text der Mitteilung {n}, davor [alles](everything.md).
"""


@dataclass(frozen=True)
class Built:
    """The output folders of both sites."""

    sample: Path
    odd: Path


def build_both(sample: Path) -> None:
    """Build the sample, and within its folder the odd site."""
    odd = Path(shutil.copytree(ODD, sample / "odd"))
    for n in range(1, 301):
        text = ANNOUNCEMENT.format(n=n, words="lang" * n, year=2021 + n % 3, month=n % 12 + 1, day=n % 28 + 1)
        (odd / "content/announcements" / f"generated-{n:03}.md").write_text(text, encoding="utf-8")
    for site in (sample, odd):
        said = called(site, "build", *AS_OF)
        assert 0 == said.code, said.err


@pytest.fixture(scope="session")
def built(prepare: Prepare) -> Built:
    """Both sites, built by the command, once for all workers."""
    folder = prepare("sites", build_both)
    return Built(folder / "output", folder / "odd" / "output")


@pytest.fixture(scope="package")
def servers(built: Built) -> Iterator[dict[str, Server]]:
    """Both sites on servers of this machine, by name."""
    started = {"sample": Server(built.sample), "odd": Server(built.odd)}
    yield started
    for server in started.values():
        server.close()

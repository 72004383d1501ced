"""Two sites as they are published, built once: the sample, and a deliberately odd one."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from offerpress.cli import run
from tests.acceptance.conftest import SECRET, copy_sample
from tests.servers.browsing import Server

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


@pytest.fixture(scope="package")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Both sites, built by the command."""
    folder = tmp_path_factory.mktemp("sites")
    sample = copy_sample(folder / "sample")
    shutil.copytree(ODD, folder / "odd")
    for n in range(1, 301):
        text = ANNOUNCEMENT.format(n=n, words="lang" * n, year=2021 + n % 3, month=n % 12 + 1, day=n % 28 + 1)
        (folder / "odd/content/announcements" / f"generated-{n:03}.md").write_text(text, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OFFERPRESS_SITE_SECRET", SECRET)
        for site in (sample, folder / "odd"):
            assert run(["build", "--site", str(site), "--as-of", "2023-12-31"]) == 0
    return Built(sample / "output", folder / "odd" / "output")


@pytest.fixture(scope="package")
def servers(built: Built) -> Iterator[dict[str, Server]]:
    """Both sites on servers of this machine, by name."""
    started = {"sample": Server(built.sample), "odd": Server(built.odd)}
    yield started
    for server in started.values():
        server.close()

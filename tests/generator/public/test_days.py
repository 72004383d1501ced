"""Days on which nothing becomes visible or ends: every public page is the same, to the last byte."""

import random
from datetime import date
from pathlib import Path

import pytest

from tests.generator.conftest import PROGRAM, small_site
from tests.generator.public.test_pages import BONUS, EXTENSION, FREE, LEVELS

FIRST, DAYS = date(2023, 12, 20).toordinal(), 24
CASHBACK = """\
---
kind: cashback
title: Cashback
summary: A share comes back.
announced_on: {announced}
rate: 15%
period: {{from: 2023-01-01, to: {end}}}
credited_on: 2024-03-31
amendments:
  - effective_on: {amended}
    note: We give more.
    title: More cashback
    rate: 16%
  - effective_on: {longer}
    note: We give it for longer.
    period: {{from: 2023-01-01, to: {last}}}
---
All about it.
"""


def random_content(chance: random.Random) -> dict[str, str | None]:
    """Texts, offers and amendments that begin and end on any of the days."""

    def day(first: int = 0, last: int = DAYS) -> str:
        return date.fromordinal(FIRST + chance.randrange(first, last)).isoformat()

    amended, longer = sorted((day(5), day(5)))
    end, last = sorted((day(3), day(3)))
    cashback = CASHBACK.format(announced=day(0, 5), end=end, amended=amended, longer=longer, last=last)
    levels = '[[amendments.levels]]\nid = "bronze"\nname = "{}"\nquota = 900\n'
    files: dict[str, str | None] = {
        "program.toml": f"{PROGRAM}\n[[amendments]]\neffective_on = {day()}\nnote = 'Less.'\n{levels.format('Copper')}"
        '[[amendments.levels]]\nid = "silver"\nname = "Silver"\nquota = 9000\n',
        "offers/cashback.md": cashback,
        "announcements/news.md": None,
        "pages/about.md": f"---\ntitle: About\nsummary: Us.\npublish_at: {day()}\n---\n"
        "See [it](../offers/cashback.md).\n",
    }
    for name, text in (("levels", LEVELS), ("free", FREE), ("extension", EXTENSION), ("bonus", BONUS)):
        told = text.replace("2023-12-31}", f"{day()}}}").replace("2023-10-31", day(0, 10))
        files[f"offers/{name}.md"] = told.replace("announced_on: 2023-04-14", f"announced_on: {day(0, 10)}")
    for number in range(4):
        begins, ends = sorted(chance.sample(range(DAYS), 2))
        dates = (
            f"date: {day(begins, begins + 1)}\nexpires_at: {day(ends, ends + 1)}\ntags: [Tag {number % 2}]"
        )
        front = f"---\ntitle: News {number}\nsummary: New.\n{dates}\noffers: [cashback]\n---\n"
        files[f"announcements/news-{number}.md"] = f"{front}[Next](news-{number + 1}.md)\n"
    files["announcements/news-4.md"] = f"---\ntitle: Last\nsummary: New.\ndate: {day()}\n---\nText.\n"
    return files


@pytest.mark.parametrize("seed", [1, 2, *(pytest.param(n, marks=pytest.mark.long) for n in range(3, 20))])
def test_pages_change_on_named_days_alone(tmp_path: Path, seed: int) -> None:
    """Between two days that `same_since` tells apart pages may differ; otherwise each has the same bytes."""
    site = small_site(tmp_path, random_content(random.Random(seed)))
    content = site.content()
    assert content is not None, [str(fault) for fault in site.faults]
    made: dict[int, dict[str, bytes]] = {}
    for day in range(FIRST, FIRST + DAYS):
        since = content.same_since(day)
        files = site.artifacts(date.fromordinal(day).isoformat())
        assert since <= day
        first = made.setdefault(since, files)
        assert [] == [path for path in first.keys() | files.keys() if first.get(path) != files.get(path)]
    assert 8 < len(made) < DAYS
    different = {tuple(sorted(files.items())) for files in made.values()}
    assert len(made) - 3 <= len(different)

"""Compares the tables of folders on the architecture page with the table of rooms."""

import re
from pathlib import Path

import pytest

from tests.test_rooms import ROOMS

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "explanation" / "architecture.md").read_text(encoding="utf-8")


def listed(package: str) -> list[tuple[str, str]]:
    """Return floor and folder of each row of the package's table, from top to bottom."""
    section = PAGE.partition(f"\n### `{package}`\n")[2].partition("\n#")[0]
    return re.findall(r"^\| (\d*) ?\| `([\w/]+)/` \|", section, re.MULTILINE)


@pytest.mark.parametrize("package", ROOMS)
def test_the_page_shows_the_floors(package: str) -> None:
    """The table of a package starts with its own folder and shows the folders of each floor in order."""
    own, *rows = listed(package)
    assert ("", package) == own
    floors: list[set[str]] = [set() for _ in ROOMS[package]]
    for floor, folder in rows:
        floors[int(floor) - 1].add(folder.split("/")[1])
    assert ROOMS[package] == floors
    assert sorted(rows, key=lambda row: int(row[0])) == rows


@pytest.mark.parametrize("package", ROOMS)
def test_every_folder_with_modules_is_listed(package: str) -> None:
    """The table of a package has one row for each folder that holds modules."""
    modules = [path for path in (ROOT / package).rglob("*.py") if path.name != "__init__.py"]
    there = {path.parent.relative_to(ROOT).as_posix() for path in modules}
    assert sorted(there) == sorted(folder for _, folder in listed(package))

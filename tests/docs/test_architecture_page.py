"""Compares the tables of folders on the architecture page with the code."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "explanation" / "architecture.md").read_text(encoding="utf-8")
PACKAGES = ("rewards", "ledger", "generator", "mailer", "offerpress")


def listed(package: str) -> list[str]:
    """Return the folders in the package's table, from top to bottom."""
    section = PAGE.partition(f"\n### `{package}`\n")[2].partition("\n#")[0]
    return re.findall(r"^\| `([\w/]+)/` \|", section, re.MULTILINE)


def modules(package: str) -> list[Path]:
    """Return every module of the package that is no `__init__`."""
    return [path for path in (ROOT / package).rglob("*.py") if path.name != "__init__.py"]


def folder_of(path: Path) -> str:
    """Return the folder of a file, relative to the repository."""
    return path.parent.relative_to(ROOT).as_posix()


def imported_folders(module: Path) -> set[str]:
    """Return the folders of our modules that a module imports from, at any depth of its code."""
    found = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            file = ROOT / f"{node.module.replace('.', '/')}.py"
            if file.is_file():
                found.add(folder_of(file))
    return found


@pytest.mark.parametrize("package", PACKAGES)
def test_every_folder_is_listed_once(package: str) -> None:
    """The table of a package has one row for each folder that holds modules."""
    assert sorted({folder_of(path) for path in modules(package)}) == sorted(listed(package))


@pytest.mark.parametrize("package", PACKAGES)
def test_folders_stand_in_the_order_of_imports(package: str) -> None:
    """A folder imports only folders above it, besides itself, the package's own folder, and other packages."""
    order = {folder: place for place, folder in enumerate(listed(package))}
    wrong = [
        f"{module.relative_to(ROOT)} imports from {folder}/"
        for module in modules(package)
        for folder in sorted(imported_folders(module) & order.keys() - {package})
        if folder_of(module) != package and order[folder] > order[folder_of(module)]
    ]
    assert [] == wrong

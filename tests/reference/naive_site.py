"""Prints the naive reference's statements of a site folder: `python -m tests.reference.naive_site FOLDER AS_OF`."""

import csv
import json
import sys
import tomllib
from decimal import Decimal
from pathlib import Path
from unicodedata import category

from ruamel.yaml import YAML

from tests.reference.naive import Row, Site
from tests.reference.naive_values import Terms


def read_site(folder: Path, as_of: str) -> Site:
    """The site in `folder`, its tables being CSV files: those of `[data]`, else `data/NAME.csv`."""
    settings = tomllib.loads((folder / "offerpress.toml").read_text(encoding="utf-8-sig"))
    program = tomllib.loads(_content(folder / "content/program.toml"), parse_float=Decimal)
    offers: dict[str, Terms] = {}
    for file in sorted((folder / "content/offers").glob("*.md")):
        if "." not in file.stem:
            front = _content(file).split("---\n")[1]
            offers[file.stem] = YAML(typ="base", pure=True).load(front)
    tables: dict[str, list[Row]] = {}
    for name in ("partners", "sales", "subscriptions", "credits", "rates", "levels"):
        path = folder / settings.get("data", {}).get(name, f"data/{name}.csv")
        if path.exists():
            with path.open(encoding="utf-8-sig", newline="") as lines:
                reader = csv.DictReader(lines, delimiter=_delimiter(path))
                tables[name] = [{key.strip(): value for key, value in row.items()} for row in reader]
    return Site(program, offers, tables, as_of)


def _content(path: Path) -> str:
    """Control characters in a text of `content/` are left out, with a remark."""
    return "".join(c for c in path.read_text(encoding="utf-8-sig") if category(c) != "Cc" or c in "\t\n")


def _delimiter(path: Path) -> str:
    """Whichever of the three stands most often in the header."""
    header = path.read_text(encoding="utf-8-sig").partition("\n")[0]
    return max(",;\t", key=header.count)


if __name__ == "__main__":
    for statement in read_site(Path(sys.argv[1]), sys.argv[2]).statements():
        sys.stdout.write(json.dumps(statement, ensure_ascii=False) + "\n")

"""Templates and tables that nothing reads, because of their name or place: a misspelt name must not change the site."""

import re
from collections.abc import Collection, Iterator
from pathlib import Path

from offerpress.site.folder import escaped_name, starter_folder
from offerpress.site.site import Site
from rewards import Fault, suggestion

_TABLES = ("partners", "sales", "subscriptions", "credits", "rates", "levels")
_ENDINGS = frozenset({".csv", ".xlsx", ".parquet"})
_ASSETS = ("assets/", "locale/")
_NAMED = re.compile(r"""["']([^"'\s]{1,200})["']""")


def unread_templates_and_tables(site: Site, read: Collection[str]) -> list[Fault]:
    """Return a remark for each of the site's own templates and tables that nothing reads.

    `read` are the files of the tables, from the site folder.
    """
    tables = {(site.folder / name).resolve() for name in read}
    return [*_unread_templates(site.folder), *_unread_tables(site.folder / "data", tables)]


def _unread_templates(folder: Path) -> Iterator[Fault]:
    """Yield own templates that neither replace a packaged one nor are named by a template."""
    own, packaged = folder / "templates", starter_folder() / "templates"
    if not own.is_dir() or own.resolve() == packaged.resolve():
        return
    known, names = set(_names(packaged)), _names(own)
    named = {word for name in names for word in _NAMED.findall(_text(own / name))}
    for name in names:
        if name in known or name in named or name.startswith(_ASSETS):
            continue
        same = [one for one in sorted(known) if one.rpartition("/")[2] == name.rpartition("/")[2]]
        remedy = f"did you mean 'templates/{same[0]}'?" if same else suggestion(name, sorted(known))
        if "did you mean" not in remedy:
            remedy = "call it as a packaged template that it replaces, or include it in one"
        yield Fault(
            "no page or mail uses this template", remedy, f"templates/{escaped_name(name)}", severity="remark"
        )


def _names(folder: Path) -> list[str]:
    found = (path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file())
    return [
        name.as_posix()
        for name in found
        if not any(part.startswith(".") or part.endswith("~") for part in name.parts)
    ]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _unread_tables(folder: Path, read: Collection[Path]) -> Iterator[Fault]:
    """Yield files that are tables by their ending, and that no source in `[data]` names."""
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.suffix.casefold() in _ENDINGS and path.is_file() and path.resolve() not in read:
            if path.name.startswith((".", "~")):
                continue
            stem = path.stem.casefold()
            remedy = suggestion(stem, _TABLES)
            if stem in _TABLES:
                remedy = f"name it in [data] {stem}"
            elif "did you mean" not in remedy:
                remedy = "name it in [data], or delete it"
            yield Fault(
                "no table is read from this file",
                remedy,
                f"data/{escaped_name(path.name)}",
                severity="remark",
            )

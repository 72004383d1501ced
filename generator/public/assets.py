"""Styles and pictures of `templates/assets/`, published under names that follow from their content.

A cache may therefore keep each of them forever, and never combines a page with the styles of another build.
"""

import hashlib
import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_OF_STATEMENTS = frozenset({"statement.css", "statement.svg", "tables.js", "viewer.js"})
_URL = re.compile(r"""url\(\s*(?P<quote>["']?)(?P<name>[^"')]+)(?P=quote)\s*\)""")


@dataclass(frozen=True, slots=True)
class Assets:
    """The published assets: `paths` maps names under `templates/assets/` to published paths, `files` these to bytes."""

    paths: Mapping[str, str]
    files: Mapping[str, bytes]

    def content(self, name: str) -> bytes:
        """Return the bytes of an asset, or nothing if the templates have no asset of this name."""
        return self.files[self.paths[name]] if name in self.paths else b""


def read_assets(template_folders: Sequence[Path]) -> Assets:
    """Read the files of `templates/assets/`, each from the first folder that has it; none of the statement page.

    A `url(...)` in a style sheet is replaced by the published name of the asset.
    """
    found = _found(template_folders)
    plain = {name: path.read_bytes() for name, path in found.items() if not name.endswith(".css")}
    paths = {name: _named(name, content) for name, content in plain.items()}
    styles = {
        name: _resolved(path.read_text(encoding="utf-8"), name, paths).encode()
        for name, path in found.items()
        if name.endswith(".css")
    }
    paths |= {name: _named(name, content) for name, content in styles.items()}
    return Assets(paths, {paths[name]: content for name, content in sorted({**plain, **styles}.items())})


def _found(template_folders: Sequence[Path]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for folder in reversed(template_folders):
        for path in (folder / "assets").rglob("*"):
            name = path.relative_to(folder / "assets").as_posix()
            if path.is_file() and name not in _OF_STATEMENTS and not name.startswith("."):
                found[name] = path
    return dict(sorted(found.items()))


def _named(name: str, content: bytes) -> str:
    stem, suffix = posixpath.splitext(name)
    return f"assets/{stem}-{fingerprint(content)}{suffix}"


def fingerprint(content: bytes) -> str:
    """Return ten hexadecimal digits of the SHA-256 of the content."""
    return hashlib.sha256(content).hexdigest()[:10]


def _resolved(styles: str, name: str, paths: Mapping[str, str]) -> str:
    folder = posixpath.dirname(name)

    def replaced(match: re.Match[str]) -> str:
        path = paths.get(posixpath.normpath(posixpath.join(folder, match["name"])))
        return match[0] if path is None else f'url("{posixpath.relpath(path, f"assets/{folder}")}")'

    return _URL.sub(replaced, styles)

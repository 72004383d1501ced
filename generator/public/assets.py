"""What pages load besides themselves: styles and pictures of `templates/assets/`, named by their content.

So a cache may keep each forever, and no cache pairs a page with the styles of another build.
"""

import hashlib
import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from minify_html import minify

_OF_STATEMENTS = frozenset({"statement.css", "statement.svg", "viewer.js"})
_URL = re.compile(r"""url\(\s*(?P<quote>["']?)(?P<name>[^"')]+)(?P=quote)\s*\)""")


@dataclass(frozen=True, slots=True)
class Assets:
    """`paths` has the path on the site by the name under `templates/assets/`, `files` the content by path."""

    paths: Mapping[str, str]
    files: Mapping[str, bytes]

    def content(self, name: str) -> bytes:
        """The file of that name; empty where a site's templates have none."""
        return self.files[self.paths[name]] if name in self.paths else b""


def read_assets(template_folders: Sequence[Path]) -> Assets:
    """The files of `templates/assets/`, each of the first folder with it, without the statement page's.

    A style sheet that names another of them by `url(...)` names it as it is called on the site.
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
    """Ten hexadecimal digits that follow from the content."""
    return hashlib.sha256(content).hexdigest()[:10]


def _resolved(styles: str, name: str, paths: Mapping[str, str]) -> str:
    folder = posixpath.dirname(name)

    def replaced(match: re.Match[str]) -> str:
        path = paths.get(posixpath.normpath(posixpath.join(folder, match["name"])))
        return match[0] if path is None else f'url("{posixpath.relpath(path, f"assets/{folder}")}")'

    return _URL.sub(replaced, styles)


# HTML without what browsers do not need. The result stays valid: tags that the specification asks for stay.


def minified(html: str) -> str:
    """The page without comments, needless space and quotes; the same input gives the same text."""
    return minify(html, keep_closing_tags=True, keep_html_and_head_opening_tags=True)

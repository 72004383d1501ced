"""The inputs of a build as digests by name, taken without loading anything that reads them.

Names are paths from the site folder (`packaged/…` for our own templates) and the facts below. Take the digests before
reading the files, so that a file that is saved meanwhile counts as changed.
"""

import glob
import os
import re
import sys
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Self

from offerpress import __version__
from offerpress.site.folder import (
    EPOCHS_FILE,
    FORMER_SECRET_FILE,
    FORMER_SECRET_NAME,
    SECRET_FILE,
    SECRET_NAME,
    SETTINGS_FILE,
    VERSIONS_FILE,
    starter_folder,
)
from offerpress.site.site import Site

if TYPE_CHECKING:  # it loads the mailer
    from offerpress.site.keys import SiteKeys

DAY, KEYS, CODE, DATABASE = "the as-of day", "the site's keys", "the program itself", "a database"
PACKAGED, CONTENT = "packaged/", "content/"
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_PACKAGES = ("rewards", "ledger", "generator", "mailer", "offerpress")
_URLS = ("sqlite:", "postgresql:", "postgres:")
_PIECE = 1 << 16
Digests = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class TakenInputs:
    """What a command took before it read any input: the digests of the files that `paths` of `[data]` name, and of all.

    Among all inputs the as-of day is not yet known.
    """

    paths: Sequence[str]
    data: Digests
    inputs: Digests

    @classmethod
    def of(cls, site: Site, paths: Sequence[str]) -> Self:
        """Take the digests of the site's inputs now."""
        data = data_digests(site, paths)
        return cls(paths, data, _input_digests(site, data))


def _input_digests(site: Site, data: Digests) -> Digests:
    beside = site.folder / "data"  # where the name of a table that nothing reads makes a remark
    unread = {f"data/{path.name}": "" for path in beside.iterdir()} if beside.is_dir() else {}
    found = {SETTINGS_FILE: _of_file(site.folder / SETTINGS_FILE), DAY: "", CODE: code_digest()}
    found |= {KEYS: _of_keys(site), **unread, **data}
    return found | content_digests(site) | template_digests(site)


def content_digests(site: Site) -> dict[str, str]:
    """Return the SHA-256 of every file of the content."""
    return _of_tree(site.folder / "content", CONTENT)


def template_digests(site: Site) -> dict[str, str]:
    """Return the SHA-256 of every template of `site`, and of the packaged ones."""
    own, packaged = site.folder / "templates", starter_folder() / "templates"
    found = _of_tree(own, "templates/")
    return found if packaged == own else found | _of_tree(packaged, f"{PACKAGED}templates/")


def pages_ground(inputs: Digests, settings: object) -> str:
    """Return one digest over what every public page follows from: program, templates, labels, settings of the site."""
    begins = (CODE, "templates/", f"{PACKAGED}templates/")
    return parts_digest(inputs_digest(inputs, begins), repr(settings))


def data_digests(site: Site, data: Sequence[str]) -> dict[str, str]:
    """Return the digest of each file that a path or glob of `[data]` names; a database has none, only `DATABASE`."""
    found = {}
    for pattern in data:
        path = _VARIABLE.sub(lambda variable: site.environment.get(variable[1], ""), pattern)
        if path.startswith(_URLS):
            found[DATABASE] = ""
        else:
            found |= {name: _of_file(file) for name, file in _data_files(site.folder, path)}
    return found


@cache
def code_digest() -> str:
    """Return one digest of this program: its modules, the installed packages' versions, and Python's version."""
    own = Path(__file__).parents[2]
    whole = sha256(f"{sys.version} {zlib.ZLIB_RUNTIME_VERSION}".encode())
    for package in _PACKAGES:
        for path in sorted((own / package).rglob("*.py")):
            whole.update(f"{path.relative_to(own)} {_of_file(path)}\n".encode())
    installed = (
        path.name for place in sys.path if Path(place).is_dir() for path in Path(place).glob("*.dist-info")
    )
    whole.update("\n".join(sorted(set(installed))).encode())
    return whole.hexdigest()


def message_sources(site: Site, content: str, keys: "SiteKeys | None") -> dict[str, str]:
    """Return what messages are made from beside the data: a digest of each part, and our version before its own.

    `content` is the digest of the content. The program's covers its modules, the installed libraries and the packaged
    templates.
    """
    own, program = sha256(), sha256(code_digest().encode())
    for folder in site.template_folders:
        (own if folder == site.folder / "templates" else program).update(files_digests(folder))
    settings = site.folder / SETTINGS_FILE
    digests = {
        "content": content,
        "templates": own.hexdigest(),
        "settings": sha256(settings.read_bytes() if settings.is_file() else b"").hexdigest(),
        "keys": keys.digest if keys else "",
    }
    short = {name: digest[:16] for name, digest in digests.items()}
    return {**short, "program": f"{__version__} {program.hexdigest()[:16]}"}


def files_digests(folder: Path) -> bytes:
    """Return the name and the digest of every file below `folder`."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    digests = ((file.relative_to(folder).as_posix(), sha256(file.read_bytes()).digest()) for file in files)
    return b"".join(name.encode() + b"\0" + digest for name, digest in digests)


def changed(before: Digests, now: Digests) -> list[str]:
    """Return the names that are new, gone or have another digest, sorted."""
    return sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))


def parts_digest(*parts: str) -> str:
    """Return one SHA-256 (hexadecimal) over parts of any length; each part is hashed with its length."""
    whole = sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        whole.update(len(data).to_bytes(8, "big") + data)
    return whole.hexdigest()


def inputs_digest(inputs: Digests, begins: tuple[str, ...]) -> str:
    """Return one digest over the inputs whose name begins with one of `begins`."""
    return parts_digest(
        *(f"{name} {inputs[name]}" for name in sorted(inputs) if name.startswith(begins)), *begins
    )


def _data_files(folder: Path, pattern: str) -> Iterator[tuple[str, Path]]:
    found: Iterable[str] = [pattern]
    if not (folder / pattern).exists():
        # Path.glob refuses absolute patterns.
        found = glob.glob(pattern, root_dir=folder, recursive=True)  # noqa: PTH207
    return ((name, folder / name) for name in sorted(found))


def _of_tree(folder: Path, begin: str) -> dict[str, str]:
    """Return the digest of each file below the folder, and none for each empty folder; links to folders are neither."""
    found: dict[str, str] = {}
    above = f"{folder}"
    for place, folders, files in os.walk(above):
        below = f"{begin}{place[len(above) + 1 :]}/" if place != above else begin
        found |= {f"{below}{name}": _of_file(f"{place}/{name}") for name in files}
        if not folders and not files and place != above:
            found[below.removesuffix("/")] = ""
    return found


def _of_file(path: Path | str) -> str:
    if not os.path.isfile(path):  # noqa: PTH113 - a path of text costs a third of the time, thousands of times
        return ""
    whole = sha256()
    with open(path, "rb", buffering=0) as stream:  # noqa: PTH123 - likewise
        while piece := stream.read(_PIECE):
            whole.update(piece)
    return whole.hexdigest()


def _of_keys(site: Site) -> str:
    """Return one digest over the secrets, their versions and the epochs; it reveals nothing about them.

    While links of a former secret open, it changes with every day, because one day they stop opening.
    """
    secrets = [site.environment.get(name, "").strip() for name in (SECRET_NAME, FORMER_SECRET_NAME)]
    versions = site.private / VERSIONS_FILE
    files = [
        _of_file(site.private / name)
        for name in (SECRET_FILE, FORMER_SECRET_FILE, EPOCHS_FILE, VERSIONS_FILE)
    ]
    grace = versions.is_file() and '"former"' in versions.read_text("ascii", "replace")
    today = site.now.astimezone(UTC).date().isoformat() if grace else ""
    return parts_digest("offerpress keys", *secrets, *files, today)

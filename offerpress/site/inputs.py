"""What a build is made from, as digests by name; found without loading anything that reads it.

Names are paths from the site folder (`packaged/…` for our own templates) and the facts below. Whoever wants to know
whether something changed takes the digests before reading, so that a file that is saved meanwhile counts as changed.
"""

import glob
import re
import sys
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC
from functools import cache
from hashlib import file_digest, sha256
from pathlib import Path

from offerpress.site.folder import MARKER, SiteFolder, starter_folder
from offerpress.site.moment import Moment

DAY, KEYS, CODE, DATABASE = "the as-of day", "the site's keys", "the program itself", "a database"
PACKAGED = "packaged/"
SECRET_NAME = "OFFERPRESS_SITE_SECRET"  # noqa: S105 - the name of a variable
FORMER_SECRET_NAME = "OFFERPRESS_FORMER_SITE_SECRET"  # noqa: S105 - likewise
VERSIONS = "keys.json"
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_PACKAGES = ("rewards", "ledger", "generator", "mailer", "offerpress")
_URLS = ("sqlite:", "postgresql:", "postgres:")

Digests = Mapping[str, str]


def input_digests(site: SiteFolder, data: Digests, moment: Moment, day: str = "") -> dict[str, str]:
    """The digest (SHA-256) of everything that a build of `site` as of `day` is made from; `data`: `data_digests`."""
    found = {MARKER: _of_file(site.folder / MARKER), DAY: day, CODE: code_digest(), **data}
    found[KEYS] = _of_keys(site.private, moment)
    for name in ("content", "templates"):
        found |= _of_tree(site.folder / name, f"{name}/")
    packaged = starter_folder() / "templates"
    if packaged != site.folder / "templates":
        found |= _of_tree(packaged, f"{PACKAGED}templates/")
    return found


def data_digests(folder: Path, data: Sequence[str], environment: Mapping[str, str]) -> dict[str, str]:
    """The digest of each file that a path or glob of `[data]` names; of a database, which has none, only `DATABASE`."""
    found = {}
    for pattern in data:
        path = _VARIABLE.sub(lambda variable: environment.get(variable[1], ""), pattern)
        if path.startswith(_URLS):
            found[DATABASE] = ""
        else:
            found |= {name: _of_file(file) for name, file in _data_files(folder, path)}
    return found


@cache
def code_digest() -> str:
    """What this program would do: its own modules, the versions of what is installed beside it, and Python's."""
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


def changed(before: Digests, now: Digests) -> list[str]:
    """The names that are new, gone or have another digest, sorted."""
    return sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))


def digest_of(*parts: str) -> str:
    """One SHA-256 (hexadecimal) over parts of any length, none of which can run into the next."""
    whole = sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        whole.update(len(data).to_bytes(8, "big") + data)
    return whole.hexdigest()


def digest_of_inputs(inputs: Digests, begins: tuple[str, ...]) -> str:
    """One digest over those inputs whose name begins with one of `begins`."""
    return digest_of(
        *(f"{name} {inputs[name]}" for name in sorted(inputs) if name.startswith(begins)), *begins
    )


def _data_files(folder: Path, pattern: str) -> Iterator[tuple[str, Path]]:
    found: Iterable[str] = [pattern]
    if not (folder / pattern).exists():
        # Path.glob refuses absolute patterns.
        found = glob.glob(pattern, root_dir=folder, recursive=True)  # noqa: PTH207
    return ((name, folder / name) for name in sorted(found))


def _of_tree(folder: Path, begin: str) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {f"{begin}{path.relative_to(folder).as_posix()}": _of_file(path) for path in files}


def _of_file(path: Path) -> str:
    if not path.is_file():
        return ""
    with path.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()


def _of_keys(private: Path, moment: Moment) -> str:
    """Over the secrets, as they stand, their versions and epochs; it tells nothing about them.

    While links of a former secret open, it changes with every day, because one day they do not any more.
    """
    secrets = [moment.environment.get(name, "").strip() for name in (SECRET_NAME, FORMER_SECRET_NAME)]
    files = [
        _of_file(private / name) for name in ("site-secret", "site-secret.former", "epochs.json", VERSIONS)
    ]
    grace = (private / VERSIONS).is_file() and '"former"' in (private / VERSIONS).read_text(
        "ascii", "replace"
    )
    today = moment.now.astimezone(UTC).date().isoformat() if grace else ""
    return digest_of("offerpress keys", *secrets, *files, today)

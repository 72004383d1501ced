"""`new`: a starter site that builds at once."""

import shutil
from collections.abc import Callable
from pathlib import Path

from offerpress.folder import MARKER, OfferpressError
from offerpress.site_keys import make_site_secret
from offerpress.starter import starter_folder

IGNORED = "/output/\n/private/\n"
README = "templates/stubs/site-readme.md"


def start_site(folder: Path, random_bytes: Callable[[int], bytes]) -> None:
    """Copies the starter content and data to `folder`, which must be absent or empty, and makes its secret.

    Nobody's changes are overwritten, so a folder with anything in it is refused.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OfferpressError(f"no new site: {folder}: it exists and is not an empty folder; name another")
    folder.mkdir(parents=True, exist_ok=True)
    starter = starter_folder()
    for name in ("content", "data"):
        shutil.copytree(starter / name, folder / name)
    shutil.copyfile(starter / MARKER, folder / MARKER)
    shutil.copyfile(starter / README, folder / "README.md")
    (folder / ".gitignore").write_text(IGNORED, encoding="utf-8")
    make_site_secret(folder / "private", random_bytes)

"""Files that people brought to be connected. Each waits in `private/uploads/` with what was settled about it so far.

Such a file holds partner data: only its owner can read it, it is removed after a week, and `forget` removes all.
"""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from ledger import file_suffix
from offerpress.site.folder import UPLOADS_FOLDER, OfferpressError
from offerpress.site.site import Site
from offerpress.site.state import json_text, read_state, replace_bytes, write_state

MOST_BYTES: Final = 40 << 20
KEPT_FOR: Final = timedelta(days=7)
_STATE: Final = "state.json"
_ID: Final = re.compile(r"[A-Za-z0-9_-]{16,64}")
_LONGEST_NAME: Final = 120
_REMEDY: Final = "delete its folder and bring the file again"


class UploadGone(OfferpressError):
    """An upload that is no longer there."""


class Upload(BaseModel):
    """A file for one table. `name` is the name that it came with, which is only shown.

    `settings` are the keys of `[data.TABLE]` without the path, and `header_row` the row that is taken for the header.
    `confirmed` are the steps that a person confirmed; what belongs to the others is a proposal. `doubts` say for keys
    why a person must look well. `is_known` tells that the settings are those by which the table was read before.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    upload: str
    table: str
    name: str
    file: str
    size: int
    by: str
    at: AwareDatetime
    settings: dict[str, Any] = Field(default_factory=dict)
    doubts: dict[str, str] = Field(default_factory=dict)
    header_row: int = 1
    confirmed: tuple[str, ...] = ()
    is_known: bool = False


def upload_name(name: str) -> str:
    """Return a file's name without folders and signs that cannot be shown."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(one for one in last if one.isprintable()).strip()[:_LONGEST_NAME] or "file"


def uploads_folder(site: Site) -> Path:
    """Return the folder of all uploads, which only its owner can read; it is made where it is missing."""
    folder = site.make_private() / UPLOADS_FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def keep_upload(site: Site, data: bytes, upload: str, table: str, name: str, by: str) -> Upload:
    """Write a file into a folder of its own. Raises `SourceUnreadable` if it holds no table."""
    folder = uploads_folder(site) / upload
    folder.mkdir(mode=0o700)
    arrived = folder / "arrived"
    replace_bytes(arrived, data, mode=0o600)
    file = f"{table}{file_suffix(arrived)}"
    arrived.rename(folder / file)
    kept = Upload(
        upload=upload, table=table, name=upload_name(name), file=file, size=len(data), by=by, at=site.now
    )
    write_upload(site, kept)
    return kept


def write_upload(site: Site, upload: Upload) -> None:
    """Keep what was settled about an upload."""
    path = _folder(site, upload.upload) / _STATE
    write_state(path, json_text(upload.model_dump(mode="json")), mode=0o600)


def read_upload(site: Site, upload: str) -> Upload:
    """Return an upload; raises `UploadGone`."""
    found = read_state(_folder(site, upload) / _STATE, Upload.model_validate, _REMEDY)
    if found is None:
        raise UploadGone("This file is no longer here: it was connected or removed. Bring it again.")
    return found


def upload_path(site: Site, upload: Upload) -> Path:
    """Return where the file of an upload lies."""
    return _folder(site, upload.upload) / upload.file


def all_uploads(site: Site) -> list[Upload]:
    """Return every upload that waits, the newest first."""
    found = []
    for folder in _folders(site):
        with suppress(UploadGone):  # it is just arriving, or was just connected
            found.append(read_upload(site, folder.name))
    return sorted(found, key=lambda one: one.at, reverse=True)


def drop_upload(site: Site, upload: str) -> None:
    """Remove an upload with its file."""
    shutil.rmtree(_folder(site, upload), ignore_errors=True)


def drop_old_uploads(site: Site, now: datetime) -> None:
    """Remove what has waited for a week."""
    for folder in _folders(site):
        with suppress(FileNotFoundError):
            if folder.stat().st_mtime < (now - KEPT_FOR).timestamp():
                shutil.rmtree(folder, ignore_errors=True)


def drop_all_uploads(site: Site) -> None:
    """Remove every upload: any of them may hold a partner who is to be forgotten."""
    shutil.rmtree(site.private / UPLOADS_FOLDER, ignore_errors=True)


def _folder(site: Site, upload: str) -> Path:
    if not _ID.fullmatch(upload):
        raise UploadGone("There is no such file: go back to Data and bring it again.")
    return site.private / UPLOADS_FOLDER / upload


def _folders(site: Site) -> Iterator[Path]:
    with suppress(FileNotFoundError):
        entries = os.scandir(site.private / UPLOADS_FOLDER)
        yield from (Path(one.path) for one in entries if one.is_dir() and _ID.fullmatch(one.name))

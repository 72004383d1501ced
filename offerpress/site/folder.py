"""The names of a site: its folder, the files in `private/`, and the variables of the environment.

This module loads nothing else, because every command begins with it.
"""

from pathlib import Path
from typing import Final

SETTINGS_FILE: Final = "offerpress.toml"

# Variables of the environment.

SECRET_NAME: Final = "OFFERPRESS_SITE_SECRET"  # noqa: S105 - the name of a variable
FORMER_SECRET_NAME: Final = "OFFERPRESS_FORMER_SITE_SECRET"  # noqa: S105 - likewise
OUTBOX: Final = "OFFERPRESS_OUTBOX"
SMTP_URL: Final = "OFFERPRESS_SMTP_URL"
DKIM_KEY: Final = "OFFERPRESS_DKIM_KEY"
SENDGRID_KEY: Final = "SENDGRID_API_KEY"
SENDGRID_URL: Final = "SENDGRID_BASE_URL"

# Files in `private/`, by their path in it.

SECRET_FILE: Final = "site-secret"  # noqa: S105 - the name of a file
FORMER_SECRET_FILE: Final = "site-secret.former"  # noqa: S105 - likewise
NEW_SECRET_FILE: Final = "site-secret.new"  # noqa: S105 - likewise
VERSIONS_FILE: Final = "keys.json"
EPOCHS_FILE: Final = "epochs.json"
BUILD_FILE: Final = "manifests/build.json"
PUBLISHED_FILE: Final = "manifests/published.json"
EXPORTS_FILE: Final = "manifests/exports.json"
PRUNED_FILE: Final = "pruned.json"
FORGOTTEN_FILE: Final = "forgotten.json"
FORGETTING_SIGNED: Final = "forgotten.signed"
CONSERVATION_FILE: Final = "reports/conservation.json"
OUTBOX_FILE: Final = "outbox.sqlite"
RECEIPTS_FILE: Final = "outbox.receipts"
SIGN_OFFS: Final = "sign-offs"
RULES: Final = "rules"
PEOPLE_FILE: Final = "people"
HISTORY_FILE: Final = "history"
APPROVALS: Final = "approvals"
TEXTS_FILE: Final = "texts.cache"
POLICY_FILE: Final = "policy.cache"
UPLOADS_FOLDER: Final = "uploads"


class OfferpressError(Exception):
    """Root of the errors of this package; its text says what, which, why and what to do."""


def find_folder(start: Path) -> Path:
    """Return `start` or the nearest folder above it that holds `offerpress.toml`; its name must be UTF-8."""
    require_utf8(start)
    for folder in (start, *start.parents):
        if (folder / SETTINGS_FILE).is_file():
            return folder
    raise OfferpressError(
        f"no site: {start}: neither it nor a folder above holds {SETTINGS_FILE}; make one with `offerpress new DIR`, "
        "or name one with --site DIR"
    )


def may_begin(folder: Path) -> bool:
    """Return whether a site may begin there: nothing is there, or only the people who came into the studio first."""
    if not folder.exists():
        return True
    if not folder.is_dir():
        return False
    names = {one.name for one in folder.iterdir()}
    return not names or (names == {"private"} and (folder / "private" / PEOPLE_FILE).exists())


def require_utf8(path: Path) -> None:
    """Raise `OfferpressError` for a path that is not UTF-8: databases and reports cannot name it."""
    if not path.as_posix().isascii() and any("\ud800" <= letter <= "\udfff" for letter in str(path)):
        raise OfferpressError(
            f"not usable: {escaped_name(str(path))}: the name is not UTF-8; rename the folder"
        )


def escaped_name(name: str) -> str:
    """Return a file's name as it can be shown: bytes that are no UTF-8 stand as escapes."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def starter_folder() -> Path:
    """Return the folder that holds `content`, `data`, `templates` and `offerpress.toml` of the starter site.

    An installed wheel carries them inside this package; in a source checkout they are the repository's root.
    """
    packaged = Path(__file__).parents[1] / "starter"
    return packaged if packaged.is_dir() else Path(__file__).parents[2]


def template_folders(site: Path, address: str = "") -> tuple[Path, ...]:
    """Return where templates of the site in that folder are looked up: its own folder first, then ours.

    `address` is a form of address with labels of its own, such as `du`; they come before ours.
    """
    own, ours = site / "templates", starter_folder() / "templates"
    folders: list[Path] = [own, ours / "address" / address, ours] if address else [own, ours]
    if own.resolve() == ours.resolve():
        folders = folders[1:]
    return tuple(folder for folder in folders if folder.is_dir())

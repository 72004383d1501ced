"""The site folder and its paths; it loads nothing, because every command begins here."""

from dataclasses import dataclass
from pathlib import Path

MARKER = "offerpress.toml"


class OfferpressError(Exception):
    """Root of the errors of this package; its text says what, which, why and what to do."""


@dataclass(frozen=True, slots=True)
class SiteFolder:
    """A site folder; every path of ours inside it is named here."""

    folder: Path

    @property
    def private(self) -> Path:
        """Secret, epochs, snapshots, manifests, batches and outbox; mode 0700, never published."""
        return self.folder / "private"

    @property
    def output(self) -> Path:
        """The built site, wholly replaceable."""
        return self.folder / "output"

    @property
    def snapshots(self) -> Path:
        """One folder for each frozen ledger."""
        return self.private / "snapshots"

    @property
    def batches(self) -> Path:
        """One file for each plan."""
        return self.private / "batches"

    @property
    def sealed(self) -> Path:
        """The sealed records of each shard, from which the next build goes on."""
        return self.private / "sealed"

    @property
    def mail(self) -> Path:
        """The Maildir of the `folder` transport."""
        return self.private / "mail"

    def make_private(self) -> Path:
        """The private folder, made with mode 0700 where it does not exist."""
        self.private.mkdir(mode=0o700, exist_ok=True)
        return self.private


def find_folder(start: Path) -> SiteFolder:
    """`start` or the nearest folder above it that holds `offerpress.toml`."""
    for folder in (start, *start.parents):
        if (folder / MARKER).is_file():
            return SiteFolder(folder)
    raise OfferpressError(
        f"no site: {start}: neither it nor a folder above holds {MARKER}; make one with `offerpress new DIR`, "
        "or name one with --site DIR"
    )


# The starter content, data and templates that travel with the package.


def starter_folder() -> Path:
    """The folder that holds `content`, `data`, `templates` and `offerpress.toml`.

    An installed wheel carries them inside this package; in a source checkout they are the repository's root.
    """
    packaged = Path(__file__).parents[1] / "starter"
    return packaged if packaged.is_dir() else Path(__file__).parents[2]


def template_folders(site: Path) -> tuple[Path, ...]:
    """Where the templates of the site in that folder are looked up, its own first."""
    folders = (site / "templates", starter_folder() / "templates")
    return tuple(dict.fromkeys(folder for folder in folders if folder.is_dir()))

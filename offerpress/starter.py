"""The starter content, data and templates that travel with the package."""

from pathlib import Path


def starter_folder() -> Path:
    """The folder that holds `content`, `data`, `templates` and `offerpress.toml`.

    An installed wheel carries them inside this package; in a source checkout they are the repository's root.
    """
    packaged = Path(__file__).parent / "starter"
    return packaged if packaged.is_dir() else Path(__file__).parent.parent


def template_folders(site: Path) -> tuple[Path, ...]:
    """Where the templates of the site in that folder are looked up, its own first."""
    folders = (site / "templates", starter_folder() / "templates")
    return tuple(dict.fromkeys(folder for folder in folders if folder.is_dir()))

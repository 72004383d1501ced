"""The site folder: where it is, what its settings say, and where its private things lie."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from generator import SiteSettings, StatementSettings, parse_toml, read_text
from ledger import DataSettings
from mailer import MailSettings
from offerpress.starter import starter_folder
from rewards import Fault, Faulty, Source, suggestion, validated

MARKER = "offerpress.toml"


class OfferpressError(Exception):
    """Root of the errors of this package; its text says what, which, why and what to do."""


@dataclass(frozen=True, slots=True)
class Settings:
    """`offerpress.toml`, validated section by section."""

    site: SiteSettings
    mail: MailSettings
    statements: StatementSettings
    data: DataSettings


@dataclass(frozen=True, slots=True)
class Site:
    """A site folder with its settings; every path of ours inside it is named here."""

    folder: Path
    settings: Settings

    @property
    def private(self) -> Path:
        """Secret, epochs, snapshots, manifests, batches and outbox; mode 0700, never published."""
        return self.folder / "private"

    @property
    def output(self) -> Path:
        """The built site, wholly replaceable."""
        return self.folder / "output"

    @property
    def template_folders(self) -> tuple[Path, ...]:
        """Where templates are looked up, the site's own first."""
        folders = (self.folder / "templates", starter_folder() / "templates")
        return tuple(dict.fromkeys(folder for folder in folders if folder.is_dir()))

    def make_private(self) -> Path:
        """The private folder, made with mode 0700 where it does not exist."""
        self.private.mkdir(mode=0o700, exist_ok=True)
        return self.private


def find_folder(start: Path) -> Path:
    """`start` or the nearest folder above it that holds `offerpress.toml`."""
    for folder in (start, *start.parents):
        if (folder / MARKER).is_file():
            return folder
    raise OfferpressError(
        f"no site: {start}: neither it nor a folder above holds {MARKER}; make one with `offerpress new DIR`, "
        "or name one with --site DIR"
    )


def open_site(folder: Path) -> Site:
    """The site of that folder; raises `Faulty` with every fault of its settings."""
    faults: list[Fault] = []
    settings = read_settings(folder, faults)
    if settings is None:
        raise Faulty(faults)
    return Site(folder, settings)


def read_settings(folder: Path, faults: list[Fault]) -> Settings | None:
    """`offerpress.toml` of that folder; None where it is faulty, with every fault added to `faults`."""
    read = _read_toml(folder / MARKER, faults)
    if read is None:
        return None
    raw, source = read
    before = len(faults)
    sections: dict[str, type[BaseModel]] = {
        "site": SiteSettings,
        "mail": MailSettings,
        "statements": StatementSettings,
        "data": DataSettings,
    }
    faults += [
        source.fault((name,), f"unknown section [{name}]", suggestion(name, sorted(sections)))
        for name in sorted(raw.keys() - sections.keys())
    ]
    tables = {name: _table(raw, name, source, faults) for name in sections}
    site = validated(SiteSettings, tables["site"], source, faults, ("site",))
    mail = validated(MailSettings, tables["mail"], source, faults, ("mail",))
    statements = validated(StatementSettings, tables["statements"], source, faults, ("statements",))
    data = validated(DataSettings, tables["data"], source, faults, ("data",))
    if len(faults) > before or not (site and mail and statements and data):
        return None
    return Settings(site, mail, statements, data)


def _table(raw: Mapping[str, object], name: str, source: Source, faults: list[Fault]) -> Mapping[str, object]:
    table = raw.get(name, {})
    if isinstance(table, dict):
        return table
    faults.append(
        source.fault((name,), f"{name!r} is not a section", f"write it as [{name}] with keys below")
    )
    return {}


def _read_toml(path: Path, faults: list[Fault]) -> tuple[Mapping[str, object], Source] | None:
    text = read_text(path, path.name, faults)
    return None if text is None else parse_toml(text, path.name, faults)

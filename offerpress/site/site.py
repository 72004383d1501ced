"""A site with all its settings, validated section by section."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from generator import SiteSettings, StatementSettings
from ledger import DataSettings
from mailer import MailSettings
from offerpress.site.folder import SiteFolder, find_folder, template_folders
from offerpress.site.marker import read_marker, section
from rewards import Fault, Faulty, suggestion, validated


@dataclass(frozen=True, slots=True)
class Settings:
    """`offerpress.toml`, validated section by section."""

    site: SiteSettings
    mail: MailSettings
    statements: StatementSettings
    data: DataSettings


@dataclass(frozen=True, slots=True)
class Site(SiteFolder):
    """A site folder with all its settings."""

    settings: Settings

    @property
    def template_folders(self) -> tuple[Path, ...]:
        """Where templates are looked up, the site's own first."""
        return template_folders(self.folder)


def open_site(folder: Path) -> Site:
    """The site of that folder; raises `Faulty` with every fault of its settings."""
    faults: list[Fault] = []
    settings = read_settings(folder, faults)
    if settings is None:
        raise Faulty(faults)
    return Site(folder, settings)


def site_at(folder: Path | None) -> Site:
    """The named site, or the one around the current folder; raises where there is none or its settings are faulty."""
    return open_site(find_folder((folder or Path()).resolve()).folder)


def read_settings(folder: Path, faults: list[Fault]) -> Settings | None:
    """`offerpress.toml` of that folder; None where it is faulty, with every fault added to `faults`."""
    read = read_marker(folder, faults)
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
    tables = {name: section(raw, name, source, faults) for name in sections}
    site = validated(SiteSettings, tables["site"], source, faults, ("site",))
    mail = validated(MailSettings, tables["mail"], source, faults, ("mail",))
    statements = validated(StatementSettings, tables["statements"], source, faults, ("statements",))
    data = validated(DataSettings, tables["data"], source, faults, ("data",))
    if len(faults) > before or not (site and mail and statements and data):
        return None
    return Settings(site, mail, statements, data)

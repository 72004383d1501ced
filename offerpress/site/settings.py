"""All settings of a site, validated section by section."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from generator import SiteSettings, StatementSettings
from ledger import DataSettings
from mailer import MailSettings
from offerpress.site.settings_file import StudioSettings, read_settings_file, section
from rewards import Fault, required, suggestion, validated
from rewards.fields import Text


class PublishSettings(BaseModel):
    """`[publish]`: where `publish` puts the built site, a folder or the URL of a store; None for nowhere."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", defer_build=True)

    to: Text | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """The sections of `offerpress.toml`."""

    site: SiteSettings
    mail: MailSettings
    statements: StatementSettings
    data: DataSettings
    publish: PublishSettings
    studio: StudioSettings


def read_all_settings(folder: Path) -> Settings:
    """Return the settings of that site folder; raises `Faulty` with every fault in them."""
    return required(lambda faults: read_settings(folder, faults))


def read_settings(folder: Path, faults: list[Fault]) -> Settings | None:
    """Return the settings of that site folder; None, with every fault added to `faults`, if they are faulty."""
    read = read_settings_file(folder, faults)
    if read is None:
        return None
    raw, source = read
    before = len(faults)
    sections: dict[str, type[BaseModel]] = {
        "site": SiteSettings,
        "mail": MailSettings,
        "statements": StatementSettings,
        "data": DataSettings,
        "publish": PublishSettings,
        "studio": StudioSettings,
    }
    faults += [
        source.fault((name,), f"unknown section [{name}]", suggestion(name, sorted(sections)))
        for name in sorted(raw.keys() - sections.keys())
    ]
    tables = {name: section(raw, name, source, faults) for name in sections}
    found: dict[str, Any] = {
        name: validated(model, tables[name], source, faults, (name,)) for name, model in sections.items()
    }
    return None if len(faults) > before or None in found.values() else Settings(**found)

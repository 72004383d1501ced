"""The file `offerpress.toml` with the line of each key, and single sections of it, which load little."""

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict

from mailer import MailSettings
from offerpress.site.folder import SETTINGS_FILE
from rewards import Fault, Faulty, KeyPath, Source, parse_toml, validated

_Section = TypeVar("_Section", bound=BaseModel)


class StudioSettings(BaseModel):
    """`[studio]`: with `commit`, people may commit their texts to git in the studio."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", defer_build=True)

    commit: bool = False


def read_settings_file(folder: Path, faults: list[Fault]) -> tuple[dict[str, object], Source] | None:
    """Return the tables of `offerpress.toml` with the line of each key; None, with a fault, if it is not TOML."""
    data = (folder / SETTINGS_FILE).read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        faults.append(Fault("the file is not UTF-8", "save it in the encoding UTF-8", SETTINGS_FILE, line))
        return None
    read = parse_toml(text, SETTINGS_FILE, faults)
    return (dict(read[0]), read[1]) if read else None


def section(raw: dict[str, object], name: str, source: Source, faults: list[Fault]) -> dict[str, object]:
    """Return the table [name], empty where it is absent; a value that is no table is a fault."""
    table = raw.get(name, {})
    if isinstance(table, dict):
        return table
    path: KeyPath = (name,)
    faults.append(source.fault(path, f"{name!r} is not a section", f"write it as [{name}] with keys below"))
    return {}


def read_section(folder: Path, name: str, model: type[_Section], faults: list[Fault]) -> _Section | None:
    """Return one section of that site's settings without the others; None, with faults added, if it is faulty."""
    read = read_settings_file(folder, faults)
    return (
        validated(model, section(read[0], name, read[1], faults), read[1], faults, (name,)) if read else None
    )


def read_mail_settings(folder: Path) -> MailSettings:
    """Return `[mail]` of that site; raises `Faulty`."""
    faults: list[Fault] = []
    mail = read_section(folder, "mail", MailSettings, faults)
    if mail is None:
        raise Faulty(faults)
    return mail

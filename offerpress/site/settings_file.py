"""The file `offerpress.toml` with the line of each key, and single sections of it, which load little."""

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, model_validator

from mailer import MailSettings
from offerpress.site.folder import SETTINGS_FILE
from rewards import Fault, KeyPath, Source, parse_toml, required, validated

_Section = TypeVar("_Section", bound=BaseModel)


def _https_origin(text: str) -> str:
    parts = urlsplit(text)
    if text != f"https://{parts.netloc}" or not parts.hostname or "@" in parts.netloc or text != text.lower():
        raise ValueError(
            f"{text!r} is no https origin; write one such as https://studio.example, without a path"
        )
    return text


def _ip_address(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError as error:
        raise ValueError(f"{text!r} is no IP address; write the one from which the proxy connects") from error


def _listed(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


HttpsOrigin = Annotated[str, AfterValidator(_https_origin)]
Proxies = Annotated[tuple[Annotated[str, AfterValidator(_ip_address)], ...], BeforeValidator(_listed)]


class StudioSettings(BaseModel):
    """`[studio]`: with `commit`, people may commit their texts to git in the studio.

    Behind a proxy, `origin` is where people open the studio, `frames` where browsers find the author origin, and only
    `proxies` may connect. All three are set, or none.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", defer_build=True)

    commit: bool = False
    origin: HttpsOrigin | None = None
    frames: HttpsOrigin | None = None
    proxies: Proxies = ()

    @model_validator(mode="after")
    def _whole(self) -> "StudioSettings":
        if len({bool(self.origin), bool(self.frames), bool(self.proxies)}) > 1:
            raise ValueError("'origin', 'frames' and 'proxies' belong together; set all three, or none")
        if self.origin and urlsplit(self.origin).hostname == urlsplit(self.frames or "").hostname:
            raise ValueError(
                "'origin' and 'frames' have one host; cookies know no ports, so give each its own"
            )
        return self


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
    return required(lambda faults: read_section(folder, "mail", MailSettings, faults))

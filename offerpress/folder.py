"""The site folder and its paths, and the settings of mail alone: all that sending needs, so it loads little."""

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from mailer import MailSettings
from rewards import Fault, Faulty, KeyPath, Source, validated
from rewards.toml_text import parse_toml

MARKER = "offerpress.toml"
_Section = TypeVar("_Section", bound=BaseModel)


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


def read_marker(folder: Path, faults: list[Fault]) -> tuple[dict[str, object], Source] | None:
    """`offerpress.toml` with the line of each key; None where it is no TOML."""
    data = (folder / MARKER).read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        faults.append(Fault("the file is not UTF-8", "save it in the encoding UTF-8", MARKER, line))
        return None
    read = parse_toml(text, MARKER, faults)
    return (dict(read[0]), read[1]) if read else None


def section(raw: dict[str, object], name: str, source: Source, faults: list[Fault]) -> dict[str, object]:
    """The table [name], empty where it is absent; what is no table is a fault."""
    table = raw.get(name, {})
    if isinstance(table, dict):
        return table
    path: KeyPath = (name,)
    faults.append(source.fault(path, f"{name!r} is not a section", f"write it as [{name}] with keys below"))
    return {}


def read_section(
    folder: SiteFolder, name: str, model: type[_Section], faults: list[Fault]
) -> _Section | None:
    """One section of that site's settings, without the others; None where it is faulty, with its faults added."""
    read = read_marker(folder.folder, faults)
    return (
        validated(model, section(read[0], name, read[1], faults), read[1], faults, (name,)) if read else None
    )


def read_mail_settings(folder: SiteFolder) -> MailSettings:
    """`[mail]` of that site; raises `Faulty`."""
    faults: list[Fault] = []
    mail = read_section(folder, "mail", MailSettings, faults)
    if mail is None:
        raise Faulty(faults)
    return mail

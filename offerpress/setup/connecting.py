"""Connects an export to a table: proposes its settings, rehearses the reading, and writes file and settings.

It adds no rule of reading. What it writes is what `[data]` can say, and the ledger's own reader reads every preview.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from generator import read_sound_content
from ledger import DataSettings, Known, RawFile, Rehearsal, TableSource, open_raw, propose_settings, rehearse
from offerpress.setup.settings_edit import write_table_settings
from offerpress.setup.uploads import Upload, drop_upload, upload_path, write_upload
from offerpress.site.folder import SETTINGS_FILE, OfferpressError
from offerpress.site.settings_file import read_settings_file
from offerpress.site.site import Site
from offerpress.site.state import replace_bytes
from rewards import Fault, Policy, Source, required, validated

FORM_RULES = frozenset(
    {
        *("missing file", "empty file", "unreadable", "encoding", "source", "format", "ragged row", "no end"),
        *("missing column", "missing part", "unmapped column", "repeated column", "two names", "constant"),
        *("undeclared form", "unusable value", "left out", "other serials", "bad day", "bad instant"),
        *("bad amount", "bad rate", "unknown status", "unknown plan", "unknown currency", "unknown level"),
    }
)
"""The rules of faults that another setting of the table may cure."""
_GIVEN = ("encoding", "delimiter", "sheet", "header_row")


@dataclass(frozen=True, slots=True)
class Tried:
    """An upload as it would be read: the settings with the path, and the rehearsal; `wrong` says why there is none."""

    settings: Mapping[str, object]
    rehearsal: Rehearsal | None
    wrong: tuple[str, ...] = ()

    @property
    def faults(self) -> list[Fault]:
        """Every fault and remark of all tables, as `check` will name them."""
        return self.rehearsal.faults if self.rehearsal else []


def policy_of(site: Site) -> Policy:
    """Return the program with its offers; raises `Faulty` if the program has faults."""
    sound = read_sound_content(site.folder, site.settings.site)
    if sound is None:
        raise OfferpressError(
            "The program has faults. The page “Today” names each of them: correct them first."
        )
    return sound.policy


def known_of(site: Site, partner_ids: Collection[str]) -> Known:
    """Return what the site knows by which the values of an export are recognised."""
    policy, day = policy_of(site), site.day("UTC")
    levels = {level.id: level.name for level in policy.program.levels}
    offers = {
        offer.slug: (terms.title if (terms := offer.terms_on(day)) else offer.slug)
        for offer in policy.offers
        if offer.kind == "cashback"
    }
    base = policy.program.base_level
    return Known({base: base, **levels}, offers, policy.program.currency, frozenset(partner_ids))


def begun(site: Site, upload: Upload, known: Known) -> Upload:
    """Return an upload with the settings by which the table was read before if they fit, else with proposed ones."""
    former = former_settings(site, upload.table)
    tried = try_upload(site, upload.model_copy(update={"settings": former, "is_known": True}))
    if tried.rehearsal and tried.rehearsal.row_count and not _form_faults(tried, upload):
        raw = _raw(site, upload, former)
        return upload.model_copy(update={"settings": former, "is_known": True, "header_row": raw.header_row})
    return proposed(site, upload, known, {})


def _form_faults(tried: Tried, upload: Upload) -> list[Fault]:
    found = [one for one in tried.faults if one.severity == "fault" and one.rule in FORM_RULES]
    return [one for one in found if one.file.endswith(f"/{upload.file}")]


def proposed(site: Site, upload: Upload, known: Known, given: Mapping[str, object]) -> Upload:
    """Return an upload with proposed settings around those that a person gave."""
    found = propose_settings(upload.table, upload_path(site, upload), known, given)
    raw = _raw(site, upload, found.settings)
    row = given.get("header_row")
    return upload.model_copy(
        update={
            "settings": found.settings,
            "doubts": found.doubts,
            "header_row": row if isinstance(row, int) else raw.header_row,
            "is_known": False,
        }
    )


def raw_rows_of(site: Site, upload: Upload) -> RawFile:
    """Return the rows of an upload as they stand, by its encoding, sheet and the like."""
    given = {name: value for name, value in upload.settings.items() if name in _GIVEN}
    return _raw(site, upload, given)


def _raw(site: Site, upload: Upload, settings: Mapping[str, object]) -> RawFile:
    return open_raw(
        upload.table, upload_path(site, upload), TableSource.model_validate({"path": "", **settings})
    )


def former_settings(site: Site, table: str) -> dict[str, object]:
    """Return what `[data.TABLE]` says without path and query."""
    found = _data_section(site).get(table)
    return (
        {key: value for key, value in found.items() if key not in {"path", "query"}}
        if isinstance(found, dict)
        else {}
    )


def _data_section(site: Site) -> dict[str, object]:
    raw, _ = required(lambda faults: read_settings_file(site.folder, faults))
    data = raw.get("data")
    return dict(data) if isinstance(data, dict) else {}


def try_upload(site: Site, upload: Upload) -> Tried:
    """Read everything with the upload in the place of its table; nothing is written."""
    path = upload_path(site, upload)
    settings = {"path": path.relative_to(site.folder).as_posix(), **_stated(upload.settings)}
    found: list[Fault] = []
    data = _validated(site, upload.table, settings, found)
    if data is not None and "header_row" not in settings:
        raw = open_raw(upload.table, path, data.of(upload.table))
        if raw.header_row != upload.header_row and not upload.is_known:
            settings["header_row"] = upload.header_row
            data = _validated(site, upload.table, settings, found)
    if data is None:
        return Tried(settings, None, tuple(f"{one.what}; {one.remedy}" for one in found))
    return Tried(settings, rehearse(data, site.folder, policy_of(site), upload.table, site.environment))


def _stated(settings: Mapping[str, object]) -> dict[str, object]:
    """Return the settings without words that have no meaning yet, and without empty ones."""
    values = settings.get("values")
    words = {
        column: {theirs: ours for theirs, ours in named.items() if ours}
        for column, named in (values.items() if isinstance(values, dict) else ())
    }
    stated = {**settings, "values": {column: named for column, named in words.items() if named}}
    return {key: value for key, value in stated.items() if value not in ("", 0, [], {}, None)}


def _validated(
    site: Site, table: str, settings: Mapping[str, object], faults: list[Fault]
) -> DataSettings | None:
    data = {**_data_section(site), table: dict(settings)}
    return validated(DataSettings, data, Source(SETTINGS_FILE), faults, ("data",))


def place_of(site: Site, upload: Upload) -> str:
    """Return where the file goes: under the name that the settings say, if it is of that kind; else under `data/`."""
    suffix = Path(upload.file).suffix
    path = site.settings.data.of(upload.table).path
    is_plain = re.search(r"[*?\[\]$:]", path) is None and Path(path).suffix.lower() == suffix
    inside = is_plain and (site.folder / path).resolve().is_relative_to(site.folder.resolve())
    return path if inside else f"data/{upload.table}{suffix}"


def connect_upload(site: Site, upload: Upload) -> str:
    """Put the file into its place and write the settings; return the place.

    The file comes first. A crash between both leaves the upload, which can be connected again.
    """
    tried = try_upload(site, upload)
    if tried.rehearsal is None:
        raise OfferpressError("\n".join(tried.wrong))
    place = place_of(site, upload)
    target = (site.folder / place).resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    replace_bytes(target, upload_path(site, upload).read_bytes())
    settings = {**tried.settings, "path": place}
    said = _data_section(site).get(upload.table)
    if settings != {"path": f"data/{upload.table}.csv"} or said is not None:
        write_table_settings(site.folder, upload.table, settings)
    drop_upload(site, upload.upload)
    return place


def confirm_step(site: Site, upload: Upload, step: str) -> None:
    """Keep an upload with that step confirmed."""
    steps = tuple(dict.fromkeys([*upload.confirmed, step]))
    write_upload(site, upload.model_copy(update={"confirmed": steps}))

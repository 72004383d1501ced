"""What the steps that connect a file do: take the file, keep what a person chose, and write at the end."""

from collections.abc import Mapping

from ledger import LedgerError
from ledger.tables import BY_NAME
from offerpress.setup.connecting import (
    begun,
    confirm_step,
    connect_upload,
    known_of,
    proposed,
    raw_rows_of,
    try_upload,
)
from offerpress.setup.uploads import (
    Upload,
    drop_old_uploads,
    drop_upload,
    keep_upload,
    read_upload,
    upload_name,
    write_upload,
)
from offerpress.studio.data.wizard_pages import JOINABLE, STEPS, partner_ids
from offerpress.studio.data.words import TABLE_WORDS
from offerpress.studio.state.studio import Done, NotDone, NotThere, Visit, address_of

CONNECTED = "connected a file"
_ID_BYTES = 16
_OF_FILES = ("encoding", "delimiter", "sheet")
_OF_COLUMNS = ("columns", "join", "constant", "default")


def take_table_file(visit: Visit, data: bytes) -> dict[str, object]:
    """Keep a file that arrived whole, and propose its settings; what holds no table is refused and removed."""
    visit.need("operator", "finance")
    table, name = visit.query.get("table", ""), visit.query.get("file_name", "")
    if table not in BY_NAME:
        raise NotThere("There is no such table: go back to Data.")
    known = known_of(visit.site, partner_ids(visit))
    drop_old_uploads(visit.site, visit.now)
    upload = visit.studio.random_text(_ID_BYTES)
    try:
        kept = keep_upload(visit.site, data, upload, table, name, visit.person.person)
        write_upload(visit.site, begun(visit.site, kept, known))
    except LedgerError as error:
        drop_upload(visit.site, upload)
        raise NotDone(f"{upload_name(name)} {error}.") from error
    except BaseException:
        drop_upload(visit.site, upload)
        raise
    return {"to": address_of("/data/connect", upload=upload)}


def save_step(visit: Visit) -> Done:
    """Keep what a person chose in a step, and go on to the next one unless the choices contradict each other."""
    visit.need("operator", "finance")
    step = visit.query.get("step", "")
    with visit.studio.change:
        upload = read_upload(visit.site, visit.query.get("upload", ""))
        savers = {"file": _with_file, "columns": _with_columns, "forms": _with_forms, "rows": _with_rows}
        if step not in savers:
            raise NotThere("There is no such step: go back to Data.")
        changed = savers[step](visit, upload)
        write_upload(visit.site, changed)
        stays = visit.query.get("go") == "stay" or bool(try_upload(visit.site, changed).wrong)
        if not stays:
            confirm_step(visit.site, changed, step)
    names = list(STEPS)
    to = step if stays else names[names.index(step) + 1]
    return Done(address_of("/data/connect", upload=upload.upload, step=to))


def _kept(upload: Upload, names: tuple[str, ...]) -> dict[str, object]:
    return {name: upload.settings[name] for name in names if upload.settings.get(name)}


def _with_file(visit: Visit, upload: Upload) -> Upload:
    """Another encoding, sheet or header gives other columns, so everything after it is proposed anew."""
    form = visit.query
    given: dict[str, object] = {name: form[name] for name in _OF_FILES if form.get(name)}
    row = form.get("header_row", "")
    raw = raw_rows_of(visit.site, upload)
    before = {name: getattr(raw, name) for name in ("encoding",)} | {
        "delimiter": upload.settings.get("delimiter", ""),
        "sheet": upload.settings.get("sheet", "") or (raw.sheets[0] if raw.sheets else ""),
    }
    same = all(form.get(name, before[name]) == before[name] for name in _OF_FILES)
    if same and row in {"", str(upload.header_row)}:
        return upload
    if row.isdecimal() and same:
        given["header_row"] = int(row)
    known = known_of(visit.site, partner_ids(visit))
    return proposed(visit.site, upload.model_copy(update={"confirmed": ()}), known, given)


def _with_columns(visit: Visit, upload: Upload) -> Upload:
    """Other columns have other days, numbers and words, so those are proposed anew."""
    form, former = visit.query, upload.settings
    chosen: dict[str, dict[str, object]] = {name: {} for name in _OF_COLUMNS}
    for column in BY_NAME[upload.table].names:
        picked, second = form.get(f"column.{column}", ""), form.get(f"join.{column}", "")
        if picked and second and column in JOINABLE:
            chosen["join"][column] = [picked, second]
        elif picked:
            listed = former.get("columns", {}).get(column)
            if isinstance(listed, list) and picked in listed:
                chosen["columns"][column] = listed
            elif picked != column:
                chosen["columns"][column] = picked
        for name in ("constant", "default"):
            if text := form.get(f"{name}.{column}", "").strip():
                chosen[name][column] = text
    if all(chosen[name] == former.get(name, {}) for name in _OF_COLUMNS):
        return upload
    given = {**_kept(upload, (*_OF_FILES, "header_row")), **chosen}
    return proposed(
        visit.site, upload.model_copy(update={"confirmed": ("file",)}), known_of(visit.site, ()), given
    )


def _changed(upload: Upload, settings: Mapping[str, object]) -> Upload:
    """Return the upload with other settings; a value that says nothing takes its key away."""
    merged = {name: value for name, value in {**upload.settings, **settings}.items() if value}
    return upload.model_copy(update={"settings": merged})


def _with_forms(visit: Visit, upload: Upload) -> Upload:
    form = visit.query
    days = [form.get(f"day.{n}", "") for n in range(3)]
    words = {
        column: {theirs: form.get(f"word.{column}.{n}", "").strip() for n, theirs in enumerate(named)}
        for column, named in upload.settings.get("values", {}).items()
    }
    settings: dict[str, object] = {"values": words}
    if "day.0" in form:
        settings["dates"] = list(dict.fromkeys(day for day in days if day))
    if "decimal" in form:
        settings |= {"decimal": form["decimal"], "thousands": form.get("thousands", "")}
        if settings["thousands"] and not settings["decimal"]:
            settings["decimal"] = "."
    return _changed(upload, settings)


def _with_rows(visit: Visit, upload: Upload) -> Upload:
    form, key = visit.query, BY_NAME[upload.table].key[0]
    count = form.get("skip_last", "")
    return _changed(
        upload,
        {
            "stop_at": form.get("stop_at", "").strip(),
            "skip_last": int(count) if count.isdecimal() else 0,
            "drop_empty": key if form.get("drops") else "",
        },
    )


def connect_file(visit: Visit) -> Done:
    """Put the file into its place and write the settings; the figures are read anew by the next look."""
    visit.need("operator", "finance")
    with visit.studio.change:
        upload = read_upload(visit.site, visit.query.get("upload", ""))
        place = connect_upload(visit.site, upload)
        visit.record(
            CONNECTED, TABLE_WORDS[upload.table][0], note=f"{upload.name}, {upload.size:,} bytes, as {place}"
        )
    return Done(address_of("/data", connected=upload.table))


def remove_upload(visit: Visit) -> Done:
    """Remove a file that nobody wants to connect."""
    visit.need("operator", "finance")
    with visit.studio.change:
        drop_upload(visit.site, visit.query.get("upload", ""))
    return Done("/data")

"""The steps that connect a file to a table: what each of them shows.

A step shows what is proposed, marked as a guess until a person has confirmed it, beside rows of the file itself.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ledger import ExplainedRow, RawFile, Rehearsal
from ledger.tables import BY_NAME, PLANS, STATUSES, Table
from offerpress.setup.connecting import Tried, known_of, place_of, raw_rows_of, try_upload
from offerpress.setup.uploads import Upload, read_upload
from offerpress.site.folder import SETTINGS_FILE
from offerpress.studio.data.words import (
    COLUMN_WORDS,
    DAY_WORDS,
    DECIMAL_WORDS,
    DELIMITER_WORDS,
    ENCODING_WORDS,
    GROUP_WORDS,
    TABLE_WORDS,
    sorted_by_kind,
)
from offerpress.studio.state.studio import Context, Visit, address_of
from rewards import Fault

STEPS: Mapping[str, str] = {
    "file": "File",
    "columns": "Columns",
    "forms": "Days, numbers and words",
    "rows": "Rows",
    "check": "Check and connect",
}
_ABOVE = 14
_LAST = 12
_SAMPLES = 3
_MOST_DAYS = 3
JOINABLE = ("name", "contact_name", "manager_name")


def partner_ids(visit: Visit) -> Sequence[str]:
    """Return the partners of the last figures, by whose numbers a column of partners is recognised."""
    current = visit.studio.reader.last
    return list(current.people) if current else []


def connect_page(visit: Visit) -> Context:
    """Show one step of connecting a file; without a name that which is not confirmed yet."""
    visit.need("operator", "finance")
    upload = read_upload(visit.site, visit.query.get("upload", ""))
    step = visit.query.get("step", "")
    if step not in STEPS:
        open_steps = (name for name in STEPS if name not in upload.confirmed)
        step = "check" if upload.is_known else next(open_steps, "check")
    table, tried = BY_NAME[upload.table], tried_upload(visit, upload)
    shown = {"file": _file, "columns": _columns, "forms": _forms, "rows": _rows}
    return {
        "upload": upload.upload,
        "name": upload.name,
        "table": TABLE_WORDS[upload.table][0],
        "step": step,
        "steps": _steps(upload, step),
        "guessed": step not in upload.confirmed and not upload.is_known,
        "is_known": upload.is_known,
        "doubts": upload.doubts,
        "wrong": tried.wrong,
        "sample": _sample(tried.rehearsal, table),
        **(shown[step](visit, upload) if step in shown else _check(visit, upload, tried)),
    }


def tried_upload(visit: Visit, upload: Upload) -> Tried:
    """Return how the upload would be read, tried again only when something about it or the settings changed."""
    facts = (visit.site.folder / SETTINGS_FILE).stat()
    stamp = upload.model_dump_json(exclude={"confirmed"}), facts.st_mtime_ns
    return visit.studio.remembered("upload", stamp, lambda: try_upload(visit.site, upload))


def _steps(upload: Upload, step: str) -> list[Context]:
    return [
        {
            "name": name,
            "word": word,
            "href": address_of("/data/connect", upload=upload.upload, step=name),
            "state": "now" if name == step else "done" if name in upload.confirmed or upload.is_known else "",
        }
        for name, word in STEPS.items()
    ]


def _sample(rehearsal: Rehearsal | None, table: Table) -> Context | None:
    """Return the first rows as they stand and as they are read, with our columns that the file has."""
    if rehearsal is None or not rehearsal.rows:
        return None
    there = {cell.column for row in rehearsal.rows for cell in row.cells if cell.names or cell.value}
    columns = [name for name in table.names if name in there]
    return {
        "columns": [(COLUMN_WORDS[name], _names(rehearsal.rows, name)) for name in columns],
        "rows": [_sample_row(row, columns) for row in rehearsal.rows],
    }


def _names(rows: Sequence[ExplainedRow], column: str) -> str:
    found = (" + ".join(cell.names) for row in rows for cell in row.cells if cell.column == column)
    return next(found, "")


def _sample_row(row: ExplainedRow, columns: Sequence[str]) -> Context:
    cells = {cell.column: cell for cell in row.cells}
    return {
        "row": row.row,
        "left_out": not row.cells,
        "cells": [
            {"raw": " + ".join(cells[name].texts), "read": cells[name].value}
            for name in columns
            if name in cells
        ],
    }


# The steps.


def _file(visit: Visit, upload: Upload) -> Context:
    raw = raw_rows_of(visit.site, upload)
    encodings = dict(ENCODING_WORDS)
    if raw.encoding:
        encodings.setdefault(raw.encoding, raw.encoding)
    return {
        "encodings": list(encodings.items()) if raw.encoding else [],
        "encoding": raw.encoding,
        "delimiters": list(DELIMITER_WORDS.items()) if raw.encoding else [],
        "delimiter": upload.settings.get("delimiter", ""),
        "delimiter_found": DELIMITER_WORDS.get(raw.delimiter, raw.delimiter),
        "sheets": raw.sheets if len(raw.sheets) > 1 else (),
        "sheet": upload.settings.get("sheet", "") or (raw.sheets[0] if raw.sheets else ""),
        "has_header": upload.file.endswith((".csv", ".xlsx")),
        "header_row": upload.header_row,
        "above": [{"row": row.row, "cells": row.fields} for row in raw.head[:_ABOVE]],
        "sample": None,
    }


def _columns(visit: Visit, upload: Upload) -> Context:
    raw, settings = raw_rows_of(visit.site, upload), upload.settings
    table = BY_NAME[upload.table]
    picked = settings.get("columns", {})
    rows = []
    for column in table.columns:
        joined = settings.get("join", {}).get(column.name, [])
        name = joined[0] if joined else picked_name(picked.get(column.name, column.name), raw)
        rows.append(
            {
                "id": column.name,
                "word": COLUMN_WORDS[column.name],
                "required": column.required,
                "picked": name,
                "second": joined[1] if joined else "",
                "joinable": column.name in JOINABLE,
                "constant": settings.get("constant", {}).get(column.name, ""),
                "default": settings.get("default", {}).get(column.name, ""),
                "examples": _examples(raw, name),
            }
        )
    used = {str(row["picked"]) for row in rows} | {str(row["second"]) for row in rows}
    return {
        "columns": rows,
        "names": [name for name in dict.fromkeys(raw.names) if name],
        "unused": [name for name in dict.fromkeys(raw.names) if name and name not in used],
        "sample": None,
    }


def picked_name(given: Any, raw: RawFile) -> str:  # noqa: ANN401 - a text or a list, as the settings have it
    """Return which of the names that the settings give to a column this file has."""
    return next((name for name in ([given] if isinstance(given, str) else given) if name in raw.names), "")


def _examples(raw: RawFile, name: str) -> list[str]:
    if not name:
        return []
    at = raw.names.index(name)
    found = (row.fields[at].strip() for row in raw.rows if at < len(row.fields))
    return list(dict.fromkeys(text for text in found if text))[:_SAMPLES]


def _forms(visit: Visit, upload: Upload) -> Context:
    settings, table = upload.settings, BY_NAME[upload.table]
    dates = settings.get("dates", [])
    dates = [dates] if isinstance(dates, str) else list(dates)
    days = {**DAY_WORDS, **{form: form for form in dates if form not in DAY_WORDS}}
    known = known_of(visit.site, ())
    choices: Mapping[str, Sequence[tuple[str, str]]] = {
        "status": [(one, one) for one in STATUSES],
        "plan": [(one, one) for one in PLANS],
        "level": list(known.levels.items()),
        "offer": list(known.offers.items()),
    }
    kinds = {column.name: column.kind for column in table.columns}
    return {
        "has_days": bool(table.of_kind("day", "instant")),
        "days": list(days.items()),
        "chosen_days": (dates + [""] * _MOST_DAYS)[:_MOST_DAYS],
        "has_numbers": bool(table.of_kind("amount", "rate")),
        "decimals": list(DECIMAL_WORDS.items()),
        "decimal": settings.get("decimal") or "",
        "groups": list(GROUP_WORDS.items()),
        "thousands": settings.get("thousands", ""),
        "words": [
            {
                "id": column,
                "word": COLUMN_WORDS[column],
                "choices": choices.get(kinds[column], ()),
                "named": list(named.items()),
            }
            for column, named in settings.get("values", {}).items()
        ],
    }


def _rows(visit: Visit, upload: Upload) -> Context:
    raw, key = raw_rows_of(visit.site, upload), BY_NAME[upload.table].key[0]
    drop = upload.settings.get("drop_empty", "")
    return {
        "stop_at": upload.settings.get("stop_at", ""),
        "skip_last": upload.settings.get("skip_last", 0),
        "drops": key in ([drop] if isinstance(drop, str) else drop),
        "key_word": COLUMN_WORDS[key],
        "last": [{"row": row.row, "cells": row.fields} for row in raw.tail[-_LAST:]],
        "sample": None,
    }


def _check(visit: Visit, upload: Upload, tried: Tried) -> Context:
    mine, others = _split(tried, upload)
    wrong = [one for one in mine if one.severity == "fault"]
    rehearsal = tried.rehearsal
    return {
        "fault_count": len(wrong),
        "faults": sorted_by_kind(wrong),
        "remarks": sorted_by_kind(one for one in mine if one.severity != "fault"),
        "others": sorted_by_kind(one for one in others if one.severity == "fault"),
        "rows_read": f"{rehearsal.row_count:,}" if rehearsal else "",
        "sums": [f"{amount} {currency}" for currency, amount in rehearsal.sums.items()] if rehearsal else [],
        "place": place_of(visit.site, upload),
        "replaces": (visit.site.folder / place_of(visit.site, upload)).exists(),
    }


def _split(tried: Tried, upload: Upload) -> tuple[list[Fault], list[Fault]]:
    """Return the faults and remarks of the file itself, and those of the other tables."""
    end = f"/{upload.upload}/{upload.file}"
    named = f"data.control.{upload.table}"
    mine = [one for one in tried.faults if one.file.endswith(end) or one.field == named]
    return mine, [one for one in tried.faults if one not in mine]

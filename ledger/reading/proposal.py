"""Proposes the settings of an export that nobody has connected yet: columns, forms, words and rows to leave out.

A proposal is shown to a person, who confirms or corrects it. Figures are never read by it: what is declared is read
strictly, and a value in another form stays a fault.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

from ledger.reading.csv_text import TextRow
from ledger.reading.forms import USUAL_FORMS, Written, date_reader, number_reader
from ledger.reading.raw import RawFile, likely_columns, open_raw
from ledger.settings import SERIALS, TableSource
from ledger.tables import BY_NAME, PLANS, STATUSES, TOTALS, Column, Table
from rewards import MINOR_UNITS

_PLAIN_NUMBER = re.compile(r"-?[0-9]+(?:\.([0-9]+))?")
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}(?:[Tt ].+)?")
_MOST_FORMS = 3
_MOST_WORDS = 20
_OF_FILES = ("encoding", "delimiter", "sheet", "header_row")
_OF_COLUMNS = ("columns", "join", "constant", "default")

OUR_WORDS: Mapping[str, str] = {
    "active": "active, aktiv, ja, yes, actif, activo, activa, alta, open, offen, live, 取引中, نشط, فعال",
    "closed": "closed, inactive, inaktiv, gekündigt, gesperrt, geschlossen, nein, no, résilié, inactif, cerrado, "
    "inactivo, inactiva, baja, cancelado, cancelled, terminated, ended, 終了, مغلق, غير نشط, ملغى",
    "paid": "paid, bezahlt, kostenpflichtig, payant, de pago, pagado, pagada, 有償, مدفوع",
    "free": "free, frei, kostenlos, gratis, gratuit, gratuito, gratuita, 無償, مجاني",
    "trial": "trial, test, testversion, probe, essai, prueba, evaluation, eval, تجريبي",
    "nfr": "nfr, not for resale, eigenbedarf, demo, demoversion, interno",
}
"""The words by which programs in several languages name what our columns can hold."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a site knows by which values are recognised: the levels' names by id, the offers' titles by slug.

    `currency` is that of the program.
    """

    levels: Mapping[str, str]
    offers: Mapping[str, str]
    currency: str
    partner_ids: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ProposedSettings:
    """The proposed keys of `[data.TABLE]` without its path, and for some of them why a person must look well."""

    settings: dict[str, object]
    doubts: dict[str, str] = field(default_factory=dict)


def propose_settings(
    table: str, path: Path, known: Known, given: Mapping[str, object] | None = None
) -> ProposedSettings:
    """Return the settings that probably read a file of that table, around those that a person gave.

    With `columns` given, the columns stay as they are, with `join`, `constant` and `default`. Raises
    `SourceUnreadable` and `OSError`.
    """
    given = given or {}
    form = {name: value for name, value in given.items() if name in _OF_FILES and value}
    raw = open_raw(table, path, TableSource.model_validate({"path": "", **form}) if form else None)
    return _proposed(BY_NAME[table], raw, known, given)


def _proposed(table: Table, raw: RawFile, known: Known, given: Mapping[str, object]) -> ProposedSettings:
    settings = {name: value for name, value in given.items() if name in _OF_FILES and value}
    doubts: dict[str, str] = {}
    if raw.encoding and raw.encoding != "utf-8":
        settings["encoding"] = raw.encoding
    if "columns" in given:
        source = TableSource.model_validate(
            {"path": "", **{name: given[name] for name in _OF_COLUMNS if name in given}}
        )
        settings |= {name: given[name] for name in _OF_COLUMNS if given.get(name)}
        there = {name: _theirs(source, name, raw.names) for name in table.names}
        columns = {name: theirs for name, theirs in there.items() if theirs}
    else:
        columns = _guessed_columns(table, raw, known, settings, doubts)
    places = {name: raw.names.index(theirs) for name, theirs in columns.items()}
    _leave_out(table, raw, places, settings)
    kept = [row for row in raw.rows if _is_data(table, row, places)]
    _forms_of_days(table, kept, places, raw, settings, doubts)
    _forms_of_numbers(table, kept, places, columns, settings, doubts)
    words = dict(_words(table, raw, kept, places, known))
    if words:
        settings["values"] = words
    return ProposedSettings(settings, doubts)


def _theirs(source: TableSource, column: str, names: Sequence[str]) -> str:
    """Return the name in the file that the settings give to one of our columns; "" where the file has none."""
    if column in source.join or column in source.constant:
        return ""
    return next((name for name in source.names_of(column) if name in names), "")


def _guessed_columns(
    table: Table, raw: RawFile, known: Known, settings: dict[str, object], doubts: dict[str, str]
) -> dict[str, str]:
    """Return the likely names in the file by our columns, and add the settings that say them."""
    found = likely_columns(table, raw, known.levels, known.partner_ids)
    columns = dict(found.columns)
    if "currency" in table.names and "currency" not in columns:
        amount = raw.names.index(columns["amount"]) if "amount" in columns else None
        places = {name: raw.names.index(theirs) for name, theirs in columns.items()}
        if _carries_currency([row for row in raw.rows if _is_data(table, row, places)], amount):
            columns["currency"] = columns["amount"]
        else:
            settings["constant"] = {"currency": known.currency}
            doubts["constant"] = (
                f"No column names the currency, so {known.currency} of the program is proposed for all rows."
            )
    mapped = {name: theirs for name, theirs in columns.items() if name != theirs}
    if mapped:
        settings["columns"] = mapped
    if found.joined:
        settings["join"] = {name: list(parts) for name, parts in found.joined.items()}
    return columns


# Rows.


def _is_data(table: Table, row: TextRow, places: Mapping[str, int]) -> bool:
    """Return whether a row has a value in every column that needs one."""
    needed = [places[column.name] for column in table.columns if column.filled and column.name in places]
    return not row.broken and all(at < len(row.fields) and row.fields[at].strip() for at in needed)


def _leave_out(table: Table, raw: RawFile, places: Mapping[str, int], settings: dict[str, object]) -> None:
    """Propose how to leave out the rows below the data, and rows of subtotals between them."""
    rows = raw.rows
    below: list[TextRow] = []
    for row in reversed(raw.tail):
        if row.row <= raw.header_row or _is_data(table, row, places):
            break
        below.insert(0, row)
    first = places.get(table.key[0])
    if below and len(below) < len(raw.tail):
        stop = next((cell.strip() for cell in below[0].fields if _names_total(cell)), "")
        above = sum(stop in map(str.strip, row.fields) for row in rows if row.row < below[0].row)
        if stop and not above and not any(_is_data(table, row, places) for row in below):
            settings["stop_at"] = stop
        else:
            settings["skip_last"] = len(below)
    end = below[0].row if below else None
    between = [
        row
        for row in rows
        if (end is None or row.row < end) and not row.broken and not _is_data(table, row, places)
    ]
    if first is not None and any(
        first < len(row.fields) and not row.fields[first].strip() for row in between
    ):
        settings["drop_empty"] = table.key[0]


def _names_total(cell: str) -> bool:
    return cell.strip(" :").lower() in TOTALS


def _texts(rows: Sequence[TextRow], at: int | None) -> list[str]:
    """Return the different texts of a column that came without a type, in their order."""
    if at is None:
        return []
    found = (row.fields[at].strip() for row in rows if at < len(row.fields) and at not in row.typed)
    return [text for text in dict.fromkeys(found) if text]


# Days.


def _forms_of_days(
    table: Table,
    rows: Sequence[TextRow],
    places: Mapping[str, int],
    raw: RawFile,
    settings: dict[str, object],
    doubts: dict[str, str],
) -> None:
    """Propose as few forms as read every day; say so where another form would read them all as other days."""
    columns = [one.name for one in table.of_kind("day", "instant") if one.name in places]
    texts = [text for name in columns for text in _texts(rows, places[name]) if not _ISO.fullmatch(text)]
    typed = {text for name in columns for text in _numbers_as_days(rows, places[name])}
    serial = SERIALS[1] if raw.from_1904 else SERIALS[0]
    forms: list[str] = [serial] if typed else []
    rest = [text for text in dict.fromkeys(texts) if not (forms and _reads(serial, text))]
    while rest and len(forms) < _MOST_FORMS:
        best = max((*USUAL_FORMS, serial), key=lambda form: sum(_reads(form, text) for text in rest))
        read = [text for text in rest if _reads(best, text)]
        if not read:
            break
        others = [form for form in USUAL_FORMS if form != best and all(_day(form, text) for text in read)]
        if others:
            text = next((one for one in read if _day(others[0], one) != _day(best, one)), read[0])
            doubts["dates"] = (
                f"{text} can be {_day(best, text)} or {_day(others[0], text)}: no day in the file decides."
                if _day(best, text) != _day(others[0], text)
                else f"{text} is the same day in two forms: no day in the file decides which of them is meant."
            )
        forms.append(best)
        rest = [text for text in rest if text not in read]
    if forms:
        settings["dates"] = forms


def _numbers_as_days(rows: Sequence[TextRow], at: int) -> Iterator[str]:
    """Yield the numbers in cells that should hold days."""
    for row in rows:
        if at in row.typed and row.fields[at].strip() and not _ISO.fullmatch(row.fields[at].strip()):
            yield row.fields[at].strip()


def _day(form: str, text: str) -> str:
    try:
        return date_reader((form,))(text)
    except ValueError:
        return ""


def _reads(form: str, text: str) -> bool:
    return bool(_day(form, text))


# Numbers.


def _forms_of_numbers(
    table: Table,
    rows: Sequence[TextRow],
    places: Mapping[str, int],
    columns: Mapping[str, str],
    settings: dict[str, object],
    doubts: dict[str, str],
) -> None:
    """Propose the signs in the numbers; say so where others would read them all as other numbers."""
    kinds = [one.name for one in table.of_kind("amount", "rate") if one.name in places]
    texts = [text for name in kinds for text in _texts(rows, places[name])]
    most = 30 if table.of_kind("rate") else _decimals(rows, places)
    if not texts or (
        columns.get("currency") != columns.get("amount", "-") and all(_is_plain(one, most) for one in texts)
    ):
        return
    forms = [(mark, group) for group, mark in product(("", ".", ",", " ", "'"), (".", ",")) if group != mark]
    counted = {form: sum(_fits(_number(form, text), most) for text in texts) for form in forms}
    best = max(forms, key=counted.__getitem__)
    if not counted[best]:
        return
    rivals = [
        form
        for form in forms
        if counted[form] == counted[best]
        and any(_number(form, text) != _number(best, text) for text in texts)
    ]
    if rivals:
        text = next(one for one in texts if _number(rivals[0], one) != _number(best, one))
        doubts["decimal"] = (
            f"{text} can be {_plain_text(best, text)} or {_plain_text(rivals[0], text)}, "
            "and no number in the file decides."
        )
    settings["decimal"] = best[0]
    if best[1]:
        settings["thousands"] = best[1]


def _decimals(rows: Sequence[TextRow], places: Mapping[str, int]) -> int:
    """Return how many decimal places the amounts may have: the most of their currencies, two where none is named."""
    named = [MINOR_UNITS[code] for code in _texts(rows, places.get("currency")) if code in MINOR_UNITS]
    return max(named, default=2)


def _is_plain(text: str, most: int) -> bool:
    found = _PLAIN_NUMBER.fullmatch(text)
    return found is not None and len(found[1] or "") <= most


def _number(form: tuple[str, str], text: str) -> Written | None:
    try:
        return number_reader(*form)(text)
    except ValueError:
        return None


def _fits(found: Written | None, most: int) -> bool:
    return found is not None and len(found.number.partition(".")[2]) <= most


def _plain_text(form: tuple[str, str], text: str) -> str:
    found = _number(form, text)
    return found.number if found else text


def _carries_currency(rows: Sequence[TextRow], at: int | None) -> bool:
    """Return whether each amount says its currency."""
    texts = _texts(rows, at)
    forms = [(".", ""), (",", ""), (".", ","), (",", "."), (",", " "), (".", " "), (".", "'")]
    return bool(texts) and all(
        any((found := _number(form, text)) and len(found.currencies) == 1 for form in forms) for text in texts
    )


# Words.


def _words(
    table: Table, raw: RawFile, rows: Sequence[TextRow], places: Mapping[str, int], known: Known
) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield, for each column with words of ours, what the words of the file probably mean; "" for an unknown one."""
    ours: Mapping[str, Mapping[str, str]] = {
        "status": {word: word for word in STATUSES},
        "plan": {word: word for word in PLANS},
        "level": known.levels,
        "offer": known.offers,
        "currency": dict.fromkeys(MINOR_UNITS, ""),
    }
    for column in table.columns:
        at = places.get(column.name)
        if column.kind not in ours or at is None or at == places.get("amount"):
            continue
        counted = raw.words[at] if at < len(raw.words) else {}
        in_data = {row.fields[at] for row in rows if at < len(row.fields)}
        theirs = [word.strip() for word in counted if word in in_data and word not in ours[column.kind]]
        meant = {word: _meant_by(column, word, ours[column.kind]) for word in dict.fromkeys(theirs) if word}
        if meant and len(meant) <= _MOST_WORDS:
            yield column.name, meant


def _meant_by(column: Column, word: str, ours: Mapping[str, str]) -> str:
    plain = word.casefold().strip()
    if column.kind == "currency":
        sign = _number((".", ""), f"{word} 1")
        return sign.currencies[0] if sign and len(sign.currencies) == 1 else ""
    for one, name in ours.items():
        if plain in {one.casefold(), name.casefold()}:
            return one
    for one, names in OUR_WORDS.items():
        if one in ours and plain in {name.strip().casefold() for name in names.split(",")}:
            return one
    return ""

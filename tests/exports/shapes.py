"""Writes a ledger in the shapes in which systems export it, each with the settings that read it back.

A ledger is a list of rows for each table. A row gives the plain text of each column: days as `YYYY-MM-DD`, amounts as
`1234.50`. Everything that is chosen here, such as names of columns and forms of days, is declared in the settings.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import openpyxl

from ledger.tables import TABLES, Column, Table
from rewards import parse_amount

Rows = list[dict[str, str]]
LedgerRows = Mapping[str, Rows]
SERIAL_ZERO = {"serial": date(1899, 12, 30), "serial-1904": date(1904, 1, 1)}
SIGNS = {"EUR": "€", "USD": "$", "JPY": "¥", "GBP": "£"}


@dataclass(frozen=True)
class Shape:
    """How a system writes its tables.

    `minus` is the form of a negative number, with `x` for the digits. `currency` says where it stands: in a `column`,
    in the column and as a `sign` beside the amount too, in the `cell` of the amount alone, or nowhere, as a `constant`.
    `names` and `words` give the system's names of columns, and its words, by ours.
    """

    suffix: str = ".csv"
    encoding: str = "utf-8"
    delimiter: str = ","
    quoting: int = csv.QUOTE_MINIMAL
    titles: Sequence[Sequence[str]] = ()
    names_delimiter: bool = False
    totals: str = ""
    totals_word: str = "Total"
    has_subtotals: bool = False
    has_blanks: bool = False
    dates: Sequence[str] = ()
    decimal: str = "."
    thousands: str = ""
    space: str = " "
    minus: str = "-x"
    currency: str = "column"
    code_first: bool = False
    names: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    splits_names: bool = False
    leaves_out_language: bool = False
    is_shuffled: bool = False
    files: int = 1
    typed: float = 0.0

    @property
    def is_written(self) -> bool:
        """Whether numbers have another form than ours."""
        return bool(
            self.decimal != "." or self.thousands or self.minus != "-x" or self.currency in {"sign", "cell"}
        )


def write_ledger(site: Path, ledger: LedgerRows, shape: Shape, random: Random) -> dict[str, Any]:
    """Write every table into `site/exports`, and return `[data]`."""
    (site / "exports").mkdir(parents=True, exist_ok=True)
    return {
        table.name: _write_table(site, table, ledger[table.name], shape, random)
        for table in TABLES
        if ledger.get(table.name)
    }


def _write_table(site: Path, table: Table, rows: Rows, shape: Shape, random: Random) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "path": f"exports/{table.name}{'-*' if shape.files > 1 else ''}{shape.suffix}"
    }
    written = [
        column.name for column in table.columns if column.required or any(row[column.name] for row in rows)
    ]
    theirs = {column: shape.names.get(column, column) for column in written}
    _declare(settings, table, rows, shape, theirs)
    for number in range(shape.files):
        part = rows[number :: shape.files]
        order = list(dict.fromkeys(name for column in written for name in _names(column, theirs)))
        if shape.is_shuffled:
            random.shuffle(order)
        order.append("Notes")
        cells = _all_cells(table, part, order, theirs, shape, settings, random)
        name = f"{table.name}{f'-{number}' if shape.files > 1 else ''}{shape.suffix}"
        if shape.suffix == ".xlsx":
            _write_workbook(site / "exports" / name, cells)
        else:
            _write_text(site / "exports" / name, cells, shape)
    return settings


def _names(column: str, theirs: Mapping[str, Any]) -> tuple[str, ...]:
    name = theirs.get(column, ())
    return (name,) if isinstance(name, str) else tuple(name)


def _declare(
    settings: dict[str, Any], table: Table, rows: Rows, shape: Shape, theirs: dict[str, Any]
) -> None:
    """Add the settings that say what the shape does, and the places of the columns to `theirs`."""
    declared = {
        "encoding": shape.suffix == ".csv" and not shape.encoding.startswith("utf-8") and shape.encoding,
        "skip_last": shape.totals == "skip" and 1,
        "stop_at": shape.totals == "stop" and shape.totals_word,
        "drop_empty": shape.has_subtotals and table.key[0],
        "dates": [*shape.dates],
        "decimal": shape.is_written and shape.decimal,
        "thousands": shape.is_written and shape.thousands,
    }
    settings |= {name: value for name, value in declared.items() if value}
    words = {name: {theirs: ours for ours, theirs in shape.words[name].items()} for name in shape.words}
    if known := {name: words[name] for name in words if name in theirs}:
        settings["values"] = known
    if table.name == "partners" and shape.splits_names:
        theirs["name"] = ("First name", "Last name")
        settings["join"] = {"name": ["First name", "Last name"]}
    languages = [row.get("language", "") for row in rows]
    if shape.leaves_out_language and "language" in theirs and all(languages):
        settings["default"] = {"language": languages[0]}
    if "currency" in theirs:
        _declare_currency(settings, rows, shape, theirs)
    if renamed := {ours: name for ours, name in theirs.items() if isinstance(name, str) and name != ours}:
        settings["columns"] = renamed


def _declare_currency(settings: dict[str, Any], rows: Rows, shape: Shape, theirs: dict[str, Any]) -> None:
    if "amount" in theirs and shape.currency == "cell":
        theirs["currency"] = theirs["amount"]
    if shape.currency == "constant" and len({row["currency"] for row in rows}) == 1:
        settings["constant"] = {"currency": rows[0]["currency"]}
        del theirs["currency"]


def _all_cells(
    table: Table,
    rows: Rows,
    order: Sequence[str],
    theirs: Mapping[str, Any],
    shape: Shape,
    settings: Mapping[str, Any],
    random: Random,
) -> list[list[object]]:
    """All rows of a file, with titles, header, blank rows, subtotals and totals."""
    order = [name for name in order if name == "Notes" or any(name in _names(one, theirs) for one in theirs)]
    cells: list[list[object]] = [[*title] for title in shape.titles]
    cells.append([*order])
    key = _names(table.key[0], theirs)[0]
    for row in rows:
        if shape.has_blanks and random.random() < 0.2:
            cells.append([""] * len(order))
        if shape.has_subtotals and random.random() < 0.3:
            cells.append(["" if name == key else "subtotal" if name == "Notes" else "" for name in order])
        values = _cells(table, row, theirs, shape, settings, random)
        cells.append([values.get(name, "x") for name in order])
    if shape.totals:
        total: list[object] = [""] * len(order)
        total[0] = shape.totals_word
        cells.append(total)
    if shape.has_blanks:
        cells.append([""] * len(order))
    return cells


def _cells(
    table: Table,
    row: Mapping[str, str],
    theirs: Mapping[str, Any],
    shape: Shape,
    settings: Mapping[str, Any],
    random: Random,
) -> dict[str, object]:
    """The cells of a row by their names."""
    found: dict[str, object] = {}
    for column in table.columns:
        names = _names(column.name, theirs)
        if column.name == "currency" and shape.currency == "cell" and "amount" in theirs:
            continue
        text = row.get(column.name, "")
        if len(names) == 2:
            first, _, last = text.partition(" ")
            found |= {names[0]: first, names[1]: last}
        elif names:
            default = settings.get("default", {}).get(column.name)
            found[names[0]] = "" if text == default else _cell(column, text, row, shape, random)
    return found


def _cell(column: Column, text: str, row: Mapping[str, str], shape: Shape, random: Random) -> object:
    is_typed = shape.suffix == ".xlsx" and random.random() < shape.typed
    if not text:
        return ""
    if column.kind in {"day", "instant"}:
        day = date.fromisoformat(text)
        return day if is_typed else _day(day, shape, random)
    if column.kind in {"amount", "rate"}:
        if is_typed and shape.currency != "cell":
            return float(text)
        return _number(text, row["currency"] if column.kind == "amount" else "", shape)
    return shape.words.get(column.name, {}).get(text, text)


def _day(day: date, shape: Shape, random: Random) -> str:
    if not shape.dates:
        return day.isoformat()
    form = random.choice(shape.dates)
    return str((day - SERIAL_ZERO[form]).days) if form in SERIAL_ZERO else day.strftime(form)


def _number(text: str, currency: str, shape: Shape) -> str:
    if not shape.is_written:
        return text
    whole, _, places = text.removeprefix("-").partition(".")
    if shape.thousands:
        group = shape.space if shape.thousands == " " else shape.thousands
        whole = f"{int(whole):,}".replace(",", group)
    shown = whole + (shape.decimal + places if places else "")
    if text.startswith("-"):
        shown = shape.minus.replace("x", shown)
    if not currency or shape.currency not in {"sign", "cell"}:
        return shown
    sign = SIGNS.get(currency, currency)
    # A sign of several currencies says nothing alone.
    mark = currency if shape.currency == "cell" and sign != "€" else sign
    try:
        mark.encode(shape.encoding)
    except UnicodeEncodeError:
        mark = currency
    return f"{mark}{shape.space}{shown}" if shape.code_first else f"{shown}{shape.space}{mark}"


def _write_text(path: Path, cells: Sequence[Sequence[object]], shape: Shape) -> None:
    stream = io.StringIO()
    if shape.names_delimiter:
        stream.write(f"sep={shape.delimiter}\r\n")
    writer = csv.writer(stream, delimiter=shape.delimiter, quoting=shape.quoting)  # type: ignore[arg-type]
    writer.writerows(cells)
    path.write_bytes(stream.getvalue().encode(shape.encoding))


def _write_workbook(path: Path, cells: Sequence[Sequence[object]]) -> None:
    book = openpyxl.Workbook()
    for row in cells:
        book.active.append([None if cell == "" else cell for cell in row])
    book.save(path)


# What the rows mean, computed without the code that is tested.


def plain_ledger(site: Path, ledger: LedgerRows) -> None:
    """Write every table as the plain CSV that needs no settings."""
    (site / "data").mkdir(parents=True, exist_ok=True)
    for table in TABLES:
        if ledger.get(table.name):
            stream = io.StringIO()
            writer = csv.DictWriter(stream, table.names)
            writer.writeheader()
            writer.writerows(ledger[table.name])
            (site / "data" / f"{table.name}.csv").write_text(stream.getvalue(), encoding="utf-8", newline="")


def meant_digest(ledger: LedgerRows) -> str:
    """The digest of the ledger that these rows mean (docs/reference/formats.md)."""
    total = sha256(b"offerpress ledger 1")
    for table in TABLES:
        rows = [[_meant(column, row) for column in table.columns] for row in ledger.get(table.name, [])]
        places = [table.names.index(name) for name in table.key]
        rows.sort(key=lambda row: [row[at] for at in places])
        lines = "".join("\x1f".join(map(str, row)) + "\n" for row in rows)
        total.update(f"\n{table.name} {sha256(lines.encode()).hexdigest()}".encode())
    return total.hexdigest()


def _meant(column: Column, row: Mapping[str, str]) -> str | int:
    text = row[column.name]
    if column.kind in {"day", "instant"}:
        return date.fromisoformat(text).toordinal() if text else ""
    if column.kind == "amount":
        return parse_amount(text, row["currency"])
    if column.kind == "rate":
        return f"{Decimal(text).normalize():f}"
    return text or "active" if column.kind == "status" else text

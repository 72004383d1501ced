"""Odd tables: each is a fault, or gives exactly the figures of the naive reference over what people see in it.

A seed draws a table of sales, a writer for it (CSV, XLSX, Parquet) and the oddities of that writer. Writers are a CSV
writer of our own, openpyxl, an XLSX writer of our own whose form no library has, and DuckDB.
`python -m tests.fuzz N --tables [--first SEED]` tries many seeds; each can be tried again by itself.
"""

import random
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from xml.sax.saxutils import escape
from zipfile import ZipFile

import duckdb
import openpyxl
from openpyxl.chart import BarChart
from openpyxl.worksheet.worksheet import Worksheet

from ledger import DataSettings, freeze, read
from rewards import Fault, Policy, compute_statement, rules_on, statement_json
from rewards.days import parse_day
from tests.reference.naive import Site
from tests.reference.samples import PROGRAM, offer, program, raw_offer

AS_OF = "2023-12-31"
SLOWEST = 10.0
"""Seconds that no table may take."""
COLUMNS = ("sale_id", "partner_id", "sold_on", "amount", "currency", "product", "refund_of")
PARTNERS = (
    "partner_id,name,email,currency,level\nP1,One,a@one.example,EUR,bronze\nP2,Two,b@two.example,JPY,silver\n"
)
PRODUCTS = {"include": ["PRO*", "", "4SC*"], "exclude": ["*old*"]}
NAMES = [
    "PRO 8SC",
    "PRO",
    "4SC",
    "",
    "old PRO",
    'PRO 19"',
    "PRO, new",
    "4SC;x",
    "pro",
    "PRO  \u00e9",
    "'PRO",
    "PRO|4",
]
_LAST_SURE = 10**15
"""The largest whole number that every spreadsheet program keeps and shows."""
Table = list[list[str]]


@dataclass
class Written:
    """A table as it was written: the folder's file, `[data]`, and whether it can only be a fault."""

    name: str
    source: dict[str, object]
    oddities: list[str] = field(default_factory=list)
    unclear: bool = False


@dataclass(frozen=True)
class TableOutcome:
    """The outcome of one seed; `wrong` says what must not be, empty where all is well."""

    seed: int
    what: str
    faulty: bool
    wrong: str = ""

    def __str__(self) -> str:
        return f"seed {self.seed}: {self.what}: {self.wrong or 'well'}"


def attempt(seed: int, folder: Path) -> TableOutcome:
    """Write the table of that seed into `folder`, read it, and compare."""
    chance = random.Random(seed)
    table = _drawn(chance)
    writer = chance.choice([_csv, _csv, _workbook, _workbook, _handmade, _parquet])
    written = writer(table, folder, chance)
    (folder / "partners.csv").write_text(PARTNERS, encoding="utf-8")
    what = f"{written.name}: {', '.join(written.oddities) or 'nothing odd'}"
    began = time.perf_counter()
    try:
        faulty, wrong = _judged(table, written, folder)
    except Exception as error:  # noqa: BLE001 - whatever a defect raises is the finding
        faulty, wrong = False, f"{type(error).__name__}: {error}"
    if time.perf_counter() - began > SLOWEST:
        wrong = wrong or "it takes more than ten seconds"
    return TableOutcome(seed, what, faulty, wrong)


def attempts(seeds: range) -> list[TableOutcome]:
    """The outcomes of those seeds."""
    found = []
    for seed in seeds:
        folder = Path(tempfile.mkdtemp(prefix="offerpress-tables-"))
        try:
            found.append(attempt(seed, folder))
        finally:
            shutil.rmtree(folder)
    return found


def _judged(table: Table, written: Written, folder: Path) -> tuple[bool, str]:
    faults: list[Fault] = []
    policy = Policy(program(), (offer("cashback", "cashback", products=PRODUCTS), offer("level_quota")))
    settings = DataSettings.model_validate(
        {"partners": "partners.csv", "sales": written.source, **{name: f"{name}.csv" for name in _EMPTY}}
    )
    ledger = read(settings, folder, policy, faults)
    if ledger is None:
        told = [fault for fault in faults if fault.severity == "fault"]
        return True, "" if told and all(
            fault.what and fault.remedy for fault in told
        ) else "no fault says why"
    with ledger:
        if written.unclear:
            return False, "what no reader can know for sure is no fault"
        snapshot = freeze(ledger, dict.fromkeys(ledger.partner_ids, 0), folder / "snapshot")
        rules = rules_on(policy, snapshot.rates, parse_day(AS_OF))
        found = [statement_json(compute_statement(one, rules, faults)) for one in snapshot.accounts(0)]
    offers = {"cashback": raw_offer("cashback", products=PRODUCTS), "level_quota": raw_offer("level_quota")}
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in table]
    header, *lines = PARTNERS.splitlines()
    partners = [dict(zip(header.split(","), line.split(","), strict=True)) for line in lines]
    expected = Site({**PROGRAM}, offers, {"partners": partners, "sales": rows}, AS_OF).statements()
    return False, "" if found == expected else f"{found} and not {expected}"


_EMPTY = ("subscriptions", "credits", "rates", "levels")


def _drawn(chance: random.Random) -> Table:
    """Sales as people mean them: in euros, so that no rate is asked for."""
    rows: Table = []
    for number in range(chance.randint(1, 6)):
        minor = chance.choice([1, 99, 100, 12345, 250_000, 3_333_333])
        amount = f"{minor // 100}.{minor % 100:02}"
        sale = chance.choice([f"A{number}", str(1000 + number), f"00{number}", f"{10**15 + number}"])
        day = f"2023-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"
        rows.append([sale, chance.choice(["P1", "P2"]), day, amount, "EUR", chance.choice(NAMES), ""])
        if chance.random() < 0.2:
            rows.append([f"R{number}", rows[-1][1], day, f"-{amount}", "EUR", rows[-1][5], sale])
    return rows


def _csv(table: Table, folder: Path, chance: random.Random) -> Written:
    """CSV: quotes, ends of lines, delimiters, and lines that spreadsheets add."""
    made = Written("sales.csv", {"path": "sales.csv"})
    delimiter, end, quoting = chance.choice(",;\t|"), chance.choice(["\n", "\r\n"]), chance.random() < 0.3
    names = [*COLUMNS]
    rows = [[*row] for row in table]
    odd = _chooser(made, chance)
    if odd("an ignored column with a line break in its name"):
        names.insert(2, "Notes\n(ours)")
        rows = [[*row[:2], "note", *row[2:]] for row in rows]
    lines = [_csv_line(row, delimiter, quoting=quoting) for row in (names, *rows)]
    if odd("rows of delimiters"):
        lines += [delimiter * (len(names) - 1)] * 2
        lines.insert(2, delimiter * (len(names) - 1))
    if odd("empty lines"):
        lines.insert(chance.randint(1, len(lines)), "")
    if odd("a line that names the delimiter"):
        lines.insert(0, f"sep={delimiter}")
    at = chance.randint(1, len(lines) - 1)
    if delimiter in lines[at].strip(delimiter) and odd("a space before a quote"):
        fields = lines[at].split(delimiter)
        lines[at] = delimiter.join([fields[0], f' "{fields[1]}"', *fields[2:]])
        made.unclear = '"' not in fields[1] and fields[0].count('"') % 2 == 0
    elif delimiter in lines[at].strip(delimiter) and odd("a field too many"):
        lines[at] += delimiter
        made.unclear = '"' not in lines[at]
    elif odd("a quote that is not closed"):
        lines.append(f'X1{delimiter}P1{delimiter}2023-01-01{delimiter}"5.00')
        made.unclear = True
    mark = "\ufeff" if odd("a byte order mark") else ""
    encoding = chance.choice(["utf-8", "utf-8", "utf-16", "cp1252"])
    if encoding != "utf-8":
        made.oddities.append(encoding)
        made.unclear = made.unclear or encoding == "utf-16"
        mark = ""
    (folder / made.name).write_bytes(
        (mark + end.join(lines) + (end if chance.random() < 0.8 else "")).encode(encoding)
    )
    if encoding != "utf-8" and chance.random() < 0.5:
        made.source["encoding"], made.unclear = encoding, made.unclear and encoding != "utf-16"
    return made


def _csv_line(row: list[str], delimiter: str, *, quoting: bool) -> str:
    fields = []
    for text in row:
        needs = any(one in text for one in (delimiter, '"', "\n")) or text[:1] == " "
        doubled = text.replace('"', '""')
        fields.append(f'"{doubled}"' if quoting or needs else text)
    return delimiter.join(fields)


def _chooser(made: Written, chance: random.Random) -> Callable[[str], bool]:
    def odd(name: str) -> bool:
        chosen = chance.random() < 0.15
        if chosen:
            made.oddities.append(name)
        return chosen

    return odd


def _typed(text: str, column: str, chance: random.Random) -> object:
    """A cell as a person or a program types it: days and numbers as such, or as text."""
    if not text:
        return chance.choice([None, ""])
    if column == "sold_on" and chance.random() < 0.8:
        return date.fromisoformat(text)
    if column == "amount" and chance.random() < 0.8:
        return float(text)
    if column == "sale_id" and text.isdigit() and not text.startswith("0") and chance.random() < 0.5:
        return int(text)
    return text


def _workbook(table: Table, folder: Path, chance: random.Random) -> Written:
    """A workbook by openpyxl: formulas without values, hidden and other sheets, merged cells, errors."""
    made = Written("sales.xlsx", {"path": "sales.xlsx"})
    odd = _chooser(made, chance)
    book = openpyxl.Workbook()
    sheet = book.active
    cells = [[_typed(text, name, chance) for name, text in zip(COLUMNS, row, strict=True)] for row in table]
    made.unclear = any(isinstance(value, int) and value > _LAST_SURE for row in cells for value in row)
    start = 3 if odd("empty rows above") else 1
    written: list[list[object]] = [[*COLUMNS], *cells]
    for number, values in enumerate(written, start):
        for place, value in enumerate(values, 1):
            sheet.cell(number, place, value)
    last = start + len(table)
    if odd("an ignored column with anything"):
        sheet.cell(start, 8, "bar code")
        sheet.cell(last, 8, chance.choice([4006381333931000001, "=NOW()", True, "#REF!"]))
    if odd("a hidden row"):
        sheet.row_dimensions[last].hidden = True
    _unclear_cells(made, sheet, last, chance)
    _other_sheets(made, book, chance)
    book.save(folder / made.name)
    return made


def _unclear_cells(made: Written, sheet: Worksheet, last: int, chance: random.Random) -> None:
    odd = _chooser(made, chance)
    before = len(made.oddities)
    if odd("a formula without a value"):
        sheet.cell(last, chance.choice([1, 4, 6]), "=1+1")
    if odd("an error"):
        sheet.cell(last, 6, "#N/A").data_type = "e"
    if odd("cells merged over rows"):
        sheet.merge_cells(start_row=last, end_row=last + 1, start_column=6, end_column=6)
    made.unclear = made.unclear or len(made.oddities) > before


def _other_sheets(made: Written, book: openpyxl.Workbook, chance: random.Random) -> None:
    odd = _chooser(made, chance)
    if odd("a hidden old sheet first"):
        old = book.create_sheet("Old", 0)
        old.append([*COLUMNS])
        old.append(["A0", "P1", "2023-01-01", 77, "EUR"])
        old.sheet_state = chance.choice(["hidden", "veryHidden"])
    if odd("a chart sheet first"):
        book.create_chartsheet("Chart", 0).add_chart(BarChart())
    if odd("another table behind"):
        book.create_sheet("2022").append([*COLUMNS])


_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def _handmade(table: Table, folder: Path, chance: random.Random) -> Written:
    """A workbook whose form no library gives: prefixes, the strict namespace, no references, odd styles, damage."""
    made = Written("sales.xlsx", {"path": "sales.xlsx"})
    odd = _chooser(made, chance)
    space = _STRICT if odd("the strict namespace") else _MAIN
    prefix = "x:" if odd("prefixes") else ""
    shared: list[str] = []
    rows = []
    for number, values in enumerate([[*COLUMNS], *table], 1):
        cells = "".join(_cell(text, prefix, shared, chance) for text in values)
        rows.append(f'<{prefix}row r="{number}">{cells}</{prefix}row>')
    strings = "".join(f'<si><r><t xml:space="preserve">{escape(text)}</t></r></si>' for text in shared)
    declared = f'xmlns{":x" if prefix else ""}="{space}"'
    parts = {
        "xl/workbook.xml": f'<workbook xmlns="{space}" xmlns:r="{_OFFICE}"><sheets>'
        '<sheet name="One" sheetId="1" r:id="a"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}">'
        f'<Relationship Id="a" Type="{_OFFICE}/worksheet" Target="worksheets/one.xml"/>'
        f'<Relationship Id="b" Type="{_OFFICE}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
        "xl/sharedStrings.xml": f'<sst xmlns="{space}">{strings}</sst>',
        "xl/worksheets/one.xml": f"<{prefix}worksheet {declared}><{prefix}sheetData>{''.join(rows)}"
        f"</{prefix}sheetData></{prefix}worksheet>",
    }
    if odd("empty fills"):
        parts["xl/styles.xml"] = f'<styleSheet xmlns="{space}"><fills><fill/></fills></styleSheet>'
    if odd("a part cut short"):
        name = chance.choice(sorted(parts))
        parts[name] = parts[name][: chance.randint(0, len(parts[name]) - 1)]
    with ZipFile(folder / made.name, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name.replace("/", "\\") if odd("backslashes") else name, text)
    return made


def _cell(text: str, prefix: str, shared: list[str], chance: random.Random) -> str:
    c, v = f"{prefix}c", f"{prefix}v"
    if not text:
        return chance.choice([f"<{c}/>", f"<{c}><{v}></{v}></{c}>"])
    form = chance.choice(["inline", "shared", "formula"])
    if form == "inline":
        t = f"{prefix}t"
        return f'<{c} t="inlineStr"><{prefix}is><{t}>{escape(text)}</{t}></{prefix}is></{c}>'
    if form == "formula":
        return f'<{c} t="str"><{prefix}f>A1</{prefix}f><{v}>{escape(text)}</{v}></{c}>'
    shared.append(text)
    return f'<{c} t="s"><{v}>{len(shared) - 1}</{v}></{c}>'


def _parquet(table: Table, folder: Path, chance: random.Random) -> Written:
    """Parquet by DuckDB: types that fit or do not, nested values, repeated names, damage."""
    made = Written("sales.parquet", {"path": "sales.parquet"})
    odd = _chooser(made, chance)
    types = dict.fromkeys(COLUMNS, "VARCHAR")
    types["amount"] = chance.choice(["VARCHAR", "DOUBLE", "DECIMAL(18, 2)", "DECIMAL(38, 10)"])
    types["sold_on"] = chance.choice(["VARCHAR", "DATE", "TIMESTAMP", "TIMESTAMP_NS"])
    types["currency"] = chance.choice(["VARCHAR", "ENUM('EUR')"])
    if all(row[0].isdigit() and not row[0].startswith("0") for row in table):
        types["sale_id"] = chance.choice(["BIGINT", "HUGEINT", "DOUBLE"])
        made.unclear = types["sale_id"] == "DOUBLE" and any(int(row[0]) > _LAST_SURE for row in table)
    selected = [f"CAST(nullif({name}, '') AS {kind}) AS {name}" for name, kind in types.items()]
    if odd("a list in place of a text"):
        selected[5] = "[product] AS product"
        made.unclear = True
    if odd("not a number"):
        selected[3] = "CAST('nan' AS DOUBLE) AS amount"
        made.unclear = True
    if odd("bytes"):
        selected[4] = "CAST(currency AS BLOB) AS currency"
        made.unclear = True
    if odd("an ignored column"):
        selected.append("{'a': 1} AS note")
    connection = duckdb.connect()
    connection.execute(f"CREATE TABLE t ({', '.join(f'{name} VARCHAR' for name in COLUMNS)})")
    marks = ", ".join("?" * len(COLUMNS))
    connection.executemany(f"INSERT INTO t VALUES ({marks})", table)  # noqa: S608 - the names are ours
    path = folder / made.name
    form = f"FORMAT parquet, COMPRESSION {chance.choice(['zstd', 'snappy', 'gzip', 'uncompressed'])}"
    connection.execute(f"COPY (SELECT {', '.join(selected)} FROM t) TO '{path}' ({form})")  # noqa: S608 - likewise
    connection.close()
    if odd("cut short"):
        made.unclear = True
        path.write_bytes(path.read_bytes()[: chance.randint(0, path.stat().st_size - 1)])
    return made

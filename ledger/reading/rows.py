"""Rows of a source as the database takes them: in our order of columns, even, and without control characters."""

import re
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter

from ledger.database import Database, Row, SqlValue
from ledger.findings import Findings, Place, quote
from ledger.reading.csv_text import CONTROL, TextRow, is_blank
from ledger.settings import TableSource
from ledger.tables import Column, Table, identifier
from rewards import suggestion

# The names above the columns of a source, and where the columns of a table stand among them.


@dataclass(frozen=True, slots=True)
class Header:
    """The names of a source's columns, and where each known column that it has stands."""

    names: tuple[str, ...]
    places: dict[str, int]
    constant: Mapping[str, str] = field(default_factory=dict)

    def column(self, position: int) -> str:
        """Return the name of the column at `position` for a fault: ours where it is known."""
        ours = next((name for name, place in self.places.items() if place == position), "")
        return ours or CONTROL.sub("", self.names[position] if position < len(self.names) else "")


def check_header(
    findings: Findings,
    table: Table,
    names: Sequence[str],
    number: int,
    renamed: Mapping[str, str],
    constant: Mapping[str, str] | None = None,
) -> Header:
    """Where each known column of `table` stands; missing, repeated and unknown ones are added to `findings`.

    `renamed` gives the source's name for some of our columns.
    """
    constant = constant or {}
    theirs = {column: renamed.get(column, column) for column in table.names}
    unknown = [name for name in names if name not in theirs.values()]
    for column in (*table.required, *(column for column in renamed if column not in table.required)):
        if theirs[column] not in names and column not in constant:
            remedy = suggestion(theirs[column], unknown) if unknown else f"the header has: {', '.join(names)}"
            of = f" for {column}" if column in renamed else ""
            what = f"the column {quote(theirs[column])}{of} is missing"
            findings.add("missing column", Place(number, 1, column), what, f"add it; {remedy}")
    for position, name in enumerate(names):
        place = Place(number, 1, CONTROL.sub("", name))
        if name in names[:position] and name not in unknown:
            what = f"the column {quote(name)} stands twice in the header"
            findings.add("repeated column", place, what, "remove one")
        elif name in unknown:
            what = (
                f"the column {quote(name)} is unknown and ignored"
                if name
                else f"column {position + 1} has no name"
            )
            findings.add("unknown column", place, what, suggestion(name, table.names), "remark")
    places = {column: names.index(name) for column, name in theirs.items() if name in names}
    for column in constant.keys() & places.keys():
        what = f"the column {quote(theirs[column])} is in the file, and has a constant in [data] too"
        findings.add("constant", Place(number, 1, column), what, "remove one of them")
    return Header(tuple(names), places, {name: text for name, text in constant.items() if name not in places})


FIRST_ROW = 2
"""The number of the row after the header."""


def create_raw(database: Database, table: Table) -> None:
    """An empty `raw_NAME` with the file's number, the row's number and every known column as text.

    A value is NULL where a required column or field does not exist, so that no check complains about it again. So is
    the row's number in a file that came first and in one piece: there it follows from where the row lies. Readers
    take `rows_NAME`, which knows every number.
    """
    columns = ", ".join(f"{identifier(name)} VARCHAR" for name in table.names)
    database.run(
        f"CREATE OR REPLACE TABLE raw_{table.name} (file_number INTEGER, row_number INTEGER, {columns})"
    )
    database.run(
        f"CREATE OR REPLACE VIEW rows_{table.name} AS SELECT "
        f"* REPLACE (coalesce(row_number, CAST(rowid + {FIRST_ROW} AS INTEGER)) AS row_number) FROM raw_{table.name}"
    )


def raw_rows(
    findings: Findings,
    table: Table,
    records: Iterable[TextRow],
    number: int,
    header: Header,
    source: TableSource | None = None,
) -> Iterator[Row]:
    """The rows of `raw_NAME` that `records` of file `number` give; their mistakes are added to `findings`."""
    width = len(header.names)
    absent: tuple[SqlValue, ...] = (None, "", *header.constant.values())
    places = [_place(column, header) for column in table.columns]
    ordered = itemgetter(*places)
    readings = _readings(table, header, source)
    said = (record for record in records if record.broken or not is_blank(record.fields))
    for row, fields, broken, typed in _without_last(said, source.skip_last if source else 0):
        values: Sequence[SqlValue] = fields
        if broken:
            what, _, remedy = broken.partition("; ")
            findings.add("format", Place(number, row), what, remedy)
            continue
        text = "".join(fields)
        if not text.isprintable() and CONTROL.search(text):
            values = _without_controls(findings, fields, Place(number, row), header)
        if len(fields) != width:
            values = _refuse_ragged(findings, table, values, Place(number, row), header)
        elif readings:
            values = _as_ours(findings, values, Place(number, row), readings, typed)
        yield (number, row, *ordered((*values, *absent)))


def _without_controls(findings: Findings, fields: Sequence[str], row: Place, header: Header) -> list[str]:
    for position, text in enumerate(fields):
        control = CONTROL.search(text)
        if control:
            what = f"control character U+{ord(control.group()):04X} in {quote(text)}"
            place = Place(row.file, row.row, header.column(position))
            findings.add("control character", place, what, "remove it")
    return [CONTROL.sub("", text) for text in fields]


def _refuse_ragged(
    findings: Findings, table: Table, fields: Sequence[SqlValue], place: Place, header: Header
) -> list[SqlValue]:
    """A row whose fields may stand under wrong names: only what identifies it is kept, so that others can name it."""
    width = len(header.names)
    what = f"{len(fields)} fields where the header has {width}"
    findings.add(
        "ragged row", place, what, "give a field for each column, and quote fields that hold a delimiter"
    )
    kept = header.places.get(table.key[0], width)
    return [fields[at] if at == kept and at < len(fields) else None for at in range(width)]


def _place(column: Column, header: Header) -> int:
    """The position of a column's value in a row to which `None`, "" and the constants are added."""
    if column.name in header.places:
        return header.places[column.name]
    names = [*header.constant]
    if column.name in names:
        return len(header.names) + 2 + names.index(column.name)
    return len(header.names) + (not column.required)


def _without_last(records: Iterable[TextRow], count: int) -> Iterator[TextRow]:
    """Leave out the last rows, such as totals."""
    waiting: deque[TextRow] = deque()
    for record in records:
        waiting.append(record)
        if len(waiting) > count:
            yield waiting.popleft()


# Values in the form of the source, read as `[data]` declares them: strictly, and never by a guess.

Reader = Callable[[str], str | None]
_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_SPACES = str.maketrans(dict.fromkeys("\u00a0\u2009\u202f", " ") | {"\u2212": "-", "\u2019": "'"})
_DATE_PARTS = {
    "%d": r"(?P<d>0?[1-9]|[12][0-9]|3[01])",
    "%m": r"(?P<m>0?[1-9]|1[0-2])",
    "%Y": r"(?P<Y>[0-9]{4})",
}


@dataclass(frozen=True, slots=True)
class _Reading:
    """How a column's texts are read; a text that `read` cannot read is a fault that names `setting`."""

    column: str
    read: Reader
    setting: str


def _readings(table: Table, header: Header, source: TableSource | None) -> dict[int, _Reading]:
    """Return, by position, the columns whose texts have a form that `source` declares."""
    found: dict[int, _Reading] = {}
    if source is None or not source.is_reshaped:
        return found
    for column in table.columns:
        place = header.places.get(column.name)
        if place is None:
            continue
        if column.name in source.values:
            found[place] = _Reading(column.name, _word_reader(source.values[column.name]), "values")
        elif column.kind in {"day", "instant"} and source.dates:
            found[place] = _Reading(column.name, _date_reader(source.dates), "dates")
        elif column.kind in {"amount", "rate"} and (source.decimal != "." or source.thousands):
            reader = _number_reader(source.decimal, source.thousands)
            found[place] = _Reading(column.name, reader, "decimal and thousands")
    return found


def _as_ours(
    findings: Findings,
    fields: Sequence[SqlValue],
    row: Place,
    readings: Mapping[int, _Reading],
    typed: Collection[int],
) -> list[SqlValue]:
    """Return the row with its texts in our form; values that came with a type have it already."""
    values = [*fields]
    for place, reading in readings.items():
        text = values[place]
        if place in typed or not isinstance(text, str) or not text.strip():
            continue
        values[place] = reading.read(text)
        if values[place] is None:
            what = f"{quote(text)} has not the form that {reading.setting} in [data] declares"
            remedy = f"correct it, or declare its form in {reading.setting}"
            findings.add("undeclared form", Place(row.file, row.row, reading.column), what, remedy)
    return values


def _word_reader(words: Mapping[str, str]) -> Reader:
    ours = set(words.values())
    return lambda text: words.get(text.strip(), text if text in ours else None)


def _date_reader(forms: Sequence[str]) -> Reader:
    """A day in one of the forms, or as `YYYY-MM-DD`; None where none fits, or two that mean two days."""
    patterns = [
        re.compile("".join(_DATE_PARTS.get(part, re.escape(part)) for part in re.split("(%.)", form)))
        for form in forms
    ]

    def read(text: str) -> str | None:
        trimmed = text.strip()
        matches = [match for pattern in patterns if (match := pattern.fullmatch(trimmed))]
        days = {f"{match['Y']}-{int(match['m']):02}-{int(match['d']):02}" for match in matches}
        if _ISO_DAY.fullmatch(trimmed):
            days.add(trimmed)
        return days.pop() if len(days) == 1 else None

    return read


def _number_reader(decimal: str, thousands: str) -> Reader:
    """Digits, in groups of three or without any, with a minus before or after them, or in brackets."""
    mark, group = re.escape(decimal), re.escape(thousands)
    digits = rf"\d{{1,3}}(?:{group}\d{{3}})+|\d+" if thousands else r"\d+"
    pattern = re.compile(rf"(?P<before>-?)(?P<digits>{digits})(?:{mark}(?P<places>\d+))?(?P<after>-?)")

    def read(text: str) -> str | None:
        trimmed = text.translate(_SPACES).strip()
        bracketed = trimmed.startswith("(") and trimmed.endswith(")")
        match = pattern.fullmatch(trimmed[1:-1] if bracketed else trimmed)
        if match is None:
            return None
        negative = sum((bool(match["before"]), bool(match["after"]), bracketed))
        if negative > 1:
            return None
        whole = match["digits"].replace(thousands, "") if thousands else match["digits"]
        return f"{'-' if negative else ''}{whole}{'.' + match['places'] if match['places'] else ''}"

    return read

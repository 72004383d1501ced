"""Rows of a source as the database takes them: in our order of columns, even, and without control characters."""

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from operator import itemgetter
from typing import NamedTuple

from ledger.database import Database, Row
from ledger.findings import Findings, Place, quote
from ledger.reading.csv_text import CONTROL, TextRow, is_blank
from ledger.reading.forms import Reader, Written, agreed, date_reader, number_reader, toml_text, word_reader
from ledger.reading.headers import Header
from ledger.settings import SERIALS, TableSource
from ledger.tables import TOTALS, Column, SqlValue, Table, identifier

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
    ordered = itemgetter(*(_place(column, header) for column in table.columns))
    forms = RowForms(findings, table, header, source) if source is not None and source.is_reshaped else None
    said = (record for record in records if record.broken or not is_blank(record.fields))
    for row, fields, broken, typed in said if forms is None else forms.kept(said, number):
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
            yield (number, row, *ordered((*values, *absent, *[None] * len(header.joined))))
        elif forms is None:
            yield (number, row, *ordered((*values, *absent)))
        else:
            joined = [
                " ".join(str(values[at]) for at in parts if values[at]) for parts in header.joined.values()
            ]
            ours = ordered((*values, *absent, *joined))
            yield (number, row, *forms.read(ours, Place(number, row), typed))


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
    total = next((str(cell) for cell in fields if str(cell or "").strip(" :").lower() in TOTALS), None)
    remedy = "give a field for each column, and quote fields that hold a delimiter"
    if total is not None:
        remedy = f"declare stop_at = {toml_text(total.strip())} in [data.{table.name}] if the table ends here"
    findings.add("ragged row", place, what, remedy)
    kept = header.places.get(table.key[0], width)
    return [fields[at] if at == kept and at < len(fields) else None for at in range(width)]


def _place(column: Column, header: Header) -> int:
    """The position of a column's value in a row to which `None`, "", the constants and joined values are added."""
    if column.name in header.places:
        return header.places[column.name]
    added = [*header.constant, *header.joined]
    if column.name in added:
        return len(header.names) + 2 + added.index(column.name)
    return len(header.names) + (not column.required)


# Rows and values in the form of the source.


_NONE: frozenset[int] = frozenset()


class _Reading(NamedTuple):
    """How the texts of one of our columns are read; `also_typed` says that typed numbers are read too."""

    place: int
    column: str
    read: Reader
    also_typed: bool = False


@dataclass(slots=True)
class Watched:
    """Rows of a source that are to be explained: `name` is that of the table, the file, or the end of its path.

    `row` is the one row that is meant; 0 means the first `most` that say something. Reading fills in the rest: the
    file, and the fields of each row under the header's names, as they came.
    """

    name: str
    row: int = 0
    most: int = 1
    table: Table | None = None
    number: int = -1
    label: str = ""
    header: Header | None = None
    fields: dict[int, tuple[str, ...]] = field(default_factory=dict)

    def asks_for(self, table: Table, label: str) -> bool:
        """Return whether a file of `table` is meant."""
        return self.name in {table.name, label} or label.endswith(f"/{self.name}")

    def seen(self, records: Iterable[TextRow]) -> Iterator[TextRow]:
        """Yield all records, and keep the fields of the rows that are meant."""
        for record in records:
            if record.row == self.row or (
                not self.row and len(self.fields) < self.most and not is_blank(record.fields)
            ):
                self.fields[record.row] = record.fields
            yield record


class RowForms:
    """What `[data]` declares about the rows and values of a source whose form is not that of our tables."""

    def __init__(self, findings: Findings, table: Table, header: Header, source: TableSource) -> None:
        self._findings = findings
        self._table = table
        self._header = header
        self._source = source
        self._in_amount = header.places.get("amount", -1) == header.places.get("currency", -2)
        self._readings = list(self._declared())
        self._typed_places = {header.places.get(name, -1): place for place, name in enumerate(table.names)}
        filled = [column.name for column in table.columns if column.filled and column.name in header.places]
        self._filled = [header.places[name] for name in filled]
        dropped = [header.places[name] for name in source.drop_empty if name in header.places]
        self._dropped = dropped
        self._read_written = number_reader(source.decimal or ".", source.thousands)
        self._amount = self._number("amount")
        self._rate = self._number("rate")
        self._currency = table.names.index("currency") if "currency" in table.names else None
        self._defaults = [(table.names.index(name), text) for name, text in source.default.items()]

    def _declared(self) -> Iterator[_Reading]:
        source = self._source
        for place, column in enumerate(self._table.columns):
            if column.name in self._header.constant or (column.name == "currency" and self._in_amount):
                continue
            if column.name in source.values:
                words = source.values[column.name]
                yield _Reading(place, column.name, word_reader(column, words), also_typed=True)
            elif column.kind in {"day", "instant"} and source.dates:
                serial = not set(SERIALS).isdisjoint(source.dates)
                yield _Reading(place, column.name, date_reader(source.dates), also_typed=serial)

    def _number(self, name: str) -> int | None:
        names = self._table.names
        return names.index(name) if self._source.is_written and name in names else None

    def kept(self, records: Iterable[TextRow], number: int) -> Iterator[TextRow]:
        """Return the rows of the table, without those that the settings leave out."""
        source, kept = self._source, iter(records)
        if source.stop_at:
            kept = self._until(kept, source.stop_at, number)
        if source.skip_last:
            kept = self._without_last(kept, source.skip_last, number)
        return self._filled_rows(kept, number) if self._dropped else kept

    def _until(self, records: Iterator[TextRow], stop: str, number: int) -> Iterator[TextRow]:
        """Leave out the first row with a cell `stop`, and all below it."""
        for record in records:
            if any(stop == cell.strip() for cell in record.fields):
                for left_out in chain([record], records):
                    self._refuse_data(left_out, number, f"stop_at = {quote(stop)}")
                return
            yield record
        what = f"no row has a cell {quote(stop)}, at which the table ends by stop_at"
        remedy = f"export the file again if it was cut short, or correct stop_at in [data.{self._table.name}]"
        self._findings.add("no end", Place(number), what, remedy)

    def _without_last(self, records: Iterator[TextRow], count: int, number: int) -> Iterator[TextRow]:
        """Leave out the last rows, such as totals."""
        waiting: deque[TextRow] = deque()
        for record in records:
            waiting.append(record)
            if len(waiting) > count:
                yield waiting.popleft()
        for record in waiting:
            self._refuse_data(record, number, f"skip_last = {count}")

    def _refuse_data(self, record: TextRow, number: int, setting: str) -> None:
        """Add a fault for a row that is left out although it has a value in every column that needs one."""
        fields = record.fields
        if len(fields) == len(self._header.names) and all(fields[at].strip() for at in self._filled):
            what = f"{setting} leaves this row out, which has a value in every column that needs one"
            remedy = f"correct {setting.partition(' ')[0]} in [data.{self._table.name}], or remove the row"
            self._findings.add("left out", Place(number, record.row), what, remedy)

    def _filled_rows(self, records: Iterator[TextRow], number: int) -> Iterator[TextRow]:
        """Leave out rows whose columns in `drop_empty` are empty; a remark counts them."""
        first, count = 0, 0
        width = len(self._header.names)
        for record in records:
            empty = [
                at for at in self._dropped if len(record.fields) == width and not record.fields[at].strip()
            ]
            if empty:
                first, count = first or record.row, count + 1
            else:
                yield record
        if count:
            names = ", ".join(self._source.drop_empty)
            rows = "1 row" if count == 1 else f"{count:,} rows"
            what = f"{rows} without {names} left out, from row {first} on"
            self._findings.add(
                "dropped", Place(number, first), what, "see that none of them counts", "remark"
            )

    def read(self, ours: Sequence[SqlValue], row: Place, typed: Collection[int]) -> list[SqlValue]:
        """Return the row with its texts in our form; values that came with a type have it already."""
        values = [*ours]
        with_type = {self._typed_places[at] for at in typed if at in self._typed_places} if typed else _NONE
        for place, column, read, also_typed in self._readings:
            text = values[place]
            if isinstance(text, str) and text.strip() and (also_typed or place not in with_type):
                values[place] = self._text(read, text, row, column)
        for at, column in ((self._amount, "amount"), (self._rate, "rate")):
            if at is not None:
                self._read_number(values, at, row, column, is_typed=at in with_type)
        for place, text in self._defaults:
            if values[place] == "":
                values[place] = text
        return values

    def _text(self, read: Reader, text: str, row: Place, column: str) -> str | None:
        try:
            return read(text)
        except ValueError as error:
            self._refuse(error, row, column)
            return None

    def _read_number(
        self, values: list[SqlValue], at: int, row: Place, column: str, *, is_typed: bool
    ) -> None:
        """Read a number; the sign of its currency gives the currency, or must agree with it."""
        text, beside = values[at], self._currency if column == "amount" else None
        if not isinstance(text, str) or not text.strip():
            return
        currency = "" if beside is None or self._in_amount else values[beside]
        try:
            written = Written(text) if is_typed else self._read_written(text)
            if beside is not None and isinstance(currency, str):
                values[beside] = agreed(text, written, currency)
            values[at] = _without_currency(text, written) if column == "rate" else written.number
        except ValueError as error:
            values[at] = None
            if beside is not None and self._in_amount:
                values[beside] = None
            self._refuse(error, row, column)

    def _refuse(self, error: ValueError, row: Place, column: str) -> None:
        what, _, remedy = str(error).partition("; ")
        declared = f"{remedy} in [data.{self._table.name}]" if " = " in remedy else remedy
        self._findings.add("undeclared form", Place(row.file, row.row, column), what, declared)


def _without_currency(text: str, written: Written) -> str:
    if written.currencies:
        raise ValueError(f"{quote(text)} holds a currency, and a rate has none; remove it")
    return written.number

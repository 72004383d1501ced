"""`[data]`: where each table comes from, in which form, and what its totals must be."""

import codecs
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator

from ledger.tables import BY_NAME, TABLES
from rewards import suggestion

POSTGRESQL = ("postgresql://", "postgres://")
_SETTINGS = ConfigDict(frozen=True, strict=True, extra="forbid", defer_build=True)


def label_of(url: str) -> str:
    """Return the address of a source as it is shown to people: a database's without user, password and options."""
    if not url.startswith(POSTGRESQL):
        return url
    parts = urlsplit(url)
    return f"postgresql://{parts.netloc.rpartition('@')[2]}{parts.path}"


_CODES = re.compile("%.")
_MARKS = " ./-"
_GROUPS = (".", ",", " ", "'")


def _as_names(value: object) -> object:
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_as_names)]
"""One text or a list of them."""


SERIALS = ("serial", "serial-1904")
"""The words in `dates` for the numbers by which spreadsheet programs count days: in most, and from 1904 on."""


class TableSource(BaseModel):
    """The source of one table.

    `path` is a file or glob relative to the site folder, or the URL of a database, which takes a `query`. `${NAME}` in
    either is the environment's. `columns` names the columns of the source by ours. `encoding` and `delimiter` are those
    of a text (by default UTF-8, and found in the header); `sheet` is that of a workbook (by default the first visible).

    `header_row` is the row of the header (by default the first that holds the required columns). Left out are the last
    `skip_last` rows, the first row with a cell `stop_at` and all below it, and rows whose columns in `drop_empty` are
    empty. `dates` are the forms of its days, `decimal` and `thousands` the signs in its numbers, where cells are texts.
    `values` gives our words for those of a column. `join` makes one of our columns of several, `default` is the value
    of an empty cell, and `constant` that of a column that the source lacks.
    """

    model_config = _SETTINGS

    path: str
    query: str = ""
    encoding: str = "utf-8"
    delimiter: str = ""
    sheet: str = ""
    columns: dict[str, Names] = Field(default_factory=dict)
    header_row: Annotated[int, Field(ge=1)] | None = None
    skip_last: Annotated[int, Field(ge=0)] = 0
    stop_at: str = ""
    drop_empty: Names = ()
    dates: Names = ()
    decimal: Literal[".", ","] | None = None
    thousands: str = ""
    values: dict[str, dict[str, str]] = Field(default_factory=dict)
    join: dict[str, Annotated[list[str], Field(min_length=2)]] = Field(default_factory=dict)
    default: dict[str, str] = Field(default_factory=dict)
    constant: dict[str, str] = Field(default_factory=dict)

    @property
    def is_reshaped(self) -> bool:
        """Whether rows or values have another form than that of our tables."""
        shapes = (self.header_row, self.skip_last, self.stop_at, self.drop_empty, self.dates, self.values)
        return any(shapes) or bool(self.join or self.default) or self.is_written

    @property
    def is_written(self) -> bool:
        """Whether numbers are written as people write them: with a declared decimal sign, groups and currencies."""
        amount, currency = (self.columns.get(name, (name,)) for name in ("amount", "currency"))
        return self.decimal is not None or bool(self.thousands) or not set(amount).isdisjoint(currency)

    def names_of(self, column: str) -> tuple[str, ...]:
        """Return the names that the source may have for one of our columns."""
        return self.columns.get(column, (column,))

    @property
    def label(self) -> str:
        """The source as it is named to people: an address without user, password and options."""
        return label_of(self.path)

    @field_validator("encoding")
    @classmethod
    def _is_known(cls, encoding: str) -> str:
        try:
            "".encode(encoding)
            return codecs.lookup(encoding).name
        except LookupError:
            raise ValueError(
                f"{encoding!r} is no encoding; use a name such as 'utf-8', 'cp1252' or 'utf-16'"
            ) from None

    @field_validator("dates")
    @classmethod
    def _are_dates(cls, dates: tuple[str, ...]) -> tuple[str, ...]:
        for form in set(dates).difference(SERIALS):
            if sorted(_CODES.findall(form)) != ["%Y", "%d", "%m"] or _CODES.sub("", form).strip(_MARKS):
                raise ValueError(
                    f"{form!r} is no form of a date; write day, month and year, such as '%d.%m.%Y', or 'serial'"
                )
        return dates

    @field_validator("thousands")
    @classmethod
    def _groups(cls, thousands: str, info: ValidationInfo) -> str:
        if thousands and (thousands not in _GROUPS or thousands == (info.data.get("decimal") or ".")):
            raise ValueError(
                f"{thousands!r} groups no digits; write '.', ',', ' ' or \"'\", and another sign in decimal"
            )
        return thousands

    @field_validator("delimiter")
    @classmethod
    def _is_one_character(cls, delimiter: str) -> str:
        if len(delimiter) > 1 or delimiter in {'"', "\n", "\r"}:
            raise ValueError(
                f"{delimiter!r} separates no fields; use one character such as ',', ';' or '\\t'"
            )
        return delimiter


def _as_text(value: object) -> object:
    return str(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else value


class ControlTotals(BaseModel):
    """The totals of a table: its `rows` (a repeated row counts once) and the `sums` of `amount` by currency."""

    model_config = _SETTINGS

    rows: int | None = None
    sums: dict[str, Annotated[str, BeforeValidator(_as_text)]] = Field(default_factory=dict)


class DataSettings(BaseModel):
    """A source for each table, as a path or as a `TableSource`; one that is not named is at `data/NAME.csv`."""

    model_config = _SETTINGS

    partners: TableSource = TableSource(path="data/partners.csv")
    sales: TableSource = TableSource(path="data/sales.csv")
    subscriptions: TableSource = TableSource(path="data/subscriptions.csv")
    credits: TableSource = TableSource(path="data/credits.csv")
    rates: TableSource = TableSource(path="data/rates.csv")
    levels: TableSource = TableSource(path="data/levels.csv")
    control: dict[str, ControlTotals] = Field(default_factory=dict)

    @property
    def paths(self) -> tuple[str, ...]:
        """The path, glob or address of each table, as it is written."""
        return tuple(self.of(table.name).path for table in TABLES)

    def of(self, table: str) -> TableSource:
        """Return the source of `table`."""
        sources: dict[str, TableSource] = {each.name: getattr(self, each.name) for each in TABLES}
        return sources[table]

    @field_validator(*BY_NAME, mode="before")
    @classmethod
    def _from_path(cls, value: object, info: ValidationInfo) -> object:
        if isinstance(value, str):
            return {"path": value}
        return {"path": f"data/{info.field_name}.csv"} | value if isinstance(value, dict) else value

    @field_validator(*BY_NAME)
    @classmethod
    def _columns_are_known(cls, source: TableSource, info: ValidationInfo) -> TableSource:
        table = BY_NAME[str(info.field_name)]
        for given in (source.columns, source.values, source.join, source.default, source.constant):
            _refuse_unknown(given, table.names, "column of this table")
        _refuse_unknown(dict.fromkeys(source.drop_empty), table.names, "column of this table")
        for column in source.join:
            if column not in {one.name for one in table.of_kind("text")}:
                raise ValueError(f"{column!r} holds no text; join only columns that hold texts")
            if column in source.columns:
                raise ValueError(f"{column!r} stands in columns and in join; remove one of them")
        for column in source.constant.keys() & {*source.join, *source.default, *source.columns}:
            raise ValueError(f"{column!r} has a constant, and stands elsewhere too; remove one of them")
        return source

    @field_validator("control")
    @classmethod
    def _tables_are_known(cls, control: dict[str, ControlTotals]) -> dict[str, ControlTotals]:
        _refuse_unknown(control, tuple(BY_NAME), "table")
        for name, totals in control.items():
            if totals.sums and not BY_NAME[name].of_kind("amount"):
                raise ValueError(f"{name!r} has no amounts; remove its sums")
        return control


def _refuse_unknown(found: Mapping[str, object], known: tuple[str, ...], name: str) -> None:
    for key in found:
        if key not in known:
            raise ValueError(f"{key!r} is no {name}; {suggestion(key, known)}")

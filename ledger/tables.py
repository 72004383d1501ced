"""The six tables: their columns, what each column holds, what identifies a row, and values in statements of SQL."""

import glob
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

ColumnKind = Literal[
    "text",
    "day",
    "instant",
    "amount",
    "rate",
    "currency",
    "level",
    "partner",
    "plan",
    "status",
    "zone",
    "offer",
]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; a `required` one must exist, a `filled` one must not be empty in any row.

    `instant` is a day or an instant with an offset; `partner` names a row of `partners`.
    """

    name: str
    kind: ColumnKind = "text"
    required: bool = True
    filled: bool = True


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the ledger; `key` are the columns that identify a row."""

    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all known columns, in their order."""
        return tuple(column.name for column in self.columns)

    @property
    def required(self) -> tuple[str, ...]:
        """The names of the columns that a file must have."""
        return tuple(column.name for column in self.columns if column.required)

    def of_kind(self, *kinds: ColumnKind) -> tuple[Column, ...]:
        """Return the columns that hold one of `kinds`."""
        return tuple(column for column in self.columns if column.kind in kinds)


def _optional(name: str, kind: ColumnKind = "text") -> Column:
    return Column(name, kind, required=False, filled=False)


TABLES: tuple[Table, ...] = (
    Table(
        "partners",
        ("partner_id",),
        (
            Column("partner_id"),
            Column("name", filled=False),
            Column("email", filled=False),
            Column("currency", "currency"),
            Column("level", "level"),
            _optional("language"),
            _optional("country"),
            _optional("timezone", "zone"),
            _optional("status", "status"),
            _optional("contact_name"),
            _optional("cc"),
            _optional("manager_name"),
            _optional("manager_email"),
            _optional("merged_into"),
        ),
    ),
    Table(
        "sales",
        ("sale_id",),
        (
            Column("sale_id"),
            Column("partner_id", "partner"),
            Column("sold_on", "instant"),
            Column("amount", "amount"),
            Column("currency", "currency"),
            _optional("product"),
            _optional("refund_of"),
            _optional("kind"),
        ),
    ),
    Table(
        "subscriptions",
        ("subscription_id",),
        (
            Column("subscription_id"),
            Column("partner_id", "partner"),
            Column("product", filled=False),
            Column("plan", "plan"),
            Column("expires_on", "day"),
            _optional("started_on", "day"),
            _optional("customer"),
        ),
    ),
    Table(
        "credits",
        ("credit_id",),
        (
            Column("credit_id"),
            Column("partner_id", "partner"),
            Column("offer", "offer"),
            Column("amount", "amount"),
            Column("currency", "currency"),
            Column("credited_on", "day"),
        ),
    ),
    Table(
        "rates",
        ("on", "from", "to"),
        (Column("on", "day"), Column("from", "currency"), Column("to", "currency"), Column("rate", "rate")),
    ),
    Table(
        "levels",
        ("partner_id", "from"),
        (Column("partner_id", "partner"), Column("level", "level"), Column("from", "day")),
    ),
)

BY_NAME = {table.name: table for table in TABLES}

PLANS = ("paid", "free", "trial", "nfr")
STATUSES = ("active", "closed")


TOTALS = (
    *(
        "total",
        "totals",
        "grand total",
        "subtotal",
        "sub-total",
        "sum",
        "summe",
        "gesamt",
        "gesamtsumme",
        "endsumme",
    ),
    *(
        "zwischensumme",
        "somme",
        "total général",
        "sous-total",
        "suma",
        "total general",
        "合計",
        "小計",
        "総計",
    ),
)
"""The words, in lower case, by which programs name a row of totals."""


def identifier(name: str) -> str:
    """Return a column's name as an identifier of a statement; `from`, `to` and `on` are words of SQL."""
    return f'"{name}"'


SqlValue = str | int | None


def whole(value: SqlValue) -> int:
    """Return `value` of a column that holds integers only."""
    assert isinstance(value, int)
    return value


def literal(value: str | Path) -> str:
    """Return `value` as a quoted text of a statement."""
    return "'" + str(value).replace("'", "''") + "'"


def file_literal(path: Path) -> str:
    """Return `path` as a quoted text that names one file, even if its name looks like a pattern."""
    return literal(glob.escape(str(path)))

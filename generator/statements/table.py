"""A statement as a table that opens in a spreadsheet: a row an entry, the columns those of its JSON."""

import csv
from collections.abc import Iterator, Mapping
from io import StringIO

from rewards import KIND_OF_LIST, LISTS, guarded, published_fields

_LEADING = ("kind", "offer", "currency", "product", "subscription_id")
_FIELDS = tuple(
    field for name in LISTS for field in published_fields(KIND_OF_LIST[name].entry) if field.form != "items"
)
COLUMNS = tuple(dict.fromkeys((*_LEADING, *(field.name for field in _FIELDS))))
"""The kind and the subject of an entry, then each figure in the order in which the statement's lists first have it."""
_TEXTS = frozenset(field.name for field in _FIELDS if field.form in {"text", "ledger_text", "level"})


def statement_csv(figures: Mapping[str, object]) -> str:
    """The table of a `statement_json` with its header, lines ending in CR LF (RFC 4180).

    Held subscriptions have rows of their own. A text that a spreadsheet could take for a formula begins with `'`;
    amounts stay numbers.
    """
    table = StringIO(newline="")
    writer = csv.writer(table, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows(_rows(figures))
    return table.getvalue()


def table_words() -> Mapping[str, str]:
    """Return the words with which the page's script writes the same table, and `list:kind` pairs."""
    return {
        "columns": " ".join(COLUMNS),
        "kinds": " ".join(f"{name}:{KIND_OF_LIST[name].name}" for name in LISTS),
        "texts": " ".join(sorted(_TEXTS)),
    }


def _rows(figures: Mapping[str, object]) -> Iterator[list[object]]:
    for name in LISTS:
        entries = figures[name]
        assert isinstance(entries, list | tuple)
        for entry in entries:
            yield _row(KIND_OF_LIST[name].name, entry)
            for held in entry.get("subscriptions", ()):
                same = {"offer": entry["offer"], "product": entry["product"]}
                yield _row("held_subscription", same | held)


def _row(kind: str, entry: Mapping[str, object]) -> list[object]:
    """The cells; the writer leaves those empty that are None."""
    cells = {"kind": kind, **entry}
    return [
        guarded(str(cells[name])) if name in _TEXTS and cells.get(name) else cells.get(name)
        for name in COLUMNS
    ]

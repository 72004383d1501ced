"""A statement as a table that opens in a spreadsheet: a row an entry, the columns those of its JSON."""

import csv
import re
from collections.abc import Iterator, Mapping
from io import StringIO

from rewards import KINDS, LISTS

COLUMNS = (
    "kind",
    "offer",
    "currency",
    "product",
    "subscription_id",
    "eligible_sales",
    "rate",
    "amount",
    "already_credited",
    "to_credit",
    "status",
    "credited_on",
    "expires_on",
    "extended_to",
    "allowed",
    "held",
    "remaining",
    "register_by",
    "attained_sales",
    "attained_level",
    "next_level",
    "next_quota",
    "secured_level",
    "secured_until",
    "level",
)
_KIND_OF = {kind.list: kind.name for kind in KINDS.values()}
_TEXTS = frozenset(
    {"offer", "product", "subscription_id", "attained_level", "next_level", "secured_level", "level"}
)
_FORMULA = re.compile("[-=+@\uff0d\uff1d\uff0b\uff20\t\r]")


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
    """What the page's script needs to write the same table: words parted by spaces, and `list:kind` pairs."""
    return {
        "columns": " ".join(COLUMNS),
        "kinds": " ".join(f"{name}:{_KIND_OF[name]}" for name in LISTS),
        "texts": " ".join(sorted(_TEXTS)),
    }


def guarded(text: str) -> str:
    """`text`, with `'` before it where a spreadsheet could take it for a formula."""
    return f"'{text}" if _FORMULA.match(text.lstrip(" ")) else text


def _rows(figures: Mapping[str, object]) -> Iterator[list[object]]:
    for name in LISTS:
        entries = figures[name]
        assert isinstance(entries, list | tuple)
        for entry in entries:
            yield _row(_KIND_OF[name], entry)
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

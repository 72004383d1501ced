"""A statement as tables: a row an entry, with the columns of its JSON, and the ledger lines behind its figures."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from generator.templating.formats import Formats
from generator.templating.values import contained
from rewards import (
    KIND_OF_LIST,
    LISTS,
    LineGroup,
    csv_table,
    day_text,
    format_amount,
    guarded,
    parse_amount,
    parse_day,
    published_fields,
)

_LEADING = ("kind", "offer", "currency", "product", "subscription_id")
_FIELDS = tuple(
    field for name in LISTS for field in published_fields(KIND_OF_LIST[name].entry) if field.form != "items"
)
COLUMNS = tuple(dict.fromkeys((*_LEADING, *(field.name for field in _FIELDS))))
"""The kind and the subject of an entry, then each figure in the order in which the statement's lists first have it."""
_TEXTS = frozenset(field.name for field in _FIELDS if field.form in {"text", "ledger_text", "level"})
_TEXT_PLACES = tuple(place for place, name in enumerate(COLUMNS) if name in _TEXTS)


def statement_csv(figures: Mapping[str, object]) -> str:
    """The table of a `statement_json` with its header, lines ending in CR LF (RFC 4180).

    Held subscriptions have rows of their own. A text that a spreadsheet could take for a formula begins with `'`;
    amounts stay numbers.
    """
    return csv_table(COLUMNS, _rows(figures))


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
    cells = list(map(entry.get, COLUMNS))
    cells[0] = kind
    for place in _TEXT_PLACES:
        if text := cells[place]:
            cells[place] = guarded(str(text))
    return cells


# The ledger lines that entered the figures. A record holds them as exact values, which whoever shows it formats: each
# line costs 10 to 14 bytes of a record then, and formatted twice as many.


def line_values(
    groups: Sequence[LineGroup], formats: Formats, form: Callable[[int], int]
) -> dict[str, object]:
    """Return the values of a record for its lines: `lines`, a group a table, and `forms`, how amounts are written.

    A row is day, id, product and amount, all as exact text.
    """
    if not groups:
        return {}
    forms = {currency: formats.money_form(currency) for currency in sorted({one.currency for one in groups})}
    return {
        "forms": {currency: pattern for currency, pattern in forms.items() if pattern},
        "lines": [
            {
                "count": formats.number_text(len(group.lines)),
                "count_form": form(len(group.lines)),
                "currency": group.currency,
                "kind": group.table,
                "offers": [{"offer": offer} for offer in group.offers],
                "rows": [
                    [
                        day_text(day),
                        contained(line),
                        contained(product),
                        format_amount(amount, group.currency),
                    ]
                    for day, line, product, amount in group.lines
                ],
                "total": formats.money_text(sum(line.amount for line in group.lines), group.currency),
            }
            for group in groups
        ],
    }


def with_lines(merged: Mapping[str, object], formats: Formats) -> Mapping[str, object]:
    """Return the values with each row of lines as a mapping of texts for people, as a shell names them."""
    groups, forms = merged.get("lines"), merged.get("forms")
    if not isinstance(groups, list) or not isinstance(forms, Mapping):
        return merged
    return {**merged, "lines": [{**one, "rows": list(_shown_rows(one, forms, formats))} for one in groups]}


def _shown_rows(
    group: Mapping[str, object], forms: Mapping[str, object], formats: Formats
) -> Iterator[Mapping[str, str]]:
    currency, rows = str(group["currency"]), group["rows"]
    for day, line, product, amount in rows if isinstance(rows, list) else ():
        shown = (
            formats.money_text(parse_amount(amount, currency), currency)
            if currency in forms
            else f"{amount} {currency}"
        )
        text = formats.day_text(parse_day(day))
        yield {"on": day, "day": text, "line": line, "product": product, "exact": amount, "amount": shown}

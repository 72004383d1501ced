"""The screen Data: each table with its file, what was read of it and when, its control totals and its faults."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatch

from ledger import ControlTotals, DataSettings
from offerpress.reports.figures_report import source_tables
from offerpress.reports.texts import sum_words
from offerpress.setup.uploads import MOST_BYTES, all_uploads
from offerpress.studio.data.words import TABLE_WORDS, sorted_by_kind
from offerpress.studio.plans.standing import program_zone
from offerpress.studio.state.current_figures import CurrentFigures
from offerpress.studio.state.studio import Context, Visit, address_of, ago_words, clock_words
from rewards import Fault


def data_page(visit: Visit) -> Context:
    """Show every table as it was read last, and what waits to be connected."""
    reader = visit.studio.reader
    current = reader.open()
    data = visit.site.settings.data
    faults = [*reader.faults, *(current.found if current else ())]
    rows = {one.table: one.rows for one in source_tables(current.figures)} if current else {}
    sums = visit.studio.remembered("sums", current.number, lambda: _sums(current)) if current else {}
    may = visit.person.may("operator", "finance")
    return {
        "tables": [_table(visit, name, data, rows, faults, sums) for name in TABLE_WORDS],
        "read_at": clock_words(reader.read_at, program_zone(visit)) if reader.read_at else "",
        "stands": not reader.faults,
        "others": sum(
            one.severity == "fault" and not any(_is_of_table(one, name, data) for name in TABLE_WORDS)
            for one in faults
        ),
        "waiting": [
            {
                "name": one.name,
                "table": TABLE_WORDS[one.table][0],
                "upload": one.upload,
                "href": address_of("/data/connect", upload=one.upload),
                "when": ago_words(one.at, visit.now),
            }
            for one in (all_uploads(visit.site) if may else [])
            if one.table in TABLE_WORDS
        ],
        "may": may,
        "most": MOST_BYTES,
        "connected": visit.query.get("connected", ""),
    }


def _table(
    visit: Visit,
    name: str,
    data: DataSettings,
    rows: Mapping[str, int],
    faults: Sequence[Fault],
    sums: Mapping[str, list[str]],
) -> Context:
    word, about = TABLE_WORDS[name]
    mine = [one for one in faults if _is_of_table(one, name, data)]
    path = data.of(name).label
    here = visit.site.folder / path
    wrong = [one for one in mine if one.severity == "fault"]
    return {
        "id": name,
        "word": word,
        "about": about,
        "file": path,
        "there": here.is_file() or "*" in path or ":" in path,
        "rows": f"{rows[name]:,}" if name in rows else "",
        "sums": sums.get(name, []),
        "control": _control(data.control.get(name)),
        "faults": sorted_by_kind(wrong),
        "fault_count": len(wrong),
        "remarks": sorted_by_kind(one for one in mine if one.severity != "fault"),
    }


def _control(declared: ControlTotals | None) -> list[str]:
    if declared is None:
        return []
    found = [f"{declared.rows:,} rows"] if declared.rows is not None else []
    return found + [f"{amount} {currency}" for currency, amount in declared.sums.items()]


def _sums(current: CurrentFigures) -> Mapping[str, list[str]]:
    """Return the sums of sales and of credits by currency, as the control totals state them."""
    totals = current.figures.snapshot.totals()
    sales = [(currency, total.amount) for currency, total in totals.sales.items()]
    credited = [(currency, total.amount) for (_, currency), total in totals.credits.items()]
    return {"sales": _by_currency(sales), "credits": _by_currency(credited)}


def _by_currency(amounts: Iterable[tuple[str, int]]) -> list[str]:
    sums: Counter[str] = Counter()
    for currency, amount in amounts:
        sums[currency] += amount
    return sum_words(dict(sorted(sums.items())))


def _is_of_table(fault: Fault, name: str, data: DataSettings) -> bool:
    source = data.of(name)
    named = fault.field in {f"data.{name}", f"data.control.{name}"} or fault.field.startswith(f"data.{name}.")
    return named or fault.file == source.label or ("*" in source.path and fnmatch(fault.file, source.path))

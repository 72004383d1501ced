"""Control totals: what the exporting system says a table adds up to."""

from collections.abc import Mapping

from ledger.database import Database
from ledger.findings import Findings, Place
from ledger.settings import ControlTotals
from ledger.tables import TABLES, Table
from rewards import format_amount, parse_amount


def check_totals(database: Database, findings: Findings, control: Mapping[str, ControlTotals]) -> None:
    """A fault for each difference between `control` and the parsed tables, whose repetitions are settled."""
    for table in TABLES:
        if table.name in control:
            number = findings.register(table, "offerpress.toml", f"data.control.{table.name}")
            _check_rows(database, findings, table, control[table.name].rows, number)
            _check_sums(database, findings, table, control[table.name].sums, number)


def _check_rows(
    database: Database, findings: Findings, table: Table, expected: int | None, number: int
) -> None:
    found = database.number(f"SELECT count(*) FROM {table.name}")
    if expected is not None and found != expected:
        what = f"{table.name} has {found:,} rows, the control total says {expected:,}"
        findings.add(
            "control total", Place(number), what, "export the table again, or correct the control total"
        )


def _check_sums(
    database: Database, findings: Findings, table: Table, expected: Mapping[str, str], number: int
) -> None:
    if not expected:
        return
    sums = f"SELECT currency, CAST(coalesce(sum(amount), 0) AS VARCHAR) FROM {table.name} GROUP BY currency"
    found = {str(currency): int(str(total)) for currency, total in database.rows(sums)}
    for currency, text in sorted(expected.items()):
        try:
            wanted = parse_amount(text, currency)
        except ValueError as error:
            what, _, remedy = str(error).partition("; ")
            findings.add("control total", Place(number), what, remedy)
            continue
        if found.get(currency, 0) != wanted:
            amounts = format_amount(found.get(currency, 0), currency), format_amount(wanted, currency)
            what = f"{table.name} sum up to {amounts[0]} {currency}, the control total says {amounts[1]} {currency}"
            findings.add(
                "control total", Place(number), what, "export the table again, or correct the control total"
            )

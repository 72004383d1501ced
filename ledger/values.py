"""Says which single values of a table are wrong, and what would be right."""

from collections.abc import Callable
from functools import cache

from ledger.database import Database, Row, whole
from ledger.findings import Findings, Place, quote
from ledger.tables import PLANS, STATUSES, Column, Table, quoted
from rewards import (
    Policy,
    UnknownCurrency,
    day_in_zone,
    minor_units,
    parse_amount,
    parse_day,
    suggestion,
    time_zone,
)

Words = tuple[str, str]
Judge = Callable[[str], Words | None]


def report(
    database: Database, findings: Findings, rule: str, column: str, query: str, words: Callable[[Row], Words]
) -> None:
    """A fault for each row of `query`, which selects the file's number, the row and then what `words` reads."""
    for batch in database.batches(f"{query} ORDER BY 1, 2"):
        if findings.full(rule, "fault", len(batch)):
            continue
        for file, row, *rest in batch:
            findings.add(rule, Place(whole(file), whole(row), column), *words(tuple(rest)))


def check_values(database: Database, findings: Findings, table: Table, policy: Policy) -> None:
    """Every empty, unreadable or unknown value of `table`, which is loaded and parsed."""
    for column in table.columns:
        if column.filled:
            query = f"SELECT file_number, row_number FROM rows_{table.name} WHERE {quoted(column.name)} = ''"
            report(database, findings, "empty", column.name, query, _empty(column.name))
        if column.kind in {"day", "instant", "amount", "rate"}:
            _check_readable(database, findings, table, column, policy.program.timezone)
        judge = _judge(column, policy)
        if judge is not None:
            _check_known(database, findings, table, column, judge)


def _empty(name: str) -> Callable[[Row], Words]:
    return lambda _: (f"{name} is empty", "every row needs one")


def _check_readable(database: Database, findings: Findings, table: Table, column: Column, zone: str) -> None:
    name = quoted(column.name)
    if not database.number(f"SELECT count(*) FROM {table.name} WHERE {name} IS NULL"):
        return
    beside = ", raw.currency" if column.kind == "amount" else ""
    known = " AND raw.currency IN (SELECT currency FROM currencies)" if beside else ""
    query = (
        f"SELECT file_number, row_number, raw.{name}{beside} FROM rows_{table.name} AS raw "
        f"JOIN {table.name} AS parsed USING (file_number, row_number) "
        f"WHERE parsed.{name} IS NULL AND raw.{name} <> ''{known}"
    )
    report(database, findings, f"bad {column.kind}", column.name, query, _unreadable(column, zone))


def _unreadable(column: Column, zone: str) -> Callable[[Row], Words]:
    readers: dict[str, Callable[[Row], object]] = {
        "day": lambda row: parse_day(str(row[0])),
        "instant": lambda row: day_in_zone(str(row[0]), zone),
        "amount": lambda row: parse_amount(str(row[0]), str(row[1])),
        "rate": lambda row: _refuse_rate(str(row[0])),
    }
    return lambda row: _words_of(readers[column.kind], row)


def _words_of(reader: Callable[[Row], object], row: Row) -> Words:
    try:
        reader(row)
    except ValueError as error:
        what, _, remedy = str(error).partition("; ")
        return what, remedy
    return f"{quote(row[0])} has spaces around it", "remove them"


def _refuse_rate(text: str) -> None:
    raise ValueError(f"{quote(text)} is no rate above 0; write digits with a point, such as 1.0845")


def _check_known(database: Database, findings: Findings, table: Table, column: Column, judge: Judge) -> None:
    name = quoted(column.name)
    judged = cache(judge)
    wrong = [
        (text,)
        for (text,) in database.rows(f"SELECT DISTINCT {name} FROM raw_{table.name}")
        if text and judged(str(text))
    ]
    if not wrong:
        return
    database.run("CREATE OR REPLACE TEMP TABLE wrong (value VARCHAR)")
    database.append("wrong", wrong)
    query = f"SELECT file_number, row_number, {name} FROM rows_{table.name} WHERE {name} IN (SELECT value FROM wrong)"
    report(
        database,
        findings,
        f"unknown {column.kind}",
        column.name,
        query,
        lambda row: judged(str(row[0])) or ("", ""),
    )


def _judge(column: Column, policy: Policy) -> Judge | None:
    judges: dict[str, Judge] = {
        "currency": _judge_currency,
        "zone": _judge_zone,
        "level": lambda text: _listed(text, policy.program.level_ids, "level of the program"),
        "plan": lambda text: _listed(text, PLANS, "plan"),
        "status": lambda text: _listed(text, STATUSES, "status"),
        "offer": lambda text: _listed(text, tuple(sorted(policy.cashback_slugs)), "cashback offer's slug"),
    }
    return judges.get(column.kind)


def _listed(text: str, known: tuple[str, ...], name: str) -> Words | None:
    if text in known:
        return None
    return f"{quote(text)} is no {name}", suggestion(text, known) if known else "there is none yet"


def _judge_currency(text: str) -> Words | None:
    try:
        minor_units(text)
    except UnknownCurrency as error:
        what, _, remedy = str(error).partition("; ")
        return what, remedy
    return None


def _judge_zone(text: str) -> Words | None:
    try:
        time_zone(text)
    except ValueError as error:
        what, _, remedy = str(error).partition("; ")
        return what, remedy
    return None

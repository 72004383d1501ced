"""Parses the texts of the tables into days and amounts inside the database, and finds the values that are wrong."""

import re
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from functools import cache

from ledger.database import Database, Row
from ledger.findings import Findings, Place, quote
from ledger.reading.forms import cure, toml_text
from ledger.tables import PLANS, STATUSES, TOTALS, Column, Table, identifier, literal, whole
from rewards import (
    MINOR_UNITS,
    Policy,
    Severity,
    UnknownCurrency,
    address_fault,
    day_in_zone,
    minor_units,
    parse_amount,
    parse_day,
    suggestion,
    time_zone,
)

Explanation = tuple[str, str]
Judge = Callable[[str], Explanation | None]


def report(
    database: Database,
    findings: Findings,
    rule: str,
    column: str,
    query: str,
    words: Callable[[Row], Explanation],
    severity: Severity = "fault",
) -> None:
    """Add a fault for each row of `query`, which selects the file's number, the row and the values for `words`."""
    for batch in database.batches(f"{query} ORDER BY 1, 2"):
        if findings.full(rule, severity, len(batch)):
            continue
        for file, row, *rest in batch:
            findings.add(rule, Place(whole(file), whole(row), column), *words(tuple(rest)), severity)


def check_values(database: Database, findings: Findings, table: Table, policy: Policy) -> None:
    """Find every empty, unreadable or unknown value of `table`, which is loaded and parsed."""
    if not database.number(f"SELECT count(*) FROM raw_{table.name}"):
        return
    _check_shortened(database, findings, table)
    _remark_nothing(database, findings, table)
    _remark_totals(database, findings, table)
    fields = ", ".join(map(identifier, table.names))
    rows = f"SELECT file_number, row_number, {fields} FROM rows_{table.name}"
    for column in table.columns:
        if column.filled:
            query = f"{rows} WHERE {identifier(column.name)} = ''"
            report(database, findings, "empty", column.name, query, _empty(table, column))
        if column.kind in {"day", "instant", "amount", "rate"}:
            _check_readable(database, findings, table, column, policy.program.timezone)
        judge = _judge(column, policy)
        if judge is not None:
            _check_known(database, findings, table, column, judge)


_SHORTENED = "[0-9]([.,][0-9]+)?[eE][+][0-9]{2,}"
_USUAL_ADDRESS = (
    r"[A-Za-z0-9_+-]+([.][A-Za-z0-9_+-]+)*"
    "@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?[.])+[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
)
_USUAL_LENGTH = 64
_NOTHING = (
    *("#n/a", "#na", "#ref!", "#value!", "#name?", "#null!", "#div/0!", "#num!"),
    *("n/a", "null", "(null)", "<null>", "none", "nil", "nan", "<na>", "undefined"),
)


def _check_shortened(database: Database, findings: Findings, table: Table) -> None:
    """Find ids that a spreadsheet program wrote as rounded numbers, so that several rows may have one id."""
    ids = [name for name in table.names if name.endswith("_id") or name == "refund_of"]
    tests = {
        name: f"contains({identifier(name)}, '+') AND regexp_full_match({identifier(name)}, {literal(_SHORTENED)})"
        for name in ids
    }
    _report_where(database, findings, table, "shortened id", tests, _shortened)


def _report_where(
    database: Database,
    findings: Findings,
    table: Table,
    rule: str,
    tests: Mapping[str, str],
    words: Callable[[Row], Explanation],
    severity: Severity = "fault",
) -> None:
    """Report the values that meet a column's test; most tables have none, which one query tells."""
    rows = f"rows_{table.name}"
    if not tests or not database.number(
        f"SELECT count(*) FROM raw_{table.name} WHERE {' OR '.join(tests.values())}"
    ):
        return
    for name, test in tests.items():
        query = f"SELECT file_number, row_number, {identifier(name)} FROM {rows} WHERE {test}"
        report(database, findings, rule, name, query, words, severity)


def _shortened(row: Row) -> Explanation:
    what = f"{quote(row[0])} is a number that a spreadsheet program shortened, and no id"
    return what, "give the column as text before the ids are entered, and export again"


def _remark_nothing(database: Database, findings: Findings, table: Table) -> None:
    """Add a remark for each text that programs write in the place of a missing value, because people would read it."""
    words = ", ".join(map(literal, _NOTHING))
    names = [identifier(name) for name in table.names if name in _READ_BY_PEOPLE]
    tests = {name.strip('"'): f"length({name}) < 16 AND lower(trim({name})) IN ({words})" for name in names}
    _report_where(database, findings, table, "word for nothing", tests, _nothing, "remark")


_READ_BY_PEOPLE = frozenset({"name", "contact_name", "manager_name", "product", "customer"})


def _nothing(row: Row) -> Explanation:
    return f"{quote(row[0])} stands for a missing value, and people would read it", "leave the field empty"


STATED = "status <> 'closed' AND merged_into = ''"
"""Which rows of `partners` have a statement."""


def remark_addresses(database: Database, findings: Findings) -> None:
    """Add a remark for each address of a partner with a statement to which no notice can go, or that two have."""
    for name in ("email", "cc", "manager_email"):
        filled = f" AND {name} <> ''" if name != "email" else ""
        unusual = f"""
            FROM partners WHERE {STATED}{filled}
            AND NOT (length({name}) <= {_USUAL_LENGTH} AND regexp_full_match({name}, {literal(_USUAL_ADDRESS)}))
        """
        if not database.number(f"SELECT count(*) {unusual}"):
            continue
        query = f"""
            SELECT file_number, row_number, {name}, partner_id IN (SELECT partner_id FROM sales)
                OR partner_id IN (SELECT partner_id FROM credits) {unusual} ORDER BY 1, 2
        """
        for file, row, text, has_lines in database.rows(query):
            found = _addresses_fault(str(text)) if name == "cc" else _address_fault(str(text))
            if found is not None:
                what, _, remedy = found.partition("; ")
                money = ", and the partner has sales or credits" if has_lines and name == "email" else ""
                place = Place(whole(file), whole(row), name)
                findings.add("bad address", place, f"no mail can go to it{money}: {what}", remedy, "remark")
    _remark_shared(database, findings)


def _remark_shared(database: Database, findings: Findings) -> None:
    """Add a remark for each partner with an address that another has: both get the notices of both."""
    shared = f"""
        SELECT file_number, row_number, first_value(partner_id) OVER same, first_value(row_number) OVER same,
            row_number() OVER same AS nth
        FROM partners WHERE {STATED} AND email <> '' AND lower(trim(email)) IN (
            SELECT lower(trim(email)) FROM partners WHERE {STATED} GROUP BY lower(trim(email)) HAVING count(*) > 1)
        WINDOW same AS (PARTITION BY lower(trim(email)) ORDER BY file_number, row_number)
    """
    query = f"SELECT * EXCLUDE (nth) FROM ({shared}) WHERE nth > 1"
    report(database, findings, "shared address", "email", query, _shared, "remark")


def _shared(row: Row) -> Explanation:
    what = f"partner {quote(row[0])} in row {row[1]} has the same address"
    return what, "see that one person is to read the figures of both"


_SEVERAL = re.compile(r"(?<![^\s,;<>])[^\s,;<>]+@[^\s,;<>]+")


def _address_fault(text: str) -> str | None:
    """The fault of one address; several in one cell are a fault of their own."""
    count = len(_SEVERAL.findall(text))
    if count > 1:
        return f"the cell holds {count} addresses; leave one, and write the others in cc"
    return address_fault(text)


def _addresses_fault(texts: str) -> str | None:
    """The fault of the first address in a list that is unusable."""
    parts = (part for part in re.split("[,;]", texts) if part.strip())
    return next((found for part in parts if (found := address_fault(part)) is not None), None)


def _empty(table: Table, column: Column) -> Callable[[Row], Explanation]:
    def words(row: Row) -> Explanation:
        default = f'default = {{{column.name} = "…"}}'
        total = next((str(cell) for cell in row if str(cell or "").strip(" :").lower() in TOTALS), None)
        cut = default if total is None else f"skip_last = 1 or stop_at = {toml_text(total.strip())}"
        which = "one value is meant" if total is None else "this is a row of totals"
        return (
            f"{column.name} is empty",
            f"every row needs one; if {which}, declare {cut} in [data.{table.name}]",
        )

    return words


def _remark_totals(database: Database, findings: Findings, table: Table) -> None:
    """Add a remark for each row whose first column says that it is a row of totals."""
    key = table.key[0]
    words = ", ".join(map(literal, TOTALS))
    test = f"length({identifier(key)}) < 16 AND lower(trim({identifier(key)}, ' :')) IN ({words})"
    _report_where(database, findings, table, "totals", {key: test}, _total(table), "remark")


def _total(table: Table) -> Callable[[Row], Explanation]:
    return lambda row: (
        f"{quote(row[0])} is probably the word of a row of totals, which then would count twice",
        f"declare skip_last = 1 or stop_at = {toml_text(str(row[0]).strip())} in [data.{table.name}]",
    )


def _check_readable(database: Database, findings: Findings, table: Table, column: Column, zone: str) -> None:
    name = identifier(column.name)
    if not database.number(f"SELECT count(*) FROM {table.name} WHERE {name} IS NULL"):
        return
    beside = ", raw.currency" if column.kind == "amount" else ""
    known = " AND raw.currency IN (SELECT currency FROM currencies)" if beside else ""
    query = (
        f"SELECT file_number, row_number, raw.{name}{beside} FROM rows_{table.name} AS raw "
        f"JOIN {table.name} AS parsed USING (file_number, row_number) "
        f"WHERE parsed.{name} IS NULL AND raw.{name} <> ''{known}"
    )
    texts = tuple(str(row[2]) for row in database.rows(f"{query} ORDER BY 1, 2 LIMIT {_LOOKED_AT}"))
    words = _unreadable(table, column, zone, texts)
    report(database, findings, f"bad {column.kind}", column.name, query, words)


_LOOKED_AT = 200
"""How many unreadable values of a column a proposed setting must read."""


def _unreadable(
    table: Table, column: Column, zone: str, texts: tuple[str, ...]
) -> Callable[[Row], Explanation]:
    readers: dict[str, Callable[[Row], object]] = {
        "day": lambda row: parse_day(str(row[0])),
        "instant": lambda row: day_in_zone(str(row[0]), zone),
        "amount": lambda row: parse_amount(str(row[0]), str(row[1])),
        "rate": lambda row: _refuse_rate(str(row[0])),
    }

    def words(row: Row) -> Explanation:
        places = minor_units(str(row[1])) if column.kind == "amount" else _RATE_PLACES
        setting = cure(column.kind, str(row[0]), texts, places)
        try:
            readers[column.kind](row)
        except ValueError as error:
            what, _, remedy = str(error).partition("; ")
            return what, f"{remedy}; or {setting} in [data.{table.name}]" if setting else remedy
        return f"{quote(row[0])} has spaces around it", "remove them"

    return words


def _refuse_rate(text: str) -> None:
    raise ValueError(
        f"{quote(text)} is no rate above 0; write digits with a point, such as 1.0845, "
        f"with at most {_RATE_DIGITS} digits and {_RATE_PLACES} decimal places"
    )


def _check_known(database: Database, findings: Findings, table: Table, column: Column, judge: Judge) -> None:
    name = identifier(column.name)
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
    setting = _values(table, column, sorted(str(text) for (text,) in wrong))

    def words(row: Row) -> Explanation:
        what, remedy = judged(str(row[0])) or ("", "")
        return what, f"{remedy}; or say what they mean: {setting}"

    report(database, findings, f"unknown {column.kind}", column.name, query, words)


_MOST_SHOWN = 5


def _values(table: Table, column: Column, texts: Sequence[str]) -> str:
    """Return the setting that gives our words for `texts`, with `…` where no word of ours is near."""
    known = {"status": STATUSES, "plan": PLANS}.get(column.kind, ())
    pairs = []
    for text in texts[:_MOST_SHOWN]:
        code = text[:3].upper() if column.kind == "currency" else ""
        near = [code] if code in MINOR_UNITS else get_close_matches(text, known, n=1)
        pairs.append(f"{toml_text(text)} = {toml_text(near[0] if near else '…')}")
    return f"values = {{{column.name} = {{{', '.join(pairs)}}}}} in [data.{table.name}]"


def _judge(column: Column, policy: Policy) -> Judge | None:
    judges: dict[str, Judge] = {
        "currency": _judge_currency,
        "zone": _judge_zone,
        "level": lambda text: _listed(text, policy.program.every_level_id, "level of the program"),
        "plan": lambda text: _listed(text, PLANS, "plan"),
        "status": lambda text: _listed(text, STATUSES, "status"),
        "offer": lambda text: _listed(text, tuple(sorted(policy.cashback_slugs)), "cashback offer's slug"),
    }
    return judges.get(column.kind)


def _listed(text: str, known: tuple[str, ...], name: str) -> Explanation | None:
    if text in known:
        return None
    return f"{quote(text)} is no {name}", suggestion(text, known) if known else "there is none yet"


def _judge_currency(text: str) -> Explanation | None:
    try:
        minor_units(text)
    except UnknownCurrency as error:
        what, _, remedy = str(error).partition("; ")
        return what, remedy
    return None


def _judge_zone(text: str) -> Explanation | None:
    try:
        time_zone(text)
    except ValueError as error:
        what, _, remedy = str(error).partition("; ")
        return what, remedy
    return None


# Parsing of texts inside the database: exact, without floating point and without guessing.

SPACES = " \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
"""The characters that Python's `str.strip` removes, without control characters, which no field may hold."""

_DAY = "'[0-9]{4}-[0-9]{2}-[0-9]{2}'"
_AMOUNT = rf"\A[{SPACES}]*(-?[0-9]+([.][0-9]+)?)[{SPACES}]*\z"
_MOST_DIGITS = 18
_RATE_DIGITS = 20
_RATE_PLACES = 30
_RATE = f"[0-9]{{1,{_RATE_DIGITS}}}([.][0-9]{{1,{_RATE_PLACES}}})?"
_SURELY_FITS = _MOST_DIGITS - max(MINOR_UNITS.values())


def prepare(database: Database, zone: str) -> None:
    """Create what parsing looks up: `currencies` with their places, and `instants` with their days in `zone`."""
    database.run("CREATE TABLE currencies (currency VARCHAR, places INTEGER)")
    database.append("currencies", sorted(MINOR_UNITS.items()))
    database.run("CREATE TABLE instants (instant VARCHAR, day INTEGER)")
    texts = f"SELECT DISTINCT sold_on FROM raw_sales WHERE NOT regexp_full_match(sold_on, {_DAY})"
    database.append("instants", [(text, _day_or_none(str(text), zone)) for (text,) in database.rows(texts)])


def _day_or_none(text: str, zone: str) -> int | None:
    try:
        return day_in_zone(text, zone) if text == text.strip() else None
    except ValueError:
        return None


def parse(database: Database, table: Table) -> None:
    """Create `NAME` from `rows_NAME`, with days as ordinals and amounts as minor units."""
    values = ", ".join(f"{_expression(column)} AS {identifier(column.name)}" for column in table.columns)
    joins = ""
    if table.of_kind("amount"):
        joins += ' LEFT JOIN currencies ON currencies.currency = raw."currency"'
    if table.of_kind("instant"):
        joins += " LEFT JOIN instants ON instants.instant = raw.sold_on"
    database.run(
        f"CREATE TABLE {table.name} AS SELECT file_number, row_number, {values} FROM rows_{table.name} AS raw{joins}"
    )


def _expression(column: Column) -> str:
    name = f"raw.{identifier(column.name)}"
    if column.kind == "day":
        return _day(name)
    if column.kind == "instant":
        return f"coalesce({_day(name)}, instants.day)"
    if column.kind == "amount":
        return _amount(name)
    if column.kind == "rate":
        return _rate(trimmed(name))
    if column.kind == "status":
        return f"CASE WHEN {name} = '' THEN 'active' ELSE {name} END"
    return name


def trimmed(name: str) -> str:
    """Return the expression that removes spaces at both ends of a text."""
    return f"trim({name}, {literal(SPACES)})"


def _day(name: str) -> str:
    """Return the expression for the ordinal of `YYYY-MM-DD`; 0001-01-01 is day 1."""
    return (
        f"CASE WHEN regexp_full_match({name}, {_DAY}) AND {name} >= '0001-01-01' "
        f"THEN CAST(try_cast({name} AS DATE) - DATE '0001-01-01' + 1 AS INTEGER) END"
    )


def _amount(name: str) -> str:
    """Return the expression for minor units: the digits before the point, and those after it filled up with zeros."""
    # One expression finds the number between spaces: `trim` with all of them takes three times as long.
    text = f"regexp_extract({name}, {literal(_AMOUNT)}, 1)"
    fraction = f"split_part({text}, '.', 2)"
    digits = f"concat(split_part({text}, '.', 1), rpad({fraction}, places, '0'))"
    return (
        f"CASE WHEN {text} <> '' AND length({fraction}) <= places "
        f"AND (length({text}) <= {_SURELY_FITS} OR length(ltrim({digits}, '-0')) <= {_MOST_DIGITS}) "
        f"THEN try_cast({digits} AS BIGINT) END"
    )


def _rate(text: str) -> str:
    """Return the expression for the shortest text of a decimal above 0: `1.10` and `01.1` are one rate."""
    whole = f"ltrim(split_part({text}, '.', 1), '0')"
    fraction = f"rtrim(split_part({text}, '.', 2), '0')"
    return (
        f"CASE WHEN regexp_full_match({text}, '{_RATE}') AND regexp_matches({text}, '[1-9]') "
        f"THEN concat(CASE WHEN {whole} = '' THEN '0' ELSE {whole} END, "
        f"CASE WHEN {fraction} = '' THEN '' ELSE concat('.', {fraction}) END) END"
    )

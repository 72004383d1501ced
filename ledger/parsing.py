"""Turns texts into days and amounts inside the database, exactly: no floating point and no guessing takes part.

A value that cannot be read becomes NULL here; why it cannot is said in `ledger.values`.
"""

from ledger.database import Database, literal
from ledger.tables import Column, Table, quoted
from rewards import MINOR_UNITS, day_in_zone

SPACES = " \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
"""What Python's `str.strip` removes, without control characters, which no field may hold."""

_DAY = "'[0-9]{4}-[0-9]{2}-[0-9]{2}'"
_AMOUNT = rf"\A[{SPACES}]*(-?[0-9]+([.][0-9]+)?)[{SPACES}]*\z"
_MOST_DIGITS = 18
_SURELY_FITS = _MOST_DIGITS - max(MINOR_UNITS.values())


def prepare(database: Database, zone: str) -> None:
    """What parsing looks up: `currencies` with their places, and `instants` with their days in `zone`."""
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
    """`NAME` from `rows_NAME`, with `file_number` and `row_number`, days as ordinals and amounts as minor units."""
    values = ", ".join(f"{_expression(column)} AS {quoted(column.name)}" for column in table.columns)
    joins = ""
    if table.of_kind("amount"):
        joins += ' LEFT JOIN currencies ON currencies.currency = raw."currency"'
    if table.of_kind("instant"):
        joins += " LEFT JOIN instants ON instants.instant = raw.sold_on"
    database.run(
        f"CREATE TABLE {table.name} AS SELECT file_number, row_number, {values} FROM rows_{table.name} AS raw{joins}"
    )


def _expression(column: Column) -> str:
    name = f"raw.{quoted(column.name)}"
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
    """The expression that removes spaces at both ends of a text."""
    return f"trim({name}, {literal(SPACES)})"


def _day(name: str) -> str:
    """The ordinal of `YYYY-MM-DD`: 0001-01-01 is day 1."""
    return (
        f"CASE WHEN regexp_full_match({name}, {_DAY}) AND {name} >= '0001-01-01' "
        f"THEN CAST(try_cast({name} AS DATE) - DATE '0001-01-01' + 1 AS INTEGER) END"
    )


def _amount(name: str) -> str:
    """Minor units: the digits before the point and those after it, filled up to the currency's places."""
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
    """The shortest text of a decimal above 0: `1.10` and `01.1` are one rate."""
    whole = f"ltrim(split_part({text}, '.', 1), '0')"
    fraction = f"rtrim(split_part({text}, '.', 2), '0')"
    return (
        f"CASE WHEN regexp_full_match({text}, '[0-9]+([.][0-9]+)?') AND regexp_matches({text}, '[1-9]') "
        f"THEN concat(CASE WHEN {whole} = '' THEN '0' ELSE {whole} END, "
        f"CASE WHEN {fraction} = '' THEN '' ELSE concat('.', {fraction}) END) END"
    )

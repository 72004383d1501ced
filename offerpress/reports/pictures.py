"""From figures to charts. Amounts converted here decide lengths only, as the report says beside them."""

from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction

from offerpress.plans.dues import Bin
from offerpress.reports.charts import Row, courses, histograms, stacked_bars, with_own_ids
from offerpress.reports.facts import Facts, Sums
from offerpress.reports.outlook import Outlook, Point
from offerpress.reports.words import bin_text
from offerpress.terminal import plain
from rewards import Rules, minor_units

MOST_BARS = 14


def pictures(facts: Facts, rules: Rules) -> dict[str, str]:
    """The report's charts by name, as SVG; a chart without anything to show is empty."""
    levels, unit = rules.program.level_ids, rules.program.currency
    names = [rules.program.level_name(level) for level in levels]
    currencies = _currency_rows(facts.by_level, rules)
    countries = _country_rows(facts.by_country, rules)
    drawn = {
        "currencies": stacked_bars(currencies, names, unit) if currencies else "",
        "countries": stacked_bars(countries, [""], unit) if countries else "",
        "distribution": histograms(_histogram_rows(facts.distribution)) if facts.distribution else "",
        "course": courses(_course_rows(facts.course, facts.outlooks)) if facts.course else "",
    }
    return {name: with_own_ids(svg, name) for name, svg in drawn.items()}


def without_rate(sums: Sums, rules: Rules) -> list[str]:
    """The currencies that no rate converts on the as-of day, which such charts therefore leave out."""
    found = {currency for currency, _ in sums}
    return sorted(one for one in found if rules.conversion.on(one, rules.as_of) is None)


def converted(minor: int, currency: str, rules: Rules) -> float | None:
    """Units of the program's currency by the rate of the as-of day, for a length; None where there is no rate."""
    rate = rules.conversion.on(currency, rules.as_of)
    return None if rate is None else float(rate * Fraction(minor, 10 ** minor_units(currency)))


def _currency_rows(sums: Sums, rules: Rules) -> list[Row]:
    rows: list[Row] = []
    for (currency, level), row in sums.items():
        value = converted(row.to_credit, currency, rules)
        if value is not None:
            program = rules.program
            rank = program.rank(level)
            rows.append({"bar": currency, "kind": program.level_name(level), "value": value, "rank": rank})
    return _longest_first(rows)


def _country_rows(sums: Sums, rules: Rules) -> list[Row]:
    values: dict[str, float] = {}
    for (currency, country), row in sums.items():
        value = converted(row.to_credit, currency, rules)
        if value is not None:
            bar = plain(country) or "no country"
            values[bar] = values.get(bar, 0.0) + value
    rows = _longest_first(
        [{"bar": bar, "kind": "", "value": value, "rank": 0} for bar, value in values.items()]
    )
    rest = rows[MOST_BARS:]
    if rest:
        others = sum(float(row["value"]) for row in rest)
        return [*rows[:MOST_BARS], {"bar": f"{len(rest)} others", "kind": "", "value": others, "rank": 0}]
    return rows


def _longest_first(rows: Sequence[Row]) -> list[Row]:
    lengths: dict[str, float] = {}
    for row in rows:
        bar = str(row["bar"])
        lengths[bar] = lengths.get(bar, 0.0) + float(row["value"])
    return sorted(rows, key=lambda row: (-lengths[str(row["bar"])], str(row["bar"]), row["rank"]))


def _histogram_rows(distribution: Mapping[str, list[Bin]]) -> list[Row]:
    return [
        {"facet": currency, "bin": bin_text(one), "value": one.partners}
        for currency, bins in distribution.items()
        for one in bins
    ]


def _course_rows(points: Sequence[Point], outlooks: Sequence[Outlook]) -> list[Row]:
    """The lines so far, and from their ends to the period's end as each forecast has it."""
    several = len({point.offer for point in points}) > 1
    rows = [_at(point, point.day, point.sales, "so far", several=several) for point in points]
    ends = {(point.offer, point.currency): point for point in points}
    for one in outlooks:
        end = ends.get((one.offer, one.currency))
        if end is None or one.elapsed == one.days:
            continue
        for line, sales in (("by days", one.sales_by_days), ("by pace", one.sales_by_pace)):
            rows.append(_at(end, end.day, end.sales, line, several=several))
            rows.append(_at(end, end.day + one.days - one.elapsed, sales, line, several=several))
    return rows


def _at(point: Point, day: int, sales: int, line: str, *, several: bool) -> Row:
    unit = 10 ** minor_units(point.currency)
    facet = f"{point.currency} · {point.offer}" if several else point.currency
    return {"facet": facet, "line": line, "day": date.fromordinal(day).isoformat(), "value": sales / unit}

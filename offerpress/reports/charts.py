"""Charts as SVG text, drawn by Vega-Lite without a browser and without the network.

Ink is `currentColor`, so that a chart follows the page into dark mode and onto paper.
The colours of the bars suit both.
Numbers in a chart only decide lengths, so they are floating-point here and nowhere else.
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import TypeAlias

from offerpress.plans.dues import Bin
from offerpress.reports.facts import Facts, Sums
from offerpress.reports.outlook import Outlook, Point
from offerpress.reports.texts import bin_text
from offerpress.site.folder import OfferpressError
from offerpress.terminal import plain
from rewards import Rules, minor_units

ChartRow: TypeAlias = Mapping[str, str | int | float]
_Spec: TypeAlias = dict[str, object]

_MAIN, _WARM, _COOL = "#3f7cac", "#e0a030", "#6f8894"
_INK, _GRID = "currentColor", "#88888833"
_SMALL = 228
_ID = re.compile(r'(?<=id=")[^"]+(?=")|(?<=url\(#)[^)]+(?=\))')
_PLAIN_ZERO = "datum.value === 0 ? '0' : datum.label"
_FRACTION = "datum.value % 1 !== 0"
_BARE = {"domain": False, "ticks": False}
"""Of an axis whose line and ticks are left out."""
_CONFIG: _Spec = {
    "font": "system-ui, 'DejaVu Sans', sans-serif",
    "background": None,
    "view": {"stroke": None},
    "axis": {
        "labelColor": _INK,
        "titleColor": _INK,
        "gridColor": _GRID,
        "domainColor": "#888888",
        "tickColor": "#888888",
        "labelFontSize": 11,
        "titleFontSize": 11,
        "titleFontWeight": "normal",
    },
    "legend": {"labelColor": _INK, "titleColor": _INK, "labelFontSize": 11, "symbolType": "square"},
    "header": {"labelColor": _INK, "labelFontSize": 12, "labelFontWeight": "bold", "title": None},
    "range": {"ordinal": {"scheme": "viridis", "extent": [0.9, 0.25]}},
}


def _along(field: str, kind: str, **axis: object) -> _Spec:
    """Return how a field of the rows is read along an axis."""
    return {"field": field, "type": kind, "axis": axis}


def _coloured(lines: Sequence[str], colours: Sequence[str]) -> _Spec:
    """Return the colours of lines, with a legend above the chart."""
    return {
        "field": "line",
        "type": "nominal",
        "scale": {"domain": lines, "range": colours},
        "legend": {"title": None, "orient": "top", "symbolType": "stroke"},
    }


def stacked_bars(rows: Sequence[ChartRow], kinds: Sequence[str], unit: str) -> str:
    """Draw a bar for each `bar` of the rows, divided by `kind` in the order of `kinds`.

    The length of a bar is its `value` in `unit`.
    """
    bars = list(dict.fromkeys(str(row["bar"]) for row in rows))
    color: _Spec = {"value": _MAIN}
    if len(kinds) > 1:
        color = {
            "field": "kind",
            "type": "ordinal",
            "scale": {"domain": list(kinds)},
            "legend": {"title": None, "orient": "top", "columns": 8},
        }
    return _svg(
        {
            "data": {"values": rows},
            "width": 790,
            "height": {"step": 24},
            "mark": {"type": "bar", "cornerRadiusEnd": 2, "height": 15},
            "encoding": {
                "y": {**_along("bar", "nominal", title=None, ticks=False), "sort": bars},
                "x": _along(
                    "value", "quantitative", title=unit, format="~s", tickCount=6, labelExpr=_PLAIN_ZERO
                ),
                "color": color,
                "order": {"field": "rank", "type": "quantitative"},
            },
        }
    )


def histograms(rows: Sequence[ChartRow]) -> str:
    """Draw a small chart for each `facet`: a column for each `bin`, `value` partners high, in the order of the rows."""
    facets = list(dict.fromkeys(str(row["facet"]) for row in rows))
    most = max(sum(row["facet"] == facet for row in rows) for facet in facets)
    numbered = [{**row, "place": place} for place, row in enumerate(rows)]
    inner: _Spec = {
        "width": _SMALL,
        "height": 96,
        "mark": {"type": "bar", "color": _MAIN, "cornerRadiusEnd": 2, "size": min(18, _SMALL * 0.85 / most)},
        "encoding": {
            "x": {
                **_along("bin", "nominal", title=None, labelAngle=-50, ticks=False, labelOverlap=False),
                "sort": {"field": "place"},
            },
            "y": _along(
                "value",
                "quantitative",
                title=None,
                tickCount=3,
                labelExpr=f"{_FRACTION} ? '' : format(datum.value, 'd')",
                gridColor={"condition": {"test": _FRACTION, "value": "transparent"}, "value": _GRID},
                **_BARE,
            ),
        },
    }
    return _svg(_faceted(numbered, facets, inner))


def courses(rows: Sequence[ChartRow]) -> str:
    """Draw a small chart for each `facet`: `value` over `day` (YYYY-MM-DD), a line for each `line`.

    The line `so far` is solid, the others are dashed.
    """
    facets = list(dict.fromkeys(str(row["facet"]) for row in rows))
    lines = ["so far", "by days", "by pace"]
    inner: _Spec = {
        "width": _SMALL,
        "height": 110,
        "mark": {"type": "line", "interpolate": "linear"},
        "encoding": {
            "x": _along("day", "temporal", title=None, format="%b", tickCount=4, grid=False),
            "y": _along(
                "value",
                "quantitative",
                title=None,
                format="~s",
                labelExpr=_PLAIN_ZERO,
                tickCount=4,
                **_BARE,
            ),
            "color": _coloured(lines, [_MAIN, _COOL, _WARM]),
            "strokeDash": {
                "field": "line",
                "type": "nominal",
                "scale": {"domain": lines, "range": [[1, 0], [2, 3], [6, 3]]},
                "legend": None,
            },
        },
    }
    return _svg(_faceted(rows, facets, inner))


def timeline(rows: Sequence[ChartRow]) -> str:
    """Draw a line for each `line` of the rows, in their order: `value` notices at the instant `at`, in UTC."""
    lines = list(dict.fromkeys(str(row["line"]) for row in rows))
    return _svg(
        {
            "data": {"values": rows},
            "width": 790,
            "height": 180,
            "mark": {"type": "line", "interpolate": "step-after", "point": True},
            "encoding": {
                "x": {
                    **_along("at", "temporal", title=None, format="%d %b %H:%M", tickCount=6, grid=False),
                    "scale": {"type": "utc"},
                },
                "y": _along("value", "quantitative", title="notices", format="d", tickCount=4, **_BARE),
                "color": _coloured(lines, [_MAIN, _COOL, _WARM][: len(lines)]),
            },
        }
    )


def with_own_ids(svg: str, name: str) -> str:
    """Return the chart with its ids replaced by `name` and a number, so that they are unique and always the same."""
    places = {found: str(place) for place, found in enumerate(dict.fromkeys(_ID.findall(svg)))}
    return _ID.sub(lambda match: f"{name}-{places[match[0]]}", svg)


def _faceted(rows: Sequence[ChartRow], facets: Sequence[str], inner: _Spec) -> _Spec:
    return {
        "data": {"values": rows},
        "facet": {"field": "facet", "type": "nominal", "sort": list(facets)},
        "columns": 3,
        "spacing": {"row": 26, "column": 34},
        "spec": inner,
        "resolve": {"scale": {"x": "independent", "y": "independent"}},
    }


def _svg(spec: _Spec) -> str:
    try:
        import vl_convert  # noqa: PLC0415 - an optional part, which only reports need
    except ImportError as error:
        raise OfferpressError(
            "no charts: vl-convert-python: it is not installed; run pip install 'offerpress[reports]'"
        ) from error
    whole = {"$schema": "https://vega.github.io/schema/vega-lite/v5.json", "config": _CONFIG, **spec}
    return str(vl_convert.vegalite_to_svg(json.dumps(whole)))


_MOST_BARS = 14


def pictures(facts: Facts, rules: Rules) -> dict[str, str]:
    """Return the report's charts by name, as SVG. A chart without rows is empty."""
    levels, unit = rules.program.every_level_id, rules.program.currency
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
    """Return the currencies without a rate on the as-of day, which the charts of one currency leave out."""
    found = {currency for currency, _ in sums}
    return sorted(one for one in found if rules.conversion.on(one, rules.as_of) is None)


def converted(minor: int, currency: str, rules: Rules) -> float | None:
    """Convert to units of the program's currency by the rate of the as-of day, for a length; None without a rate."""
    rate = rules.conversion.on(currency, rules.as_of)
    return None if rate is None else float(rate * Fraction(minor, 10 ** minor_units(currency)))


def _currency_rows(sums: Sums, rules: Rules) -> list[ChartRow]:
    rows: list[ChartRow] = []
    for (currency, level), row in sums.items():
        value = converted(row.to_credit, currency, rules)
        if value is not None:
            program = rules.program
            rank = program.rank(level)
            rows.append({"bar": currency, "kind": program.level_name(level), "value": value, "rank": rank})
    return _longest_first(rows)


def _country_rows(sums: Sums, rules: Rules) -> list[ChartRow]:
    values: dict[str, float] = {}
    for (currency, country), row in sums.items():
        value = converted(row.to_credit, currency, rules)
        if value is not None:
            bar = plain(country) or "no country"
            values[bar] = values.get(bar, 0.0) + value
    rows = _longest_first(
        [{"bar": bar, "kind": "", "value": value, "rank": 0} for bar, value in values.items()]
    )
    rest = rows[_MOST_BARS:]
    if rest:
        others = sum(float(row["value"]) for row in rest)
        return [*rows[:_MOST_BARS], {"bar": f"{len(rest)} others", "kind": "", "value": others, "rank": 0}]
    return rows


def _longest_first(rows: Sequence[ChartRow]) -> list[ChartRow]:
    lengths: dict[str, float] = {}
    for row in rows:
        bar = str(row["bar"])
        lengths[bar] = lengths.get(bar, 0.0) + float(row["value"])
    return sorted(rows, key=lambda row: (-lengths[str(row["bar"])], str(row["bar"]), row["rank"]))


def _histogram_rows(distribution: Mapping[str, list[Bin]]) -> list[ChartRow]:
    return [
        {"facet": currency, "bin": bin_text(one), "value": one.partners}
        for currency, bins in distribution.items()
        for one in bins
    ]


def _course_rows(points: Sequence[Point], outlooks: Sequence[Outlook]) -> list[ChartRow]:
    """Return the lines so far, and the forecasts from their ends to the period's end."""
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


def _at(point: Point, day: int, sales: int, line: str, *, several: bool) -> ChartRow:
    unit = 10 ** minor_units(point.currency)
    facet = f"{point.currency} · {point.offer}" if several else point.currency
    return {"facet": facet, "line": line, "day": date.fromordinal(day).isoformat(), "value": sales / unit}

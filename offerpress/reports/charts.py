"""Charts as SVG text, drawn by Vega-Lite without a browser and without the network.

Ink is `currentColor`, so that a chart follows the page into dark mode and onto paper; the bars' own colours suit both.
Numbers in a chart only decide lengths, so they are floating-point here and nowhere else.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from offerpress.site.folder import OfferpressError

Row: TypeAlias = Mapping[str, str | int | float]
_Spec: TypeAlias = dict[str, object]

_MAIN, _WARM, _COOL = "#3f7cac", "#e0a030", "#6f8894"
_INK, _GRID = "currentColor", "#88888833"
_SMALL = 228
_ID = re.compile(r'(?<=id=")[^"]+(?=")|(?<=url\(#)[^)]+(?=\))')
_PLAIN_ZERO = "datum.value === 0 ? '0' : datum.label"
_FRACTION = "datum.value % 1 !== 0"
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


def stacked_bars(rows: Sequence[Row], kinds: Sequence[str], unit: str) -> str:
    """A bar for each `bar` of the rows, parted by `kind` in the order of `kinds`; lengths are `value` in `unit`."""
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
                "y": {
                    "field": "bar",
                    "type": "nominal",
                    "sort": bars,
                    "axis": {"title": None, "ticks": False},
                },
                "x": {
                    "field": "value",
                    "type": "quantitative",
                    "axis": {"title": unit, "format": "~s", "tickCount": 6, "labelExpr": _PLAIN_ZERO},
                },
                "color": color,
                "order": {"field": "rank", "type": "quantitative"},
            },
        }
    )


def histograms(rows: Sequence[Row]) -> str:
    """A small chart for each `facet`: a column for each `bin`, `value` partners high, in the order of the rows."""
    facets = list(dict.fromkeys(str(row["facet"]) for row in rows))
    most = max(sum(row["facet"] == facet for row in rows) for facet in facets)
    numbered = [{**row, "place": place} for place, row in enumerate(rows)]
    inner: _Spec = {
        "width": _SMALL,
        "height": 96,
        "mark": {"type": "bar", "color": _MAIN, "cornerRadiusEnd": 2, "size": min(18, _SMALL * 0.85 / most)},
        "encoding": {
            "x": {
                "field": "bin",
                "type": "nominal",
                "sort": {"field": "place"},
                "axis": {"title": None, "labelAngle": -50, "ticks": False, "labelOverlap": False},
            },
            "y": {
                "field": "value",
                "type": "quantitative",
                "axis": {
                    "title": None,
                    "tickCount": 3,
                    "labelExpr": f"{_FRACTION} ? '' : format(datum.value, 'd')",
                    "gridColor": {"condition": {"test": _FRACTION, "value": "transparent"}, "value": _GRID},
                    "domain": False,
                    "ticks": False,
                },
            },
        },
    }
    return _svg(_faceted(numbered, facets, inner))


def courses(rows: Sequence[Row]) -> str:
    """A small chart for each `facet`: `value` over `day` (YYYY-MM-DD), a line for each `line`.

    `so far` is drawn through, the other lines are dashed.
    """
    facets = list(dict.fromkeys(str(row["facet"]) for row in rows))
    lines = ["so far", "by days", "by pace"]
    inner: _Spec = {
        "width": _SMALL,
        "height": 110,
        "mark": {"type": "line", "interpolate": "linear"},
        "encoding": {
            "x": {
                "field": "day",
                "type": "temporal",
                "axis": {"title": None, "format": "%b", "tickCount": 4, "grid": False},
            },
            "y": {
                "field": "value",
                "type": "quantitative",
                "axis": {
                    "title": None,
                    "format": "~s",
                    "labelExpr": _PLAIN_ZERO,
                    "tickCount": 4,
                    "domain": False,
                    "ticks": False,
                },
            },
            "color": {
                "field": "line",
                "type": "nominal",
                "scale": {"domain": lines, "range": [_MAIN, _COOL, _WARM]},
                "legend": {"title": None, "orient": "top", "symbolType": "stroke"},
            },
            "strokeDash": {
                "field": "line",
                "type": "nominal",
                "scale": {"domain": lines, "range": [[1, 0], [2, 3], [6, 3]]},
                "legend": None,
            },
        },
    }
    return _svg(_faceted(rows, facets, inner))


def timeline(rows: Sequence[Row]) -> str:
    """A line for each `line` of the rows, in their order: `value` notices at the instant `at`, in UTC."""
    lines = list(dict.fromkeys(str(row["line"]) for row in rows))
    return _svg(
        {
            "data": {"values": rows},
            "width": 790,
            "height": 180,
            "mark": {"type": "line", "interpolate": "step-after", "point": True},
            "encoding": {
                "x": {
                    "field": "at",
                    "type": "temporal",
                    "scale": {"type": "utc"},
                    "axis": {"title": None, "format": "%d %b %H:%M", "tickCount": 6, "grid": False},
                },
                "y": {
                    "field": "value",
                    "type": "quantitative",
                    "axis": {
                        "title": "notices",
                        "format": "d",
                        "tickCount": 4,
                        "domain": False,
                        "ticks": False,
                    },
                },
                "color": {
                    "field": "line",
                    "type": "nominal",
                    "scale": {"domain": lines, "range": [_MAIN, _COOL, _WARM][: len(lines)]},
                    "legend": {"title": None, "orient": "top", "symbolType": "stroke"},
                },
            },
        }
    )


def with_own_ids(svg: str, name: str) -> str:
    """The chart with ids that begin with `name` and count from 0: they are unique on a page and the same every time."""
    places = {found: str(place) for place, found in enumerate(dict.fromkeys(_ID.findall(svg)))}
    return _ID.sub(lambda match: f"{name}-{places[match[0]]}", svg)


def _faceted(rows: Sequence[Row], facets: Sequence[str], inner: _Spec) -> _Spec:
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

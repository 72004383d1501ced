"""Draws the charts of docs/benchmarks as SVG: bars, stacked bars, and curves over a number of things.

Every chart is a Vega-Lite specification, which says what is drawn and leaves the drawing to Vega.
"""

import json
from collections.abc import Mapping

import vl_convert

Spec = dict[str, object]
_NAMED = 0.05  # a part that is smaller in every bar has no colour of its own


def bars(values: Mapping[str, float], title: str, ours: str) -> str:
    """Draw a bar for each name; those that begin with `ours` have another colour."""
    rows: list[Spec] = [
        {"case": name, "value": value, "ours": name.startswith(ours)} for name, value in values.items()
    ]
    colour: Spec = {
        "field": "ours",
        "type": "nominal",
        "scale": {"range": ["#6f8894", "#3f7cac"]},
        "legend": None,
    }
    axes = {"y": _cases(), "x": _amount(title)}
    drawn = {"mark": {"type": "bar", "cornerRadiusEnd": 2}, "encoding": {**axes, "color": colour}}
    labels = {
        "mark": {"type": "text", "align": "left", "dx": 4},
        "encoding": {**axes, "text": {"field": "value", "type": "quantitative", "format": ",.0f"}},
    }
    return _svg(rows, {"height": {"step": 26}, "layer": [drawn, labels]})


def stacked_bars(parts: Mapping[str, Mapping[str, float]], title: str) -> str:
    """Draw a bar for each name, whose parts are its shares of the whole; those that are small everywhere are one."""
    shares = {
        case: {part: value / (sum(spent.values()) or 1) for part, value in spent.items()}
        for case, spent in parts.items()
    }
    named = {part: None for spent in shares.values() for part, share in spent.items() if share >= _NAMED}
    order = [*named, "others"]
    rows = [
        {"case": case, "part": part if part in named else "others", "value": share}
        for case, spent in shares.items()
        for part, share in spent.items()
    ]
    for row in rows:
        row["place"] = order.index(str(row["part"]))
    colour = {
        "field": "part",
        "type": "nominal",
        "scale": {"domain": order, "scheme": "tableau20"},
        "legend": {"title": None, "symbolLimit": 0},
    }
    amount = {**_amount(title), "aggregate": "sum", "scale": {"domain": [0, 1]}}
    amount["axis"] = {"title": title, "format": "%"}
    encoding = {
        "y": _cases(),
        "x": amount,
        "color": colour,
        "order": {"field": "place", "type": "quantitative"},
    }
    return _svg(rows, {"height": {"step": 24}, "mark": "bar", "encoding": encoding})


def curves(values: Mapping[str, Mapping[int, float]], over: str, title: str) -> str:
    """Draw a line for each name over a number, both on logarithmic scales."""
    rows = [
        {"case": name, "number": number, "value": value}
        for name, points in values.items()
        for number, value in points.items()
    ]
    numbers = sorted({number for points in values.values() for number in points})
    scale = {"type": "log"}
    across = {"values": numbers, "title": over, "format": ","}
    encoding = {
        "x": {"field": "number", "type": "quantitative", "scale": scale, "axis": across},
        "y": {"field": "value", "type": "quantitative", "scale": scale, "axis": {"title": title}},
        "color": {"field": "case", "type": "nominal", "sort": list(values), "legend": {"title": None}},
    }
    return _svg(rows, {"height": 300, "mark": {"type": "line", "point": True}, "encoding": encoding})


def _cases() -> Spec:
    return {"field": "case", "type": "nominal", "sort": None, "axis": {"title": None, "labelLimit": 240}}


def _amount(title: str) -> Spec:
    return {"field": "value", "type": "quantitative", "axis": {"title": title, "tickCount": 6}}


def _svg(rows: list[dict[str, object]], chart: Spec) -> str:
    spec = {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "background": "white",
        "config": {"font": "system-ui, 'DejaVu Sans', sans-serif", "view": {"stroke": None}},
        "data": {"values": rows},
        "width": 480,
        **chart,
    }
    return vl_convert.vegalite_to_svg(json.dumps(spec)) + "\n"

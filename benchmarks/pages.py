"""Writes docs/benchmarks/building.md and its charts from the results of benchmarks/building.py.

python benchmarks/pages.py docs/benchmarks
"""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypedDict

import vl_convert

FLOOR = "floor"
CHARTED = ("build", "build, plain", "Hugo", "Hugo, HTML and JSON", "Pelican", FLOOR)
_WHOLE = 100
NAMES = {
    "build": "Offerpress: encrypted packs",
    "build, plain": "Offerpress: a folder a partner",
    FLOOR: "the floor: joined by hand",
}


class Promised(TypedDict):
    """A promise as the result files hold it."""

    what: str
    found: float
    limit: float
    at_least: bool
    kept: bool


class Result(TypedDict):
    """A result file."""

    partners: int
    machine: str
    versions: Mapping[str, str]
    costs: Mapping[str, Mapping[str, float]]
    facts: Mapping[str, float]
    promises: Sequence[Promised]


def page(small: Result, large: Result | None) -> str:
    """The page as Markdown."""
    words = Path(__file__).with_name("page.md").read_text(encoding="utf-8")
    results = [small, *([large] if large else [])]
    facts = small["facts"]
    values = {
        "machine": small["machine"],
        "rounds": f"{small['costs']['build']['rounds']:.0f}",
        "versions": ", ".join(f"{name} {version}" for name, version in small["versions"].items()),
        "promises": promises(promise for result in results for promise in result["promises"]),
        "costs": costs(small),
        "large": costs(large) if large else "Not measured yet.",
        "partners": f"{small['partners']:,}",
        "files": f"{facts['output_files']:,}",
        "size": f"{facts['output_mib']:,.0f}",
        "plain_files": f"{facts['plain_output_files']:,}",
        "large_size": f"{large['facts']['output_mib']:,.0f}" if large else "…",
        "large_private": f"{large['facts']['private_mib']:,.0f}" if large else "…",
        "merged": f"{facts['mailmerge_messages']:,}",
        "to_floor": f"{small['costs']['build']['cpu_s'] / small['costs'][FLOOR]['cpu_s']:.1f}",
        "notices": f"{facts['notices'] / small['costs']['plan']['wall_s']:,.0f}",
        "merges": f"{facts['mailmerge_messages'] / small['costs']['mailmerge']['wall_s']:,.0f}",
    }
    for name, value in values.items():
        words = words.replace(f"[[{name}]]", value)
    return words


def promises(found: Iterable[Promised]) -> str:
    """A table of what was promised and what came out."""
    rows = [
        f"| {one['what']} | {'≥' if one['at_least'] else '≤'} {shown(one['limit'])} | {shown(one['found'])} "
        f"| {'kept' if one['kept'] else '**not kept**'} |"
        for one in found
    ]
    return "\n".join(["| promise | limit | measured | |", "| --- | ---: | ---: | --- |", *rows])


def shown(number: float) -> str:
    """With three digits that count."""
    return f"{number:,.0f}" if number >= _WHOLE else f"{number:.3g}"


def costs(result: Result) -> str:
    """A table of all cases."""
    rows = [
        f"| {name} | {cost['wall_s']:,.2f} | {cost['least_wall_s']:,.2f} to {cost['most_wall_s']:,.2f} "
        f"| {cost['cpu_s']:,.2f} | {cost['peak_mib']:,.0f} |"
        for name, cost in result["costs"].items()
    ]
    head = ["| | wall, s | spread | processor, s | peak, MiB |", "| --- | ---: | ---: | ---: | ---: |"]
    return "\n".join([*head, *rows])


def chart(result: Result, field: str, title: str) -> str:
    """A bar for each case, ours in another colour, as SVG."""
    rows = [
        {
            "case": NAMES.get(name, name),
            "value": result["costs"][name][field],
            "ours": NAMES.get(name, name) != name,
        }
        for name in CHARTED
    ]
    color = {"field": "ours", "type": "nominal", "scale": {"range": ["#6f8894", "#3f7cac"]}, "legend": None}
    axes = {
        "y": {"field": "case", "type": "nominal", "sort": None, "axis": {"title": None, "labelLimit": 240}},
        "x": {"field": "value", "type": "quantitative", "axis": {"title": title, "tickCount": 6}},
    }
    bars = {"mark": {"type": "bar", "cornerRadiusEnd": 2}, "encoding": {**axes, "color": color}}
    labels = {
        "mark": {"type": "text", "align": "left", "dx": 4},
        "encoding": {**axes, "text": {"field": "value", "type": "quantitative", "format": ",.0f"}},
    }
    spec = {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "background": "white",
        "config": {"font": "system-ui, 'DejaVu Sans', sans-serif", "view": {"stroke": None}},
        "data": {"values": rows},
        "width": 480,
        "height": {"step": 26},
        "layer": [bars, labels],
    }
    return vl_convert.vegalite_to_svg(json.dumps(spec)) + "\n"


def read(path: Path) -> Result:
    """A result file."""
    result: Result = json.loads(path.read_text(encoding="utf-8"))
    return result


def main() -> None:
    """Reads the results, writes page and charts beside them."""
    folder = Path(sys.argv[1])
    small, large = folder / "building.json", folder / "million.json"
    result = read(small)
    (folder / "building.md").write_text(
        page(result, read(large) if large.is_file() else None), encoding="utf-8"
    )
    for field, title in (("wall_s", "seconds"), ("peak_mib", "MiB of memory at the peak")):
        (folder / f"building-{field}.svg").write_text(chart(result, field, title), encoding="utf-8")


if __name__ == "__main__":
    main()

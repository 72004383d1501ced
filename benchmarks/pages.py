"""Writes the tables and charts of the docs from the results in docs/benchmarks.

python benchmarks/pages.py            writes
python benchmarks/pages.py --check    fails, with the names, if a document does not say what the results say

A table stands in a document between `<!-- made: NAME WORD -->` and `<!-- end -->`; a function of that name makes it.
What stands outside is written by people.
"""

import argparse
import re
from collections.abc import Iterator
from contextlib import suppress

import ten_million  # noqa: F401 - has tables
from results import TABLES, Json, NotMeasured, Results
from tables import growing_curves
from workload import ROOT

RESULTS = ROOT / "docs" / "benchmarks"
_PART = re.compile(r"(<!-- made: (?P<name>\w+)(?: (?P<word>\w+))? -->\n).*?(?=<!-- end -->)", re.DOTALL)
_CHARTED = {
    "build": "Offerpress: encrypted packs",
    "build, plain": "Offerpress: a folder a partner",
    "Hugo": "Hugo",
    "Hugo, HTML and JSON": "Hugo, HTML and JSON",
    "Pelican": "Pelican",
    "floor": "the floor: joined by hand",
}


def filled(text: str, results: Results) -> str:
    """A document with every part of it made anew."""
    return _PART.sub(lambda part: f"{part[1]}{_made(results, part['name'], part['word'] or '')}\n", text)


def _made(results: Results, name: str, word: str) -> str:
    try:
        return TABLES[name](results, word)
    except NotMeasured as error:
        return f"Not measured yet: {error}."


def charts(results: Results) -> Iterator[tuple[str, str]]:
    """The name and the SVG of every chart."""
    from charts import bars, curves, stacked_bars  # noqa: PLC0415 - the check draws nothing and needs no drawing program

    building: Json = results.read("building.json")
    for field, title in (("wall_s", "seconds"), ("peak_mib", "MiB of memory at the peak")):
        values = {name: building["costs"][case][field] for case, name in _CHARTED.items()}
        yield f"building-{field}.svg", bars(values, title, ours="Offerpress")
    for path in sorted(RESULTS.glob("stages-*.json")):
        cases = results.read(path.name)["cases"]
        parts = {
            f"{case}, {one['cpu_s']:.2f} s": {stage: cpu for stage, (_, cpu) in one["stages"].items()}
            for case, one in cases.items()
        }
        yield path.with_suffix(".svg").name, stacked_bars(parts, "share of the CPU seconds")
    with suppress(NotMeasured):
        yield "growing.svg", curves(growing_curves(results), "announcements", "CPU seconds")


def main() -> None:
    """Write all documents and charts, or check the documents."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true")
    given = parser.parse_args()
    results = Results(RESULTS)
    stale = []
    for path in sorted((ROOT / "docs").rglob("*.md")):
        text = path.read_text(encoding="utf-8")
        made = filled(text, results)
        if made != text:
            stale.append(path.relative_to(ROOT).as_posix())
            if not given.check:
                path.write_text(made, encoding="utf-8")
    if given.check and stale:
        raise SystemExit(f"not as the results say, run `make pages`: {', '.join(stale)}")
    if not given.check:
        for name, drawn in charts(results):
            (RESULTS / name).write_text(drawn, encoding="utf-8")


if __name__ == "__main__":
    main()

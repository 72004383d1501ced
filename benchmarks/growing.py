"""What pages cost that did not change: a site of so many announcements, built, with a sentence, and on another day.

python benchmarks/growing.py --announcements 200 1000 5000 --against ../earlier --json docs/benchmarks/growing.json

Both checkouts run in alternation, each from `.venv`. Figures are CPU seconds of all processes, because other programs
lengthen wall time. `--without-cards` leaves the drawing of pictures out, which Hugo has no equal of. With `--preview`
a preview of each site is started and told of another sentence.
"""

import argparse
import json
import statistics
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from announcements import make_announcements
from measuring import cost_of
from ours import ENVIRONMENT
from workload import ROOT

_DAYS = ("2023-12-28", "2023-12-29", "2023-12-30", "2023-12-31")
_PREVIEW = """
import json, sys, time
from datetime import UTC, datetime
from pathlib import Path
from offerpress.preview.state import Preview
from offerpress.site.site import Site
import os
folder = Path.cwd()
now = datetime(2023, 12, 31, 12, tzinfo=UTC)
preview = Preview(lambda: Site(folder, now, os.environ), "http://127.0.0.1:8000")
began = time.process_time()
preview.update()
started = time.process_time()
page = sorted((folder / "content/announcements").glob("*-news-*.md"))[7]
page.write_text(page.read_text(encoding="utf-8") + "\\nSeen in the preview.\\n", encoding="utf-8")
preview.update([page])
reloaded = time.process_time()
assert not preview.state.faults, preview.state.faults
print("MEASURED", json.dumps([started - began, reloaded - started]))
"""


def run(checkout: Path, site: Path, day: str) -> float:
    """CPU seconds of one build."""
    program = checkout / ".venv" / "bin" / "offerpress"
    return cost_of([program, "build", "--as-of", day], site, ENVIRONMENT, site / "measured.log").cpu_s


def cases(checkout: Path, site: Path, *, preview: bool) -> Iterator[tuple[str, float]]:
    """The costs of one site's life, one after the other, so that two checkouts can take turns."""
    yield "build", run(checkout, site, _DAYS[0])
    pages = sorted((site / "content" / "announcements").glob("*-news-*.md"))
    for page in (pages[1], pages[len(pages) // 2], pages[-2]):
        page.write_text(page.read_text(encoding="utf-8") + "\nOne sentence more.\n", encoding="utf-8")
        yield "one sentence", run(checkout, site, _DAYS[0])
    for day in _DAYS[1:]:
        yield "a new day", run(checkout, site, day)
    if preview:
        log = site / "preview.log"
        cost_of([checkout / ".venv" / "bin" / "python", "-c", _PREVIEW], site, ENVIRONMENT, log)
        told = log.read_text(encoding="utf-8").rpartition("MEASURED ")[2]
        yield from zip(("preview, start", "preview, one sentence"), json.loads(told), strict=True)


def measured(
    count: int, checkouts: dict[str, Path], *, cards: bool, preview: bool
) -> dict[str, dict[str, float]]:
    """The medians of each case by checkout."""
    found: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    with tempfile.TemporaryDirectory() as workspace:
        lives = {}
        for name, checkout in checkouts.items():
            site = Path(workspace) / name
            site.mkdir()
            make_announcements(site, count)
            if not cards:
                settings = site / "offerpress.toml"
                text = settings.read_text(encoding="utf-8")
                settings.write_text(text.replace("[site]\n", "[site]\ncards = false\n", 1), encoding="utf-8")
            lives[name] = cases(checkout, site, preview=preview)
        for together in zip(*lives.values(), strict=True):
            for name, (case, cpu) in zip(lives, together, strict=True):
                found[name][case].append(cpu)
                print(f"{count} announcements, {name}, {case}: {cpu:.2f} CPU s", flush=True)
    return {
        name: {case: round(statistics.median(each), 2) for case, each in by_case.items()}
        for name, by_case in found.items()
    }


def curve(by_count: dict[int, dict[str, dict[str, float]]]) -> str:
    """Draw CPU seconds over announcements, both on logarithmic scales, a line for each checkout and case."""
    from math import log10  # noqa: PLC0415 - only here

    width, height, left, top = 560, 300, 60, 20
    counts = sorted(by_count)
    values = [cpu for one in by_count.values() for cases in one.values() for cpu in cases.values()]
    low, high = log10(min(values)), log10(max(values))
    first, last = log10(counts[0]), log10(counts[-1]) or 1.0

    def at(count: int, cpu: float) -> str:
        across = (log10(count) - first) / ((last - first) or 1)
        return (
            f"{left + width * across:.1f},{top + height * (1 - (log10(cpu) - low) / ((high - low) or 1)):.1f}"
        )

    parts = []
    for name, dash in (("now", ""), ("before", ' stroke-dasharray="5 4"')):
        for case in by_count[counts[0]].get(name, {}):
            points = [at(count, by_count[count][name][case]) for count in counts if name in by_count[count]]
            x, y = points[-1].split(",")
            parts.append(f'<polyline fill="none" stroke="#4477aa" points="{" ".join(points)}"{dash}/>')
            parts.append(f'<text x="{float(x) + 6}" y="{float(y) + 4}">{case}, {name}</text>')
    for count in counts:
        x = at(count, 10**low).split(",")[0]
        parts.append(f'<text x="{x}" y="{top + height + 18}" text-anchor="middle">{count:,}</text>')
    for power in range(int(low) - 1, int(high) + 2):
        if low <= power <= high:
            y = at(counts[0], 10.0**power).split(",")[1]
            parts.append(f'<text x="{left - 8}" y="{y}" text-anchor="end">{10.0**power:g} s</text>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + width + 190} {top + height + 40}" '
        f'font-family="sans-serif" font-size="11"><rect width="100%" height="100%" fill="#fff"/>'
        f'<text x="{left}" y="{top - 6}">CPU seconds over the number of announcements</text>{"".join(parts)}</svg>\n'
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure each size, and write the results."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--announcements", type=int, nargs="+", default=[200, 1000, 5000])
    parser.add_argument("--against", type=Path)
    parser.add_argument("--without-cards", action="store_true")
    parser.add_argument("--preview", action="store_true")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args(arguments)
    checkouts = {"now": ROOT} | ({"before": given.against.absolute()} if given.against else {})
    by_count = {
        count: measured(count, checkouts, cards=not given.without_cards, preview=given.preview)
        for count in given.announcements
    }
    if given.json:
        told = {"cards": not given.without_cards, "cpu_s": by_count}
        given.json.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
        given.json.with_suffix(".svg").write_text(curve(by_count), encoding="utf-8")


if __name__ == "__main__":
    main()

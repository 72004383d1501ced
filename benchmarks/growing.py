"""What pages cost that did not change: a site of so many announcements, built, with a sentence, and on another day.

python benchmarks/growing.py --announcements 200 1000 5000 --against ../earlier --json docs/benchmarks/growing.json

Both checkouts run in alternation, each from `.venv`. `--without-cards` leaves the drawing of pictures out, which Hugo
has no equal of. With `--preview` a preview of each site is started and told of another sentence; its memory is that of
both together. The result has the costs by number of announcements, by who made the site, and by case.
"""

import argparse
import json
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from announcements import make_announcements
from building import write
from measuring import Cost, cost_of, summary
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
def clocks():
    return time.perf_counter(), time.process_time()
began = clocks()
preview.update()
started = clocks()
page = sorted((folder / "content/announcements").glob("*-news-*.md"))[7]
page.write_text(page.read_text(encoding="utf-8") + "\\nSeen in the preview.\\n", encoding="utf-8")
before = clocks()
preview.update([page])
reloaded = clocks()
assert not preview.state.faults, preview.state.faults
spans = ((began, started), (before, reloaded))
print("MEASURED", json.dumps([[end - start for start, end in zip(*span)] for span in spans]))
"""


def run(checkout: Path, site: Path, day: str) -> Cost:
    """What one build costs."""
    program = checkout / ".venv" / "bin" / "offerpress"
    return cost_of([program, "build", "--as-of", day], site, ENVIRONMENT, site / "measured.log")


def cases(checkout: Path, site: Path, *, preview: bool) -> Iterator[tuple[str, Cost]]:
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
        whole = cost_of([checkout / ".venv" / "bin" / "python", "-c", _PREVIEW], site, ENVIRONMENT, log)
        told = json.loads(log.read_text(encoding="utf-8").rpartition("MEASURED ")[2])
        for case, (wall, cpu) in zip(("preview, start", "preview, one sentence"), told, strict=True):
            yield case, Cost(wall, cpu, whole.peak_mib)


def measured(
    count: int, checkouts: dict[str, Path], *, cards: bool, preview: bool
) -> dict[str, dict[str, dict[str, float]]]:
    """The costs of each case by checkout."""
    found: dict[str, dict[str, list[Cost]]] = defaultdict(lambda: defaultdict(list))
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
            for name, (case, cost) in zip(lives, together, strict=True):
                found[name][case].append(cost)
                print(f"{count} announcements, {name}, {case}: {cost}", flush=True)
    return {name: {case: summary(each) for case, each in by_case.items()} for name, by_case in found.items()}


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
    by_count: dict[int, object] = {}
    for count in given.announcements:
        by_count[count] = measured(count, checkouts, cards=not given.without_cards, preview=given.preview)
        write({"cards": not given.without_cards, "announcements": by_count}, given.json)


if __name__ == "__main__":
    main()

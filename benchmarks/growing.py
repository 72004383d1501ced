"""What pages cost that did not change: a site of so many announcements, built, with a sentence, and on another day.

python benchmarks/growing.py --announcements 200 1000 5000 --against ../earlier --json docs/benchmarks/growing.json

Both checkouts run in alternation, each from `.venv`, the earlier one with at most 1,000 announcements. A build of 2,000
runs beside Hugo's and Pelican's of the same texts, in three rounds. `--without-cards` leaves the drawing of pictures
out, which Hugo has no equal of. With `--preview` a preview of each site is started and told of another sentence; its
memory is that of both together. The result has the costs by number of announcements, by who made the site, and by case.
"""

import argparse
import json
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from announcements import make_announcements
from building import write
from measuring import Cost, cost_of, summary
from ours import ENVIRONMENT
from peers import anew, hugo_announcements, pelican_announcements
from workload import ROOT

_BESIDE_PEERS, _ROUNDS = 2000, 3
_MOST_BEFORE = 1000  # an earlier version renders all pages each time, which takes an hour with more
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


def build(checkout: Path, site: Path) -> Cost:
    """What a build costs where nothing was."""
    for name in ("output", "private"):
        shutil.rmtree(site / name, ignore_errors=True)
    return run(checkout, site, _DAYS[0])


def cases(checkout: Path, site: Path, *, preview: bool) -> Iterator[tuple[str, Cost]]:
    """The costs of one site's life, one after the other, so that two checkouts can take turns."""
    yield "build", build(checkout, site)
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
        lives = {
            name: cases(checkout, site_of(Path(workspace) / name, count, cards=cards), preview=preview)
            for name, checkout in checkouts.items()
        }
        for together in zip(*lives.values(), strict=True):
            for name, (case, cost) in zip(lives, together, strict=True):
                found[name][case].append(cost)
                print(f"{count} announcements, {name}, {case}: {cost}", flush=True)
    return {name: {case: summary(each) for case, each in by_case.items()} for name, by_case in found.items()}


def beside_peers(count: int, *, cards: bool) -> dict[str, dict[str, dict[str, float]]]:
    """The costs of a build of ours, Hugo's and Pelican's, in turn."""
    found: dict[str, list[Cost]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as workspace:
        folder = Path(workspace)
        site = site_of(folder / "now", count, cards=cards)
        texts = sorted((site / "content" / "announcements").glob("*-news-*.md"))
        peers = {"Hugo": hugo_announcements(folder, texts), "Pelican": pelican_announcements(folder, texts)}
        runs = {"now": (site, partial(build, ROOT, site))}
        runs |= {name: (peer.folder, partial(anew, peer)) for name, peer in peers.items()}
        for _ in range(_ROUNDS):
            for name, (place, run_one) in runs.items():
                found[name].append(run_one())
                print(f"{count} announcements, {name}, build: {found[name][-1]}", flush=True)
                if sum(1 for _ in (place / "output").rglob("*.html")) < count:
                    raise SystemExit(f"{name} did not make a page of each announcement")
    return {name: {"build": summary(costs)} for name, costs in found.items()}


def site_of(site: Path, count: int, *, cards: bool) -> Path:
    """A site of so many announcements."""
    site.mkdir()
    make_announcements(site, count)
    if not cards:
        settings = site / "offerpress.toml"
        text = settings.read_text(encoding="utf-8")
        settings.write_text(text.replace("[site]\n", "[site]\ncards = false\n", 1), encoding="utf-8")
    return site


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
    cards = not given.without_cards
    by_count: dict[int, dict[str, dict[str, dict[str, float]]]] = {}
    for count in given.announcements:
        checkouts = {"now": ROOT}
        if given.against and count <= _MOST_BEFORE:
            checkouts["before"] = given.against.absolute()
        by_count[count] = measured(count, checkouts, cards=cards, preview=given.preview)
        if count == _BESIDE_PEERS:
            for name, costs in beside_peers(count, cards=cards).items():
                by_count[count].setdefault(name, {}).update(costs)
        write({"cards": cards, "announcements": by_count}, given.json)


if __name__ == "__main__":
    main()

"""How memory, time, open files and bytes on the disk grow with the partners: every stage at several sizes.

python benchmarks/scaling.py --partners 5000 20000 60000 --json docs/benchmarks/scaling.json

What follows for ten million partners is reckoned in `ten_million.py`. Peak memory and bytes are the same on a busy
machine; seconds are not.
"""

import argparse
import os
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from building import Case, write
from measuring import Cost, peaks_of, processor_seconds
from ours import CAMPAIGN, ENVIRONMENT, Ours, make_ours
from studio import PAGES, signed_in

SLOW = {"verify": 20_000}  # takes 7 ms a partner, so the largest size is left out
# What takes room on the disk; the rest of `private/` does not grow.
PLACES = {
    "tables as CSV": "data",
    "snapshot": "private/snapshots",
    "sealed shards": "private/sealed",
    "`output/`": "output",
    "batch of a plan": "private/batches",
    "outbox, sent": "private/outbox.sqlite",
}


def cases(ours: Ours) -> dict[str, Case]:
    """In the order of a site's life: each relies on what the one before it left."""
    plan = f"{CAMPAIGN}-1.1"
    return {
        "build": ours.build,
        "build, one sale changed": ours.build_one_sale_changed,
        "plan": ours.plan,
        "studio, review of the plan": lambda: review(ours),
        "approve": ours.approve,
        "send into a folder": lambda: ours.run("send", plan, "--transport", "folder"),
        "verify": lambda: ours.run("verify"),
        "status": ours.status,
    }


def review(ours: Ours) -> Cost:
    """Starts the studio, signs in, and looks at a plan."""
    began = time.perf_counter()
    with (
        signed_in(ours.folder, {**os.environ, **ENVIRONMENT}) as studio,
        peaks_of(studio.pid) as peaks,
    ):
        studio.page(PAGES["plan review"])
        wall, cpu = time.perf_counter() - began, processor_seconds(studio.pid)
    return Cost(wall, cpu, peaks.mib, peaks.open_files)


def disk(site: Path) -> dict[str, dict[str, int]]:
    """Bytes, files, and the files of the fullest folder of each place."""
    return {name: _extent(_files(site / place)) for name, place in PLACES.items()}


def _files(place: Path) -> list[Path]:
    if place.is_dir():
        return [path for path in place.rglob("*") if path.is_file()]
    return list(place.parent.glob(f"{place.name}*"))  # a database and its log


def _extent(files: Iterable[Path]) -> dict[str, int]:
    files = list(files)
    folders = Counter(path.parent for path in files)
    return {
        "bytes": sum(path.stat().st_size for path in files),
        "files": len(files),
        "most_files_of_a_folder": max(folders.values(), default=0),
    }


def main() -> None:
    """Measures each size, and writes what is known after each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--partners", type=int, nargs="+", default=[5_000, 20_000, 60_000])
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    sizes: dict[int, object] = {}
    for partners in given.partners:
        with tempfile.TemporaryDirectory(prefix="offerpress-bench-") as place:
            ours = make_ours(Path(place) / "site", partners)
            costs = {}
            for name, run in cases(ours).items():
                if partners <= SLOW.get(name, partners):
                    costs[name] = {key: round(value, 3) for key, value in asdict(run()).items()}
                    print(f"{partners:,} partners, {name}: {costs[name]}", flush=True)
            sizes[partners] = {"costs": costs, "disk": disk(ours.folder)}
        write({"sizes": sizes}, given.json)


if __name__ == "__main__":
    main()

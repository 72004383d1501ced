"""What building, building again and planning cost, beside Hugo, Pelican, mailmerge and the floor.

python benchmarks/building.py --partners 100000 --rounds 5 --json FILE        beside peers, in interleaved rounds
python benchmarks/building.py --partners 1000000 --rounds 1 --alone --json FILE    ours alone

Peers and floor get finished figures; what is done to get those is not measured for them, but is for ours.
"""

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

from measuring import Cost, cost_of, summary
from ours import AS_OF, Ours, make_ours, plainly
from peers import anew, finished_figures, hugo, mailmerge, pelican

MERGED = 2_000
# How often what takes long and decides no close ratio runs; the rest runs in every round.
ROUNDS = {
    "Pelican": 1,
    "floor": 1,
    "plan": 3,
    "notice": 3,
    "build, plain": 3,
    "Hugo, HTML and JSON": 3,
    "mailmerge": 3,
}
Case = Callable[[], Cost]


def our_cases(ours: Ours) -> dict[str, Case]:
    """In the order of a site's life: each relies on what the one before it left."""
    return {
        "build": ours.build,
        "build, nothing changed": ours.build_unchanged,
        "build, one sale changed": ours.build_one_sale_changed,
        "statement": ours.statement,
        "--help": ours.help,
        "plan": ours.plan,
        "notice": ours.notice,
    }


def peer_cases(folder: Path, ours: Ours, versions: dict[str, str]) -> dict[str, Case]:
    """The peers, installed and given the finished figures, and the floor."""
    ours.run("statements", *AS_OF, "--output", folder / "statements.jsonl")
    exported = folder / "statements.jsonl"

    pages = hugo(folder, "hugo", finished_figures(ours.folder, exported), ["html"])
    both = hugo(folder, "hugo-both", finished_figures(ours.folder, exported), ["html", "json"])
    pelican_pages = pelican(folder, finished_figures(ours.folder, exported))
    few = (one for one, _ in zip(finished_figures(ours.folder, exported), range(MERGED), strict=False))
    merged = mailmerge(folder, few)
    versions |= {"Hugo": pages.version, "Pelican": pelican_pages.version, "mailmerge": merged.version}
    return {
        "Hugo": partial(anew, pages),
        "Hugo, HTML and JSON": partial(anew, both),
        "Pelican": partial(anew, pelican_pages),
        "mailmerge": partial(anew, merged),
        "floor": _floor(folder, exported),
    }


def _floor(folder: Path, exported: Path) -> Case:
    def run() -> Cost:
        shutil.rmtree(folder / "floor", ignore_errors=True)
        return cost_of(
            [sys.executable, Path(__file__).with_name("floor.py"), exported, folder / "floor"], folder
        )

    return run


def _plain(ours: Ours) -> Case:
    def run() -> Cost:
        cost = ours.build()
        ours.forget()  # Hundreds of thousands of files would be in the way of what comes next.
        return cost

    return run


def rounds_of(
    cases: Mapping[str, Case], rounds: int, fewer: Mapping[str, int] | None = None
) -> Iterator[dict[str, dict[str, float]]]:
    """Every case once a round, so that what else happens on the machine meets all of them; some in fewer rounds.

    Gives what is known after each round.
    """
    costs: defaultdict[str, list[Cost]] = defaultdict(list)
    for number in range(rounds):
        for name, run in cases.items():
            if number < (fewer or {}).get(name, rounds):
                os.sync()
                costs[name].append(run())
                print(f"{number + 1}/{rounds} {name}: {costs[name][-1]}", flush=True)
        yield {name: summary(found) for name, found in costs.items()}


def beside_peers(folder: Path, partners: int, rounds: int) -> Iterator[dict[str, object]]:
    """Ours, sealed and plain, the peers and the floor on one site."""
    ours = make_ours(folder / "site", partners)
    plain = plainly(ours, folder / "plain")
    versions: dict[str, str] = {}
    cases = our_cases(ours) | {"build, plain": _plain(plain)} | peer_cases(folder, ours, versions)
    for costs in rounds_of(cases, rounds, ROUNDS):
        ours.facts |= {
            "plain_output_files": plain.facts["output_files"],
            "mailmerge_messages": min(MERGED, partners),
        }
        yield {"partners": partners, "versions": versions, "costs": costs, "facts": ours.facts}


def alone(folder: Path, partners: int, rounds: int) -> Iterator[dict[str, object]]:
    """Ours on a large site."""
    ours = make_ours(folder / "site", partners)
    for costs in rounds_of(our_cases(ours), rounds):
        yield {"partners": partners, "costs": costs, "facts": ours.facts}


def write(known: Mapping[str, object], path: Path | None) -> None:
    """Writes what is known, and the machine, if a file is wanted."""
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    machine = f"{os.cpu_count()} cores, {memory_gib:.0f} GiB, Python {platform.python_version()}"
    if path:
        path.write_text(json.dumps({"machine": machine, **known}, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    """Measures, and writes what is known after each round."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--partners", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--alone", action="store_true", help="without peers")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    run = alone if given.alone else beside_peers
    with tempfile.TemporaryDirectory(prefix="offerpress-bench-") as place:
        for found in run(Path(place), given.partners, given.rounds):
            write(found, given.json)


if __name__ == "__main__":
    main()

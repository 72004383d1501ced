"""The processor time of short commands on the sample site, beside that of another checkout.

python benchmarks/start_up.py --against CHECKOUT [--rounds N] [--json FILE]

Both checkouts need an environment in `.venv`. Each command runs on a fresh copy of its own checkout's sample site, with
one site secret for both, alternately in both checkouts. The smallest processor time of all rounds counts, because other
work on the machine only adds to it. `modules` is the number of modules that a command has loaded at its end.
"""

import argparse
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from measuring import cost_of
from ours import ENVIRONMENT
from workload import ROOT

COMMANDS = {
    "--help": ["--help"],
    "status": ["status"],
    "suppressions": ["suppressions"],
    "told": ["told", "P-1001"],
    "prune": ["prune", "--before", "2020-01-01"],
    "check": ["check", "--as-of", "2023-12-31"],
    "statement": ["statement", "P-1001", "--as-of", "2023-12-31"],
}
COUNT = "import sys\nfrom offerpress.cli import run\nrun(sys.argv[1:])\nprint('modules', len(sys.modules))"


def copied(checkout: Path, folder: Path) -> Path:
    """A copy of the checkout's sample site."""
    for name in ("content", "data", "templates"):
        shutil.copytree(checkout / name, folder / name)
    shutil.copy(checkout / "offerpress.toml", folder)
    return folder


def module_count(checkout: Path, site: Path, arguments: list[str]) -> int:
    """How many modules are loaded at the end of one call."""
    python = checkout / ".venv" / "bin" / "python"
    said = subprocess.run(
        [python, "-c", COUNT, *arguments],
        cwd=site,
        env={**os.environ, **ENVIRONMENT},
        capture_output=True,
        text=True,
        check=True,
    )
    return int(said.stdout.rsplit("modules ", 1)[1])


def main() -> None:
    """Measure every command in both checkouts, and print or write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--against", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    checkouts = {"ours": ROOT, "other": options.against.resolve()}
    result: dict[str, object] = {"rounds": options.rounds}
    with tempfile.TemporaryDirectory() as scratch:
        sites = {name: copied(path, Path(scratch) / name) for name, path in checkouts.items()}
        for name, arguments in COMMANDS.items():
            found: dict[str, list[float]] = {side: [] for side in checkouts}
            for _ in range(options.rounds + 1):  # the first call compiles and fills caches
                for side, checkout in checkouts.items():
                    command = [checkout / ".venv" / "bin" / "offerpress", *arguments]
                    found[side].append(cost_of(command, sites[side], ENVIRONMENT).cpu_s)
            best = {side: min(seconds[1:]) for side, seconds in found.items()}
            result[name] = {
                **{f"{side}_cpu_s": round(seconds, 2) for side, seconds in best.items()},
                "ratio": round(best["ours"] / best["other"], 2),
                **{
                    f"{side}_modules": module_count(checkout, sites[side], arguments)
                    for side, checkout in checkouts.items()
                },
            }
            print(name, result[name])
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

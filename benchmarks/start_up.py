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

OURS = Path(__file__).parent.parent
SECRET = "00112233445566778899aabbccddeeff102132435465768798a9bacbdcedfe0f"  # noqa: S105 - of a copy for a minute
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


def environment() -> dict[str, str]:
    """This process's environment with the secret, and with compiled Python files as after an installation."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "OFFERPRESS_SITE_SECRET": SECRET}


def cpu_seconds(checkout: Path, site: Path, arguments: list[str]) -> float:
    """User and system time of one call."""
    process = subprocess.Popen(
        [checkout / ".venv" / "bin" / "offerpress", *arguments],
        cwd=site,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in {0, 1}:
        raise SystemExit(f"{checkout}: {arguments}: exit code {process.returncode}")
    return usage.ru_utime + usage.ru_stime


def module_count(checkout: Path, site: Path, arguments: list[str]) -> int:
    """How many modules are loaded at the end of one call."""
    python = checkout / ".venv" / "bin" / "python"
    said = subprocess.run(
        [python, "-c", COUNT, *arguments],
        cwd=site,
        env=environment(),
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
    checkouts = {"ours": OURS, "other": options.against.resolve()}
    result: dict[str, object] = {"rounds": options.rounds}
    with tempfile.TemporaryDirectory() as scratch:
        sites = {name: copied(path, Path(scratch) / name) for name, path in checkouts.items()}
        for name, arguments in COMMANDS.items():
            found = {side: [0.0] for side in checkouts}
            for number in range(options.rounds + 1):
                for side, checkout in checkouts.items():
                    seconds = cpu_seconds(checkout, sites[side], arguments)
                    found[side] = (
                        [*found[side], seconds] if number else []
                    )  # the first call compiles and fills caches
            best = {side: min(seconds) for side, seconds in found.items()}
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

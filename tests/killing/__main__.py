"""Every command of the small site, killed before every change: `python -m tests.killing --help`."""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.killing.hooks import KilledHooks
from tests.killing.killing import CASES, Runner, broken, library, prepared


def main() -> int:
    """Print a line for each case, and what was not right; the number of moments that were not is the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=[*CASES, "hooks"])
    parser.add_argument("--every", type=int, default=1, help="try each N-th moment only")
    parser.add_argument(
        "--full", action="store_true", help="let the disk be full from the moment on, and kill nobody"
    )
    options = parser.parse_args()
    wrong = 0
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        with Runner(library(folder), folder / "tmp") as runner:
            for name in options.names:
                if name == "hooks":
                    wrong += 0 if options.full else _service(runner, folder, options.every)
                    continue
                with prepared(runner, CASES[name], folder) as (before, words, changes):
                    moments = range(1, changes + 1, options.every)
                    found = {
                        at: broken(runner, CASES[name], before, words, at, full=options.full)
                        for at in moments
                    }
                bad = {at: what for at, what in found.items() if what}
                print(f"{name}: {len(moments)} of {changes} moments, {len(bad)} wrong", flush=True)  # noqa: T201 - the result
                for at, what in bad.items():
                    print(f"  {at}: {'; '.join(what)}", flush=True)  # noqa: T201 - likewise
                wrong += len(bad)
    return min(wrong, 99)


def _service(runner: Runner, folder: Path, every: int) -> int:
    killed = KilledHooks(runner, folder / "changes.so", folder)
    changes = killed.changes()
    bad = {at: what for at in range(1, changes + 1, every) if (what := killed.broken(at))}
    print(f"hooks: {len(range(1, changes + 1, every))} of {changes} moments, {len(bad)} wrong", flush=True)  # noqa: T201
    for at, what in bad.items():
        print(f"  {at}: {'; '.join(what)}", flush=True)  # noqa: T201
    return len(bad)


if __name__ == "__main__":
    sys.exit(main())

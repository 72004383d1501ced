"""What people wait for, in this checkout and in an earlier one, in turn.

python benchmarks/waiting.py --against ../earlier --json docs/benchmarks/waiting.json

Both checkouts need an environment in `.venv`. Each has a site of its own with the same bytes. What is wanted of the
medians is in `limits.py`.
"""

import argparse
import subprocess
import tempfile
from pathlib import Path

from building import Case, rounds_of, write
from ours import PROGRAM, Ours, make_ours
from tables import EARLIER


def cases(ours: Ours) -> dict[str, Case]:
    """In the order of a site's life: each relies on what the one before it left."""
    return {
        "build": ours.build,
        "check": ours.check,
        "build, one sale changed": ours.build_one_sale_changed,
        "build, one announcement changed": ours.build_one_announcement_changed,
        "statement": ours.statement,
        "plan": ours.plan,
        "approve": ours.approve,
        "notice": ours.notice,
        "told": ours.told,
        "status": ours.status,
    }


def commit_of(checkout: Path) -> str:
    """The short name of its commit."""
    asked = ["git", "-C", str(checkout), "rev-parse", "--short", "HEAD"]
    return subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()


def main() -> None:
    """Measures, and writes what is known after each round."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--partners", type=int, default=25_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--against", type=Path, required=True)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    earlier = given.against.absolute()
    programs = {"": PROGRAM, EARLIER: earlier / ".venv" / "bin" / "offerpress"}
    with tempfile.TemporaryDirectory(prefix="offerpress-bench-") as place:
        by_side = {
            side: cases(make_ours(Path(place) / f"site{number}", given.partners, program))
            for number, (side, program) in enumerate(programs.items())
        }
        both = {name + side: by_side[side][name] for name in by_side[""] for side in by_side}
        for costs in rounds_of(both, given.rounds):
            found = {"partners": given.partners, "against": commit_of(earlier), "costs": costs}
            write(found, given.json)


if __name__ == "__main__":
    main()

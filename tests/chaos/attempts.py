"""Runs of every sort, each decided by its seed."""

import tempfile
from pathlib import Path

from tests.chaos.chaos import SORTS, run
from tests.chaos.fences import run_fenced
from tests.servers.postgresql import empty_schema


def attempt(url: str, seed: int) -> tuple[int, str]:
    """The kills of that seed's run, and what was wrong, empty where nothing was; some share an outbox in `url`."""
    _, place = SORTS[seed % len(SORTS)]
    with tempfile.TemporaryDirectory(prefix="offerpress-chaos-") as folder:
        try:
            if place == "fenced":
                return run_fenced(seed, Path(folder)), ""
            return run(
                seed, Path(folder), empty_schema(url, f"outbox_{seed}") if place == "shared" else None
            ), ""
        except AssertionError as broken:
            return 0, f"seed {seed}: {broken}"

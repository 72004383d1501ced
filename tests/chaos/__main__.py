"""`python -m tests.chaos N [--first SEED]`: makes N runs and prints what broke a promise."""

import argparse
import sys
import time
from functools import partial
from multiprocessing import get_context

from tests.chaos.attempts import attempt
from tests.servers.postgresql import postgresql_server


def main() -> int:
    """Two runs at a time, every sort in turn; 1 where any was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("number", type=int)
    parser.add_argument("--first", type=int, default=0)
    options = parser.parse_args()
    began = time.perf_counter()
    kills = wrong = 0
    with postgresql_server() as url, get_context("spawn").Pool(2) as pool:
        for killed, broken in pool.imap(
            partial(attempt, url), range(options.first, options.first + options.number)
        ):
            kills += killed
            wrong += bool(broken)
            if broken:
                print(broken, flush=True)  # noqa: T201 - the result
    seconds = time.perf_counter() - began
    print(f"{options.number} runs, {kills} senders killed, {wrong} wrong, {seconds:.0f} s")  # noqa: T201
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

"""`python -m tests.fuzz N [--tables | --texts] [--first SEED] [--jobs N]`: tries N seeds, prints the wrong."""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain
from multiprocessing import get_context

from tests.fuzz import fuzzing, tables, texts


def main() -> int:
    """Tries the seeds in chunks over some processes; 1 where any was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("number", type=int)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--tables", action="store_true", help="odd tables in place of damaged sites")
    parser.add_argument("--texts", action="store_true", help="texts in place of damaged sites")
    options = parser.parse_args()
    end = options.first + options.number
    size = min(100, -(-options.number // options.jobs))
    chunks = [range(start, min(start + size, end)) for start in range(options.first, end, size)]
    began = time.perf_counter()
    counts: Counter[str] = Counter()
    with get_context("spawn").Pool(options.jobs, maxtasksperchild=5) as pool:
        found: Iterable[Sequence[fuzzing.Outcome | tables.TableOutcome | texts.TextOutcome]]
        if options.texts:
            found = pool.imap(texts.attempts, chunks)
        else:
            found = (
                pool.imap(tables.attempts, chunks) if options.tables else pool.imap(fuzzing.attempts, chunks)
            )
        for one in chain.from_iterable(found):
            counts["wrong" if one.wrong else "faults" if one.faulty else "as the reference"] += 1
            if one.wrong:
                print(one, flush=True)  # noqa: T201 - the result
    seconds = time.perf_counter() - began
    print(f"{options.number} seeds from {options.first} in {seconds:.0f} s: {dict(sorted(counts.items()))}")  # noqa: T201
    return 1 if counts["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())

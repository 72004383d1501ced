"""`python -m tests.reference N [--first SEED]`: compares both implementations on N worlds of each sort."""

import argparse
import sys
from itertools import chain

from tests.reference.comparing import differing

parser = argparse.ArgumentParser()
parser.add_argument("count", type=int)
parser.add_argument("--first", type=int, default=0)
given = parser.parse_args()
found = 0
for line in chain(differing(given.count, given.first), differing(given.count, given.first, ("bonus",))):
    print(line, flush=True)  # noqa: T201 - the program's result
    found += 1
summary = f"{given.count} worlds of each sort from seed {given.first}: {found} differ"
print(summary)  # noqa: T201 - the program's result
sys.exit(1 if found else 0)

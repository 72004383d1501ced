"""The difference of two texts as people read it: the lines that differ, with a little around them."""

from collections.abc import Iterator
from difflib import SequenceMatcher

_MOST_LINES = 4_000
_AROUND = 2


def page_difference(before: str, after: str) -> Iterator[tuple[str, str]]:
    """Yield the lines that differ as (`gone` or `new`, line), with two equal lines around as (``, line).

    A gap between two places is (`gap`, ``). Of a very long text only the beginning is compared.
    """
    old, new = before.splitlines()[:_MOST_LINES], after.splitlines()[:_MOST_LINES]
    groups = SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(_AROUND)
    for number, group in enumerate(groups):
        if number:
            yield "gap", ""
        for tag, first, end, first_new, end_new in group:
            if tag == "equal":
                yield from (("", line) for line in old[first:end])
            else:
                yield from (("gone", line) for line in old[first:end])
                yield from (("new", line) for line in new[first_new:end_new])

"""The merge of two changes of one text, line by line, and the lines that a change touched."""

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher, unified_diff

Lines = Sequence[bytes]


def merged(base: bytes, theirs: bytes, mine: bytes) -> bytes | None:
    """Return the text with both changes; None where both changed the same or neighbouring lines differently."""
    if theirs == mine:
        return mine
    first, one, two = (text.splitlines(keepends=True) for text in (base, theirs, mine))
    found: list[bytes] = []
    at = (0, 0, 0)
    for block in _common(first, one, two):
        part = _decided(first[at[0] : block[0]], one[at[1] : block[1]], two[at[2] : block[2]])
        if part is None:
            return None
        found += [*part, *first[block[0] : block[0] + block[3]]]
        at = (block[0] + block[3], block[1] + block[3], block[2] + block[3])
    return b"".join(found)


def _decided(base: Lines, theirs: Lines, mine: Lines) -> Lines | None:
    if mine in (theirs, base):
        return theirs
    return mine if theirs == base else None


def _common(base: Lines, theirs: Lines, mine: Lines) -> Iterator[tuple[int, int, int, int]]:
    """Yield the runs of lines that all three have, as their places and their length; the last one is empty."""
    ours = _places(base, mine)
    run: tuple[int, int, int, int] | None = None
    for here, there in sorted(_places(base, theirs).items()):
        if here not in ours:
            continue
        mine_at = ours[here]
        if run and (here, there, mine_at) == (run[0] + run[3], run[1] + run[3], run[2] + run[3]):
            run = (*run[:3], run[3] + 1)
            continue
        if run:
            yield run
        run = (here, there, mine_at, 1)
    if run:
        yield run
    yield len(base), len(theirs), len(mine), 0


def _places(base: Lines, other: Lines) -> dict[int, int]:
    """Return for each line of `base` that `other` kept where it stands there."""
    blocks = SequenceMatcher(None, base, other, autojunk=False).get_matching_blocks()
    return {a + n: b + n for a, b, size in blocks for n in range(size)}


def changed_lines(before: bytes, after: bytes) -> list[tuple[str, str]]:
    """Return the changed lines of two texts, each with what happened to it."""
    words = {"+": "Added", "-": "Taken out"}
    old, new = (text.decode("utf-8", "replace").splitlines() for text in (before, after))
    lines = list(unified_diff(old, new, lineterm=""))[2:]
    return [(words[line[0]], line[1:]) for line in lines if line[:1] in words]

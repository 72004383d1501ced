"""Result files, and the Markdown that every table of them is made of."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from limits import Promise

Json = dict[str, Any]
_PROFILE = "stages-25000.json"
_WHOLE = 100
_REASONS = 3


class NotMeasured(Exception):
    """There is no such result yet."""


@dataclass(frozen=True)
class Results:
    """The result files of a folder."""

    folder: Path

    def read(self, name: str) -> Json:
        """One result."""
        path = self.folder / name
        if not path.is_file():
            raise NotMeasured(name)
        found: Json = json.loads(path.read_text(encoding="utf-8"))
        return found


Table = Callable[[Results, str], str]
TABLES: dict[str, Table] = {}


def made(table: Table) -> Table:
    """Lets documents ask for a table by the name of its function."""
    TABLES[table.__name__] = table
    return table


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table; a column whose title ends with `>` is aligned to the right."""
    titles = [title.removesuffix(">") for title in head]
    marks = ["---:" if title.endswith(">") else "---" for title in head]
    return "\n".join("| " + " | ".join(map(str, row)).strip() + " |" for row in (titles, marks, *rows))


def shown(number: float) -> str:
    """With three digits that count."""
    return f"{number:,.0f}" if number >= _WHOLE else f"{number:.3g}"


def verdict(promise: Promise) -> str:
    """Whether it is kept, to stand out where it is not."""
    return "kept" if promise.kept else "**not kept**"


def stages_of(case: Json) -> list[tuple[str, float]]:
    """The stages of a command and their shares of its CPU, the largest first."""
    whole = sum(cpu for _, cpu in case["stages"].values()) or 1
    shares = [(stage, cpu / whole) for stage, (_, cpu) in case["stages"].items()]
    return sorted(shares, key=lambda pair: -pair[1])


def reason(results: Results, promise: Promise) -> str:
    """What takes the time of a command whose promise is not kept: its largest stages."""
    if promise.kept or not promise.command:
        return ""
    case = results.read(_PROFILE)["cases"].get(promise.command)
    return words_of(stages_of(case)[:_REASONS]) if case else ""


def words_of(stages: Iterable[tuple[str, float]]) -> str:
    """Stages with their shares."""
    return ", ".join(f"{stage} {share * 100:.0f} %" for stage, share in stages)


def promise_table(results: Results, promises: Iterable[Promise]) -> str:
    """A table of what was promised and what came out."""
    return table(
        ["promise", "limit>", "measured>", "", "most of its time"],
        (
            (
                one.what,
                f"{'≥' if one.at_least else '≤'} {shown(one.limit)}",
                shown(one.found),
                verdict(one),
                reason(results, one),
            )
            for one in promises
        ),
    )

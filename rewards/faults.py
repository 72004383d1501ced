"""What is wrong, where, and what would be right: faults are values that are collected, so one run reports them all.

A `Fault` never raises by itself. Whoever needs a faultless input raises `Faulty` with everything collected.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Literal, TypeVar

from pydantic import BaseModel, ValidationError

Severity = Literal["fault", "remark"]
KeyPath = tuple[str | int, ...]
Model = TypeVar("Model", bound=BaseModel)


class RewardsError(Exception):
    """Root of the errors of this package."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One mistake in settings, content, data or templates; a `remark` does not stop anything.

    `file` is relative to the site folder; `line` (of a text) and `row` (of a table, whose header is row 1) count from 1.
    `field` is a dotted key or a column. `what` says what is wrong, `remedy` what would be right.
    """

    what: str
    remedy: str
    file: str = ""
    line: int | None = None
    row: int | None = None
    field: str = ""
    severity: Severity = "fault"

    def __str__(self) -> str:
        """`FILE:LINE: FIELD: WHAT; REMEDY`, with `row N` in the place of the line for a table."""
        place = self.file
        if self.line is not None:
            place += f":{self.line}"
        if self.row is not None:
            place += f" row {self.row}" if place else f"row {self.row}"
        head = ": ".join(part for part in (place, self.field) if part)
        text = f"{self.what}; {self.remedy}" if self.remedy else self.what
        return f"{head}: {text}" if head else text


class Faulty(RewardsError):
    """Raised where an input with faults was asked to be used; carries all of them."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__(f"{len(self.faults)} faults, the first: {self.faults[0]}")


@dataclass(frozen=True, slots=True)
class Source:
    """Where a mapping came from: its file, and the line of each key path that is known."""

    file: str
    lines: Mapping[KeyPath, int] = field(default_factory=dict)

    def fault(self, path: KeyPath, what: str, remedy: str, severity: Severity = "fault") -> Fault:
        """A fault at `path`; its line is that of the longest prefix of `path` whose line is known."""
        line = next((self.lines[path[:n]] for n in range(len(path), -1, -1) if path[:n] in self.lines), None)
        return Fault(what, remedy, self.file, line, None, ".".join(map(str, path)), severity)


def suggestion(word: str, known: Sequence[str]) -> str:
    """`did you mean 'x'?` for the nearest of `known`, else the list of what is known."""
    near = get_close_matches(word, known, n=1, cutoff=0.6)
    return f"did you mean {near[0]!r}?" if near else f"known are: {', '.join(sorted(known))}"


def validated(
    model: type[Model], raw: Mapping[str, object], source: Source, faults: list[Fault], prefix: KeyPath = ()
) -> Model | None:
    """`raw` as a `model`; None where it is faulty, with a fault for each mistake added to `faults`."""
    try:
        return model.model_validate(dict(raw))
    except ValidationError as error:
        for mistake in error.errors():
            path = (*prefix, *mistake["loc"])
            faults.append(_fault_of(model, mistake["type"], mistake["msg"], mistake["input"], path, source))
        return None


def _fault_of(
    model: type[BaseModel], kind: str, message: str, value: object, path: KeyPath, source: Source
) -> Fault:
    key = str(path[-1]) if path else ""
    if kind == "extra_forbidden":
        known = [info.alias or name for name, info in model.model_fields.items()]
        return source.fault(path, f"unknown key {key!r}", suggestion(key, known))
    if kind == "missing":
        return source.fault(path, f"{key!r} is missing", "add it")
    text = message.removeprefix("Value error, ")
    what, _, remedy = text.partition("; ")
    return source.fault(
        path, f"{what} (found {value!r})" if kind != "value_error" else what, remedy or "correct the value"
    )

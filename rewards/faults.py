"""Faults: mistakes in inputs, with their place and remedy, collected as values so that one run reports all of them.

A `Fault` never raises by itself. Code that needs a faultless input raises `Faulty` with everything collected.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from dataclasses import field as uncompared
from difflib import get_close_matches
from typing import Literal, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError

Severity = Literal["fault", "remark"]
KeyPath = tuple[str | int, ...]
Model = TypeVar("Model", bound=BaseModel)
_Found = TypeVar("_Found")


# The remedies that name one value; `suggestion` writes the first of them.
_CURE = re.compile(
    r"did you mean '([^']+)'\?|write (https?://\S+)|call it '([^']+)'|write it as '([^']+)', as \S+ does"
)


class RewardsError(Exception):
    """Root of the errors of this package."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One mistake in settings, content, data or templates; a `remark` does not stop anything.

    `file` is relative to the site folder; `line` (of a text) and `row` (of a table, whose header is row 1)
    count from 1. `field` is a dotted key or a column. `what` is what is wrong, `remedy` what would be right.
    `rule` names the kind of mistake in a table, by which faults are counted; it is no part of what they say.
    """

    what: str
    remedy: str
    file: str = ""
    line: int | None = None
    row: int | None = None
    field: str = ""
    severity: Severity = "fault"
    rule: str = uncompared(default="", compare=False)

    @property
    def cure(self) -> str:
        """The one value that the remedy names for what is wrong; empty where a person has to decide."""
        found = _CURE.fullmatch(self.remedy)
        return next((value for value in found.groups() if value), "") if found else ""

    def __str__(self) -> str:
        """Return `FILE:LINE: FIELD: WHAT; REMEDY`, with `row N` instead of the line for a table."""
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


def required(read: Callable[[list[Fault]], _Found | None]) -> _Found:
    """Return what `read` finds; raises `Faulty` with the faults that it adds to its list if it finds nothing."""
    faults: list[Fault] = []
    found = read(faults)
    if found is None:
        raise Faulty(faults)
    return found


@dataclass(frozen=True, slots=True)
class Source:
    """The origin of a mapping: its file, and the line of each key path that is known."""

    file: str
    lines: Mapping[KeyPath, int] = field(default_factory=dict)

    def fault(self, path: KeyPath, what: str, remedy: str, severity: Severity = "fault") -> Fault:
        """Return a fault at `path`; its line is that of the longest prefix of `path` whose line is known."""
        line = next((self.lines[path[:n]] for n in range(len(path), -1, -1) if path[:n] in self.lines), None)
        return Fault(what, remedy, self.file, line, None, ".".join(map(str, path)), severity)


def suggestion(word: str, known: Sequence[str]) -> str:
    """Return `did you mean 'x'?` for the nearest of `known`, else the list of what is known."""
    near = get_close_matches(word, known, n=1, cutoff=0.6)
    return f"did you mean {near[0]!r}?" if near else f"known are: {', '.join(sorted(known))}"


def validated(
    model: type[Model], raw: Mapping[str, object], source: Source, faults: list[Fault], prefix: KeyPath = ()
) -> Model | None:
    """Return `raw` as a `model`, or None after adding a fault for each mistake to `faults`.

    `prefix` is the place of `raw` in its file. The text of a validator's `ValueError` is "what; remedy".
    """
    try:
        return model.model_validate(dict(raw))
    except ValidationError as error:
        for mistake in error.errors():
            path = tuple(key for key in mistake["loc"] if key != "[key]")
            what, remedy = _sentence(model, mistake["type"], mistake["msg"], mistake["input"], path)
            faults.append(source.fault((*prefix, *path), what, remedy))
        return None


_REMEDIES = {
    "string_type": "write text; numbers, true and false need quotes",
    "string_too_short": "write something, or leave the key out",
    "string_pattern_mismatch": "write something, or leave the key out",
    "int_type": "write a whole number without quotes",
    "bool_type": "write true or false",
    "list_type": "write a list, such as [a, b]",
    "dict_type": "write keys with values",
    "model_type": "write keys with values",
    "too_short": "name at least one",
}
_MOST_SHOWN = 60


def _sentence(
    model: type[BaseModel], kind: str, message: str, value: object, path: KeyPath
) -> tuple[str, str]:
    """Return what is wrong at `path` of `model`, and what would be right."""
    key = str(path[-1]) if path else ""
    if kind == "extra_forbidden":
        fields = _model_at(model, path[:-1]).model_fields
        return f"unknown key {key!r}", suggestion(key, [info.alias or name for name, info in fields.items()])
    if kind == "missing":
        field_ = _model_at(model, path[:-1]).model_fields.get(key)
        choices = get_args(field_.annotation) if field_ and get_origin(field_.annotation) is Literal else ()
        return f"{key!r} is missing", f"add it: {' or '.join(map(repr, choices))}" if choices else "add it"
    if kind == "literal_error":
        return f"{key!r} cannot be {_shown(value)}", f"write {message.removeprefix('Input should be ')}"
    if kind == "value_error":
        what, _, remedy = message.removeprefix("Value error, ").partition("; ")
        return what, remedy or "correct the value"
    text = message[:1].lower() + message[1:]
    return f"{text} (found {_shown(value)})", _REMEDIES.get(kind, "correct the value")


def _shown(value: object) -> str:
    try:
        text = repr(value)
    except (ValueError, RecursionError):
        return "a value that is too long to be shown"
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}..."


def _model_at(model: type[BaseModel], path: KeyPath) -> type[BaseModel]:
    """Return the model of the mapping at `path` as far as annotations tell, else the nearest model above it."""
    for key in path:
        named = (info for name, info in model.model_fields.items() if key in {name, info.alias})
        model = _model_in(next((info.annotation for info in named), None)) or model
    return model


def _model_in(annotation: object) -> type[BaseModel] | None:
    """Return the first model that an annotation such as `list[Tier] | None` names."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for inner in get_args(annotation) if (found := _model_in(inner))), None)

"""Every regular expression of the house against long hostile text: none may take more than its time.

`python -m tests.fuzz.patterns` prints the patterns that do. A pattern is found as a compiled value of a module, in a
collection of one, or as a literal within a function. It is tried as the code uses it: at the beginning of a text only
(`match`, `fullmatch`), or at every place. The texts repeat what the pattern itself accepts, and end with what it does
not accept.
"""

import ast
import importlib
import pkgutil
import re
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from re import _constants as codes  # type: ignore[attr-defined] # the parsed form has no public name
from re import _parser as parser  # type: ignore[attr-defined]
from types import FrameType, ModuleType
from typing import Any, Final, NamedTuple

PACKAGES: Final = ("rewards", "ledger", "generator", "mailer", "offerpress")
LENGTH: Final = 4_000
SECONDS: Final = 10.0
_ENDS: Final = ("", "!", "\n", "\x00")
_CLASSES: Final = {"CATEGORY_DIGIT": "1", "CATEGORY_SPACE": " ", "CATEGORY_WORD": "a"}
_OUTSIDE: Final = "é"
_AT_BEGINNING: Final = frozenset({"match", "fullmatch"})
_AT_EVERY_PLACE: Final = frozenset({"search", "finditer", "findall", "sub", "subn", "split"})
# A match from a given place on counts as one at every place, but here each begins where the last one ended.
_IN_TURN: Final = frozenset({"_ATTRIBUTE"})
_ANY_USE: Final = _AT_BEGINNING | _AT_EVERY_PLACE


class Used(NamedTuple):
    """A pattern and the names of the methods by which the code uses it."""

    pattern: re.Pattern[str]
    methods: frozenset[str]


def every_pattern() -> dict[str, Used]:
    """Every pattern over text that a module keeps or a function names, by its name or its place there."""
    found: dict[str, Used] = {}
    for module in _modules():
        for name, value in vars(module).items():
            for place, pattern in _within(value):
                if isinstance(pattern.pattern, str):
                    found[f"{module.__name__}.{name}{place}"] = Used(pattern, _uses(module, name))
        found |= dict(_literals(module))
    together: dict[tuple[str, int], tuple[str, Used]] = {}
    for name, used in found.items():
        pattern, methods = used
        first, known = together.get((pattern.pattern, pattern.flags), (name, used))
        together[pattern.pattern, pattern.flags] = first, Used(pattern, known.methods | methods)
    return dict(together.values())


@cache
def _modules() -> tuple[ModuleType, ...]:
    return tuple(
        importlib.import_module(info.name)
        for package in PACKAGES
        for info in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}.")
    )


@cache
def _tree(module: ModuleType) -> ast.Module:
    return ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))


def _uses(module: ModuleType, name: str) -> frozenset[str]:
    """The methods by which a module uses one of its names; every method if it uses it otherwise, or nowhere."""
    return _uses_of(module).get(name, _ANY_USE)


@cache
def _uses_of(module: ModuleType) -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    direct: set[ast.Name] = set()
    for node in ast.walk(_tree(module)):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
            and node.func.attr in _ANY_USE
        ):
            direct.add(node.func.value)
            method = node.func.attr
            # A match from a given place on is asked for at many places.
            found[node.func.value.id] |= {method, "finditer"} if _is_placed(method, node) else {method}
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node not in direct:
            found[node.id] |= _ANY_USE
    return {name: frozenset(methods) for name, methods in found.items()}


def _is_placed(method: str, call: ast.Call) -> bool:
    in_turn = isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value) in _IN_TURN
    return method in _AT_BEGINNING and len(call.args) + len(call.keywords) > 1 and not in_turn


def _literals(module: ModuleType) -> Iterator[tuple[str, Used]]:
    """Yield the patterns that are literals in calls of `re` within functions, such as `re.sub("a+", "", text)`."""
    functions = (one for one in ast.walk(_tree(module)) if isinstance(one, ast.FunctionDef))
    for node in (node for function in functions for node in ast.walk(function)):
        if not (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id == "re"
            and node.args
            and isinstance(node.args[0], ast.Constant)
            and isinstance(node.args[0].value, str)
        ):
            continue
        flags = re.IGNORECASE if "IGNORECASE" in ast.unparse(node) else re.NOFLAG
        method = node.func.attr
        methods = frozenset({method}) if method in _ANY_USE else _ANY_USE
        yield f"{module.__name__}:{node.lineno}", Used(re.compile(node.args[0].value, flags), methods)


def _within(value: object) -> Iterator[tuple[str, re.Pattern[str]]]:
    if isinstance(value, re.Pattern):
        yield "", value
    elif isinstance(value, Mapping):
        yield from ((f"[{key!r}]{place}", one) for key, part in value.items() for place, one in _within(part))
    elif isinstance(value, list | tuple | set | frozenset):
        yield from ((f"[{n}]{place}", one) for n, part in enumerate(value) for place, one in _within(part))


def pieces(pattern: re.Pattern[str]) -> list[str]:
    """Return short texts that parts of the pattern accept: its characters, its repeated parts, and pairs of them."""
    found: dict[str, None] = {}
    _collect(parser.parse(pattern.pattern, pattern.flags & ~re.DEBUG), found)
    single = [piece for piece in found if piece][:8]
    pairs = [first + second for first in single[:4] for second in single[:4] if first != second]
    return [*single, *pairs, "a", " "]


def _collect(parsed: Iterable[tuple[object, object]], found: dict[str, None]) -> str:
    """Return one text that the parsed parts accept, and note the texts of the parts within."""
    text = ""
    for code, argument in parsed:
        piece = _piece(code, argument, found)
        found.setdefault(piece)
        text += piece
    found.setdefault(text)
    return text


def _piece(code: object, argument: Any, found: dict[str, None]) -> str:  # noqa: ANN401, PLR0911 - a table of codes
    if code is codes.LITERAL:
        return chr(argument)
    if code in {codes.NOT_LITERAL, codes.ANY}:
        return "a" if argument != ord("a") else "b"
    if code is codes.IN:
        return _of_class(argument)
    if code in {codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT}:
        return str(_collect(argument[2], found) * max(1, min(argument[0], 8)))
    if code is codes.SUBPATTERN:
        return _collect(argument[-1], found)
    if code is codes.ATOMIC_GROUP:
        return _collect(argument, found)
    if code is codes.BRANCH:
        return next(_collect(branch, found) for branch in argument[1])
    if code in {codes.ASSERT, codes.ASSERT_NOT}:
        _collect(argument[1], found)
    return ""


def _of_class(members: Iterable[tuple[object, object]]) -> str:
    for code, argument in members:
        if code is codes.NEGATE:
            refused = {chr(value) for kind, value in members if kind is codes.LITERAL}  # type: ignore[arg-type]
            return next(char for char in ("a", " ", "1", "é", "-") if char not in refused)
        if code is codes.LITERAL:
            return chr(argument)  # type: ignore[arg-type]
        if code is codes.RANGE:
            return chr(argument[0])  # type: ignore[index]
        if code is codes.CATEGORY:
            return _CLASSES.get(str(argument), _OUTSIDE)
    return _OUTSIDE


class TooSlow(Exception):
    """A pattern took its whole time on one text."""


def slow_on(used: Used, length: int = LENGTH, seconds: float = SECONDS) -> tuple[float, str]:
    """Return the longest time that the pattern took for one text, and the piece that the text repeats."""
    pattern = used.pattern

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise TooSlow

    signal.signal(signal.SIGVTALRM, stop)
    worst = (0.0, "")
    for piece in pieces(pattern):
        for end in _ENDS:
            text = piece * (length // len(piece)) + end
            begun = time.process_time()
            signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
            try:
                for method in used.methods & _AT_BEGINNING:
                    getattr(pattern, method)(text)
                for number, _ in enumerate(pattern.finditer(text) if used.methods & _AT_EVERY_PLACE else ()):
                    if number > length:
                        break
            except TooSlow:
                return float("inf"), piece
            finally:
                signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            worst = max(worst, (time.process_time() - begun, piece))
            if worst[0] > seconds:
                return worst
    return worst


def main() -> int:
    """Print the patterns that take longer than their time, with the text; the exit code is their number."""
    length = int(sys.argv[1]) if len(sys.argv) > 1 else LENGTH
    slow = 0
    patterns = every_pattern()
    for name, used in patterns.items():
        took, piece = slow_on(used, length)
        if took > SECONDS / 20:
            print(f"{took:8.2f} s  {name}  {used.pattern.pattern!r}  on {piece!r}", flush=True)  # noqa: T201
        slow += took > SECONDS
    print(f"{len(patterns)} patterns, {slow} slow")  # noqa: T201 - the result
    return min(slow, 99)


if __name__ == "__main__":
    sys.exit(main())

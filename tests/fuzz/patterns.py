"""Every regular expression of the house against long hostile text: none may take more than its time.

`python -m tests.fuzz.patterns` prints the patterns that do. A pattern is found as a compiled value of a module, or in a
collection of one. The texts repeat what the pattern itself accepts, and end with what it does not accept.
"""

import importlib
import pkgutil
import re
import signal
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from re import _constants as codes  # type: ignore[attr-defined] # the parsed form has no public name
from re import _parser as parser  # type: ignore[attr-defined]
from types import FrameType
from typing import Any, Final

PACKAGES: Final = ("rewards", "ledger", "generator", "mailer", "offerpress")
LENGTH: Final = 4_000
SECONDS: Final = 10.0
_ENDS: Final = ("", "!", "\n", "\x00")
_CLASSES: Final = {"CATEGORY_DIGIT": "1", "CATEGORY_SPACE": " ", "CATEGORY_WORD": "a"}
_OUTSIDE: Final = "é"


def compiled_patterns() -> dict[str, re.Pattern[str]]:
    """Every pattern over text that a module keeps, by its name there."""
    found: dict[str, re.Pattern[str]] = {}
    for package in PACKAGES:
        face = importlib.import_module(package)
        for info in pkgutil.walk_packages(face.__path__, f"{package}."):
            module = importlib.import_module(info.name)
            for name, value in vars(module).items():
                for place, pattern in _within(value):
                    if isinstance(pattern.pattern, str):
                        found.setdefault(f"{info.name}.{name}{place}", pattern)
    unique = {(pattern.pattern, pattern.flags): name for name, pattern in reversed(found.items())}
    return {name: found[name] for name in sorted(unique.values())}


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


def slow_on(pattern: re.Pattern[str], length: int = LENGTH, seconds: float = SECONDS) -> tuple[float, str]:
    """Return the longest time that the pattern took for one text, and the piece that the text repeats."""

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
                pattern.fullmatch(text)
                pattern.match(text)
                for number, _ in enumerate(pattern.finditer(text)):
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
    patterns = compiled_patterns()
    for name, pattern in patterns.items():
        took, piece = slow_on(pattern, length)
        if took > SECONDS / 20:
            print(f"{took:8.2f} s  {name}  {pattern.pattern!r}  on {piece!r}", flush=True)  # noqa: T201
        slow += took > SECONDS
    print(f"{len(patterns)} patterns, {slow} slow")  # noqa: T201 - the result
    return min(slow, 99)


if __name__ == "__main__":
    sys.exit(main())

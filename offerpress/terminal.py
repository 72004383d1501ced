"""Output for people and programs. Results go to standard output, messages and faults to standard error."""

import json
import re
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

import click

if TYPE_CHECKING:  # a command that has nothing to do says so without loading the rules
    from rewards import Fault

SHOWN_FAULTS = 100


class Progress(Protocol):
    """A function that long work calls after each `done` finished steps."""

    def __call__(self, done: int, /) -> None:
        """Add `done` finished steps."""


def plain(text: str) -> str:
    """Return `text` with control and direction characters escaped, which could otherwise repaint the screen."""
    return "".join(_shown(character) for character in text)


def _shown(character: str) -> str:
    if character == "\n" or unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}:
        return character
    return f"\\u{ord(character):04x}"


def say(text: str) -> None:
    """Write a message for a person to standard error."""
    click.echo(plain(text), err=True)


def show(text: str) -> None:
    """Write a result for a person to standard output."""
    click.echo(plain(text))


def show_json(value: Mapping[str, object]) -> None:
    """Write the result under `--json`, which is then the only text on standard output."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def fault_json(fault: "Fault") -> dict[str, object]:
    """Return what a fault tells people."""
    names = ("severity", "file", "line", "row", "field", "what", "remedy")
    return {name: getattr(fault, name) for name in names}


def show_faults(faults: Sequence["Fault"]) -> None:
    """Write faults, then remarks, and the number of each; those of many rows that say the same are one line.

    At most 100 lines are written.
    """
    real = [fault for fault in faults if fault.severity == "fault"]
    remarks = [fault for fault in faults if fault.severity == "remark"]
    groups = list(_groups([*real, *remarks]))
    for alike in groups[:SHOWN_FAULTS]:
        say(f"{alike[0].severity}: {_grouped(alike)}")
    kinds = sum(alike[0].severity == "fault" for alike in groups)
    rest = f", the first {SHOWN_FAULTS} kinds shown" if kinds > SHOWN_FAULTS else ""
    say(f"{count(len(real), 'fault')}{rest}, {count(len(remarks), 'remark')}")


_VALUES = re.compile(r"""'[^']*(?:'|$)|"[^"]*(?:"|$)|[0-9]+""")


def _groups(faults: Iterable["Fault"]) -> Iterable[list["Fault"]]:
    """Return the faults of rows by file, column and sentence, whatever values it quotes; others alone."""
    groups: dict[object, list[Fault]] = {}
    for fault in faults:
        alike = fault.severity, fault.file, fault.field, _VALUES.sub("", fault.what)
        groups.setdefault(alike if fault.row is not None else fault, []).append(fault)
    return groups.values()


def _grouped(alike: Sequence["Fault"]) -> str:
    """Return the text of a group: the number of its rows, and the first of them."""
    first = alike[0]
    if len(alike) == 1:
        return str(first)
    what = f"{len(alike):,} rows: {first.what}; first row {first.row}"
    return ": ".join(part for part in (first.file, first.field, f"{what}; {first.remedy}") if part)


def show_remarks(remarks: Sequence[Mapping[str, Any]]) -> None:
    """Write remarks that are given by their fields."""
    if remarks:
        from rewards import Fault  # noqa: PLC0415 - a build without remarks does not need it

        show_faults([Fault(**one) for one in remarks])


def count(number: int, noun: str) -> str:
    """Return a number with its noun: `1 fault`, `1,234 faults`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def table(rows: Iterable[Sequence[str]], heads: Sequence[str]) -> str:
    """Return a table for a terminal, with the first column aligned to the left and the others to the right."""
    lines = [heads, *rows]
    widths = [max(len(line[n]) for line in lines) for n in range(len(heads))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if n == 0 else cell.rjust(width)
            for n, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


@contextmanager
def progress(label: str, length: int, *, quiet: bool = False, lines: bool = False) -> Iterator[Progress]:
    """Show a progress bar on standard error, if that is a terminal; with `lines` write lines for a program instead."""
    if lines:
        yield _progress_lines(length)
    elif quiet or not sys.stderr.isatty():
        yield _no_progress
    else:
        with click.progressbar(length=length, label=label, file=sys.stderr) as bar:
            yield bar.update


def _progress_lines(length: int) -> Progress:
    """Return a function that writes a line whenever another hundredth is done."""
    finished = 0

    def advance(done: int, /) -> None:
        nonlocal finished
        before, finished = finished, finished + done
        if length and before * 100 // length != finished * 100 // length:
            say(f"progress {finished} {length}")

    return advance


def _no_progress(done: int, /) -> None:
    del done

"""The command line: groups, examples and shell completion."""

import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete

from offerpress.cli import COMMANDS, GROUPS, offerpress

ROOT = Path(__file__).parents[2]


def command_of(name: str) -> click.Command:
    """The command of that name."""
    found = offerpress.get_command(click.Context(offerpress), name)
    assert found is not None
    return found


def completions(*words: str) -> list[str]:
    """What a shell would offer for the last of these words."""
    *before, incomplete = words
    completer = ShellComplete(offerpress, {}, "offerpress", "_OFFERPRESS_COMPLETE")
    return [item.value for item in completer.get_completions(list(before), incomplete)]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_examples_that_parse(name: str) -> None:
    """`--help` ends with two or three calls of the command, with options and arguments that it has."""
    command = command_of(name)
    calls = [line.strip() for line in (command.epilog or "").splitlines() if "  offerpress " in line]
    assert len(calls) in {2, 3}
    for call in calls:
        program, called, *arguments = shlex.split(call)
        assert ("offerpress", name) == (program, called)
        context = click.Context(command, info_name=name)
        _, left, _ = command.make_parser(context).parse_args(arguments)
        assert [] == left, call


def test_help_lists_every_command_in_its_group() -> None:
    """The groups hold every command once, and `--help` shows them in that order."""
    text = offerpress.get_help(click.Context(offerpress, info_name="offerpress"))
    places = [text.index(f"\n{group}:\n") for group in GROUPS]
    assert sorted(places) == places
    assert len(COMMANDS) == sum(map(len, GROUPS.values()))
    assert [] == [name for name in COMMANDS if f"\n  {name} " not in text]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("su",), ["suppress", "suppressions"]),
        (("sta",), ["statement", "statements", "status"]),
        (("rot",), ["rotate-secret"]),
        (("--l",), ["--log"]),
        (("nothing",), []),
        (("plan", "--corr"), ["--corrections"]),
        (("add", "off"), ["offer"]),
        (("add", "offer", "--kind", "cash"), ["cashback"]),
    ],
)
def test_completion(words: tuple[str, ...], expected: list[str]) -> None:
    """A shell is offered the commands, options and choices that begin with the typed word."""
    assert expected == completions(*words)


def test_completing_a_command_imports_no_command() -> None:
    """Completing the first word imports neither a command's module nor the rules."""
    code = (
        "import sys\n"
        "from click.shell_completion import ShellComplete\n"
        "from offerpress.cli import offerpress\n"
        "found = ShellComplete(offerpress, {}, 'offerpress', 'X').get_completions([], 's')\n"
        "print(len(found), sorted(m for m in sys.modules if m.startswith(('offerpress.commands', 'rewards'))))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    expected = sum(name.startswith("s") for name in COMMANDS)
    assert f"{expected} []" == said.stdout.strip()


def test_the_documented_lines_load_completion() -> None:
    """Each shell's line in the reference prints a script that calls the program back for completions."""
    text = (ROOT / "docs" / "reference" / "command-line.md").read_text(encoding="utf-8")
    for shell in ("bash", "zsh", "fish"):
        assert f"_OFFERPRESS_COMPLETE={shell}_source offerpress" in text
        said = subprocess.run(
            [sys.executable, "-c", "from offerpress.cli import main; main([])"],
            env={"_OFFERPRESS_COMPLETE": f"{shell}_source"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (0, True) == (said.returncode, f"_OFFERPRESS_COMPLETE={shell}_complete" in said.stdout)

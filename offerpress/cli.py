"""The command line: it imports only the called command, and prints every error as one line for a person."""

import atexit
import gc
import importlib
import os
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import click
from click.shell_completion import CompletionItem

from offerpress import __version__
from offerpress.log import VARIABLE, log, log_to, stop_logging
from offerpress.temporary import temporary_folder

# Group → command → the module that holds it and its line of help: `--help` must import no command.
GROUPS = {
    "Write and check": {
        "new": ("site", "Make a starter site in a folder."),
        "add": ("site", "Add a commented stub of an announcement, offer, campaign or page."),
        "check": ("check", "Report every fault in settings, content, data and templates."),
        "serve": ("servers", "Preview the site on this machine, reloading on change."),
        "studio": ("servers", "Review, approve, send and search in a browser."),
        "build": ("build", "Build the site, the feeds and the private statements."),
        "publish": ("build", "Put the built site to the place that readers see."),
        "demo": ("proofs", "Run the whole journey on the sample site."),
    },
    "Figures": {
        "statement": ("figures", "Show one partner's statement with its derivation."),
        "statements": ("figures", "Export every statement as JSON Lines."),
        "report": ("finance", "Write the figures for staff as an HTML file."),
        "credits": ("finance", "Write an offer's credit journal for finance."),
        "sign-off": ("finance", "Freeze an offer's credit journal by name."),
        "verify": ("proofs", "Recompute every figure and compare all channels."),
    },
    "Campaigns": {
        "plan": ("plans", "Freeze a campaign's notices into a batch."),
        "notice": ("outbox", "Show one frozen message."),
        "approve": ("outbox", "Approve a plan by name."),
        "send": ("sending", "Send what is approved and due."),
        "pause": ("sending", "Pause a plan."),
        "resume": ("sending", "Resume a paused plan."),
        "cancel": ("sending", "Cancel what a plan has not handed over yet."),
    },
    "After sending": {
        "status": ("outbox", "Show the status of every notice of a plan."),
        "resolve": ("returns", "Settle a notice whose status is unknown."),
        "withdraw": ("sending", "Have the provider discard what it holds back."),
        "events": ("returns", "Record a provider's events from a file."),
        "bounces": ("returns", "Record the bounces in a mailbox."),
        "suppress": ("returns", "Never write to an address again."),
        "unsuppress": ("returns", "Write to an address again."),
        "suppressions": ("returns", "List the addresses that are not written to."),
    },
    "Partners' requests": {
        "find": ("figures", "Find the partner behind a short reference."),
        "told": ("outbox", "List what a partner was told, and what became of it."),
        "link": ("figures", "Print a partner's private link, or revoke it."),
        "forget": ("upkeep", "Erase one partner's data."),
    },
    "Operations": {
        "hooks": ("servers", "Receive events and unsubscriptions over HTTP."),
        "rotate-secret": ("figures", "Make a new site secret, with a time of grace."),
        "prune": ("upkeep", "Delete what is old and not needed any more."),
        "reconcile": ("outbox", "Settle what a restored outbox does not know."),
    },
}
COMMANDS = {name: entry for group in GROUPS.values() for name, entry in group.items()}


_ALLOCATIONS = 50_000


class Commands(click.Group):
    """The group of all commands. A command's module is imported when the command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands, group by group."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of that name, or None for an unknown name, which click reports."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"offerpress.commands.{COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, f"{cmd_name.replace('-', '_')}_command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the groups of commands under `--help` without importing any of them."""
        del ctx
        for group, commands in GROUPS.items():
            with formatter.section(group):
                formatter.write_dl([(name, summary) for name, (_, summary) in commands.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return the commands and options that begin with `incomplete` without importing any command."""
        options = click.Command.shell_complete(self, ctx, incomplete)
        found = {name: summary for name, (_, summary) in COMMANDS.items() if name.startswith(incomplete)}
        return [CompletionItem(name, help=summary) for name, summary in found.items()] + options


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="offerpress")
@click.option(
    "--log",
    "log_file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Append a log in JSON.",
)
def offerpress(log_file: Path | None) -> None:
    """Publish partner offers: a site, feeds, private statements and the mail, from one frozen ledger."""
    named = log_file or os.environ.get(VARIABLE)
    if named:
        log_to(Path(named))


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 1 faults or something left for a person, 2 wrong usage."""
    # No plug-in changes our models, and looking for some reads the metadata of every installed package.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    # numpy carries columns and computes nothing, and a process with its threads could not be forked.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # Most objects of a command live until its end, so frequent collections find nothing.
    gc.set_threshold(_ALLOCATIONS, *gc.get_threshold()[1:])
    code = run(arguments)
    if arguments is not None:  # another program calls, and goes on
        sys.exit(code)
    _end(code)


def _end(code: int) -> NoReturn:
    """End the process as `sys.exit` does, but leave its memory to the operating system.

    Python frees every object by itself, which is a fifth of the time of a short command.
    """
    threads = [one for one in threading.enumerate() if one is not threading.main_thread() and not one.daemon]
    if threads:
        sys.exit(code)
    atexit._run_exitfuncs()  # noqa: SLF001 - as Python's own multiprocessing ends its processes
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):
        sys.exit(code)
    os._exit(code)


def run(arguments: Sequence[str] | None) -> int:
    """Run one call, log it, and return its exit code."""
    started = time.monotonic()
    try:
        with temporary_folder():
            code = _run(arguments)
        given = sys.argv[1:] if arguments is None else arguments
        command = next((word for word in given if word in COMMANDS), "")
        log("command", command=command, code=code, seconds=round(time.monotonic() - started, 3))
    finally:
        stop_logging()
    return code


def _run(arguments: Sequence[str] | None) -> int:
    """Return the exit code. An error that a person can act on leaves one line and no traceback."""
    try:
        result = offerpress.main(arguments, prog_name="offerpress", standalone_mode=False)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as wrong:
        wrong.show()
        return wrong.exit_code
    except (click.Abort, KeyboardInterrupt):
        _say("stopped: interrupted")
    except BrokenPipeError:
        # The reader closed the pipe. Standard output is redirected, so that closing it at exit does not fail too.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        gone = "; see that it is there, then run this again" if isinstance(error, FileNotFoundError) else ""
        _say(f"error: {error.strerror or error}{where}{gone}")
    except Exception as error:
        if not _is_ours(error):
            raise
        log("error", kind=type(error).__name__)
        _explain(error)
    else:
        return result if isinstance(result, int) else 0
    return 1


def _is_ours(error: Exception) -> bool:
    """Return whether one of our packages raised the error for a person to read. Other errors are defects."""
    roots = {"RewardsError", "LedgerError", "GeneratorError", "MailerError", "OfferpressError"}
    return any(ancestor.__name__ in roots for ancestor in type(error).__mro__)


def _explain(error: Exception) -> None:
    from rewards import Faulty  # noqa: PLC0415 - only a failing command needs it

    if isinstance(error, Faulty):
        from offerpress.terminal import show_faults  # noqa: PLC0415 - likewise

        show_faults(error.faults)
    else:
        _say(f"error: {error}")


def _say(line: str) -> None:
    click.echo(line, err=True)

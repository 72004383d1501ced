"""What a command loads: what it does not need stays on the disk."""

import subprocess
import sys

import pytest

DATABASE, TEMPLATES, TABLES = "duckdb", "jinja2", "numpy"


def loaded(statement: str) -> set[str]:
    """The top-level modules that a fresh interpreter has loaded after that statement."""
    code = f"import sys\n{statement}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in done.stdout.split()}


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        (
            "import offerpress.cli",
            {"pydantic", "rewards", "ledger", "generator", "mailer", "babel", DATABASE},
        ),
        (
            "import offerpress.commands.build",
            {"pydantic", "rewards", "ledger", "generator", "mailer", "babel"},
        ),
        ("import offerpress.build.workers", {"distributed", "pydantic", DATABASE}),
        ("import mailer", {DATABASE, TABLES, TEMPLATES, "babel", "markdown", "generator", "ledger"}),
    ],
)
def test_a_command_loads_only_what_it_needs(statement: str, absent: set[str]) -> None:
    """`--help` loads the front door alone, a build with nothing to do no rules, and sending no templates."""
    assert set() == absent & loaded(statement)

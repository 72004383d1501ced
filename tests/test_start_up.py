"""What a command loads: what it does not need stays on the disk."""

import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import generator
import ledger
import mailer
import rewards

DATABASE, TEMPLATES, TABLES = "_duckdb", "jinja2", "numpy"
SETTINGS = """\
[site]
title = "Offers"
base_url = "https://offers.example"
[mail]
from = "Offers <offers@vendor.example>"
"""


def loaded(statement: str, folder: Path | None = None, secret: str = "4f6b" * 16) -> set[str]:
    """The top-level modules that a fresh interpreter has loaded after that statement, and `rewards.offers`."""
    code = f"import sys\n{statement}\nprint('loaded', *sys.modules)"
    environment = {**os.environ, "OFFERPRESS_SITE_SECRET": secret}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    line = done.stdout[done.stdout.rindex("loaded ") :]
    names = line.split()[1:]
    return {name.partition(".")[0] for name in names} | ({"rewards.offers"} & {*names})


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
        ("import offerpress.build.pipeline", {DATABASE, TABLES, TEMPLATES, "lxml", "ruamel", "markdown"}),
        (
            "import offerpress.commands.check",
            {"pydantic", "rewards", "ledger", "generator", "mailer", "babel", DATABASE},
        ),
        (
            "import offerpress.commands.figures",
            {DATABASE, TEMPLATES, "ruamel", "markdown", "lxml", "cryptography"},
        ),
        (
            "import offerpress.commands.outbox, offerpress.site.mail, offerpress.plans.told",
            {"ledger", "generator", "smtplib", "ssl", "http", TEMPLATES, "babel", "rewards.offers"},
        ),
        ("import mailer", {DATABASE, TABLES, TEMPLATES, "babel", "markdown", "generator", "ledger"}),
    ],
)
def test_a_command_loads_only_what_it_needs(statement: str, absent: set[str]) -> None:
    """`--help` loads the front door alone, a build with nothing to do no rules, and sending no templates.

    `check` too loads no rules before it knows that something changed, and no table of the outbox needs a transport. A
    build loads the template engine once it makes a page.
    """
    assert set() == absent & loaded(statement)


@pytest.mark.parametrize(
    "arguments",
    [
        ["status"],
        ["suppressions"],
        ["told", "P-1"],
        ["prune", "--before", "2020-01-01"],
        ["bounces", "--maildir", "box"],
        ["suppress", "jo@partner.example"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_a_light_command_loads_neither_templates_nor_database(arguments: list[str], tmp_path: Path) -> None:
    """A command that only works with the outbox runs without Jinja2, DuckDB, Babel, Markdown and offers' rules."""
    (tmp_path / "offerpress.toml").write_text(SETTINGS, encoding="utf-8")
    for folder in ("cur", "new", "tmp"):
        (tmp_path / "box" / folder).mkdir(parents=True)
    found = loaded(f"from offerpress.cli import run; run({arguments})", tmp_path)
    assert {"mailer"} == found & {
        "mailer",
        DATABASE,
        TEMPLATES,
        TABLES,
        "babel",
        "markdown",
        "ruamel",
        "lxml",
    }
    assert ("rewards.offers" in found) == (arguments[0] == "prune")  # which reads the frozen rules


@pytest.mark.parametrize("face", [rewards, ledger, generator, mailer], ids=lambda face: face.__name__)
def test_every_name_of_a_face_is_loaded_when_it_is_used(face: ModuleType) -> None:
    """A face gives each name that it lists, says so of no other, and no name of it is a module."""
    found = {name: getattr(face, name) for name in face.__all__}
    assert found
    assert [] == [name for name, value in found.items() if isinstance(value, ModuleType)]
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        face.nothing  # noqa: B018 - looking the name up is what is tested


def test_a_face_loads_no_module_of_its_own() -> None:
    """Importing a package loads none of its modules but the one that makes its face."""
    code = "import rewards, ledger, generator, mailer; print('loaded', *sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; {code}"], capture_output=True, text=True, check=True
    )
    ours = {
        name for name in done.stdout.split() if name.startswith(("rewards", "ledger", "generator", "mailer"))
    }
    assert {"rewards", "rewards.faces", "ledger", "generator", "mailer"} == ours

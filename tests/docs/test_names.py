"""Checks that the files, commands, options, settings and variables that the docs name exist."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import pytest
from pydantic import BaseModel

from generator.settings import SiteSettings, StatementSettings
from ledger.settings import DataSettings, TableSource
from mailer.settings import MailSettings
from offerpress.cli import COMMANDS, offerpress
from offerpress.site.settings_file import StudioSettings

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
PACKAGES = ("rewards", "ledger", "generator", "mailer", "offerpress")
PATH = re.compile(
    rf"(?<![\w/.-])(?:{'|'.join(PACKAGES)}|benchmarks|docs|requirements|templates|tests|\.ci)/[\w./*<>{{}}…-]*"
)
# A guide asks its reader to make the first; a decision says why the second is gone.
NOT_HERE = {"mailer/providers/example/transport.py", "mailer/delivery/ahead.py"}
PLACEHOLDER = re.compile(r"[A-Z]{3,}|…|<|\{")
CODE = re.compile(r"^```[^\n]*\n(.*?)^```|`([^`\n]+)`", re.MULTILINE | re.DOTALL)
CALL = re.compile(r"(?:^|[\s(])offerpress +(?P<words>[a-z][a-z-]*\b[^|;&#\n]*)", re.MULTILINE)
OPTION = re.compile(r"(?<!\S)--[a-z][a-z-]*")
SETTING = re.compile(r"(?:site|mail|statements|studio)(?:\.[a-z_]+)+")
# What these begin with stands in files or is signed; they are no calls.
MARKS = ("approval 1", "site secret", "record", "batch 1", "sealed shard 1", "rules 1")
VARIABLE = re.compile(r"\b(?:OFFERPRESS|SENDGRID)_[A-Z_]+\b")
SECTIONS: dict[str, type[BaseModel]] = {
    "site": SiteSettings,
    "mail": MailSettings,
    "statements": StatementSettings,
    "data": DataSettings,
    "studio": StudioSettings,
}


def code_of(document: Path) -> Iterator[str]:
    """Return each piece of code in a document: its blocks and the text between backticks."""
    for block, span in CODE.findall(document.read_text(encoding="utf-8")):
        yield block or span


def options_of(command: str) -> set[str]:
    """Return every option of a command, and the help."""
    found = offerpress.get_command(click.Context(offerpress), command)
    assert found is not None
    return {"--help", *(word for parameter in found.params for word in parameter.opts)}


def fields_of(section: str, model: type[BaseModel]) -> Iterator[str]:
    """Return the dotted name of each setting below a section, as people write it."""
    for name, field in model.model_fields.items():
        dotted = f"{section}.{field.alias or name}"
        yield dotted
        parts: list[object] = [field.annotation, *getattr(field.annotation, "__args__", ())]
        for part in parts:
            if isinstance(part, type) and issubclass(part, BaseModel):
                yield from fields_of(dotted, part)


SETTINGS = {name for section, model in SECTIONS.items() for name in fields_of(section, model)}


@cache
def variables_read() -> set[str]:
    """Return the environment variables that the code names."""
    text = "".join(
        path.read_text(encoding="utf-8") for name in PACKAGES for path in (ROOT / name).rglob("*.py")
    )
    return set(re.findall(r"\"((?:OFFERPRESS|SENDGRID)_[A-Z_]+)\"", text))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_named_files_exist(document: Path) -> None:
    """Each file or folder of the repository that a document names in code exists."""
    named = {path.rstrip("./") for code in code_of(document) for path in PATH.findall(code)}
    checked = {path for path in named if not PLACEHOLDER.search(path)} - NOT_HERE
    assert [] == sorted(path for path in checked if not any(ROOT.glob(path)))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_named_commands_and_options_exist(document: Path) -> None:
    """Each call of the program in a document has an existing command, with options of that command."""
    wrong = []
    for code in code_of(document):
        for call in CALL.finditer(code):
            if call["words"].startswith(MARKS):
                continue
            command = call["words"].split()[0]
            known = options_of(command) if command in COMMANDS else set()
            wrong += [call["words"] for option in OPTION.findall(call["words"]) if option not in known]
            wrong += [call["words"] for _ in [command] if command not in COMMANDS]
    assert [] == wrong


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_named_settings_exist(document: Path) -> None:
    """Each dotted setting that a document names in code exists."""
    named = {code for code in code_of(document) if SETTING.fullmatch(code)}
    assert [] == sorted(named - SETTINGS - {"site.webmanifest"})


def test_every_setting_is_in_the_reference() -> None:
    """The reference of the site folder names each setting, in full or by its last word."""
    text = (ROOT / "docs" / "reference" / "site-folder.md").read_text(encoding="utf-8")
    leaves = {name for name in SETTINGS if not name.startswith("data.")}
    assert [] == sorted(
        name for name in leaves if f"`{name.rpartition('.')[2]}`" not in text and name not in text
    )


def test_every_key_of_a_source_is_in_the_reference() -> None:
    """The page on data tables names each key of `[data.TABLE]`."""
    text = (ROOT / "docs" / "reference" / "data-tables.md").read_text(encoding="utf-8")
    assert [] == sorted(key for key in TableSource.model_fields if f"`{key}`" not in text)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_named_variables_exist(document: Path) -> None:
    """The code reads each of our environment variables that a document names."""
    named = set(VARIABLE.findall(document.read_text(encoding="utf-8")))
    assert set() == named - variables_read()


def test_every_variable_is_in_the_reference() -> None:
    """The reference of the environment names each variable that the code reads."""
    text = (ROOT / "docs" / "reference" / "environment.md").read_text(encoding="utf-8")
    assert [] == sorted(name for name in variables_read() if f"`{name}`" not in text)


def test_modules_named_beside_their_folder_exist() -> None:
    """Each module that CONTRIBUTING names in brackets is in the folder before it."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    found = re.findall(r"`([\w/]+/)` \(((?:`\w+\.py`(?:, )?)+)\)", text)
    named = [folder + name for folder, names in found for name in re.findall(r"\w+\.py", names)]
    assert len(named) > 10
    assert [] == [path for path in named if not (ROOT / path).is_file()]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_named_make_targets_exist(document: Path) -> None:
    """Each target of `make` that a document names in code stands in the Makefile."""
    targets = set(
        re.findall(r"^([a-z][a-z0-9-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    )
    named = {name for code in code_of(document) for name in re.findall(r"^make ([a-z][a-z0-9-]*)", code)}
    assert set() == named - targets

"""What the docs say is so: their commands run, their links lead somewhere, their pictures exist."""

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from offerpress.cli import COMMANDS, run
from offerpress.starting import start_site

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
FENCE = re.compile(r"^```sh(?P<mark>[^\n]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")


def commands(document: Path) -> list[list[str]]:
    """The commands of a document's blocks that are to be run, in order."""
    blocks = FENCE.finditer(document.read_text(encoding="utf-8"))
    lines = [line for block in blocks if "no-run" not in block["mark"] for line in block["body"].splitlines()]
    return [shlex.split(line)[1:] for line in lines if line.startswith("offerpress ")]


RUN = [document for document in DOCUMENTS if commands(document)]


@pytest.mark.parametrize("document", RUN, ids=lambda path: path.stem)
def test_commands_run(document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command of the document succeeds, one after the other, in a fresh site made by `new`."""
    for name in [name for name in os.environ if name.startswith("OFFERPRESS_")]:
        monkeypatch.delenv(name)
    start_site(tmp_path / "site", os.urandom)
    monkeypatch.chdir(tmp_path / "site")
    assert [] == [command for command in commands(document) if run(command) != 0]


def test_the_first_documents_are_run() -> None:
    """The README and the tutorial have commands that are run."""
    assert {"README", "first-campaign"} <= {document.stem for document in RUN}


def links(document: Path) -> Iterator[str]:
    """The relative targets of a document's links and pictures, outside code."""
    text = re.sub(r"```.*?```|`[^`\n]*`", "", document.read_text(encoding="utf-8"), flags=re.DOTALL)
    targets = (match["target"] for match in LINK.finditer(text))
    return (target for target in targets if not re.match(r"[a-z]+:", target))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    """Each relative link names a file of the repository, and its anchor a heading in it."""
    for target in links(document):
        path, _, anchor = target.partition("#")
        file = (document.parent / path).resolve() if path else document
        assert file.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
            slugs = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
            assert anchor in slugs, target


def test_every_command_is_in_the_reference() -> None:
    """The reference of the command line names each command that there is."""
    text = (ROOT / "docs" / "reference" / "command-line.md").read_text(encoding="utf-8")
    assert [] == [
        command for command in COMMANDS if f"`{command}" not in text and f"offerpress {command}" not in text
    ]


def test_the_project_speaks_of_itself_alone() -> None:
    """No document names a folder of somebody's machine."""
    assert [] == [
        path for path in DOCUMENTS if re.search(r"/(home|root|work|Users)/", path.read_text(encoding="utf-8"))
    ]

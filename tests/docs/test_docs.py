"""What the docs say is so: their commands run, their links lead somewhere, their pictures exist."""

import os
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger import DataSettings
from mailer.states import TRANSITIONS
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


def test_every_document_is_in_the_index() -> None:
    """The index links each document, and the documents or the README show each picture."""
    linked = {
        (document.parent / target.partition("#")[0]).resolve()
        for document in DOCUMENTS
        for target in links(document)
    }
    index = ROOT / "docs" / "README.md"
    indexed = {(index.parent / target).resolve() for target in links(index)}
    assert set() == set((ROOT / "docs").rglob("*.md")) - indexed - {index}
    assert set() == set((ROOT / "docs" / "images").glob("*.png")) - linked


def test_pictures_are_small() -> None:
    """No picture keeps a reader waiting: each is below 200 kB."""
    assert [] == [path.name for path in (ROOT / "docs").rglob("*.png") if path.stat().st_size >= 200_000]


def fences(name: str, language: str) -> list[str]:
    """The bodies of a document's blocks of that language."""
    text = (ROOT / "docs" / name).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def test_the_diagram_is_the_table() -> None:
    """The picture of a notice's life has exactly the moves that the outbox can make."""
    (diagram,) = fences("explanation/at-most-once.md", "mermaid")
    drawn = set(re.findall(r"^ +(\w+) --> (\w+):", diagram, re.MULTILINE))
    assert {(move.was.value, move.became.value) for move in TRANSITIONS.values()} == drawn


def test_the_derivation_is_real(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every line of the derivation that the docs explain is printed for the sample's partner."""
    start_site(tmp_path / "site", os.urandom)
    monkeypatch.chdir(tmp_path / "site")
    assert 0 == run(["statement", "P-1001", "--as-of", "2023-12-31"])
    printed = set(capsys.readouterr().out.splitlines())
    shown = "".join(fences("explanation/how-figures-are-computed.md", "text")).splitlines()
    assert [] == [line for line in shown if line not in printed and line.strip() != "…"]


def test_the_sources_are_settings() -> None:
    """The examples of `[data]` are accepted as they stand."""
    for example in fences("how-to/connect-your-export.md", "toml"):
        DataSettings.model_validate(tomllib.loads(example)["data"])


def test_the_project_speaks_of_itself_alone() -> None:
    """No document names a folder of somebody's machine."""
    assert [] == [
        path for path in DOCUMENTS if re.search(r"/(home|root|work|Users)/", path.read_text(encoding="utf-8"))
    ]

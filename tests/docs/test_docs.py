"""Checks that the docs are true: their commands run, their links lead somewhere, their pictures exist."""

import os
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import click
import pytest

from generator.content.front_matter import parse_document
from generator.statements.record import SIZE_CLASSES
from generator.statements.table import COLUMNS
from ledger import DataSettings
from mailer.batch.batch import BATCH_MAGIC, INDEX_ENTRY
from mailer.rules.states import TRANSITIONS
from offerpress.cli import COMMANDS, GROUPS, offerpress, run
from offerpress.site.starter import start_site
from rewards import Fault, parse_offer, parse_program
from rewards.fields import parse_toml

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
BLOCK = re.compile(
    r"^```(?P<info>(?:sh|console|markdown content/)[^\n]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL
)
WRITE = "write"
LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")
LEFT_OUT = "…"
WORDS = """
    partner program, level, quota, ledger, sale, subscription, credit, snapshot, offer, amendment, accruing, final,
    entitlement, extension, statement, derivation, announcement, campaign, edition, notice, batch, plan, outbox,
    attempt, status, event, suppression, pack, record, link, reference
"""


class Call(NamedTuple):
    """A line of a block that a reader runs, and the lines that the document shows as its answer.

    The line `write FILE` stands for a block that is the whole content of a file, which is the answer then.
    """

    line: str
    answer: list[str]


def calls(document: Path) -> list[Call]:
    """Return the steps of a reader who follows the document.

    They are the lines of `sh` blocks, those of `console` blocks after `$`, and `markdown FILE` blocks to be saved.
    """
    found: list[Call] = []
    for block in BLOCK.finditer(document.read_text(encoding="utf-8")):
        if "no-run" in block["info"].split():
            continue
        if block["info"].startswith("markdown "):
            file = block["info"].removeprefix("markdown ")
            found.append(Call(f"{WRITE} {file}", block["body"].splitlines()))
            continue
        for line in block["body"].splitlines():
            if block["info"] == "sh":
                found.append(Call(line, []))
            elif line.startswith("$ "):
                found.append(Call(line.removeprefix("$ "), []))
            elif line.strip() != LEFT_OUT:
                found[-1].answer.append(line)
    return found


def told(shown: str, printed: list[str]) -> bool:
    """Return whether a line was printed as it is shown; `…` stands for any characters."""
    pattern = ".*".join(map(re.escape, shown.split(LEFT_OUT)))
    return any(re.fullmatch(pattern, line) for line in printed)


TUTORIAL = ROOT / "docs" / "tutorial" / "first-campaign.md"
RUN = [document for document in DOCUMENTS if calls(document)]


def follow(
    document: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Do every step of the document in `folder`, in a fresh site, unless the document makes one itself."""
    for name in [name for name in os.environ if name.startswith("OFFERPRESS_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(folder)
    found = calls(document)
    if not found[0].line.startswith("offerpress new "):
        start_site(folder / "site", os.urandom)
        monkeypatch.chdir(folder / "site")
    for call in found:
        program, *arguments = shlex.split(call.line)
        if program == "cd":
            monkeypatch.chdir(arguments[0])
            continue
        if program == WRITE:
            Path(arguments[0]).write_text("\n".join([*call.answer, ""]), encoding="utf-8")
            continue
        assert "offerpress" == program, f"{call.line}: mark what is not to be run with no-run"
        assert 0 == run(arguments), call.line
        captured = capsys.readouterr()
        printed = f"{captured.out}\n{captured.err}".splitlines()
        assert [] == [shown for shown in call.answer if not told(shown, printed)], printed


@pytest.mark.parametrize(
    "document", [path for path in RUN if path != TUTORIAL], ids=lambda path: str(path.stem)
)
def test_commands_run(
    document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every command of the document succeeds in a fresh site, in order, and prints the shown answer."""
    follow(document, tmp_path, monkeypatch, capsys)


def test_the_tutorial_publishes_an_announcement_and_sends_what_was_tested(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The tutorial in an empty folder gives the announcement on the site, a test mail, and all mails sent."""
    follow(TUTORIAL, tmp_path, monkeypatch, capsys)
    site = tmp_path / "partners"
    page = (site / "output" / "announcements" / "your-credit-is-ready" / "index.html").read_text(
        encoding="utf-8"
    )
    assert "Your credit is ready" in page
    assert "Your credit is ready" in (site / "output" / "feed.xml").read_text(encoding="utf-8")
    mails = [path.read_bytes() for path in (site / "private" / "mail" / "new").iterdir()]
    assert (57, 1) == (len(mails), sum(b"\nSubject: [Test]" in mail for mail in mails))


def test_the_first_documents_are_run() -> None:
    """The README and the tutorial have commands that are run."""
    assert {"README", "first-campaign"} <= {document.stem for document in RUN}


def links(document: Path) -> Iterator[str]:
    """Return the relative targets of a document's links and pictures, outside code."""
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


def section(name: str, heading: str) -> str:
    """Return the part of a reference page under a heading of the second level."""
    text = (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8")
    return text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_is_in_the_reference(command: str) -> None:
    """The reference of the command line has a section for each command, with all its arguments and options."""
    found = offerpress.get_command(click.Context(offerpress), command)
    assert found is not None
    shown = [parameter for parameter in found.params if not getattr(parameter, "hidden", False)]
    words = [parameter.opts[0] for parameter in shown if isinstance(parameter, click.Option)]
    words += [
        parameter.make_metavar(click.Context(found)).strip("[]").partition("|")[0].lstrip("{")
        for parameter in shown
        if isinstance(parameter, click.Argument)
    ]
    text = section("command-line.md", f"`{command}`")
    assert [] == [word for word in words if not re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text)]


def test_the_groups_are_those_of_the_help() -> None:
    """The reference lists the groups of commands in the order of `--help`."""
    rows = re.findall(
        r"^\| (.+?) \| (\[`.+) \|$", section("command-line.md", "Commands by group"), re.MULTILINE
    )
    assert {name: list(commands) for name, commands in GROUPS.items()} == {
        name: re.findall(r"\[`([a-z-]+)`\]", commands) for name, commands in rows
    }


def test_the_words_are_in_the_glossary() -> None:
    """The glossary defines each term that people of different trades use."""
    text = (ROOT / "docs" / "reference" / "glossary.md").read_text(encoding="utf-8")
    assert [] == [word for word in re.split(r",\s*", WORDS.strip()) if f"**{word}**" not in text]


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
    """Each picture is smaller than 200 kB."""
    assert [] == [path.name for path in (ROOT / "docs").rglob("*.png") if path.stat().st_size >= 200_000]


def fences(name: str, language: str) -> list[str]:
    """Return the bodies of a document's blocks of that language."""
    text = (ROOT / "docs" / name).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def test_the_diagram_is_the_table() -> None:
    """The diagram of a notice's statuses has exactly the moves that the outbox allows."""
    (diagram,) = fences("explanation/at-most-once.md", "mermaid")
    drawn = set(re.findall(r"^ +(\w+) --> (\w+):", diagram, re.MULTILINE))
    assert {(move.was.value, move.became.value) for move in TRANSITIONS.values()} == drawn


def test_the_moves_are_the_table() -> None:
    """The table of moves has one row for each cause, with the words of the code."""
    text = (ROOT / "docs" / "explanation" / "at-most-once.md").read_text(encoding="utf-8")
    rows = set(re.findall(r"^\| `(\w+)` \| `(\w+)` \| (.+) \|$", text, re.MULTILINE))
    assert {(move.was.value, move.became.value, move.gloss) for move in TRANSITIONS.values()} == rows


def test_the_derivation_is_real(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`statement` prints every line of the derivation that the docs explain."""
    start_site(tmp_path / "site", os.urandom)
    monkeypatch.chdir(tmp_path / "site")
    assert 0 == run(["statement", "P-1001", "--as-of", "2023-12-31"])
    printed = set(capsys.readouterr().out.splitlines())
    shown = "".join(fences("explanation/how-figures-are-computed.md", "text")).splitlines()
    assert [] == [line for line in shown if line not in printed and line.strip() != "…"]


def test_the_sources_are_settings() -> None:
    """The settings accept every example of `[data]`."""
    examples = [tomllib.loads(example)["data"] for example in fences("how-to/connect-your-export.md", "toml")]
    assert examples
    for example in examples:
        assert DataSettings.model_validate(example).model_dump(exclude_unset=True).keys() == example.keys()


def test_the_terms_are_terms() -> None:
    """The examples of offers have no fault with the sample's program."""
    faults: list[Fault] = []
    text = (ROOT / "content" / "program.toml").read_text(encoding="utf-8")
    read = parse_toml(text, "program.toml", faults)
    assert read is not None
    program = parse_program(*read, faults)
    assert program is not None
    for number, example in enumerate(fences("how-to/offer-terms.md", "yaml")):
        document = parse_document(f"---\n{example}---\n", f"example {number}", faults)
        assert document is not None
        parse_offer(f"example-{number}", document.raw, program, document.source, faults)
    assert [] == faults


def test_the_layouts_are_those_of_the_files() -> None:
    """The reference describes packs and batches as the code writes them."""
    text = (ROOT / "docs" / "reference" / "formats.md").read_text(encoding="utf-8")
    assert BATCH_MAGIC.decode().strip() in text
    assert f"{INDEX_ENTRY.size} bytes" in text
    for size in SIZE_CLASSES:
        assert f"| {size // 1024} KiB |" in text
    assert [] == [column for column in COLUMNS if f"`{column}`" not in text]


def test_the_project_speaks_of_itself_alone() -> None:
    """No document names a folder of somebody's machine."""
    assert [] == [
        path for path in DOCUMENTS if re.search(r"/(home|root|work|Users)/", path.read_text(encoding="utf-8"))
    ]

"""What scripts and people rely on: exit codes, streams, and one line instead of a traceback."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from offerpress.cli import COMMANDS
from rewards import KINDS
from tests.acceptance.conftest import AS_OF, PLAN, ROOT, Call, installed
from tests.servers.ports import free_port


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(offerpress: Call, command: str) -> None:
    """`--help` of each command says what it does and names its options."""
    said = offerpress(command, "--help")
    assert (0, "") == (said.code, said.err)
    assert f"offerpress {command}" in said.out.replace("Usage: ", "")
    assert "--help" in said.out


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (("nonsense",), 2, "No such command"),
        (("build", "--as-of", "2023-02-30"), 2, "YYYY-MM-DD"),
        (("build", "--nonsense"), 2, "No such option"),
        (("build", "--output", "content/static/site", *AS_OF), 1, "it lies inside content/"),
        (("build", "--output", "private/site", *AS_OF), 1, "it lies inside private/"),
        (("build", "--output", "data", *AS_OF), 1, "it lies inside data/"),
        (("send",), 2, "name one PLAN"),
        (("statement", "P-0", *AS_OF), 1, "no statement: 'P-0'"),
        (("link", "P-1059"), 1, "no statement: 'P-1059'"),
        (("find", "nonsense"), 1, "no such reference"),
        (("plan", "nonsense", *AS_OF), 1, "content/campaigns holds thank-you, year-end-credit"),
        (("send", "nonsense-1.1"), 1, "nonsense-1.1"),
        (("status", "nonsense-1.1"), 1, "nonsense-1.1"),
        (("notice", "../etc", "P-1001"), 1, "no plan's name"),
        (("new", "."), 1, "not an empty folder"),
        (("check", "--site", "/"), 1, "offerpress new DIR"),
        (("statements", *AS_OF, "--output", "none/such/file"), 1, "No such file"),
    ],
)
def test_mistakes_get_one_sentence(
    offerpress: Call, arguments: tuple[str, ...], code: int, word: str
) -> None:
    """Wrong usage is 2, what cannot be done is 1; standard output stays empty and the sentence says what to do."""
    said = offerpress(*arguments)
    assert (code, "") == (said.code, said.out)
    assert word in said.err


def test_json_is_alone_on_standard_output(offerpress: Call) -> None:
    """Under `--json` standard output is one JSON value, whatever is said to people beside it."""
    for arguments in (
        ("check", *AS_OF, "--json"),
        ("build", *AS_OF, "--json"),
        ("statement", "P-1001", *AS_OF, "--json"),
        ("plan", "year-end-credit", *AS_OF, "--by", "Mia", "--json"),
        ("approve", PLAN, "--by", "Finn", "--json"),
        ("send", PLAN, "--json"),
        ("status", PLAN, "--json"),
        ("suppressions", "--json"),
        ("link", "P-1001", "--json"),
        ("verify", "--json"),
    ):
        said = offerpress(*arguments)
        assert 0 == said.code, (arguments, said.err)
        assert isinstance(json.loads(said.out), dict)


def test_a_reference_leads_back_to_the_figures(offerpress: Call) -> None:
    """The short code that page and mail show finds the partner, however it is typed."""
    reference = str(offerpress("link", "P-1001", "--json").json["reference"])
    said = offerpress("find", reference.lower().replace("-", ""), *AS_OF)
    assert (0, True) == (said.code, said.out.startswith("P-1001"))


def test_a_revoked_link_is_another_one(offerpress: Call) -> None:
    """`link --revoke` makes a new link, which stays."""
    first = offerpress("link", "P-1001").out
    second = offerpress("link", "P-1001", "--revoke").out
    assert first != second
    assert second == offerpress("link", "P-1001").out


@pytest.mark.parametrize("source", [ROOT, ROOT / "tests" / "sites" / "good"], ids=["sample", "good"])
def test_stubs_are_faultless(offerpress: Call, site: Path, source: Path) -> None:
    """`add` writes a stub of each kind, for any program, that `check` accepts as it is; it never writes over a file."""
    shutil.copy(source / "content" / "program.toml", site / "content" / "program.toml")
    for room in ("offers", "announcements", "campaigns", "pages") if source != ROOT else ():
        shutil.rmtree(site / "content" / room)
    shutil.rmtree(site / "data")
    (site / "data").mkdir()
    (site / "data" / "partners.csv").write_text("partner_id,name,email,currency,level\n", encoding="utf-8")
    for kind in ("announcement", "campaign", "page"):
        assert 0 == offerpress("add", kind, f'A "new" {kind}: 10 %').code
        assert (site / "content" / f"{kind}s" / f"a-new-{kind}-10.md").is_file()
        assert 1 == offerpress("add", kind, f"A new {kind} 10").code
    for kind in KINDS:
        said = offerpress("add", "offer", f"The {kind} offer", "--kind", kind)
        assert (0, True) == (said.code, "It is a draft" in said.err and "Correct its terms" in said.err)
    announcement = site / "content" / "announcements" / "a-new-announcement-10.md"
    published = announcement.read_text(encoding="utf-8").replace("draft: true", "")
    announcement.write_text(published, encoding="utf-8")
    said = offerpress("check", "--json")
    assert (0, []) == (
        said.code,
        [one for one in json.loads(said.out)["faults"] if "translation" not in one["what"]],
    )
    assert 0 == offerpress("build").code
    built = {str(path.relative_to(site / "output")) for path in (site / "output").rglob("*")}
    assert (set(), set()) == (
        {one for one in built if "-offer/" in one},
        {one for one in built if "a-new-page" in one},
    )
    statements = offerpress("statements").out
    assert [] == [kind for kind in KINDS if f"the-{kind.replace('_', '-')}-offer" in statements]


def test_a_kind_of_offer_goes_with_offers(offerpress: Call) -> None:
    """`--kind` beside another content than an offer is wrong usage."""
    said = offerpress("add", "page", "Help", "--kind", "bonus")
    assert (2, True) == (said.code, "--kind goes with `add offer`" in said.err)


def test_the_demo_sends_once(offerpress: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo builds, plans, approves and sends; run again it sends nobody anything."""
    monkeypatch.chdir(tmp_path)
    first = offerpress("demo")
    assert (0, True) == (first.code, "56 notices sent" in first.err)
    assert re.search(r"A statement http://127\.0\.0\.1:8000/statement/#[a-z2-7]{36}\n", first.out)
    again = offerpress("demo")
    assert (0, True) == (again.code, "0 notices sent" in again.err)
    assert 56 == len(list((tmp_path / "offerpress-demo" / "private" / "mail" / "new").iterdir()))


def test_the_demo_says_how_to_open_a_statement(
    offerpress: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, browser: Browser
) -> None:
    """Who runs the command that the demo prints, and opens the printed link, reads that partner's statement."""
    monkeypatch.chdir(tmp_path)
    said = offerpress("demo").out
    port = free_port()
    command, link = re.search(r"Open both: +run `(.+)`", said), re.search(r"A statement (\S+)", said)
    assert command
    assert link
    serve = shlex.split(command[1].replace("8000", f"{port}"))
    unbuffered = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(serve, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=unbuffered)
    with process, browser.new_page() as page:
        try:
            assert process.stdout
            assert process.stdout.readline().startswith(b"Serving")
            page.goto(link[1].replace("8000", f"{port}"))
            page.click("#show")
            page.wait_for_selector("body[data-state=open]")
            assert "Aldergrove Phones" == page.inner_text("h1 >> visible=true")
        finally:
            process.terminate()


def test_a_reader_that_goes_away_gets_no_traceback(site: Path) -> None:
    """A closed pipe ends the installed command quietly."""
    process = installed(site, "statements", *AS_OF)
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr is not None
    assert "Traceback" not in process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=120) in {0, 1}


def test_resuming_loads_neither_duckdb_nor_templates(offerpress: Call, approved: Path) -> None:
    """A begun plan is sent by a process that never imports DuckDB, Jinja2 or the generator."""
    assert 0 == offerpress("send", PLAN, "--limit", "5").code
    code = (
        "import sys; from offerpress.cli import run; "
        f"code = run(['send', '{PLAN}']); "
        "print(code, sorted({'duckdb', 'jinja2', 'generator', 'ledger'} & set(sys.modules)))"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], cwd=approved, capture_output=True, text=True, check=False
    )
    assert "0 []" == said.stdout.strip(), said.stderr

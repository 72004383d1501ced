"""Every place that finds a mistake is reached by a sample, and says what is wrong, where, and what would be right."""

import ast
import json
import os
import shutil
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from generator.content.front_matter import parsed_document
from offerpress.cli import run

ROOT = Path(__file__).resolve().parents[2]
SITES = ROOT / "tests" / "sites"
MISTAKES: dict[str, dict[str, Any]] = tomllib.loads((SITES / "mistakes.toml").read_text(encoding="utf-8"))
BROKEN: dict[str, dict[str, Any]] = tomllib.loads((SITES / "expected.toml").read_text(encoding="utf-8"))
PACKAGES = ("rewards", "ledger", "generator", "mailer", "offerpress")
MAKERS = {"Fault", "Mistake", "Unusable", "fault", "_fault", "refuse", "unknown_level"}
CALL = ("check", "--json", "--as-of", "2023-12-31")

# At the deepest level Python ends the tracing as well, so this sample is checked but not traced.
DEEPEST = "campaign-nested-too-deeply"

# What no edit of a text makes, with the test that does, or why there is none.
ELSEWHERE = {
    "generator/content/checks.py: content/static/": "generator/test_content_checks.py",
    "generator/content/files.py: a symbolic link could publish a private file": "generator/test_content_faults.py",
    "generator/content/files.py: cannot be read": "for the tests' own user every file can be read",
    "generator/content/front_matter.py: not valid YAML": "what YAML cannot hold was dropped before, with a remark",
    "generator/content/front_matter.py: the front matter is nested too deeply": "its depth is checked before",
    "generator/notices/templates.py: write it with fewer levels": f"this file: {DEEPEST}",
    "ledger/typed.py: binary data": "ledger/test_ledger_sources.py",
    "ledger/typed.py: refuse(number, position, text)": "ledger/test_ledger_sources.py",
    "ledger/findings.py: Fault(what, last.remedy, last.file, field=place.column, seve": "ledger/test_ledger_csv.py",
    "ledger/loading.py: empty file": "ledger/test_ledger_sources.py",
    "ledger/loading.py: unusable value": "ledger/test_ledger_sources.py",
    "ledger/loading.py: encoding": "ledger/test_ledger_csv.py",
    "ledger/typed.py: the formula gives": "ledger/test_ledger_sources.py",
    "offerpress/preview/state.py: Fault(str(error), '')": "acceptance/test_preview.py",
    "offerpress/preview/state.py: cannot be read": "acceptance/test_preview.py",
    "offerpress/site/keys.py: the former site secret is missing": "acceptance/test_rotation.py",
    "offerpress/site/keys.py: this is another site secret": "acceptance/test_rotation.py",
    "offerpress/plans/returns.py: write 2023-12-31, or 2023-12-31T12:00:00Z": "acceptance/test_returned.py",
    "offerpress/plans/returns.py: write one bare address": "acceptance/test_returned.py",
    "offerpress/plans/returns.py: write one of": "acceptance/test_returned.py",
    "offerpress/plans/returns.py: there is no column 'address": "acceptance/test_returned.py",
}


@pytest.fixture
def checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> "Checker":
    """Copies of broken sites, each checked in this process."""
    for name in [name for name in os.environ if name.startswith("OFFERPRESS_")]:
        monkeypatch.delenv(name)
    return Checker(tmp_path, capsys)


class Checker:
    """Makes a copy of a site, with or without edits, and checks it."""

    def __init__(self, folder: Path, capture: pytest.CaptureFixture[str]) -> None:
        self._folder = folder
        self._capture = capture

    def mistake(self, *names: str) -> tuple[int, list[dict[str, object]]]:
        """The exit code for these mistakes in one site, and the faults."""
        site = self._copy(SITES / "good")
        for edit in (edit for name in names for edit in MISTAKES[name]["edits"]):
            path = site / edit["file"]
            path.parent.mkdir(parents=True, exist_ok=True)
            if "old" not in edit:
                path.write_text(edit["new"], encoding="utf-8")
                continue
            text = path.read_text(encoding="utf-8")
            assert text.count(edit["old"]) == 1, edit
            path.write_text(text.replace(edit["old"], edit["new"]), encoding="utf-8")
        return self._check(site)

    def broken(self, folder: Path) -> tuple[int, list[dict[str, object]]]:
        """The same for a folder of its own, with a secret from the environment."""
        if "secret" not in BROKEN[folder.name]:
            os.environ["OFFERPRESS_SITE_SECRET"] = "c0ffee00" * 8
        try:
            return self._check(self._copy(folder))
        finally:
            os.environ.pop("OFFERPRESS_SITE_SECRET", None)

    def _copy(self, folder: Path) -> Path:
        site = self._folder / "site"
        shutil.rmtree(site, ignore_errors=True)
        shutil.copytree(folder, site)
        for path in (site / "private").glob("*"):
            path.chmod(0o600)
        return site

    def _check(self, site: Path) -> tuple[int, list[dict[str, object]]]:
        self._capture.readouterr()
        code = run([*CALL, "--site", str(site)])
        report = json.loads(self._capture.readouterr().out)
        faults = report["faults"]
        assert isinstance(faults, list)
        return code, faults


@pytest.mark.parametrize("name", sorted(MISTAKES))
def test_a_mistake_is_named_where_it_is(name: str, checked: Checker) -> None:
    """The first thing said is that mistake with its place, and what would be right; a remark stops nothing."""
    code, faults = checked.mistake(name)
    expected = MISTAKES[name]
    first = faults[0]
    severity = expected.get("severity", "fault")
    assert (0 if severity == "remark" else 1, severity) == (code, first["severity"])
    for key in ("file", "line", "row"):
        assert expected.get(key) == first[key], first
    assert expected.get("field", "") == first["field"]
    assert str(first["what"]).startswith(expected["what"])
    assert first["remedy"]


@pytest.mark.parametrize("beside", ["page-element", "data-not-of-its-encoding", "template-names-nothing"])
def test_one_run_names_every_mistake(beside: str, checked: Checker) -> None:
    """A faulty page, table or layout hides no mistake in a campaign or in another table."""
    names = ("campaign-subject-broken", "data-control-rows", beside)
    _, faults = checked.mistake(*names)
    for name in names:
        assert any(str(fault["what"]).startswith(MISTAKES[name]["what"]) for fault in faults), name


def test_every_place_that_finds_a_mistake_is_reached(checked: Checker) -> None:
    """Each statement of the packages that makes a fault runs for one of the samples, but for a few that say why not."""
    places = dict(_places())
    reached: set[tuple[str, int]] = set()
    files = {file for file, _ in places}

    def lines(frame: FrameType, event: str, _: object) -> Any:  # noqa: ANN401 - as sys.settrace has it
        if event == "line":
            reached.add((frame.f_code.co_filename, frame.f_lineno))
        return lines

    def calls(frame: FrameType, _: str, __: object) -> Any:  # noqa: ANN401 - likewise
        return lines if frame.f_code.co_filename in files else None

    parsed_document.cache_clear()  # what was parsed for another test would run no line here
    before = sys.gettrace()
    try:
        sys.settrace(calls)
        for folder in sorted((SITES / "broken").iterdir()):
            checked.broken(folder)
        for name in sorted(MISTAKES.keys() - {DEEPEST}):
            checked.mistake(name)
    finally:
        sys.settrace(before)
    missed = [
        text
        for (file, first), (last, text) in places.items()
        if not any((file, line) in reached for line in range(first, last + 1))
    ]
    assert sorted(ELSEWHERE) == sorted(missed)


def _places() -> Iterator[tuple[tuple[str, int], tuple[int, str]]]:
    """Each statement that makes a fault: file and first line, last line and how it is named here."""
    for package in PACKAGES:
        for file in sorted((ROOT / package).rglob("*.py")):
            for statement in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(statement, ast.Expr | ast.Return | ast.Assign | ast.AugAssign | ast.Raise):
                    calls = [one for one in ast.walk(statement) if isinstance(one, ast.Call) and _makes(one)]
                    if calls:
                        name = f"{file.relative_to(ROOT).as_posix()}: {_first_words(calls[0])}"
                        yield (str(file), statement.lineno), (statement.end_lineno or 0, name)


def _makes(call: ast.Call) -> bool:
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    owner = getattr(call.func, "value", None)
    to_findings = name == "add" and "findings" in str(getattr(owner, "id", getattr(owner, "attr", "")))
    return name in MAKERS or to_findings


def _first_words(call: ast.Call) -> str:
    """The first text among the arguments, up to its first blank; else how the call is written."""
    for argument in [*call.args, *(keyword.value for keyword in call.keywords)]:
        constants = (one.value for one in ast.walk(argument) if isinstance(one, ast.Constant))
        words = next((text.strip(" '<:,") for text in constants if isinstance(text, str)), "")
        if words:
            return words
    return ast.unparse(call)[:60]

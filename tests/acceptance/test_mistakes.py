"""Every place that finds a mistake is reached by a sample, and says what is wrong, where, and what would be right."""

import ast
import inspect
import json
import os
import shutil
import sys
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ledger.findings import Findings
from ledger.reading.typed import Unusable
from offerpress.cli import run
from rewards import Fault
from rewards.offers.terms import Mistake

ROOT = Path(__file__).resolve().parents[2]
SITES = ROOT / "tests" / "sites"
MISTAKES: dict[str, dict[str, Any]] = tomllib.loads((SITES / "mistakes.toml").read_text(encoding="utf-8"))
BROKEN: dict[str, dict[str, Any]] = tomllib.loads((SITES / "expected.toml").read_text(encoding="utf-8"))
PACKAGES = ("rewards", "ledger", "generator", "mailer", "offerpress")
MAKERS = {"Fault", "Mistake", "Unusable", "fault", "_fault", "refuse", "unknown_level"}
SOURCES = ((Fault, "__init__"), (Unusable, "__init__"), (Mistake, "__new__"), (Findings, "add"))
CALL = ("check", "--json", "--as-of", "2023-12-31")

# What no edit of a text makes, with the test that does, or why there is none.
ELSEWHERE = {
    "generator/content/checks.py: content/static/": "generator/content/test_checks.py",
    "generator/content/files.py: cannot be read": "for the tests' own user every file can be read",
    "generator/content/yaml_text.py: not valid YAML": "what YAML cannot hold was dropped before, with a remark",
    "generator/content/yaml_text.py: the front matter is nested too deeply": "its depth is checked before",
    "ledger/reading/typed.py: binary data": "ledger/test_sources.py",
    "ledger/reading/typed.py: refuse(number, position, text)": "ledger/test_sources.py",
    "ledger/reading/loading.py: empty file": "ledger/test_sources.py",
    "ledger/reading/loading.py: unusable value": "ledger/test_sources.py",
    "ledger/reading/loading.py: encoding": "ledger/test_csv.py",
    "offerpress/preview/state.py: Fault(str(error), '')": "acceptance/test_preview.py",
    "offerpress/preview/state.py: cannot be read": "acceptance/test_preview.py",
    "offerpress/site/keys.py: the former site secret is missing": "acceptance/test_rotation.py",
    "offerpress/site/keys.py: this is another site secret": "acceptance/test_rotation.py",
    "generator/public/renditions.py: make it smaller": "generator/public/test_renditions.py",
    "generator/public/renditions.py: remove its GPS position": "generator/public/test_renditions.py",
    "generator/public/renditions.py: save it again": "generator/public/test_renditions.py",
    "generator/content/terms.py: amendments": "generator/public/test_languages.py",
    "generator/content/terms.py: the amendment of": "generator/public/test_languages.py",
    "generator/content/bodies.py: choose another id": "generator/public/test_ids.py",
    "generator/content/bodies.py: the id": "generator/public/test_ids.py",
    "generator/content/checks.py: write": "generator/content/test_checks.py",
    "generator/content/checks.py: write [^": "generator/content/test_checks.py",
    "generator/content/files.py: Fault(what, remedy, file)": "generator/content/test_files.py",
    "generator/content/files.py: content/static/": "generator/content/test_files.py",
    "generator/content/files.py: put a copy in its place": "generator/content/test_faults.py",
    "generator/content/files.py: the file is not read": "generator/content/test_files.py",
    "generator/content/files.py: the folder is not read": "generator/content/test_files.py",
    "generator/content/yaml_text.py: remark": "generator/content/test_yaml_lines.py",
    "generator/content/yaml_text.py: write": "generator/content/test_yaml_lines.py",
    "generator/content/references.py: correct the address; a space is %20": "generator/notices/test_links.py",
    "generator/content/references.py: write https://": "generator/content/test_slips.py",
    "generator/public/site.py: security.txt expired on": "generator/public/test_languages.py",
    "generator/public/site.py: there is no catalog for the language": "generator/public/test_languages.py",
    "generator/public/site.py: updated": "generator/public/test_languages.py",
    "generator/public/cards.py: correct the SVG": "offerpress/test_cards.py",
    "generator/public/site.py: correct the SVG": "generator/public/test_templates.py",
    "ledger/reading/headers.py: constant": "ledger/test_shapes.py",
    "ledger/reading/headers.py: missing part": "exports/test_traps.py",
    "ledger/reading/headers.py: two names": "exports/test_traps.py",
    "ledger/reading/headers.py: unmapped column": "exports/test_traps.py",
    "ledger/reading/loading.py: other serials": "exports/test_traps.py",
    "ledger/reading/rows.py: dropped": "exports/test_traps.py",
    "ledger/reading/rows.py: left out": "exports/test_traps.py",
    "ledger/reading/rows.py: no end": "exports/test_traps.py",
    "ledger/reading/rows.py: undeclared form": "ledger/test_shapes.py",
    "ledger/reading/loading.py: open workbook": "ledger/test_workbook.py",
    "ledger/reading/loading.py: source": "ledger/test_workbook.py",
    "ledger/reading/typed.py: a value of the type": "ledger/test_sources.py",
    "ledger/reading/typed.py: give the column as text before the values are entered, and export again": (
        "ledger/test_workbook.py"
    ),
    "ledger/reading/typed.py: the number is": "ledger/test_sources.py",
    "ledger/values.py: bad address": "ledger/test_values.py",
    "ledger/reading/workbook.py: the cell holds 1900-02-29, which is no day": "ledger/test_workbook.py",
    "ledger/reading/workbook.py: the cell holds a duration": "ledger/test_workbook.py",
    "ledger/reading/workbook.py: the cell holds no date of the calendar": "ledger/test_workbook.py",
    "ledger/reading/workbook.py: the formula gives": "ledger/test_workbook.py",
    "offerpress/commands/check.py: Fault(**one)": "offerpress/figures/test_known_remarks.py",
    "offerpress/figures/statements.py: Fault(**one)": "offerpress/figures/test_checking.py",
    "offerpress/studio/offers/offer_page.py: _fault(one)": "acceptance/test_studio_offers.py",
    "offerpress/terminal.py: Fault(**one)": "offerpress/figures/test_checking.py",
    "offerpress/plans/returns.py: the source holds a control character": ("offerpress/plans/test_returns.py"),
    "offerpress/plans/returns.py: the table cannot be read (": "offerpress/plans/test_returns.py",
    "offerpress/plans/returns.py: the text is not UTF-8": "offerpress/plans/test_returns.py",
    "offerpress/plans/returns.py: there is no column 'address": "offerpress/plans/test_returns.py",
    "offerpress/plans/returns.py: write one bare address": "offerpress/plans/test_returns.py",
    "offerpress/plans/returns.py: write 2023-12-31, or 2023-12-31T12:00:00Z": "acceptance/test_returned.py",
    "offerpress/plans/returns.py: write one of": "acceptance/test_returned.py",
    "offerpress/preview/state.py: undo the last change, and report this as a defect": (
        "offerpress/preview/test_server.py"
    ),
    "offerpress/site/unread.py: no page or mail uses this template": "offerpress/test_unread.py",
    "rewards/fields.py: the number is too long": "rewards/test_fields.py",
}


class Checked(NamedTuple):
    """What one check of a site said."""

    code: int
    faults: list[dict[str, Any]]


class Checks:
    """Checks copies of broken sites in this process, each once, and notes which lines that make faults ran for it."""

    def __init__(self, folder: Path) -> None:
        self._site = folder / "site"
        self._done: dict[str, Checked] = {}
        self._reached: set[tuple[str, int]] = set()
        self._places = dict(_places())
        self._lines = {place: set(range(place[1], last + 1)) for place, (last, _) in self._places.items()}
        self._files = {file for file, _ in self._places}
        _clear_caches()  # What is kept from another test would run no line here.

    def mistake(self, *names: str) -> Checked:
        """Check the good site with these mistakes in it."""
        return self._once("+".join(names), lambda: self._with_edits(names))

    def broken(self, name: str) -> Checked:
        """Check a folder of `broken/`, with a secret in the environment unless the folder is about the secret."""
        with pytest.MonkeyPatch.context() as patch:
            if "secret" not in BROKEN[name]:
                patch.setenv("OFFERPRESS_SITE_SECRET", "c0ffee00" * 8)
            return self._once(f"broken/{name}", lambda: self._copy(SITES / "broken" / name))

    def missed(self) -> list[str]:
        """Return how the places are named of which no line ran."""
        return sorted({text for place, (_, text) in self._places.items() if not self._ran(place)})

    def _ran(self, place: tuple[str, int]) -> bool:
        return any((place[0], line) in self._reached for line in self._lines[place])

    def _once(self, key: str, make: Callable[[], None]) -> Checked:
        if key not in self._done:
            make()
            self._done[key] = self._check()
        return self._done[key]

    def _with_edits(self, names: Sequence[str]) -> None:
        self._copy(SITES / "good")
        for edit in (edit for name in names for edit in MISTAKES[name]["edits"]):
            path = self._site / edit["file"]
            path.parent.mkdir(parents=True, exist_ok=True)
            if "old" not in edit:
                path.write_text(edit["new"], encoding="utf-8")
                continue
            text = path.read_text(encoding="utf-8")
            assert text.count(edit["old"]) == 1, edit
            path.write_text(text.replace(edit["old"], edit["new"]), encoding="utf-8")

    def _copy(self, folder: Path) -> None:
        """Make the site equal to `folder`; a file that is so already stays, and with it the snapshot of equal data."""
        wanted = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}
        for path in [path for path in self._site.rglob("*") if path.is_file()]:
            name = str(path.relative_to(self._site))
            if name not in wanted and not name.startswith("private/snapshots"):
                path.unlink()
        for name, path in wanted.items():
            copy = self._site / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            if not copy.exists() or copy.read_bytes() != path.read_bytes():
                shutil.copyfile(path, copy)
        for name in ("private", "templates"):
            if not (folder / name).exists() and not list((self._site / name).glob("*")):
                shutil.rmtree(self._site / name, ignore_errors=True)
        for path in (self._site / "private").glob("*"):
            path.chmod(0o700 if path.is_dir() else 0o600)

    def _check(self) -> Checked:
        """A check writes nothing but the snapshot, which is a cache."""
        before = _files_of(self._site)
        with redirect_stdout(StringIO()) as out, redirect_stderr(StringIO()), self._noted():
            code = run([*CALL, "--site", str(self._site)])
        assert before == _files_of(self._site)
        report = json.loads(out.getvalue())
        faults = report["faults"]
        assert report["count"] == sum(fault["severity"] == "fault" for fault in faults)
        return Checked(code, faults)

    @contextmanager
    def _noted(self) -> Iterator[None]:
        """Note where the program is whenever it makes a fault: each line of ours that is being run then."""

        def noting(make: Callable[..., Any]) -> Callable[..., Any]:
            def made(*given: object, **named: object) -> object:
                frame = inspect.currentframe()
                while frame is not None:
                    if frame.f_code.co_filename in self._files:
                        self._reached.add((frame.f_code.co_filename, frame.f_lineno))
                    frame = frame.f_back
                return make(*given, **named)

            return made

        with pytest.MonkeyPatch.context() as patch:
            for owner, name in SOURCES:
                patch.setattr(owner, name, noting(getattr(owner, name)))
            yield


def _files_of(site: Path) -> dict[str, bytes | None]:
    found = {
        str(path.relative_to(site)): path.read_bytes() if path.is_file() else None for path in site.rglob("*")
    }
    return {
        name: data
        for name, data in found.items()
        if name != "private" and not name.startswith("private/snapshots")
    }


@pytest.fixture(scope="module")
def checks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checks]:
    """The checks of this module, without any variable of ours in the environment."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("OFFERPRESS_")]:
            patch.delenv(name)
        yield Checks(tmp_path_factory.mktemp("mistakes"))


@pytest.mark.parametrize("name", sorted(MISTAKES))
def test_a_mistake_is_named_where_it_is(name: str, checks: Checks) -> None:
    """The first thing said is that mistake with its place, and what would be right; a remark stops nothing."""
    code, faults = checks.mistake(name)
    expected = MISTAKES[name]
    first = faults[0]
    severity = expected.get("severity", "fault")
    assert (0 if severity == "remark" else 1, severity) == (code, first["severity"])
    for key in ("file", "line", "row"):
        assert expected.get(key) == first[key], first
    assert expected.get("field", "") == first["field"]
    assert str(first["what"]).startswith(expected["what"])
    assert first["remedy"]


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_a_broken_site_has_one_fault(name: str, checks: Checks) -> None:
    """`check` names exactly the expected fault, and writes nothing."""
    code, faults = checks.broken(name)
    (fault,) = [fault for fault in faults if fault["severity"] == "fault"]
    expected = BROKEN[name]
    said = {key: fault[key] for key in ("file", "line", "row", "field") if key in expected}
    assert {key: expected[key] for key in said} == said, fault
    for key in ("what", "remedy"):
        assert str(expected.get(key, "")).lower() in str(fault[key]).lower(), fault
    assert fault["remedy"], fault
    assert 1 == code


@pytest.mark.parametrize("beside", ["page-element", "data-not-of-its-encoding", "template-names-nothing"])
def test_one_run_names_every_mistake(beside: str, checks: Checks) -> None:
    """A faulty page, table or layout hides no mistake in a campaign or in another table."""
    names = ("campaign-subject-broken", "data-control-rows", beside)
    _, faults = checks.mistake(*names)
    for name in names:
        assert any(str(fault["what"]).startswith(MISTAKES[name]["what"]) for fault in faults), name


def test_every_place_that_finds_a_mistake_is_reached(checks: Checks) -> None:
    """Each statement of the packages that makes a fault runs for one of the samples, but for a few that say why not."""
    for name in sorted(BROKEN):
        checks.broken(name)
    for name in sorted(MISTAKES):
        checks.mistake(name)
    assert sorted(ELSEWHERE) == checks.missed()
    named = [test for test in ELSEWHERE.values() if test.endswith(".py")]
    assert [] == [test for test in named if not (ROOT / "tests" / test).is_file()]


def _clear_caches() -> None:
    """Empty every cache of a function of ours."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in PACKAGES:
            for value in list(vars(module).values()):
                if hasattr(value, "cache_clear"):
                    value.cache_clear()


def _places() -> Iterator[tuple[tuple[str, int], tuple[int, str]]]:
    """Each statement that makes a fault: file and first line, last line and how it is named here."""
    for package in PACKAGES:
        for file in sorted((ROOT / package).rglob("*.py")):
            tree = ast.parse(file.read_text(encoding="utf-8"))
            constants = set(tree.body)  # run when the module is first imported, whichever test that was
            for statement in set(ast.walk(tree)) - constants:
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

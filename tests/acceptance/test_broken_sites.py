"""The commands on folders of `tests/sites`: what is faulty is refused by each of them, and nothing is written then.

They go through the installed script's own entry point, in this process because starting Python takes as long as a
command; two also go through the script itself. `test_mistakes.py` checks every folder.
"""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from importlib.metadata import entry_points
from pathlib import Path
from typing import NamedTuple, TypedDict, cast

import pytest

ROOT = Path(__file__).resolve().parents[2]
SITES = ROOT / "tests" / "sites"
EXPECTED = tomllib.loads((SITES / "expected.toml").read_text(encoding="utf-8"))
COMMAND = str(Path(sys.executable).with_name("offerpress"))
SECRET = "c0ffee00" * 8
ONE_OF_EACH = {
    "announcement-unknown-offer",
    "campaign-misspelt-variable",
    "content-broken-link",
    "data-rate-missing",
    "front-bad-yaml",
    "offer-tiers-not-rising",
    "program-bad-timezone",
    "secret-missing",
    "settings-invalid-toml",
    "template-syntax-error",
    "translation-unknown-language",
}
"""A folder for each source of faults; the refusals of the others take long."""
CALLS = (("check", "--json"), ("build",), ("plan", "hello", "--by", "Ann"))


class FaultJson(TypedDict):
    """A fault as `check --json` prints it."""

    severity: str
    file: str
    line: int | None
    row: int | None
    field: str
    what: str
    remedy: str


class Ended(NamedTuple):
    """A call that ended: its exit code and what it printed."""

    code: int
    out: str
    err: str


class CommandLine:
    """Calls the installed entry point on copies of sites, with the secret or nothing of ours in the environment."""

    def __init__(self, capture: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch) -> None:
        self._capture = capture
        self._patch = patch
        (found,) = entry_points(group="console_scripts", name="offerpress")
        self._main = found.load()

    def call(self, site: Path, *arguments: str, secret: bool, dated: bool = True) -> Ended:
        """One call on `site`, as of the end of 2023 where the command has a day."""
        for name in [name for name in os.environ if name.startswith("OFFERPRESS_")]:
            self._patch.delenv(name)
        if secret:
            self._patch.setenv("OFFERPRESS_SITE_SECRET", SECRET)
        with pytest.raises(SystemExit) as ended:
            self._main([*arguments, *_where(site)[: None if dated else 2]])
        out, err = self._capture.readouterr()
        return Ended(int(ended.value.code or 0), out, err)


@pytest.fixture
def command_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """The installed entry point, whose output is captured."""
    return CommandLine(capsys, monkeypatch)


def _where(site: Path) -> tuple[str, ...]:
    return ("--site", str(site), "--as-of", "2023-12-31")


def _script(site: Path, *arguments: str, secret: bool) -> Ended:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OFFERPRESS_")}
    environment = kept | ({"OFFERPRESS_SITE_SECRET": SECRET} if secret else {})
    command = [COMMAND, *arguments, *_where(site)]
    done = subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", check=False)
    return Ended(done.returncode, done.stdout, done.stderr)


def _faults(text: str) -> list[FaultJson]:
    report = json.loads(text)
    faults = [fault for fault in cast("list[FaultJson]", report["faults"]) if fault["severity"] == "fault"]
    assert report["count"] == len(faults)
    return faults


def _copied(name: str, folder: Path) -> Path:
    site = folder / "site"
    shutil.copytree(SITES / "broken" / name, site)
    if (site / "private").is_dir():
        (site / "private").chmod(0o700)
        (site / "private" / "site-secret").chmod(0o600)
    return site


def _tree(site: Path) -> dict[str, bytes | None]:
    """Every file and folder of a site but its snapshots, which are a cache of what was read."""
    found = {
        str(path.relative_to(site)): path.read_bytes() if path.is_file() else None for path in site.rglob("*")
    }
    kept = {name: content for name, content in found.items() if not name.startswith("private/snapshots")}
    return {name: content for name, content in kept.items() if name != "private"}


def _assert_as_expected(faults: list[FaultJson], expected: Mapping[str, object]) -> None:
    assert len(faults) == 1, faults
    fault = faults[0]
    said = {key: fault[key] for key in ("file", "line", "row", "field") if key in expected}
    assert said == {key: expected[key] for key in said}, fault
    for key in ("what", "remedy"):
        assert str(expected.get(key, "")).lower() in str(fault[key]).lower(), fault
    assert fault["remedy"], fault


def test_every_broken_site_has_an_expectation() -> None:
    """The folders of `broken/` and the tables of `expected.toml` are the same names, at least 30 of them."""
    assert sorted(path.name for path in (SITES / "broken").iterdir()) == sorted(EXPECTED)
    assert len(EXPECTED) >= 30


@pytest.mark.parametrize(
    "name",
    [
        name if name in ONE_OF_EACH else pytest.param(name, marks=pytest.mark.long)
        for name in sorted(EXPECTED)
    ],
)
def test_build_and_plan_refuse_each_source_of_faults(
    name: str, tmp_path: Path, command_line: CommandLine
) -> None:
    """`build` and `plan` refuse with the sentence of `check`, and nothing is written.

    `test_mistakes.py` checks every folder; the commands share what finds faults.
    """
    site = _copied(name, tmp_path)
    before = _tree(site)
    secret = "secret" not in EXPECTED[name]
    check, *refusals = [command_line.call(site, *call, secret=secret) for call in CALLS]
    faults = _faults(check.out)
    _assert_as_expected(faults, EXPECTED[name])
    for refusal in refusals:
        assert (1, "") == (refusal.code, refusal.out), refusal
        assert faults[0]["what"].splitlines()[0] in refusal.err
    assert before == _tree(site)


@pytest.mark.parametrize("name", ["data-rate-missing", "secret-missing"])
def test_installed_script_names_the_mistake(name: str, tmp_path: Path) -> None:
    """The script itself exits 1 and prints the expected fault as JSON, without a traceback."""
    ended = _script(_copied(name, tmp_path), "check", "--json", secret="secret" not in EXPECTED[name])
    _assert_as_expected(_faults(ended.out), EXPECTED[name])
    assert (ended.code, ended.err) == (1, "")


@pytest.mark.parametrize("name", ["settings-unknown-key", "program-bad-timezone", "data-rate-missing"])
def test_mistake_put_in_after_the_approval_stops_sending(
    name: str, tmp_path: Path, command_line: CommandLine
) -> None:
    """`send` refuses an approved plan with the sentence of `check`; batch, outbox and mail stay as they were."""
    site = _copied("../good", tmp_path)
    assert command_line.call(site, "build", secret=True).code == 0
    assert command_line.call(site, "plan", "hello", "--by", "Ann", secret=True).code == 0
    assert command_line.call(site, "approve", "hello-1.1", "--by", "Bob", secret=True, dated=False).code == 0
    shutil.copytree(SITES / "broken" / name, site, dirs_exist_ok=True)
    before = _tree(site)
    said = command_line.call(site, "send", "hello-1.1", secret=True, dated=False)
    faults = _faults(command_line.call(site, "check", "--json", secret=True).out)
    assert (said.code, said.out) == (1, ""), said
    assert faults[0]["what"].splitlines()[0] in said.err
    assert _tree(site) == before
    assert {"private/batches/hello-1.1.batch", "private/outbox.sqlite", "output/index.html"} <= set(before)


@pytest.mark.parametrize(
    ("source", "remarks"),
    [(SITES / "good", []), (ROOT, [("data/partners.csv", 23, "email")])],
    ids=["good", "sample"],
)
def test_check_finds_nothing_in_a_good_site(
    source: Path, remarks: list[tuple[str, int, str]], tmp_path: Path, command_line: CommandLine
) -> None:
    """`check` exits 0 on the good site with its own secret, and on the sample, one of whose partners has no address."""
    site = tmp_path / "site"
    site.mkdir()
    shutil.copy(source / "offerpress.toml", site)
    own_secret = source.name == "good"
    for folder in ("content", "data", "private") if own_secret else ("content", "data"):
        shutil.copytree(source / folder, site / folder)
    ended = command_line.call(site, "check", "--json", secret=not own_secret)
    found = json.loads(ended.out)
    assert (0, remarks) == (
        found["count"],
        [(one["file"], one["row"], one["field"]) for one in found["faults"]],
    )
    assert (ended.code, ended.err) == (0, "")

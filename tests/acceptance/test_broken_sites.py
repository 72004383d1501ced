"""The installed command on every folder of `tests/sites`: each mistake is named, and nothing is written then."""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TypedDict, cast

import pytest

ROOT = Path(__file__).resolve().parents[2]
SITES = ROOT / "tests" / "sites"
EXPECTED = tomllib.loads((SITES / "expected.toml").read_text(encoding="utf-8"))
COMMAND = str(Path(sys.executable).with_name("offerpress"))
SECRET = "c0ffee00" * 8
AS_OF = ("--as-of", "2023-12-31")


class FaultJson(TypedDict):
    """A fault as `check --json` prints it."""

    severity: str
    file: str
    line: int | None
    row: int | None
    field: str
    what: str
    remedy: str


def _environment(*, secret: bool) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OFFERPRESS_")}
    return kept | ({"OFFERPRESS_SITE_SECRET": SECRET} if secret else {})


def _start(site: Path, *arguments: str, secret: bool = True) -> subprocess.Popen[str]:
    command = [COMMAND, *arguments, "--site", str(site), *AS_OF]
    environment = _environment(secret=secret)
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True, encoding="utf-8")


def _finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate()
    assert "Traceback" not in err, err
    return process.returncode, out, err


def _faults(text: str) -> list[FaultJson]:
    report = json.loads(text)
    faults = [fault for fault in cast("list[FaultJson]", report["faults"]) if fault["severity"] == "fault"]
    assert report["count"] == len(faults)
    return faults


def _copied(source: Path, folder: Path) -> Path:
    site = folder / "site"
    shutil.copytree(source, site)
    if (site / "private").is_dir():
        (site / "private").chmod(0o700)
        (site / "private" / "site-secret").chmod(0o600)
    return site


def _tree(site: Path) -> dict[str, bytes | None]:
    return {
        str(path.relative_to(site)): path.read_bytes() if path.is_file() else None for path in site.rglob("*")
    }


def _assert_as_expected(fault: FaultJson, expected: Mapping[str, object]) -> None:
    said = {key: fault[key] for key in ("file", "line", "row", "field") if key in expected}
    assert said == {key: expected[key] for key in said}, fault
    for key in ("what", "remedy"):
        assert str(expected.get(key, "")).lower() in str(fault[key]).lower(), fault
    assert fault["remedy"], fault


def test_every_broken_site_has_an_expectation() -> None:
    """The folders of `broken/` and the tables of `expected.toml` are the same names, at least 30 of them."""
    assert sorted(path.name for path in (SITES / "broken").iterdir()) == sorted(EXPECTED)
    assert len(EXPECTED) >= 30


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_check_names_the_one_mistake(name: str, tmp_path: Path) -> None:
    """`check` exits 1 with exactly the expected fault: its place, what and remedy; it writes nothing."""
    site = _copied(SITES / "broken" / name, tmp_path)
    before = _tree(site)
    code, out, _ = _finish(_start(site, "check", "--json", secret="secret" not in EXPECTED[name]))
    faults = _faults(out)
    assert len(faults) == 1, faults
    _assert_as_expected(faults[0], EXPECTED[name])
    assert code == 1
    assert _tree(site) == before


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_build_and_plan_refuse_the_same_mistake(name: str, tmp_path: Path) -> None:
    """`build` and `plan` exit 1 with the sentence that `check` says, and leave the folder as it was."""
    site = _copied(SITES / "broken" / name, tmp_path)
    before = _tree(site)
    calls = (("check", "--json"), ("build",), ("plan", "hello", "--by", "Ann"))
    running = [_start(site, *call, secret="secret" not in EXPECTED[name]) for call in calls]
    (_, out, _), *refusals = [_finish(process) for process in running]
    sentence = _faults(out)[0]["what"].splitlines()[0]
    for code, _, err in refusals:
        assert (code, sentence in err) == (1, True), err
    assert _tree(site) == before


@pytest.mark.parametrize(("source", "secret"), [(SITES / "good", False), (ROOT, True)])
def test_check_finds_nothing_in_a_good_site(source: Path, tmp_path: Path, *, secret: bool) -> None:
    """`check` exits 0 on the good site and on the sample site, with neither a fault nor a remark."""
    site = tmp_path / "site"
    site.mkdir()
    shutil.copy(source / "offerpress.toml", site)
    for folder in ("content", "data") if secret else ("content", "data", "private"):
        shutil.copytree(source / folder, site / folder)
    code, out, err = _finish(_start(site, "check", "--json", secret=secret))
    assert json.loads(out)["faults"] == []
    assert code == 0, err

"""The exports of five systems connect by settings alone."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from ledger import DataSettings, read
from rewards import Fault, Policy, Source, validated
from tests.exports.generate import HERE, SYSTEMS, ledger_of, write_system
from tests.exports.shapes import meant_digest, plain_ledger


def digest(site: Path, data: DataSettings, policy: Policy) -> str:
    """The digest of a site's ledger, which has no fault."""
    faults: list[Fault] = []
    ledger = read(data, site, policy, faults)
    assert ledger is not None, list(map(str, faults))
    with ledger:
        return ledger.digest


@pytest.mark.parametrize("name", SYSTEMS)
def test_an_export_is_the_plain_ledger(tmp_path: Path, policy: Policy, name: str) -> None:
    """With its settings the folder has the digest of the same ledger as plain CSV, which needs none."""
    faults: list[Fault] = []
    settings = tomllib.loads((HERE / name / "offerpress.toml").read_text(encoding="utf-8"))
    data = validated(DataSettings, settings["data"], Source("offerpress.toml"), faults)
    assert data is not None, faults
    plain_ledger(tmp_path, ledger_of(name))
    plain = digest(tmp_path, DataSettings(), policy)
    assert plain == digest(HERE / name, data, policy) == meant_digest(ledger_of(name))


@pytest.mark.parametrize("name", SYSTEMS)
def test_the_generator_writes_the_folders(tmp_path: Path, name: str) -> None:
    """The folders are those that the generator writes; a workbook also holds the time of its writing."""
    write_system(name, tmp_path)
    for path in (path for path in tmp_path.rglob("*") if path.is_file()):
        there = HERE / name / path.relative_to(tmp_path)
        assert there.is_file(), f"{there}: run python -m tests.exports.generate"
        assert path.suffix == ".xlsx" or path.read_bytes() == there.read_bytes(), there


@pytest.mark.parametrize("name", SYSTEMS)
def test_without_settings_an_export_is_nothing_but_faults(tmp_path: Path, policy: Policy, name: str) -> None:
    """None of the files is read by a guess: with its path alone each has a fault."""
    plain_ledger(tmp_path, ledger_of(name))
    for path in sorted((HERE / name / "exports").iterdir()):
        table = path.stem.partition("-")[0]
        faults: list[Fault] = []
        assert read(DataSettings.model_validate({table: str(path)}), tmp_path, policy, faults) is None, path
        assert any("[data." in fault.remedy for fault in faults if fault.severity == "fault"), path


_SETTING = re.compile(
    r"(?:declare|mean:) ((?:\w+ = (?:\"[^\"]*\"|\{.*?\}\}?|\d+)(?:, | or )?)+) in \[data\.(\w+)\]"
)
ANSWERS = {"gekündigt": "closed", "aktiv": "active", "bezahlt": "paid", "frei": "free"}


def shown_settings(faults: list[Fault]) -> dict[str, dict[str, Any]]:
    """The settings that the faults show, by table; of `skip_last = 1 or stop_at = …` the second."""
    found: dict[str, dict[str, Any]] = {}
    for fault in faults:
        for lines, table in _SETTING.findall(fault.remedy) if fault.severity == "fault" else ():
            chosen = lines.rpartition(" or ")[2].replace('", ', '"\n') if "{" not in lines else lines
            for key, value in tomllib.loads(chosen).items():
                there = found.setdefault(table, {})
                if isinstance(value, dict):
                    there[key] = {**value, **there.get(key, {})}
                else:
                    there[key] = value
    return found


def test_the_faults_lead_from_a_path_to_the_ledger(tmp_path: Path, policy: Policy) -> None:
    """Who writes the lines that the faults show, and says what words mean, has the German export in two rounds."""
    plain_ledger(tmp_path, ledger_of("german"))
    data: dict[str, dict[str, Any]] = {
        path.stem: {"path": str(path)} for path in sorted((HERE / "german" / "exports").iterdir())
    }
    rounds = 0
    while rounds < 5:
        faults: list[Fault] = []
        ledger = read(DataSettings.model_validate(data), tmp_path, policy, faults)
        if ledger is not None:
            break
        rounds += 1
        for table, settings in shown_settings(faults).items():
            for column, words in settings.get("values", {}).items():
                settings["values"][column] = {word: ANSWERS[word] for word in words}
            data[table] |= settings
    assert ledger is not None, list(map(str, faults))
    with ledger:
        assert 2 == rounds, data
        assert {"gekündigt": "closed", "aktiv": "active"} == data["partners"]["values"]["status"]

"""The exports of five systems connect by settings alone."""

import tomllib
from pathlib import Path

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

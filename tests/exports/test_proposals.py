"""The settings that are proposed for the exports of five systems: nearly right, and right after few corrections."""

from collections.abc import Mapping
from typing import Any

import pytest

from ledger import DataSettings, Known, ProposedSettings, propose_settings
from ledger.tables import BY_NAME
from rewards import Policy
from tests.exports.generate import HERE, SYSTEMS, ledger_of
from tests.exports.shapes import meant_digest
from tests.exports.test_systems import digest

KNOWN = Known({"bronze": "Bronze", "silver": "Silver"}, {"cashback": "Cashback"}, "EUR")

# What a person changes, because no file says it.
CORRECTIONS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "german": {"partners": {"default": {"language": "de"}}},
    "french": {"partners": {"values": {"status": {"actif": "active", "résilié": "closed"}}}},
    "american": {},
    "japanese": {name: {"constant": {"currency": "JPY"}} for name in ("partners", "sales", "credits")},
    "workbook": {"partners": {"values": {"status": {"A": "active", "X": "closed"}}}},
}


def proposals(name: str) -> dict[str, tuple[str, ProposedSettings]]:
    """The path and the proposal of each table of a system; of several files the first is looked at."""
    found = {}
    for table in BY_NAME:
        files = sorted((HERE / name / "exports").glob(f"{table}[.-]*"))
        if files:
            path = f"exports/{table}-*.csv" if len(files) > 1 else f"exports/{files[0].name}"
            found[table] = path, propose_settings(table, files[0], KNOWN)
    return found


@pytest.mark.parametrize("name", SYSTEMS)
def test_few_corrections_make_a_proposal_right(policy: Policy, name: str) -> None:
    """With the few settings that only a person knows, the proposals read each system as the same ledger."""
    data = {
        table: {"path": path, **proposal.settings, **CORRECTIONS[name].get(table, {})}
        for table, (path, proposal) in proposals(name).items()
    }
    assert meant_digest(ledger_of(name)) == digest(HERE / name, DataSettings.model_validate(data), policy)


@pytest.mark.parametrize("name", SYSTEMS)
def test_what_a_file_does_not_say_is_a_doubt(name: str) -> None:
    """A constant that nothing in the file names, and days that fit two forms, are never proposed without a word."""
    for table, (_, proposal) in proposals(name).items():
        assert ("constant" in proposal.doubts) == ("constant" in proposal.settings), table
    texts = [text for _, one in proposals(name).values() for text in one.doubts.values()]
    assert all(text.endswith(".") for text in texts), texts

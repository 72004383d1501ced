"""A plan that missed its latest start waits for a person."""

import json
from pathlib import Path

from tests.acceptance.conftest import AS_OF, PLAN, Call


def test_a_plan_that_missed_its_start_waits_for_a_person(site: Path, offerpress: Call) -> None:
    """It was due years ago: `send` and `send --due` refuse it in one line, until somebody begins it under a name."""
    file = site / "offerpress.toml"
    text = file.read_text(encoding="utf-8").replace("[mail]\n", "[mail]\nlatest_start_hours = 48\n")
    file.write_text(text, encoding="utf-8")
    assert 0 == offerpress("plan", "year-end-credit", *AS_OF, "--by", "Mia").code
    assert 0 == offerpress("approve", PLAN, "--by", "Finn").code
    words = "due at 2023-12-31T17:00:00+00:00 and not begun within 48 hours; plan the campaign again, or begin it late"
    words += f" all the same with 'send {PLAN} --late-by NAME'"
    for arguments in ([PLAN], ["--due"]):
        refused = offerpress("send", *arguments)
        assert 1 == refused.code
        assert words in refused.err
    assert 2 == offerpress("send", "--due", "--late-by", "Cleo").code
    assert 1 == offerpress("send", PLAN, "--late-by", "").code
    assert 0 == offerpress("send", PLAN, "--late-by", "Cleo").code
    status = json.loads(offerpress("status", PLAN, "--json").out)
    assert ("Cleo", 0, status["planned"]) == (status["late_by"], status["ready"], status["accepted"])

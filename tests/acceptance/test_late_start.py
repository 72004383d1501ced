"""A plan that missed its latest start waits for a person, and one that goes on tomorrow is left alone today."""

import json
from datetime import UTC, datetime
from pathlib import Path

from mailer.outbox.outbox import Outbox
from offerpress.plans.sending import due_plans
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


def test_a_plan_that_goes_on_tomorrow_is_not_due_today(approved: Path) -> None:
    """So a sender that watches does not read its batch every 20 seconds for nothing."""
    now = datetime(2024, 1, 1, 23, 59, tzinfo=UTC)
    with Outbox.open(approved / "private" / "outbox.sqlite") as outbox:
        days = ("", "2024-01-01", "2024-01-02")
        assert [[PLAN], [PLAN], []] == [due_plans(outbox, now, {PLAN: day}) for day in days]

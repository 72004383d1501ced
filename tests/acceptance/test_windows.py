"""Send windows of a site: planned in each partner's own zone, told by `status`, kept to by `send` and `send --due`."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from mailer.outbox.outbox import Outbox
from mailer.rules.states import Status
from offerpress.plans.sending import Sending, due_plans, send_plan, waiting_plans
from offerpress.site.site import Site
from tests.acceptance.conftest import AS_OF, PLAN, SECRET, Call

ENVIRONMENT = {"OFFERPRESS_SITE_SECRET": SECRET}


def closed_now() -> str:
    """The weekday three days from now: nowhere on earth is it today."""
    return ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[(datetime.now(UTC).weekday() + 3) % 7]


@pytest.fixture
def windowed(site: Path, offerpress: Call) -> Callable[[str], dict[str, object]]:
    """Gives the site a window, plans and approves; the plan as JSON."""

    def planned(window: str) -> dict[str, object]:
        file = site / "offerpress.toml"
        file.write_text(file.read_text(encoding="utf-8") + f"\n[mail.window]\n{window}\n", encoding="utf-8")
        found = offerpress("plan", "year-end-credit", *AS_OF, "--by", "Mia", "--json")
        assert 0 == found.code, found.err
        assert 0 == offerpress("approve", PLAN, "--by", "Finn").code
        return found.json

    return planned


def sent(site_folder: Path, outbox: Outbox, now: datetime) -> Sending:
    """What `send` does at an instant, of figures as of the end of 2023."""
    site = Site(site_folder.resolve(), now, ENVIRONMENT)
    return send_plan(site, outbox, PLAN, site.transport("folder"), clock=lambda: now)


def test_each_partner_is_written_to_in_its_own_working_hours(
    site: Path, windowed: Callable[[str], dict[str, object]]
) -> None:
    """Due on a Sunday: on Monday, zone by zone, each at nine where it is, and nobody twice."""
    plan = windowed('from = "09:00"\nto = "17:00"')
    recipients, windows = plan["recipients"], plan["windows"]
    assert isinstance(windows, dict)
    assert 3 <= len(windows)
    assert recipients == sum(windows.values())
    now = next_sunday()
    with Outbox.open(site / "private" / "outbox.sqlite") as outbox:
        for _ in windows:
            assert [] == due_plans(outbox, now, {})
            now = datetime.fromisoformat(waiting_plans(outbox, now)[PLAN])
            nine = {window: number for window, number in windows.items() if is_nine(window, now)}
            outcome = sent(site, outbox, now)
            assert (False, sum(nine.values())) == (outcome.needs_person, outcome.delivery.accepted)
            if not outcome.counts[Status.READY]:
                break
        assert outbox.counts(PLAN)[Status.ACCEPTED] == recipients


def next_sunday() -> datetime:
    """Return the evening of the first Sunday after today, because no plan is sent before it was made."""
    today = datetime.now(UTC).replace(hour=18, minute=0, second=0, microsecond=0)
    return today + timedelta(days=7 - today.weekday() - 1 or 7)


def is_nine(window: str, instant: datetime) -> bool:
    """Whether it is nine o'clock on a Monday in the window's zone."""
    here = instant.astimezone(ZoneInfo(window.partition(" ")[0]))
    return (0, 9, 0) == (here.weekday(), here.hour, here.minute)


def test_outside_every_window_nothing_is_sent_and_nobody_is_needed(
    windowed: Callable[[str], dict[str, object]], offerpress: Call
) -> None:
    """`status` says when the first window opens; `send` and `send --due` leave all of it and exit with 0."""
    planned = windowed(f'days = ["{closed_now()}"]')["recipients"]
    due = offerpress("send", "--due")
    assert (0, True) == (due.code, f"{PLAN}: waits for its send window, from 20" in due.err)
    assert 0 == offerpress("send", PLAN).code
    status = json.loads(offerpress("status", PLAN, "--json").out)
    assert (planned, 0) == (status["ready"], status["accepted"])
    assert f"from {status['next_window']} on" in offerpress("status", PLAN).out


def test_a_window_that_is_none_is_a_fault(site: Path, offerpress: Call) -> None:
    """With its line, in the settings and in a campaign; and so is an unknown zone of a partner."""
    file = site / "content" / "campaigns" / "thank-you.md"
    text = file.read_text(encoding="utf-8").replace("---\n", "---\nwindow: {from: 18:00, to: 09:00}\n", 1)
    file.write_text(text, encoding="utf-8")
    partners = site / "data" / "partners.csv"
    zoned = partners.read_text(encoding="utf-8").replace("Europe/London", "Europe/Londom", 1)
    partners.write_text(zoned, encoding="utf-8")
    found = {
        (one["file"], one["what"]) for one in json.loads(offerpress("check", *AS_OF, "--json").out)["faults"]
    }
    assert {
        ("content/campaigns/thank-you.md", "the window closes at 09:00 and opens at 18:00"),
        ("data/partners.csv", "'Europe/Londom' is no time zone"),
    } <= found

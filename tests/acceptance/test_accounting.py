"""What became of a plan: the report, the table of all notices and `told` say what the outbox knows, and no more."""

import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from mailer.events.events import Event, EventKind
from mailer.outbox.moves import Claimant
from mailer.outbox.outbox import Outbox
from tests.acceptance.conftest import PLAN, Call
from tests.servers.browsing import Reader

SENT = datetime(2023, 12, 31, 18, tzinfo=UTC)


def events(keys: dict[str, str]) -> list[Event]:
    """Of the first four partners: two delivered, one of them after a deferral, one bounced, one complained."""
    one, two, three, four = (keys[partner] for partner in sorted(keys)[:4])
    hour = timedelta(hours=1)
    return [
        Event(one, EventKind.DELIVERED, SENT + hour),
        Event(two, EventKind.DEFERRED, SENT, detail="451 4.7.1 later"),
        Event(two, EventKind.DELIVERED, SENT + 3 * hour),
        Event(
            three,
            EventKind.BOUNCED,
            SENT + hour,
            code="5.1.1",
            detail="<b>no such user</b>",
            suppresses="bounced",
        ),
        Event(four, EventKind.DELIVERED, SENT + hour),
        Event(four, EventKind.COMPLAINED, SENT + 5 * hour, suppresses="complained"),
    ]


@pytest.fixture
def told_of(approved: Path, offerpress: Call) -> list[str]:
    """A plan of which two notices are unknown and all others accepted, with events; its partners."""
    with Outbox.open(approved / "private" / "outbox.sqlite") as outbox:
        claimed = outbox.turn(Claimant(PLAN, "dead", "folder"), [], 2, SENT).claimed
        assert 2 == outbox.recover(SENT)
    assert 1 == offerpress("send", PLAN).code
    with Outbox.open(approved / "private" / "outbox.sqlite") as outbox:
        lost = {one.partner_id for one in claimed}
        notices = {one.partner_id: outbox.told(one.partner_id)[0].key for one in outbox.accounts(PLAN)}
        outbox.take_in(events({who: key for who, key in notices.items() if who not in lost}), "file", SENT)
    return sorted(notices)


def cells(html: str, section: str) -> dict[str, str]:
    """The first and the last cell of each row of a section."""
    (part,) = re.findall(rf'<section id="{section}">(.*?)</section>', html, re.DOTALL)
    rows = re.findall(
        r'<th scope="row">([^<]*)</th>.*?<td class="n(?: strong)?">([^<]*)</td></tr>', part, re.DOTALL
    )
    return dict(rows)


def test_the_report_on_a_plan_adds_up(
    site: Path, offerpress: Call, told_of: list[str], browser: Browser
) -> None:
    """It has the numbers of `status`, the failures by domain and code, and the command for each unknown notice."""
    said = offerpress("status", PLAN, "--report", "--json")
    assert (1, str(site / "private" / "reports" / f"plan-{PLAN}.html")) == (said.code, said.json["report"])
    html = Path(str(said.json["report"])).read_text(encoding="utf-8")
    balance = cells(html, "balance")
    for name in (
        "planned",
        "accepted",
        "unknown",
        "delivered",
        "bounced",
        "complained",
        "deferred",
        "untold",
    ):
        assert str(said.json[name]) == balance[name]
    assert ("2", "1", "1", "0", "2") == tuple(
        balance[name] for name in ("delivered", "bounced", "complained", "deferred", "unknown")
    )
    assert f"All {len(told_of)} notices are accounted for" in html
    assert "5.1.1" in html
    assert "<b>no such" not in html
    commands = re.findall(r"<code>(offerpress resolve [^<]*)</code>", html)
    assert 2 == len(commands)
    assert all(command.startswith(f"offerpress resolve {PLAN} P-") for command in commands)
    reader = Reader(browser.new_context(color_scheme="dark"))
    asked: list[str] = []
    reader.page.on("request", lambda request: asked.append(request.url))
    reader.page.goto(Path(str(said.json["report"])).as_uri())
    assert 2 == reader.page.locator("figure svg").count()
    assert ([], []) == (reader.console, [url for url in asked if not url.startswith(("file:", "data:"))])
    assert reader.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_every_notice_is_in_the_table(offerpress: Call, told_of: list[str]) -> None:
    """A row each, with address, status, reason, and what was told; nothing that a spreadsheet would run."""
    said = offerpress("status", PLAN, "--csv")
    assert (1, 2) == (said.code, offerpress("status", "--csv").code)
    rows = list(csv.DictReader(io.StringIO(said.out)))
    assert told_of == [row["partner_id"] for row in rows]
    assert all("@" in row["to_address"] for row in rows)
    became = [row["became"] for row in rows if row["became"]]
    assert ["delivered", "delivered", "bounced", "complained"] == became
    (deferred,) = (row for row in rows if row["events"].startswith("deferred"))
    assert ("delivered", "2023-12-31T21:00:00.000000Z") == (deferred["became"], deferred["became_at"])
    lost = [row for row in rows if row["status"] == "unknown"]
    assert ["its sender died after claiming it"] * 2 == [row["reason"] for row in lost]


def test_told_says_what_became_of_each_notice(offerpress: Call, told_of: list[str]) -> None:
    """With every event, in words and as JSON."""
    bounced = next(
        row["partner_id"]
        for row in csv.DictReader(io.StringIO(offerpress("status", PLAN, "--csv").out))
        if row["became"] == "bounced"
    )
    assert bounced in told_of
    (notice,) = json.loads(offerpress("told", bounced, "--json").out)["told"]
    assert ("accepted", "bounced", "5.1.1") == (
        notice["status"],
        notice["became"],
        notice["events"][0]["code"],
    )
    assert "bounced 2023-12-31T19:00:00.000000Z 5.1.1" in offerpress("told", bounced).out


def test_the_rest_is_sent_by_the_same_plan(offerpress: Call, told_of: list[str]) -> None:
    """What a person settles with `resend` is sent by the next `send`, what is given up is not; nobody twice."""
    unknown = [
        row["partner_id"]
        for row in csv.DictReader(io.StringIO(offerpress("status", PLAN, "--csv").out))
        if row["status"] == "unknown"
    ]
    for partner, decision in zip(unknown, ("resend", "give-up"), strict=True):
        assert 0 == offerpress("resolve", PLAN, partner, decision, "--by", "Cleo", "--reason", "looked").code
    assert 0 == offerpress("send", PLAN).code
    status = offerpress("status", PLAN, "--json").json
    assert (len(told_of) - 1, 1, 0) == (status["accepted"], status["abandoned"], status["unknown"])

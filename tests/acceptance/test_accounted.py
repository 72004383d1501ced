"""A plan from approval to its account over loopback: the command sends, the provider's stand-in posts events back."""

import csv
import json
import re
import time
from collections import Counter
from io import StringIO
from pathlib import Path

import pytest

from mailer.batch.batch import Batch
from mailer.events.events import DELIVERY_RESULTS
from tests.acceptance.conftest import PLAN, Call
from tests.acceptance.test_hooks import hooks
from tests.servers.provider import Answer, provider
from tests.servers.provider_events import EventDouble, Told, events_of

KINDS = ("delivered", "bounce", "delivered", "spamreport", "deferred", "dropped", "delivered")
FATE = {"bounce": "bounced", "spamreport": "complained"}
DETAILS = {
    "bounce": {"type": "bounce", "status": "5.1.1", "reason": "550 5.1.1 no such user"},
    "dropped": {"reason": "Spam Content"},
}


@pytest.mark.usefixtures("approved")
def test_the_account_is_the_providers_own(site: Path, offerpress: Call) -> None:
    """Lines are cut after the provider took a message; what it then tells settles what it took, and no more.

    Every number of `status` is the stand-in's own count, whose events come signed, twice and backwards.
    """
    with Batch.open(site / "private" / "batches" / f"{PLAN}.batch") as batch:
        planned = len(batch)
        address = {batch.key(partner): batch.message(partner).to_address for partner in batch.partner_ids()}
    double, now = EventDouble(), int(time.time())
    answers = [
        Answer(),
        Answer(cut="after body"),
        Answer(503),
        Answer(cut="half answer"),
        Answer(500, takes=False),
        Answer(),
    ]
    with provider(*answers) as server, hooks(site, double.public_key) as url:
        keys = {"SENDGRID_API_KEY": "SG.key", "SENDGRID_BASE_URL": server.base_url}
        for _ in range(4):
            offerpress("send", PLAN, "--transport", "sendgrid", **keys)
        before = offerpress("status", PLAN, "--json").json
        told = dict(zip(server.ids, (KINDS * planned)[: len(server.taken)], strict=False))
        events: list[Told] = []
        for body, (key, kind) in zip(server.taken, told.items(), strict=True):
            own = [one for one in events_of(body, "processed", now) if one["email"] == address[key]]
            own += [
                one
                for one in events_of(body, kind, now + 1, **DETAILS.get(kind, {}))
                if one["email"] == address[key]
            ]
            events += own
        for batch_of in (events[::-1], events):
            assert 204 == double.post(url, batch_of, int(time.time()))
    status = offerpress("status", PLAN, "--json").json
    assert (4, 0) == (before["unknown"], before["ready"])
    expected = Counter(FATE.get(kind, kind) for kind in told.values())
    assert {kind: expected[kind] for kind in DELIVERY_RESULTS} == {
        kind: status[kind] for kind in DELIVERY_RESULTS
    }
    assert (len(server.taken), planned - len(server.taken), 0) == (
        status["accepted"],
        status["unknown"],
        status["untold"],
    )
    assert 1 == status["unknown"]
    shown = reported(site, offerpress)
    assert {name: status[name] for name in shown} == shown
    assert {"planned", "accepted", "unknown", *DELIVERY_RESULTS} <= shown.keys()
    rows = csv.DictReader(StringIO(offerpress("status", PLAN, "--csv").out, newline=""))
    assert {address[key]: FATE.get(kind, kind) for key, kind in told.items()} == {
        row["to_address"]: row["became"] for row in rows if row["status"] == "accepted"
    }
    failed = {address[key].casefold() for key, kind in told.items() if kind in FATE}
    listed = json.loads(offerpress("suppressions", "--json").out)["suppressions"]
    assert failed == {one["address"].casefold() for one in listed}


def reported(site: Path, offerpress: Call) -> dict[str, int]:
    """The numbers in the tables of the report on the plan."""
    offerpress("status", PLAN, "--report")
    html = (site / "private" / "reports" / f"plan-{PLAN}.html").read_text(encoding="utf-8")
    head, figure = r'<tr[^>]*><th scope="row">(\w+)</th>', r'<td class="n strong">([\d,]+)</td></tr>'
    cells = re.findall(f"{head}(?:<td>[^<]*</td>)?{figure}", html)
    return {name: int(number.replace(",", "")) for name, number in cells}
